"""What was seen on the wire: plain values, without a verdict in them.

Every step of a session is either a value of what was seen or `Missing`, never an optional field
beside a status. Text from the peer is kept as it came (decoded, not cleaned): it is hostile, and
only `sanitizer` may turn it into something that is shown. Everything here survives a round trip
through JSON (`probe.recording`), so that a verdict can be judged again without a network.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from mailtls.pure import pure
from mailtls.revocations import RevocationEvidence
from mailtls.terms import Cause, Phase, Protocol


@pure
class Missing:
    """A step that gave no interpretable answer; `detail` is one sentence for a person."""

    phase: Phase
    cause: Cause
    detail: str


@pure
class Skipped:
    """A step that this kind of session does not have, as STARTTLS on an implicit TLS port."""

    reason: str


@pure
class Reply:
    """One complete reply of a server.

    `code` is the protocol's own status: "250", "OK", "NO", "BAD", "BYE", "+OK", "-ERR".
    `lines` are the text lines without line ends and without the status, decoded as latin-1.
    """

    code: str
    lines: tuple[str, ...]


@pure
class Capabilities:
    """What the server said it offers; names upper case, in the order of the reply.

    `mechanisms` are the SASL mechanisms named in any form (`AUTH PLAIN`, `AUTH=PLAIN`, `SASL`).
    """

    names: tuple[str, ...]
    mechanisms: tuple[str, ...]


@pure
class UpgradeReply:
    """The answer to STARTTLS or STLS; `leftover` is what followed the go-ahead in clear."""

    accepted: bool
    temporary: bool
    reply: Reply
    leftover: bytes


@pure
class NotOffered:
    """The server did not list STARTTLS; `answer` is its reply where STARTTLS was tried all the same."""

    capabilities: Capabilities


class Spoken(StrEnum):
    """What a port really speaks, told from its first bytes."""

    IMPLICIT_TLS = "implicit TLS"
    SMTP = "SMTP in clear"
    LMTP = "LMTP in clear"
    IMAP = "IMAP in clear"
    POP3 = "POP3 in clear"
    SIEVE = "ManageSieve in clear"
    HTTP = "HTTP"
    SSH = "SSH"
    FTP = "FTP"
    MYSQL = "MySQL"
    REDIS = "Redis"
    SILENCE = "nothing"
    UNKNOWN = "an unknown protocol"


@pure
class WrongMode:
    """The port answered, but not in the declared mode or protocol; `first_bytes` is the proof."""

    spoken: Spoken
    first_bytes: bytes


@pure
class HandshakeRefused:
    """A fatal TLS alert instead of a session (RFC 8446 section 6): an answer, not a failure to ask."""

    alert: int
    name: str


@pure
class KeyFacts:
    """A public key: `kind` is "rsa", "ecdsa", "ed25519", "ed448", "dsa" or "unknown".

    `bits` is the modulus or field size, `curve` the curve's name or "", `spki_sha256` lower-case hex.
    """

    kind: str
    bits: int
    curve: str
    spki_sha256: str


@pure
class CertificateFacts:
    """The fields of one certificate that a rule asks for; times are aware and in UTC.

    `subject` and `issuer` are RFC 4514 strings; `signature` is the algorithm's name as
    "sha256-rsa", "sha256-rsa-pss", "sha384-ecdsa", "ed25519"; `problems` names the parts that
    could not be parsed. `der` is the certificate itself. `subject_names` are the subject's common
    names, `issuer_names` the issuer's common names and organisations. `names_total` counts the
    entries of the subject alternative name, of which at most 2,000 are kept.
    """

    der: bytes
    sha256: str
    serial: str
    subject: str
    subject_names: tuple[str, ...]
    issuer: str
    issuer_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    srv_names: tuple[str, ...]
    key: KeyFacts
    signature: str
    is_ca: bool
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    issuer_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    crl_urls: tuple[str, ...]
    must_staple: bool
    scts: int
    problems: tuple[str, ...]
    names_total: int = 0


@pure
class PathProblem:
    """Why no path to a trust anchor was found: OpenSSL's X509_V_ERR number, its text and where."""

    code: int
    text: str
    depth: int
    subject: str


@pure
class PathValidation:
    """The verdict of OpenSSL's path builder on the chain as sent, against `anchors`, at `at`.

    `problem` is judged with the clock ignored, `time_problem` with the clock at `at`; None is
    success, and a chain without any path has the same problem in both. `verified` are the SHA-256
    fingerprints of the path, leaf first, empty on a problem. `extra_anchor` is whether the path
    ends in an anchor that came with `--ca-file` or a PEM path. `judged` is False where no path was
    looked for: the policy pins instead, or there is no anchor to look for. `unsent` are the members
    that were not sent, DER: the anchor as a rule. `web_pki` is why the stricter web PKI would not
    take the path that OpenSSL found, "" where it would or was not asked.
    """

    anchors: str
    at: datetime
    problem: PathProblem | None
    time_problem: PathProblem | None
    verified: tuple[str, ...]
    extra_anchor: bool = False
    judged: bool = True
    unsent: tuple[bytes, ...] = ()
    web_pki: str = ""


@pure
class TlsFacts:
    """One completed handshake: names as OpenSSL prints them; `group` "" where there was none.

    `chain` is the chain as sent, leaf first. `staple` is the stapled OCSP response or b"".
    """

    version: int
    cipher: str
    group: str
    alpn: str
    chain: tuple[CertificateFacts, ...]
    path: PathValidation
    staple: bytes
    client_certificate_requested: bool


