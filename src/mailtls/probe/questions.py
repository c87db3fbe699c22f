"""What can be asked of a server. Equal questions to one target are one question, asked once.

A question costs at most one connection for each attempt, and none where it is asked by the way
(`probe.folding`). It holds no host: the target does.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address

from mailtls.policy.model import AddressChoice, Anchors
from mailtls.pure import pure
from mailtls.terms import Mode, Protocol

VERSIONS = {AddressChoice.IPV4: 4, AddressChoice.IPV6: 6}
"""The version of IP that a choice is limited to."""


class Share(StrEnum):
    """What the answer to one hello says of others that offer some of the same suites."""

    NOTHING = "nothing"
    PART = "part"
    CONTROL = "control"


@pure
class Service:
    """A host and port before its name is resolved; as text an IPv6 address is in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return HOST:PORT (RFC 3986 section 3.2.2)."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@pure
class Target:
    """One address of a service; `address` is an IPv4 or IPv6 literal."""

    host: str
    port: int
    address: str


def select_addresses(
    addresses: tuple[str, ...], choice: AddressChoice | tuple[str, ...]
) -> tuple[str, ...]:
    """Return the addresses that a choice asks for; a list of literals is asked as it stands."""
    if isinstance(choice, tuple):
        return choice
    version = VERSIONS.get(choice)
    if version is None:
        return addresses
    return tuple(each for each in addresses if ip_address(each).version == version)


@pure
class Offer:
    """What a raw ClientHello offers: versions, suites, groups and features by code point.

    `label` names it for people and in plans. The highest of `versions` is the hello's own version;
    TLS 1.3 is offered by `supported_versions` with empty key shares, so that a HelloRetryRequest
    names the group (RFC 8446 4.1.4). `versions` of SSLv2 alone is an SSL 2.0 hello. Of a PART only
    the chosen suite counts, and that of a longer hello does as well; a CONTROL is any long hello
    that is answered. Where the session agrees on the group `spared_by`, the hello is not sent.
    """

    label: str
    versions: tuple[int, ...]
    suites: tuple[int, ...]
    groups: tuple[int, ...] = ()
    compression: bool = False
    extended_master_secret: bool = True
    renegotiation_info: bool = True
    status_request: bool = False
    timestamps: bool = False
    alpn: tuple[str, ...] = ()
    share: Share = Share.NOTHING
    spared_by: int | None = None


@pure
class PortQuestion:
    """Does the port accept a TCP connection? Nothing is said on it."""


@pure
class SessionQuestion:
    """One whole session: greeting, capabilities, upgrade, handshake, capabilities again, QUIT.

    `server_name` is the SNI and "" sends none.
    """

    protocol: Protocol
    mode: Mode
    server_name: str
    anchors: Anchors


@pure
class HelloQuestion:
    """One raw hello, after the upgrade where the mode is STARTTLS."""

    protocol: Protocol
    mode: Mode
    server_name: str
    offer: Offer


@pure
class KindQuestion:
    """The chain that a server has for a key of one `kind`, "rsa" or "ecdsa", held to `anchors`.

    `hello` offers suites of that kind alone. It is not sent where the session shows such a leaf.
    """

    kind: str
    hello: HelloQuestion
    anchors: Anchors


@pure
class UpgradeQuestion:
    """What is accepted before the upgrade, what is forgotten by it, and whether a second is refused.

    `clear` is whether `MAIL FROM:<>` may be said before TLS too (SMTP and LMTP).
    """

    protocol: Protocol
    server_name: str
    clear: bool


@pure
class InjectionQuestion:
    """Whether a command sent behind STARTTLS in one write is carried out inside TLS."""

    protocol: Protocol
    server_name: str


@pure
class FallbackQuestion:
    """Whether commands are answered in clear after a handshake that failed."""

    protocol: Protocol


@pure
class RevocationQuestion:
    """Whether the CAs still stand by the certificates that a session saw.

    It is asked of the CAs, once the session's answer is known, and costs the target nothing.
    """

    session: SessionQuestion


Question = (
    PortQuestion
    | SessionQuestion
    | HelloQuestion
    | KindQuestion
    | UpgradeQuestion
    | InjectionQuestion
    | FallbackQuestion
    | RevocationQuestion
)


def describe(question: Question) -> str:
    """Return the question in a few words, for plans and progress."""
    match question:
        case PortQuestion():
            return "is the port open"
        case SessionQuestion():
            return "one full session"
        case HelloQuestion(offer=offer):
            unless = "" if offer.spared_by is None else ", unless the session agrees on it"
            return f"a hello offering {offer.label}{unless}"
        case KindQuestion(hello=hello):
            return f"a hello for {hello.offer.label}, unless the session shows one"
        case UpgradeQuestion():
            return "the same commands before and after STARTTLS"
        case InjectionQuestion():
            return "STARTTLS with a command behind it in one write"
        case FallbackQuestion():
            return "STARTTLS with junk in place of a handshake"
        case RevocationQuestion():
            return "revocation lists and OCSP responders, at the URLs of the certificates"
