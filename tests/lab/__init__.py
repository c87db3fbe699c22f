"""Private real servers for the tests: a PKI, Postfix, Dovecot, DNS, and OpenSSL as the oracle."""
