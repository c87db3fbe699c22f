"""How each mail server is made to demand TLS on the way out, and to record it on the way in."""

from __future__ import annotations

from mailtls.flow import Hop

_DEMAND = {
    "Postfix": "main.cf: `smtp_tls_security_level = encrypt` (`lmtp_tls_security_level` for LMTP), or this destination in `smtp_tls_policy_maps`, then `postfix reload`",
    "Exim": "`hosts_require_tls = *` on the smtp transport",
    "Sendmail": "`TLS_Srv:` with the host and `ENCR:112` in the access map",
    "Exchange": "`Set-SendConnector -RequireTLS $true`; Exchange Online: `Set-OutboundConnector -TlsSettings EncryptionOnly`",
    "Gmail": "the Admin console's secure transport (TLS) compliance setting for this domain",
    "OpenSMTPD": "`relay host smtp+tls://HOST` in the action",
    "Stalwart": "`starttls` required in the outbound TLS strategy",
    "Haraka": "`force_tls` of the outbound transaction",
    "Dovecot": "`submission_relay_ssl = starttls`, or `ssl=yes` of the proxied passdb entry for LMTP",
}

_RECORD = {
    "Postfix": "main.cf: `smtpd_tls_received_header = yes` (default: no), and no `smtpd_hide_client_session` for this service, then `postfix reload`",
    "Exim": "leave `received_header_text` as it comes: it names version and suite",
    "Sendmail": "leave `confRECEIVED_HEADER` as it comes: it names version and suite",
    "Exchange": "Exchange 2016 and later record version and suite; what is older writes `(TLS)` at most",
    "OpenSMTPD": "leave `mask-src` out of the listener of this hop; TLS is recorded always",
    "qmail": "s/qmail, or a TLS patch that records the suite: qmail-smtpd itself writes SMTP always",
    "mailfront": "no setting: its protocol module is named ESMTP with and without TLS",
}

_USUAL = ("Postfix", "Exim")


def demand(software: str) -> str:
    """Return how the sending server is made to demand TLS, or the usual ones where it is not known."""
    known = (software,) if software in _DEMAND else _USUAL
    return "; ".join(f"{server}: {_DEMAND[server]}" for server in known)


def record(hop: Hop) -> str:
    """Return how the server that wrote a record is made to write TLS into it."""
    if hop.software in _RECORD:
        return f"{hop.software}: {_RECORD[hop.software]}"
    usual = "; ".join(f"{server}: {_RECORD[server]}" for server in _USUAL)
    return f"have {hop.by} write an RFC 3848 keyword or the tls clause of RFC 8314 section 4.3: {usual}"
