"""Why real servers do not pass: every result of `survey.py` that is not a pass, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What some rules come to on some ports of a server, and why that is right."""

    outcome: str
    ports: tuple[int, ...]
    rules: tuple[str, ...]
    text: str


ACCESS = (143, 993, 110, 995)
CERTIFICATE = tuple(
    f"certificate-{aspect}"
    for aspect in ("trust", "name", "expiry", "chain", "key", "signature", "usage")
)
FEATURES = ("tls-cipher", "tls-group", "tls-renegotiation", "tls-compression", "tls-master-secret")


def _cbc(*ports: int) -> Why:
    return Why(
        outcome="warning",
        ports=ports,
        rules=("tls-cipher",),
        text="CBC.",
    )


def _old_versions(*ports: int, text: str) -> Why:
    return Why(outcome="error", ports=ports, rules=("tls-version",), text=text)


def _resumes(*ports: int) -> Why:
    return Why(
        outcome="warning",
        ports=ports,
        rules=("starttls-boundary",),
        text="A failed handshake is answered in clear, and the dialogue goes on without TLS. No client"
        " that insists on TLS is fooled; one that does not says in clear what was meant for TLS.",
    )


def _injectable(port: int, text: str) -> Why:
    return Why(outcome="error", ports=(port,), rules=("starttls-boundary",), text=text)


def _login(*ports: int, text: str) -> Why:
    rules = ("auth-before-tls", "starttls-enforced")
    return Why(outcome="error", ports=ports, rules=rules, text=text)


_NESTS = Why(
    outcome="error",
    ports=(587,),
    rules=("starttls-renewed",),
    text="A second STARTTLS inside TLS is answered with 220, against RFC 3207 section 4.2, and starts"
    " another TLS inside the first.",
)

EXPLAINED: Mapping[str, tuple[Why, ...]] = {
    "Postfix": (
        _old_versions(
            25,
            587,
            465,
            text="Postfix 3.7 accepts TLS 1.0 and 1.1 (`smtpd_tls_protocols = >=TLSv1`), also where"
            " TLS is mandatory, and lowers OpenSSL's security level for it. openssl s_client"
            " completes the same handshake. `>=TLSv1.2` in both parameters ends it.",
        ),
        Why(
            outcome="error",
            ports=(587, 465),
            rules=("tls-cipher",),
            text="Anonymous suites are on where no client certificate is asked for; on submission,"
            " where a password follows, nothing speaks for them: `smtpd_tls_exclude_ciphers = aNULL`.",
        ),
        Why(
            outcome="note",
            ports=(25,),
            rules=("tls-cipher",),
            text="The same anonymous suites on the relay, where a client that does not verify loses"
            " nothing by them.",
        ),
        _cbc(25, 587, 465),
    ),
    "Dovecot": (_cbc(*ACCESS, 4190, 24),),
    "Exim": (
        _old_versions(
            25,
            text="Debian's Exim uses GnuTLS with the priorities `NORMAL`, which include TLS 1.0 and"
            " 1.1. `tls_require_ciphers = NORMAL:-VERS-TLS1.0:-VERS-TLS1.1` ends it.",
        ),
        _cbc(25),
    ),
    "Cyrus": (
        _login(
            *(143, 110, 4190),
            text="Debian ships `allowplaintext: yes`: LOGIN, USER and AUTHENTICATE work without TLS.",
        ),
        Why(
            outcome="error",
            ports=(24,),
            rules=("auth-before-tls",),
            text="For the same reason lmtpd, which wants a login of whoever delivers over TCP, offers"
            " it in clear.",
        ),
        _resumes(143, 110, 4190, 24),
        _cbc(*ACCESS, 4190, 24),
    ),
    "Cyrus, hardened": (_resumes(143, 110, 4190, 24), _cbc(*ACCESS, 4190, 24)),
    "Courier": (
        _login(
            *(143, 110),
            text="`IMAP_TLS_REQUIRED=0` and `POP3_TLS_REQUIRED=0` are Debian's values: STARTTLS stands"
            " in the capabilities without LOGINDISABLED, and USER is taken before STLS.",
        ),
        _injectable(
            110,
            "CAPA in one segment with STLS is answered inside TLS: CVE-2021-38084, repaired in Courier"
            " 1.1.5. The IMAP server empties its buffer.",
        ),
        _old_versions(
            *ACCESS,
            text="`TLS_PROTOCOL` is unset, and GnuTLS accepts TLS 1.0 and 1.1 by itself.",
        ),
        _resumes(143, 110),
        _cbc(*ACCESS),
    ),
    "OpenSMTPD": (
        _old_versions(
            *(25, 587, 465),
            text="6.8.0p2 keeps its key in a process of its own and hands OpenSSL a stand-in, which"
            " OpenSSL 3 does not ask for signatures: every handshake of every client ends with the"
            " alert internal_error, that of openssl s_client too. Raw hellos are answered, which"
            " is why one whole handshake is among the questions.",
        ),
        Why(
            outcome="inconclusive",
            ports=(25, 587, 465),
            rules=(*CERTIFICATE, "certificate-agreement", *FEATURES),
            text="Nothing is known of TLS behind a handshake that fails.",
        ),
        Why(
            outcome="inconclusive",
            ports=(25, 587),
            rules=("starttls-renewed",),
            text="The dialogue inside TLS never begins.",
        ),
        Why(
            outcome="inconclusive",
            ports=(587,),
            rules=("starttls-enforced",),
            text="530 before TLS may mean the login; what MAIL is answered with inside TLS would tell.",
        ),
        Why(
            outcome="inconclusive",
            ports=(465,),
            rules=("protocol",),
            text="The greeting comes inside TLS.",
        ),
    ),
    "aiosmtpd": (_NESTS, _cbc(587)),
    "aiosmtpd 1.4.5": (
        _injectable(
            587, "NOOP in one segment with STARTTLS is carried out inside TLS: CVE-2024-34083."
        ),
        _NESTS,
        _cbc(587),
    ),
    "pymap": (
        _login(143, text="The LOGIN command, PLAIN and LOGIN are offered beside STARTTLS."),
        _injectable(143, "NOOP in one segment with STARTTLS is carried out inside TLS."),
        _cbc(143),
    ),
    "maildev": (
        Why(
            outcome="error",
            ports=(587,),
            rules=("starttls-offered", "starttls-enforced", "auth-before-tls"),
            text="It offers AUTH and no STARTTLS: a password sent to it travels in clear.",
        ),
        Why(
            outcome="inconclusive",
            ports=(587,),
            rules=(*CERTIFICATE, *FEATURES, "tls-version", "starttls-boundary", "starttls-renewed"),
            text="There is no TLS to look into; it is not called green.",
        ),
    ),
}
