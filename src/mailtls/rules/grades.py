"""What a policy and its profile say against suites and groups, and the fewest hellos that decide it.

One hello has one witness, the server's choice, which may hide another: what weighs an error and what
weighs a warning are asked for apart. Suites of TLS 1.3 and those below cannot share a hello.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from types import MappingProxyType

from mailtls.policy.model import Endpoint, Graded, Profile, TlsExpectation
from mailtls.probe.questions import Offer, Share
from mailtls.pure import pure
from mailtls.rules.base import lighter
from mailtls.terms import Level, Role, TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import CURVES_TLS12, GROUPS_TLS13, groups, suites

_WORDS = {
    Level.ERROR: "that must not be accepted",
    Level.WARNING: "that should not be accepted",
    Level.NOTE: "that are worth a note",
}


@pure
class Weight:
    """How much the acceptance of a suite or group weighs, and the dotted policy key that says so.

    `asked` is False where no hello is spent on it, and only what is seen by the way counts.
    """

    level: Level
    key: str
    asked: bool = True


def suite_weights(endpoint: Endpoint, profile: Profile) -> Mapping[int, Weight]:
    """Return the suites whose acceptance is a finding: by `ciphers`, else the profile; `forbid_ciphers`."""
    return _suite_weights(endpoint.tls, endpoint.level, endpoint.role, profile)


# Many endpoints are held to the same: what follows from that is worked out once.
@lru_cache(maxsize=64)
def _suite_weights(
    own: TlsExpectation, most: Level, role: Role | None, profile: Profile
) -> Mapping[int, Weight]:
    if own.ciphers is not None:
        found = _outside(legacy_suites(), own.ciphers, most, "tls.ciphers")
        found |= _outside(_tls13_suites(), own.ciphers, most, "tls.ciphers")
    else:
        found = _by_profile(profile.suites, most)
        if role is Role.RELAY:
            noted = _by_profile(profile.relay_suites, most)
            found |= {code: replace(weight, asked=False) for code, weight in noted.items()}
    for code in own.forbid_ciphers or ():
        found[code] = Weight(level=most, key="tls.forbid_ciphers")
    return MappingProxyType(found)


def group_weights(endpoint: Endpoint, profile: Profile) -> Mapping[int, Weight]:
    """Return the groups whose acceptance is a finding: by `groups`, else by the profile."""
    return _group_weights(endpoint.tls, endpoint.level, profile)


@lru_cache(maxsize=64)
def _group_weights(own: TlsExpectation, most: Level, profile: Profile) -> Mapping[int, Weight]:
    if own.groups is not None:
        return MappingProxyType(_outside(groups(), own.groups, most, "tls.groups"))
    return MappingProxyType(_by_profile(profile.groups, most))


def _by_profile(graded: Iterable[Graded], most: Level) -> dict[int, Weight]:
    weights = {level: Weight(level=lighter(level, most), key="tls.profile") for level in Level}
    return {entry.code: weights[entry.level] for entry in graded}


def _outside(
    codes: Iterable[int], allowed: Iterable[int], level: Level, key: str
) -> dict[int, Weight]:
    listed = frozenset(allowed)
    return {code: Weight(level=level, key=key) for code in codes if code not in listed}


@cache
def legacy_suites() -> tuple[int, ...]:
    """Return every suite of SSLv3 to TLS 1.2, those that mail servers may have first."""
    return offers.facts(frozenset()).suites


def _tls13_suites() -> tuple[int, ...]:
    return tuple(c for c, suite in suites().items() if suite.min_version is TlsVersion.TLS1_3)


def control(endpoint: Endpoint, profile: Profile) -> Offer:
    """Return the longest hello, of every suite and curve below TLS 1.3: its answer is the control.

    What is noted by the way comes first: a server that follows its client's order shows it.
    """
    return _control(endpoint.tls, endpoint.level, endpoint.role, profile)


@lru_cache(maxsize=64)
def _control(own: TlsExpectation, most: Level, role: Role | None, profile: Profile) -> Offer:
    weights = _suite_weights(own, most, role, profile)
    facts = offers.facts(frozenset(code for code in suites() if code not in weights))
    refused = _group_weights(own, most, profile)
    return replace(
        facts,
        suites=tuple(sorted(facts.suites, key=lambda c: not _by_the_way(weights, c))),
        groups=tuple(sorted(facts.groups, key=lambda code: code not in refused)),
        share=Share.CONTROL,
    )


def _by_the_way(weights: Mapping[int, Weight], code: int) -> bool:
    return code in weights and not weights[code].asked


def suite_hellos(endpoint: Endpoint, profile: Profile) -> tuple[Offer, ...]:
    """Return one hello for each level below TLS 1.3, and one in TLS 1.3; the control is not among them.

    Where every suite below TLS 1.3 has one level, the control asks that itself.
    """
    return _suite_hellos(endpoint.tls, endpoint.level, endpoint.role, profile)


@lru_cache(maxsize=64)
def _suite_hellos(
    own: TlsExpectation, most: Level, role: Role | None, profile: Profile
) -> tuple[Offer, ...]:
    weights = _suite_weights(own, most, role, profile)
    legacy = legacy_suites()
    found: list[Offer] = []
    for level in Level:
        codes = [code for code in legacy if _asked_at(weights, code, level)]
        if codes and len(codes) < len(legacy):
            # DHE first: a server that follows its client's order shows the size of its prime.
            codes.sort(key=lambda code: suites()[code].key_exchange != "DHE")
            offer = offers.only_suites(codes, f"suites {_WORDS[level]}")
            found.append(replace(offer, share=Share.PART))
    for level in Level:
        codes = [code for code in _tls13_suites() if _asked_at(weights, code, level)]
        if codes:
            found.append(offers.only_suites(codes, f"suites of TLSv1.3 {_WORDS[level]}"))
    return tuple(found)


def group_hellos(endpoint: Endpoint, profile: Profile) -> tuple[Offer, ...]:
    """Return one hello for each level in TLS 1.3, and in TLS 1.2 where the policy lists its groups.

    For a profile, TLS 1.2 shows by the way what it accepts: the control has the refused curves first.
    """
    return _group_hellos(endpoint.tls, endpoint.level, profile)


@lru_cache(maxsize=64)
def _group_hellos(own: TlsExpectation, most: Level, profile: Profile) -> tuple[Offer, ...]:
    weights = _group_weights(own, most, profile)
    found: list[Offer] = []
    for version, known in ((TlsVersion.TLS1_3, GROUPS_TLS13), (TlsVersion.TLS1_2, CURVES_TLS12)):
        if version is TlsVersion.TLS1_2 and own.groups is None:
            continue
        for level in Level:
            codes = [code for code in known if _asked_at(weights, code, level)]
            if codes:
                label = f"groups of {version.label} {_WORDS[level]}"
                found.append(replace(offers.groups_only(codes, version), label=label))
    return tuple(found)


def _asked_at(weights: Mapping[int, Weight], code: int, level: Level) -> bool:
    weight = weights.get(code)
    return weight is not None and weight.asked and weight.level is level