@pure
class SessionEvidence:
    """One whole session from greeting to QUIT, each step a value or the reason it is missing.

    In implicit mode `greeting` and `before` are `Skipped`, and the greeting inside TLS is in
    `greeting_after`; with STARTTLS `greeting_after` is `Skipped`.
    """

    greeting: Reply | WrongMode | Skipped | Missing
    before: Capabilities | Skipped | Missing
    upgrade: UpgradeReply | NotOffered | Skipped | Missing
    tls: TlsFacts | HandshakeRefused | WrongMode | Missing
    greeting_after: Reply | WrongMode | Skipped | Missing
    after: Capabilities | Missing


@pure
class ServerAnswer:
    """The first flight of a server that chose: ServerHello or HelloRetryRequest and what followed.

    `suite` is the IANA code point (24 bits for SSLv2), `group` the named group of the key share,
    HelloRetryRequest or ServerKeyExchange, 0 where none; `dh_bits` the size of a finite-field
    prime, 0 where none. `extensions` are the type numbers echoed. `certificates` is the chain as
    DER, empty where it was encrypted or absent; `staple` is whether a CertificateStatus came and
    `timestamps` the list of certificate timestamps as sent (RFC 6962 section 3.3), b"" without one.
    """

    version: int
    suite: int
    compression: int
    retry: bool
    group: int
    dh_bits: int
    extensions: tuple[int, ...]
    alpn: str
    certificates: tuple[bytes, ...]
    staple: bool
    anonymous: bool
    downgrade_sentinel: bool
    timestamps: bytes = b""


@pure
class AlertAnswer:
    """A fatal alert in answer to a hello (RFC 8446 section 6.2)."""

    alert: int
    name: str


@pure
class ClosedAnswer:
    """No TLS came in answer: a refusal only beside a successful control.

    The connection ended without a byte, or behind STARTTLS the server said no in clear.
    """

    reset: bool


@pure
class HelloEvidence:
    """The answer to one raw hello; `path` is that of its chain where a `KindQuestion` asked."""

    answer: ServerAnswer | AlertAnswer | ClosedAnswer
    path: PathValidation | None = None


@pure
class PortEvidence:
    """A bare TCP connection was accepted."""


@pure
class UpgradeEvidence:
    """The same commands before and behind the upgrade; `MAIL FROM:<>` is SMTP's and LMTP's alone.

    `unannounced` answers MAIL before any EHLO, `clear` MAIL after EHLO and before TLS, `forgotten`
    MAIL inside TLS before a new EHLO, `protected` MAIL after it, and `again` a second STARTTLS.
    `tls` is True behind a completed handshake.
    """

    unannounced: Reply | Skipped | Missing
    before: Capabilities | Missing
    clear: Reply | Skipped | Missing
    upgrade: UpgradeReply | NotOffered | Missing
    tls: bool | Missing
    forgotten: Reply | Skipped | Missing
    after: Capabilities | Missing
    protected: Reply | Skipped | Missing
    again: Reply | Missing


@pure
class Smuggled:
    """What came inside TLS ahead of the first reply that was due: replies to a smuggled command."""

    replies: tuple[str, ...]


@pure
class InjectionEvidence:
    """STARTTLS and a second command in one write; `answer` is what became of the second.

    `HandshakeRefused`, `WrongMode` and `ClosedAnswer` say that it was read as the start of TLS.
    """

    upgrade: UpgradeReply | NotOffered | Missing
    answer: Smuggled | HandshakeRefused | WrongMode | ClosedAnswer | Missing


@pure
class Fallback:
    """What followed a junk record in place of a ClientHello.

    `alerted` is whether a TLS alert came, `resumed` the reply to a command sent in clear behind it.
    """

    alerted: bool
    resumed: tuple[str, ...]


@pure
class FallbackEvidence:
    """Whether a server goes back to plain text when the handshake fails."""

    upgrade: UpgradeReply | NotOffered | Missing
    answer: Fallback | Missing


Evidence = (
    SessionEvidence
    | HelloEvidence
    | PortEvidence
    | UpgradeEvidence
    | InjectionEvidence
    | FallbackEvidence
    | RevocationEvidence
)


@pure
class Line:
    """One line of a transcript: `side` is "C", "S" or "*" (an event); `text` is already sanitized."""

    side: str
    text: str


@pure
class Observed:
    """An answered question. `seconds` is wall time, `attempts` counts connections made."""

    evidence: Evidence
    transcript: tuple[Line, ...]
    seconds: float
    attempts: int


@pure
class NotObserved:
    """A question that got no interpretable answer at all. `attempts` counts connections made."""

    missing: Missing
    transcript: tuple[Line, ...]
    seconds: float
    attempts: int


Observation = Observed | NotObserved


@pure
class Resolved:
    """The addresses of a host in text form, sorted, IPv4 first."""

    addresses: tuple[str, ...]


SPOKEN_PROTOCOLS = {
    Spoken.SMTP: Protocol.SMTP,
    Spoken.LMTP: Protocol.LMTP,
    Spoken.IMAP: Protocol.IMAP,
    Spoken.POP3: Protocol.POP3,
    Spoken.SIEVE: Protocol.SIEVE,
}
