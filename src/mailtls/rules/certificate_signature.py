"""Whether the leaf and its intermediates are signed with a hash the profile accepts."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing
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

_HASHLESS = frozenset({"ed25519", "ed448"})
"""Their hash is part of the algorithm (RFC 8410 section 3)."""


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the hash of each signature that a client has to verify; a root's is not."""
    hashes = view.profile.signature_hashes
    expected = f"signed with {', '.join(hashes)} ({view.profile.name})"
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected)
        return
    clean = True
    for facts in judged(tls):
        used = facts.signature.partition("-")[0]
        if used in _HASHLESS or used in hashes:
            continue
        clean = False
        if used in {"", "unknown"}:
            unread = Missing(
                phase=Phase.HANDSHAKE,
                cause=Cause.MALFORMED,
                detail=f"the signature of {which(tls, facts)} is of a kind that is not understood",
            )
            yield inconclusive(unread, expected=expected)
            continue
        yield failed(
            f"{which(tls, facts)} is signed with {facts.signature}",
            expected=expected,
            observed=facts.signature,
            remedy="have it issued again by a CA that signs with SHA-256 or better"
            f" (RFC 9325 section 4.5). {servers.fix(view, servers.Topic.CERTIFICATE)}",
        )
    if clean:
        signature = tls.chain[0].signature
        yield passed(f"signed with {signature}", expected=expected, observed=signature)


RULE = Rule(
    id="certificate-signature",
    title="Weak certificate signature",
    summary="The certificate and its intermediates are signed with an accepted hash.",
    needs=needs_session,
    check=check,
)
