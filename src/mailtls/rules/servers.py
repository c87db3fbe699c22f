"""Which server greeted, and how that server is mended.

The product is guessed from the greeting, for the remedy's words alone: no verdict depends on it.
"""

from __future__ import annotations

from enum import StrEnum

from mailtls.evidence import Reply, SessionEvidence
from mailtls.rules.base import TargetView
from mailtls.terms import Protocol


class Server(StrEnum):
    """A mail server product, by the word it greets with."""

    POSTFIX = "Postfix"
    DOVECOT = "Dovecot"
    EXIM = "Exim"
    CYRUS = "Cyrus"
    COURIER = "Courier"
    EXCHANGE = "Exchange"


class Topic(StrEnum):
    """What has to be changed at the server."""

    STARTTLS = "offer STARTTLS"
    IMPLICIT = "speak TLS from the first byte"
    CLEAR = "greet in clear and offer STARTTLS"
    VERSIONS = "set the TLS versions"
    CERTIFICATE = "install the certificate"
    SUITES = "set the cipher suites"
    GROUPS = "set the key exchange groups"
    COMPRESSION = "turn compression off"
    ENFORCE = "serve nothing before TLS"
    RELOAD = "load the installed certificate"


_MARKS = {
    "postfix": Server.POSTFIX,
    "dovecot": Server.DOVECOT,
    "exim": Server.EXIM,
    "cyrus": Server.CYRUS,
    "courier": Server.COURIER,
    "microsoft": Server.EXCHANGE,
}

