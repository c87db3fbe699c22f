"""The `deliveries` of a policy as plain values. None means: not said."""

from __future__ import annotations

from enum import StrEnum

from mailtls.pure import pure
from mailtls.terms import TlsVersion
from mailtls.verdict import Route


class Via(StrEnum):
    """How the message is looked for."""

    IMAP = "imap"
    POP3 = "pop3"
    MAILPIT = "mailpit"
    MAILDEV = "maildev"
    MAILSLURP = "mailslurp"


@pure
class Send:
    """How the message leaves: `endpoint` is an endpoint's name, `credential` a name or ""."""

    endpoint: str
    sender: str
    recipient: str
    credential: str
    require_tls: bool = False


@pure
class Receive:
    """Where the message is looked for, for `within` seconds.

    `endpoint` is an endpoint's name for IMAP and POP3 and "" otherwise; `url` and `inbox` are those
    of an HTTP interface and "" for the mail protocols. `keep` leaves the message where it is.
    """

    via: Via
    endpoint: str
    url: str
    inbox: str
    credential: str
    within: float
    keep: bool = False


@pure
class FlowExpectation:
    """What the received header has to show. `hosts` are globs of hosts whose records are trusted.

    `authentication` maps "spf", "dkim", "dmarc" to the result wanted; `within` is in seconds.
    """

    hops_tls: bool = False
    hosts: tuple[str, ...] = ()
    min_version: TlsVersion | None = None
    authentication: tuple[tuple[str, str], ...] = ()
    within: float | None = None


@pure
class Delivery:
    """One test message. `receive` None: that it is accepted is all that is asked."""

    name: str
    send: Send
    receive: Receive | None
    expect: FlowExpectation
    route: Route
