"""The offers that rules ask with, and which answer decides what.

Up to TLS 1.2 a hello names only its highest version, so a server may answer any offer below with an
older one; the answer's `version` tells. A refusal (alert or close) decides only beside an answered
control to the same address: `facts` is that control for `complement`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from mailtls.probe.questions import Offer
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import CURVES_TLS12, GROUPS_TLS13, Suite, SuiteKind, suites

_BELOW_TLS13 = (TlsVersion.SSL3, TlsVersion.TLS1_0, TlsVersion.TLS1_1, TlsVersion.TLS1_2)
_EXCHANGES = ("ECDHE", "DHE", "RSA", "ECDH", "DH")
_AUTHENTICATIONS = ("ECDSA", "RSA", "DSS", "anon")
_COMMON = frozenset({"AES", "CHACHA20", "3DES", "RC4"})
_FEW = 64
"""Suites of a hello whose answer is not about suites: no known server minds that many."""


@cache
def at_most(version: TlsVersion) -> Offer:
    """Return a hello of SSLv3 to `version`; its answer decides these versions together.

    A ServerAnswer names the highest of them that is accepted; an alert refuses all of them. A server
    that follows its client's order shows by the way whether it takes anonymous suites.
    """
    versions = tuple(known for known in TlsVersion if TlsVersion.SSL3 <= known <= version)
    tls13 = version == TlsVersion.TLS1_3
    return Offer(
        label=f"SSLv3 to {version.label}" if len(versions) > 1 else version.label,
        versions=versions,
        suites=(_tls13_suites() if tls13 else ()) + _anonymous_first(_likely(version)),
        groups=GROUPS_TLS13 if tls13 else _curves(version),
    )


@cache
def exactly(version: TlsVersion) -> Offer:
    """Return a hello whose highest version is `version`; an answer of `version` accepts it.

    An answer of an older version, or a refusal, tells that `version` is not accepted.
    """
    tls13 = version == TlsVersion.TLS1_3
    return Offer(
        label=version.label,
        versions=(version,),
        suites=_tls13_suites() if tls13 else _likely(version),
        groups=GROUPS_TLS13 if tls13 else _curves(version),
    )


@cache
def ssl2() -> Offer:
    """Return a hello of SSL 2.0 with all its kinds; a ServerAnswer accepts SSL 2.0.

    So does an answer of alert `ssl2_no_cipher`, in the protocol's own error message.
    """
    kinds = _where(lambda suite: suite.min_version == TlsVersion.SSL2)
    return Offer(label="SSLv2", versions=(TlsVersion.SSL2,), suites=kinds)


def only_suites(codes: Iterable[int], label: str) -> Offer:
    """Return a hello of these suites alone; a ServerAnswer accepts the suite it names.

    They are all of TLS 1.3, or all of SSLv3 to TLS 1.2: a server settles the version before it looks
    at suites. `any_of` splits a mixture.
    """
    wanted = tuple(codes)
    families = {_family(code) for code in wanted}
    if families == {TlsVersion.TLS1_3}:
        return Offer(label=label, versions=(TlsVersion.TLS1_3,), suites=wanted, groups=GROUPS_TLS13)
    if families == {TlsVersion.TLS1_2}:
        return Offer(label=label, versions=_BELOW_TLS13, suites=wanted, groups=CURVES_TLS12)
    raise ValueError("suites of one hello are of TLS 1.3, or of SSLv3 to TLS 1.2")


def any_of(codes: Iterable[int], label: str) -> tuple[Offer, ...]:
    """Return the hellos, one for each family of versions, that together offer these suites alone.

    Each is decided on its own: a ServerAnswer accepts the suite it names.
    """
    wanted = sorted(set(codes))
    found: list[Offer] = []
    for family in (TlsVersion.TLS1_2, TlsVersion.TLS1_3, TlsVersion.SSL2):
        chosen = tuple(code for code in wanted if _family(code) == family)
        if chosen and family == TlsVersion.SSL2:
            found.append(Offer(label=f"SSLv2 {label}", versions=(family,), suites=chosen))
        elif chosen:
            suffix = " in TLSv1.3" if family == TlsVersion.TLS1_3 else ""
            found.append(only_suites(chosen, label + suffix))
    return tuple(found)


def complement(allowed: frozenset[int]) -> Offer | None:
    """Return a hello of every suite of TLS 1.2 and below outside `allowed`, None where none is.

    A ServerAnswer names a suite that is accepted and not allowed; a refusal beside an answered
    `facts(allowed)` tells that nothing outside the list is accepted.
    """
    outside = _outside(allowed)
    return only_suites(outside, "every suite outside the list") if outside else None


def facts(allowed: frozenset[int]) -> Offer:
    """Return the control of `complement`: the same hello, a little longer, with `allowed` added.

    Its answer proves TLS 1.2 or what it names, and says by echo whether compression, the extended
    master secret, RFC 5746 and OCSP stapling are supported; certificate timestamps come with it. The allowed suites come last: an
    answer naming one shows that the list was read to its end. With none allowed below TLS 1.3
    it is no control.
    """
    inside = tuple(code for code in _by_use() if code in allowed)
    return Offer(
        label="every suite, compression and status request",
        versions=_BELOW_TLS13,
        suites=_outside(allowed) + inside,
        groups=CURVES_TLS12,
        compression=True,
        status_request=True,
        timestamps=True,
    )


def groups_only(groups: Iterable[int], version: TlsVersion = TlsVersion.TLS1_3) -> Offer:
    """Return a hello of these groups alone: TLS 1.3, or ECDHE suites of `version` and below.

    The HelloRetryRequest or ServerKeyExchange names the accepted group that the server prefers. A
    refusal below TLS 1.3 is no proof where the certificate is ECDSA: its curve has to be offered too
    (RFC 8422 5.1).
    """
    wanted = tuple(groups)
    names = "one group" if len(wanted) == 1 else f"{len(wanted)} groups"
    if version == TlsVersion.TLS1_3:
        chosen = _tls13_suites()
    else:
        chosen = tuple(c for c in _usable(version) if suites()[c].key_exchange == "ECDHE")
    return Offer(
        label=f"{names} in {version.label}", versions=(version,), suites=chosen, groups=wanted
    )


@cache
def finite_field() -> Offer:
    """Return a hello of DHE suites without groups; the answer's `dh_bits` is the server's own size.

    Without supported_groups the server does not turn to a named group of RFC 7919.
    """
    chosen = tuple(
        code
        for code in _usable(TlsVersion.TLS1_2)
        if SuiteKind.DHE in suites()[code].kinds and not suites()[code].anonymous
    )
    return Offer(label="DHE suites", versions=_BELOW_TLS13, suites=chosen)


@cache
def authenticated_by(authentication: str) -> Offer:
    """Return a hello of suites with "RSA" or "ECDSA" certificates alone, with a status request.

    The answer carries the chain that the server has for this kind of key (TLS 1.2 and below).
    """
    chosen = _few(
        code
        for code in _usable(TlsVersion.TLS1_2)
        if suites()[code].authentication == authentication
    )
    return Offer(
        label=f"{authentication} certificates",
        versions=_BELOW_TLS13,
        suites=chosen,
        groups=CURVES_TLS12,
        status_request=True,
    )


def _family(code: int) -> TlsVersion:
    """Return SSL2, TLS1_2 (for SSLv3 to TLS 1.2) or TLS1_3: what one hello can offer together."""
    version = suites()[code].min_version
    return version if version in {TlsVersion.SSL2, TlsVersion.TLS1_3} else TlsVersion.TLS1_2


def _where(holds: Callable[[Suite], bool]) -> tuple[int, ...]:
    return tuple(suite.code for suite in suites().values() if holds(suite))


def _tls13_suites() -> tuple[int, ...]:
    # AES and ChaCha20 first, which is the order of the registry for them, then the rest.
    codes = _where(lambda suite: suite.min_version == TlsVersion.TLS1_3)
    return tuple(sorted(codes, key=lambda code: (not 0x1301 <= code <= 0x1305, code)))  # noqa: PLR2004


@cache
def _by_use() -> tuple[int, ...]:
    """Return every suite of TLS 1.2 and below, those that mail servers may have first."""

    def rank(code: int) -> tuple[bool, int, int, int]:
        suite = suites()[code]
        known = suite.key_exchange in _EXCHANGES and suite.authentication in _AUTHENTICATIONS
        exchange = _EXCHANGES.index(suite.key_exchange) if known else len(_EXCHANGES)
        return (not known, suite.anonymous, exchange, code)

    # TLS_NULL_WITH_NULL_NULL is the state before a handshake, never a choice (RFC 5246 A.5).
    codes = _where(lambda suite: suite.code != 0 and _family(suite.code) == TlsVersion.TLS1_2)
    return tuple(sorted(codes, key=rank))


def _outside(allowed: frozenset[int]) -> tuple[int, ...]:
    return tuple(code for code in _by_use() if code not in allowed)


def _usable(version: TlsVersion) -> tuple[int, ...]:
    """Return the suites of `version` and below that need a certificate or nothing of the client."""

    def usable(suite: Suite) -> bool:
        known = suite.key_exchange in _EXCHANGES and suite.authentication in _AUTHENTICATIONS
        return known and suite.min_version <= version

    return tuple(code for code in _by_use() if usable(suites()[code]))


def _likely(version: TlsVersion) -> tuple[int, ...]:
    return _few(_usable(min(version, TlsVersion.TLS1_2)))


def _few(codes: Iterable[int]) -> tuple[int, ...]:
    """Return at most 64 suites, without those that no server speaks alone.

    Some servers hang up on hellos of 128 and more, which would look like a refusal of something else.
    """

    def rank(code: int) -> tuple[bool, bool, bool]:
        suite = suites()[code]
        rare = suite.authentication == "DSS" or suite.mode.startswith("CCM")
        return SuiteKind.STATIC_DH in suite.kinds, suite.encryption not in _COMMON, rare

    kept = sorted(enumerate(codes), key=lambda each: rank(each[1]))[:_FEW]
    return tuple(code for _, code in sorted(kept))


def _anonymous_first(codes: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(codes, key=lambda code: not suites()[code].anonymous))


def _curves(version: TlsVersion) -> tuple[int, ...]:
    return CURVES_TLS12 if version > TlsVersion.SSL3 else ()
