"""A policy as plain values: what is expected of each endpoint. None means: not said."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mailtls.pure import pure
from mailtls.terms import Expect, Level, Mode, Protocol, Role, TlsVersion
from mailtls.verdict import Route

if TYPE_CHECKING:
    from mailtls.policy.delivery import Delivery


class AddressChoice(StrEnum):
    """Which of a host's addresses are targets."""

    ALL = "all"
    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


@pure
class Graded:
    """A code point (version, suite or group) whose acceptance is a finding of `level`."""

    code: int
    level: Level


@pure
class Profile:
    """A published guideline's baseline. `source` cites it; a profile's meaning never changes.

    `versions`, `suites` and `groups` are those whose acceptance is a finding; `relay_suites` are the
    suites that weigh otherwise on a public MX. `required_version` has to be accepted at least (or a
    later one). `dh_bits` is the least size of a finite-field prime, 0 for any. `renegotiation`,
    `compression` and `master_secret` are the levels of a server without RFC 5746, with TLS
    compression and without RFC 7627; None where the guideline is silent. `rsa_bits` (0: no RSA) and
    `curves` bound certificate keys, `signature_hashes` are the hashes a certificate may be signed with.
    """

    name: str
    source: str
    versions: tuple[Graded, ...]
    required_version: TlsVersion
    rsa_bits: int
    curves: tuple[str, ...]
    signature_hashes: tuple[str, ...]
    suites: tuple[Graded, ...] = ()
    relay_suites: tuple[Graded, ...] = ()
    groups: tuple[Graded, ...] = ()
    dh_bits: int = 0
    renegotiation: Level | None = None
    compression: Level | None = None
    master_secret: Level | None = None

    def __hash__(self) -> int:
        """Return the hash of the name: profiles are keys of what is worked out once for all of a run."""
        return hash(self.name)


@pure
class TlsExpectation:
    """The `tls` keys of an endpoint; suites and groups by code point.

    `profile` is the endpoint's own, instead of the policy's. The three flags are set
    where the author demands RFC 5746, no compression, RFC 7627; `alpn` is () where nothing is asked.
    """

    profile: Profile | None = None
    min_version: TlsVersion | None = None
    versions: tuple[TlsVersion, ...] | None = None
    ciphers: tuple[int, ...] | None = None
    forbid_ciphers: tuple[int, ...] | None = None
    groups: tuple[int, ...] | None = None
    require_groups: tuple[int, ...] | None = None
    min_dh_bits: int | None = None
    secure_renegotiation: bool = False
    no_compression: bool = False
    extended_master_secret: bool = False
    alpn: tuple[str, ...] = ()


@pure
class KeyMinimum:
    """One entry of `certificate.keys`, as rsa-2048 or ecdsa-p256: kind and least size in bits."""

    kind: str
    bits: int


@pure
class Anchors:
    """What a chain is verified against: the system's store, a PEM file's certificates, or nothing.

    `label` is what the policy says ("system", a path, "pinned"); `pem` is the file's content,
    b"" for "system" and "pinned".
    """

    label: str
    pem: bytes = b""


CA_BROWSER_FORUM = "ca-browser-forum"
"""The `max_lifetime` that follows the CA/Browser Forum's Baseline Requirements."""


@pure
class CertificateExpectation:
    """The `certificate` keys of an endpoint. `pins` are SubjectPublicKeyInfo SHA-256 in lower hex.

    `lifetime_left` is a percentage, `max_lifetime` a number of days or CA_BROWSER_FORUM,
    `algorithms` the kinds of key ("rsa", "ecdsa") that each have to be served.
    """

    trust: Anchors = Anchors(label="system")
    names: tuple[str, ...] | None = None
    days_left: int | None = None
    issuer: tuple[str, ...] | None = None
    keys: tuple[KeyMinimum, ...] | None = None
    pins: tuple[str, ...] | None = None
    complete_chain: bool | None = None
    lifetime_left: int | None = None
    max_lifetime: int | str | None = None
    staple: bool = False
    transparency: bool = False
    algorithms: tuple[str, ...] | None = None
    revocation: bool = False


class Boundary(StrEnum):
    """Whether the upgrade's boundary is tested by what the server does, or only looked at."""

    ACTIVE = "active"
    PASSIVE = "passive"


@pure
class StarttlsExpectation:
    """The `starttls` keys of an endpoint. `enforced` None leaves it to the endpoint's role."""

    enforced: bool | None = None
    boundary: Boundary = Boundary.ACTIVE


@pure
class Offered:
    """The `auth` or `capabilities` keys of an endpoint: names in upper case, offered after TLS."""

    require: tuple[str, ...] | None = None
    forbid: tuple[str, ...] | None = None


@pure
class Endpoint:
    """One expected mail service. `host` is an A-label or an IP literal without brackets.

    `addresses` is a choice or a list of literals; `identity` is the reference identifier (RFC 9525)
    and server name indication. `role` is None for all but SMTP. `route` is where it stands in the
    policy, `written` which of its keys, dotted ("tls.min_version"), the author wrote for it or in
    `defaults`.
    """

    name: str
    host: str
    port: int
    mode: Mode
    protocol: Protocol
    role: Role | None
    addresses: AddressChoice | tuple[str, ...]
    identity: str
    level: Level
    expect: Expect
    tls: TlsExpectation
    certificate: CertificateExpectation
    route: Route
    written: frozenset[str]
    starttls: StarttlsExpectation = StarttlsExpectation()
    auth: Offered = Offered()
    capabilities: Offered = Offered()


class Aspect(StrEnum):
    """What endpoints may be declared to have in common; the last three are as negotiated."""

    CERTIFICATE = "certificate"
    NAMES = "names"
    ISSUER = "issuer"
    VERSIONS = "versions"
    CIPHERS = "ciphers"
    GROUPS = "groups"


@pure
class Agreement:
    """Endpoints, by name, that have to be the same in these aspects. `route` is where it is declared."""

    name: str
    endpoints: tuple[str, ...]
    same: tuple[Aspect, ...]
    route: Route


def named(name: str, pattern: str) -> bool:
    """Return whether an endpoint's name is the pattern itself, or fits it as a glob.

    The name of an IPv6 literal, `[2001:db8::1]:993`, would be a set of characters as a glob.
    """
    return name == pattern or fnmatchcase(name, pattern)


@pure
class Waiver:
    """Failures of a rule that are accepted, up to and including the day `until` (in UTC).

    `endpoint` is a name or a glob. `route` is where the waiver stands in the policy.
    """

    rule: str
    endpoint: str
    until: date
    reason: str
    route: Route


@pure
class Policy:
    """The whole policy, defaults and base file applied."""

    profile: Profile
    endpoints: tuple[Endpoint, ...]
    agreements: tuple[Agreement, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    def profile_of(self, endpoint: Endpoint) -> Profile:
        """Return the profile that stands for an endpoint: its own, else the policy's."""
        return endpoint.tls.profile or self.profile
