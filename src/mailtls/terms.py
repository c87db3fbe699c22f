"""The field's own words, as closed sets: what a policy may say and what a probe may meet."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from mailtls.pure import pure


class Protocol(StrEnum):
    """The application protocol of an endpoint."""

    SMTP = "smtp"
    LMTP = "lmtp"
    IMAP = "imap"
    POP3 = "pop3"
    SIEVE = "sieve"


class Mode(StrEnum):
    """How TLS starts: by upgrade (RFC 3207, RFC 2595) or from the first byte (RFC 8314)."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class Role(StrEnum):
    """What an SMTP endpoint is for: a public MX, or message submission (RFC 6409)."""

    RELAY = "relay"
    SUBMISSION = "submission"


class Expect(StrEnum):
    """Whether the endpoint's port has to answer."""

    REACHABLE = "reachable"
    CLOSED = "closed"


class Level(StrEnum):
    """Weight of a finding, as SARIF and the workflow commands know it; declared heaviest first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    def at_least(self, floor: Level) -> bool:
        """Return whether this level is as heavy as `floor` or heavier."""
        order = list(Level)
        return order.index(self) <= order.index(floor)


class Outcome(StrEnum):
    """The verdict of one rule on one endpoint or address."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"


class Phase(StrEnum):
    """How far a question got before it went unanswered, in the order of the wire."""

    RESOLVE = "RESOLVE"
    CONNECT = "CONNECT"
    GREETING = "GREETING"
    CAPABILITY = "CAPABILITY"
    UPGRADE = "UPGRADE"
    HANDSHAKE = "HANDSHAKE"
    AFTER_TLS = "AFTER_TLS"


class Cause(StrEnum):
    """Why a question went unanswered."""

    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    TIMED_OUT = "TIMED_OUT"
    CLOSED = "CLOSED"
    RESET = "RESET"
    MALFORMED = "MALFORMED"
    THROTTLED = "THROTTLED"
    PREREQUISITE = "PREREQUISITE"
    SILENT = "SILENT"


class TlsVersion(IntEnum):
    """A protocol version by its code point on the wire (SSL 2.0: its own draft; RFC 8446 4.1.2)."""

    SSL2 = 0x0002
    SSL3 = 0x0300
    TLS1_0 = 0x0301
    TLS1_1 = 0x0302
    TLS1_2 = 0x0303
    TLS1_3 = 0x0304

    @property
    def label(self) -> str:
        """Return the name OpenSSL prints and reports use, as `TLSv1.2`."""
        return _VERSION_LABELS[self]


_VERSION_LABELS = {
    TlsVersion.SSL2: "SSLv2",
    TlsVersion.SSL3: "SSLv3",
    TlsVersion.TLS1_0: "TLSv1.0",
    TlsVersion.TLS1_1: "TLSv1.1",
    TlsVersion.TLS1_2: "TLSv1.2",
    TlsVersion.TLS1_3: "TLSv1.3",
}


@pure
class WellKnownPort:
    """A port whose protocol and mode are assigned by IANA and RFC 8314 section 7."""

    port: int
    protocol: Protocol
    mode: Mode


WELL_KNOWN_PORTS = {
    known.port: known
    for known in (
        WellKnownPort(port=24, protocol=Protocol.LMTP, mode=Mode.STARTTLS),
        WellKnownPort(port=25, protocol=Protocol.SMTP, mode=Mode.STARTTLS),
        WellKnownPort(port=110, protocol=Protocol.POP3, mode=Mode.STARTTLS),
        WellKnownPort(port=143, protocol=Protocol.IMAP, mode=Mode.STARTTLS),
        WellKnownPort(port=465, protocol=Protocol.SMTP, mode=Mode.IMPLICIT),
        WellKnownPort(port=587, protocol=Protocol.SMTP, mode=Mode.STARTTLS),
        WellKnownPort(port=993, protocol=Protocol.IMAP, mode=Mode.IMPLICIT),
        WellKnownPort(port=995, protocol=Protocol.POP3, mode=Mode.IMPLICIT),
        WellKnownPort(port=4190, protocol=Protocol.SIEVE, mode=Mode.STARTTLS),
    )
}