_FIXES = {
    Topic.STARTTLS: {
        Server.POSTFIX: "main.cf: `smtpd_tls_security_level = may` and `smtpd_tls_chain_files`, then `postfix reload`",
        Server.DOVECOT: "`ssl = yes` with a certificate and key configured, then `doveadm reload`",
        Server.EXIM: "`tls_advertise_hosts = *` with `tls_certificate` and `tls_privatekey`, then restart Exim",
        Server.CYRUS: "imapd.conf: `tls_server_cert` and `tls_server_key`, readable by the cyrus user",
        Server.COURIER: "`IMAPDSTARTTLS=YES` in imapd-ssl (`POP3_STARTTLS=YES` in pop3d-ssl), then restart",
        Server.EXCHANGE: "`Enable-ExchangeCertificate -Services SMTP,IMAP,POP` and `-AuthMechanism Tls` on the receive connector",
    },
    Topic.IMPLICIT: {
        Server.POSTFIX: "master.cf: the `submissions` service with `-o smtpd_tls_wrappermode=yes`",
        Server.DOVECOT: "`ssl = yes` in the `inet_listener` of this port",
        Server.EXIM: "`tls_on_connect_ports = 465` and that port in `daemon_smtp_ports`",
        Server.CYRUS: "cyrus.conf: `imapd -s` (`pop3d -s`) for the service on this port",
        Server.COURIER: "start imapd-ssl (pop3d-ssl) on this port",
        Server.EXCHANGE: "`Set-ImapSettings -SSLBindings` (`Set-PopSettings -SSLBindings`) for this port",
    },
    Topic.CLEAR: {
        Server.POSTFIX: "master.cf: `-o smtpd_tls_wrappermode=no` and `-o smtpd_tls_security_level=encrypt` for this service",
        Server.DOVECOT: "no `ssl = yes` in the `inet_listener` of this port; the global `ssl = yes` offers STARTTLS",
        Server.EXIM: "take this port out of `tls_on_connect_ports`",
        Server.CYRUS: "cyrus.conf: `imapd` (`pop3d`) without `-s` for the service on this port",
        Server.COURIER: "start imapd (pop3d) instead of imapd-ssl (pop3d-ssl) on this port",
        Server.EXCHANGE: "`Set-ImapSettings -UnencryptedOrTLSBindings` (`Set-PopSettings`) for this port",
    },
    Topic.VERSIONS: {
        Server.POSTFIX: "main.cf: `smtpd_tls_protocols` and `smtpd_tls_mandatory_protocols` with the lowest version wanted, as `>=TLSv1.2` (Postfix 3.6 and later)",
        Server.DOVECOT: "`ssl_min_protocol` with the lowest version wanted, as `TLSv1.2`",
        Server.EXIM: "with OpenSSL `openssl_options` naming each unwanted one, as `+no_tlsv1 +no_tlsv1_1`; with GnuTLS the priority string in `tls_require_ciphers`",
        Server.CYRUS: "imapd.conf: `tls_versions` with the wanted ones, as `tls1_2 tls1_3`",
        Server.COURIER: "`TLS_PROTOCOL` in imapd-ssl and pop3d-ssl",
        Server.EXCHANGE: "the SCHANNEL protocol keys of the Windows registry, then restart the machine",
    },
    Topic.ENFORCE: {
        Server.POSTFIX: "master.cf: `-o smtpd_tls_security_level=encrypt` and `-o smtpd_tls_auth_only=yes` for this service, then `postfix reload`",
        Server.DOVECOT: "`ssl = required` with `disable_plaintext_auth = yes` (`auth_allow_cleartext = no` from 2.4), then `doveadm reload`",
        Server.EXIM: "`auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}`, and in `acl_smtp_mail` of this port `deny !encrypted = *`",
        Server.CYRUS: "imapd.conf: `allowplaintext: 0`, and `tls_required: 1` where other mechanisms than PLAIN and LOGIN are offered",
        Server.COURIER: "`IMAP_TLS_REQUIRED=1` in imapd-ssl (`POP3_TLS_REQUIRED=1` in pop3d-ssl), then restart",
        Server.EXCHANGE: "`Set-ReceiveConnector -RequireTLS $true`; `Set-ImapSettings -LoginType SecureLogin` (`Set-PopSettings`)",
    },
    Topic.CERTIFICATE: {
        Server.POSTFIX: "main.cf: `smtpd_tls_chain_files` (key, leaf, then intermediates), then `postfix reload`",
        Server.DOVECOT: "`ssl_cert` (`ssl_server_cert_file` from 2.4) with leaf, then intermediates, then `doveadm reload`",
        Server.EXIM: "`tls_certificate` with leaf, then intermediates, and restart Exim",
        Server.CYRUS: "imapd.conf: `tls_server_cert` with leaf, then intermediates, and restart the master",
        Server.COURIER: "`TLS_CERTFILE` with key, leaf, then intermediates, and restart",
        Server.EXCHANGE: "`Import-ExchangeCertificate` with its chain, then `Enable-ExchangeCertificate -Services SMTP,IMAP,POP`",
    },
    Topic.SUITES: {
        Server.POSTFIX: "main.cf: `smtpd_tls_mandatory_ciphers = high`, `smtpd_tls_ciphers = high`, and the suites in `tls_high_cipherlist` or by `smtpd_tls_exclude_ciphers`",
        Server.DOVECOT: "`ssl_cipher_list` (OpenSSL names) and `ssl_cipher_suites` for TLS 1.3, then `doveadm reload`",
        Server.EXIM: "`tls_require_ciphers` (OpenSSL: a cipher list; GnuTLS: a priority string), then restart Exim",
        Server.CYRUS: "imapd.conf: `tls_ciphers` (OpenSSL names)",
        Server.COURIER: "`TLS_CIPHER_LIST` in imapd-ssl and pop3d-ssl",
        Server.EXCHANGE: "`Enable-TlsCipherSuite` and `Disable-TlsCipherSuite`, then restart the machine",
    },
    Topic.GROUPS: {
        Server.POSTFIX: "main.cf: `tls_eecdh_auto_curves`, and `tls_ffdhe_auto_groups` (Postfix 3.8 and later), then `postfix reload`",
        Server.DOVECOT: "`ssl_curve_list`, and a larger `ssl_dh` (`ssl_server_dh_file` from 2.4) where DHE is wanted, then `doveadm reload`",
        Server.EXIM: "`tls_eccurve` and `tls_dhparam`, or with GnuTLS the priority string in `tls_require_ciphers`",
        Server.CYRUS: "imapd.conf: `tls_eccurve`, and the parameters in the file of `tls_server_dhparam`",
        Server.COURIER: "`TLS_DHPARAMS` in imapd-ssl and pop3d-ssl",
        Server.EXCHANGE: "`Enable-TlsEccCurve` and `Disable-TlsEccCurve`, then restart the machine",
    },
    Topic.COMPRESSION: {
        Server.POSTFIX: "main.cf: `tls_ssl_options = NO_COMPRESSION`, then `postfix reload`",
        Server.DOVECOT: "take `compression` out of `ssl_options`, then `doveadm reload`",
        Server.EXIM: "`openssl_options = +no_compression`, then restart Exim",
        Server.CYRUS: "a current Cyrus, which has it off",
        Server.COURIER: "a current OpenSSL, which has compression off",
        Server.EXCHANGE: "a current Windows, which has no TLS compression",
    },
    Topic.RELOAD: {
        Server.POSTFIX: "`postfix reload`",
        Server.DOVECOT: "`doveadm reload`",
        Server.EXIM: "restart Exim (`systemctl restart exim4`)",
        Server.CYRUS: "restart the master (`systemctl restart cyrus-imapd`)",
        Server.COURIER: "restart `courier-imap-ssl` and `courier-pop-ssl`",
        Server.EXCHANGE: "`Enable-ExchangeCertificate` with the new thumbprint",
    },
}

_USUAL = {
    Protocol.SMTP: (Server.POSTFIX, Server.EXIM),
    Protocol.LMTP: (Server.DOVECOT, Server.CYRUS),
    Protocol.IMAP: (Server.DOVECOT, Server.CYRUS),
    Protocol.POP3: (Server.DOVECOT, Server.CYRUS),
    Protocol.SIEVE: (Server.DOVECOT, Server.CYRUS),
}


def guess(session: SessionEvidence) -> Server | None:
    """Return the product that a session's greetings name, or None."""
    for greeting in (session.greeting, session.greeting_after):
        if isinstance(greeting, Reply):
            text = " ".join(greeting.lines).lower()
            for mark, server in _MARKS.items():
                if mark in text:
                    return server
    return None


def fix(view: TargetView, topic: Topic) -> str:
    """Return how to do `topic` at the server that greeted, or at the usual ones of its protocol."""
    session = view.session
    known = guess(session) if isinstance(session, SessionEvidence) else None
    servers = (known,) if known else _USUAL[view.endpoint.protocol]
    return "; ".join(f"{server.value}: {_FIXES[topic][server]}" for server in servers)
