"""TLS: raw hellos, OpenSSL sessions in memory, certificates and names, without I/O."""
