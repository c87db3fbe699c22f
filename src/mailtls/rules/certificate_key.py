"""Whether the keys of the leaf and its intermediates are strong enough."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import KeyFacts, Missing, TlsFacts
from mailtls.policy.model import KeyMinimum, Profile
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    passed,
)
from mailtls.rules.issuing import judged, which
from mailtls.terms import Cause, Phase

_KEY = "certificate.keys"
_SIZED = frozenset({"rsa", "dsa", "ecdsa"})
_EDWARDS = frozenset({"ed25519", "ed448"})
"""At 128 and 224 bits of strength, with a curve of their own (RFC 8032 section 1)."""

_CURVE_NAMES = {
    "prime256v1": "secp256r1",
    "p-256": "secp256r1",
    "p-384": "secp384r1",
    "p-521": "secp521r1",
    "p-224": "secp224r1",
}


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the leaf by the policy's minima where there are any, and all keys by the profile."""
    minima = view.endpoint.certificate.keys
    profile = view.profile
    expected = _words(minima, profile)
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_KEY)
        return
    leaf, *issuers = judged(tls)
    if leaf.key.kind == "unknown":
        unread = Missing(
            phase=Phase.HANDSHAKE,
            cause=Cause.MALFORMED,
            detail="the key of the certificate is of a kind that is not understood",
        )
        yield inconclusive(unread, expected=expected, key=_KEY)
        return
    # What the endpoint's own key says stands instead of the profile, for the leaf it speaks of.
    accepted = _by_policy(leaf.key, minima) if minima else _by_profile(leaf.key, profile)
    weak = [] if accepted else [leaf]
    weak += [each for each in issuers if not _by_profile(each.key, profile)]
    for facts in weak:
        yield failed(
            f"the key of {which(tls, facts)} is {_describe(facts.key)}",
            expected=expected,
            observed=_describe(facts.key),
            remedy=f"have a certificate issued for a new key: {expected} (RFC 9325 section 4.5)."
            f" {servers.fix(view, servers.Topic.CERTIFICATE)}",
            key=_KEY,
        )
    if not weak:
        yield _passed(tls, expected)


def _passed(tls: TlsFacts, expected: str) -> Finding:
    key = _describe(tls.chain[0].key)
    return passed(f"the key is {key}", expected=expected, observed=key, key=_KEY)


def _by_policy(key: KeyFacts, minima: tuple[KeyMinimum, ...]) -> bool:
    return any(
        minimum.kind == key.kind and (key.kind not in _SIZED or key.bits >= minimum.bits)
        for minimum in minima
    )


def _by_profile(key: KeyFacts, profile: Profile) -> bool:
    if key.kind == "rsa":
        return key.bits >= profile.rsa_bits
    if key.kind in _EDWARDS:
        return True
    if not profile.curves:
        return key.kind != "dsa"
    return _curve(key.curve) in {_curve(name) for name in profile.curves}


def _curve(name: str) -> str:
    return _CURVE_NAMES.get(name.lower(), name.lower())


def _describe(key: KeyFacts) -> str:
    if key.kind in {"rsa", "dsa"}:
        return f"{key.kind.upper()} {key.bits}"
    return f"ECDSA {key.curve}" if key.kind == "ecdsa" else key.kind.capitalize()


def _as_written(minimum: KeyMinimum) -> str:
    if minimum.kind not in _SIZED:
        return minimum.kind
    prefix = "p" if minimum.kind == "ecdsa" else ""
    return f"{minimum.kind}-{prefix}{minimum.bits}"


def _words(minima: tuple[KeyMinimum, ...] | None, profile: Profile) -> str:
    if minima:
        return "at least " + " or ".join(_as_written(minimum) for minimum in minima)
    curves = ", ".join(profile.curves) or "any curve"
    return f"RSA of at least {profile.rsa_bits} bits, or {curves} ({profile.name})"


RULE = Rule(
    id="certificate-key",
    title="Weak certificate key",
    summary="The keys of the certificate and its intermediates are strong enough.",
    needs=needs_session,
    check=check,
)
