"""What became of a test message: plain values, without a verdict in them.

As in `evidence`, every step is a value of what was seen or the reason it is missing, text of strangers
is kept as it came, and nothing here holds a secret.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from mailtls.evidence import Line, Missing, Reply, Skipped
from mailtls.pure import pure


class Stage(StrEnum):
    """Where in the submission the server refused."""

    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    MESSAGE = "MESSAGE"


class RefusalKind(StrEnum):
    """What a refusal is about, told from reply codes (RFC 5321, RFC 3463, RFC 4954) and known words."""

    AUTHENTICATION = "the credential"
    GREYLISTED = "greylisting"
    BLOCKLISTED = "this machine's address"
    TEMPORARY = "a temporary condition"
    PERMANENT = "the message"


@pure
class Refused:
    """A step of the submission was answered with 4xx or 5xx, or a SASL exchange failed."""

    stage: Stage
    reply: Reply
    kind: RefusalKind


class WithheldKind(StrEnum):
    """Why the program did not go on by itself."""

    NOT_ASKED = "the run does not send"
    NO_CREDENTIAL = "the credential is not there"
    UNUSABLE = "the credential is there and of no use"
    NOT_SECURE = "the connection did not pass the rules"
    NOT_OFFERED = "the server offers no usable way"


@pure
class Withheld:
    """Nothing was sent, or no login was made, by our own decision; `detail` is one sentence."""

    kind: WithheldKind
    detail: str


@pure
class Submitted:
    """The server took the message. `queue_id` is the one in its reply, "" where it names none.

    `mechanism` is the SASL mechanism used or "", `version` and `cipher` the session's as OpenSSL
    prints them, `at` the moment of the final reply, `seconds` from the connection to it.
    """

    address: str
    reply: Reply
    queue_id: str
    mechanism: str
    version: str
    cipher: str
    at: datetime
    seconds: float


@pure
class Signature:
    """One DKIM signature (RFC 6376) as verified here: `detail` says why it is not valid, or is ""."""

    domain: str
    selector: str
    valid: bool | Missing
    detail: str


@pure
class Arrived:
    """The message was found by its nonce. `header` is its header section as received, CRLF and all.

    `at` is the moment it was found, `polls` how often was looked, `version` and `cipher` those of
    the connection it was read on, "" where that was in clear on loopback.
    """

    header: bytes
    at: datetime
    seconds: float
    polls: int
    address: str
    version: str
    cipher: str
    signatures: tuple[Signature, ...]
    deleted: bool


@pure
class NotArrived:
    """The deadline passed and no message had the nonce."""

    seconds: float
    polls: int


@pure
class DeliveryEvidence:
    """One delivery from submission to mailbox. `arrival` is `Skipped` where nothing is received."""

    submission: Submitted | Refused | Withheld | Missing
    arrival: Arrived | NotArrived | Refused | Withheld | Missing | Skipped
    sent_transcript: tuple[Line, ...]
    received_transcript: tuple[Line, ...]


@pure
class HopTls:
    """A hop whose record shows TLS; `version` as TlsVersion labels or "", `cipher` as written or ""."""

    version: str
    cipher: str


@pure
class HopClear:
    """A hop whose record says that there was no TLS, by its `with` keyword (RFC 3848)."""

    keyword: str


@pure
class HopUnknown:
    """A hop whose record does not say; `reason` is one sentence."""

    reason: str


@pure
class Hop:
    """One Received field (RFC 5321 4.4), as it was written by the host that received.

    `helo`, `client` and `address` are what it says of the sender: the name it gave, the one that was
    looked up for its address, and the address; `keyword` is the upper-case value of `with`, "" where
    absent; `software` the grammar it was read by, as "Postfix", "" for the general one. `local` is a
    hand-over within one machine; `position` counts the fields of the header above it.
    """

    by: str
    helo: str
    client: str
    address: str
    keyword: str
    security: HopTls | HopClear | HopUnknown
    queue_id: str
    at: datetime | None
    software: str
    field: str
    local: bool
    position: int
