"""Whether a pinned key is the leaf's or that of a CA that issued it."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing, TlsFacts
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    lighter,
    needs_session,
    passed,
)
from mailtls.terms import Level

_KEY = "certificate.pins"


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the leaf's key, and the keys of its issuers where a path was verified."""
    pins = view.endpoint.certificate.pins
    if pins is None:
        return
    expected = "one of the pinned keys: " + ", ".join(f"sha256:{pin}" for pin in pins)
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_KEY)
        return
    served = tls.chain[0].key.spki_sha256
    observed = f"the leaf's key is sha256:{served}"
    if set(pins) & _keys(tls):
        if set(pins) <= _keys(tls):
            yield _without_backup(view, expected, observed)
        else:
            yield passed("a pinned key is served", expected=expected, observed=observed, key=_KEY)
        return
    yield failed(
        "no pinned key is served",
        expected=expected,
        observed=observed,
        remedy="where the key was changed on purpose, add its pin and keep a backup pin beside it"
        " (RFC 7469 section 4.3); else find out whose key this is. "
        + servers.fix(view, servers.Topic.CERTIFICATE),
        key=_KEY,
    )


def _without_backup(view: TargetView, expected: str, observed: str) -> Finding:
    return failed(
        "a pinned key is served, and no backup key is pinned beside it",
        expected=f"{expected}; and the pin of a key that is kept for the next certificate",
        observed=f"{observed}; every pinned key is one that is served now",
        remedy="make the key of the next certificate now, keep it apart, and add its pin: without it"
        " a lost key means a policy that nothing fulfils (RFC 7469 section 4.3)",
        key=_KEY,
        level=lighter(Level.NOTE, view.endpoint.level),
    )


def _keys(tls: TlsFacts) -> set[str]:
    # Anybody can append a stranger's CA certificate: only a verified path vouches for issuers.
    members = set(tls.path.verified)
    return {
        facts.key.spki_sha256
        for index, facts in enumerate(tls.chain)
        if index == 0 or facts.sha256 in members
    }


RULE = Rule(
    id="certificate-pin",
    title="Key not pinned",
    summary="One of the pinned keys is the certificate's or that of a CA that issued it.",
    needs=needs_session,
    check=check,
)
