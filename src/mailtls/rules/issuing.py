"""Which of the certificates that were sent stand between the leaf and its trust anchor."""

from __future__ import annotations

from mailtls.evidence import CertificateFacts, Missing, TlsFacts
from mailtls.terms import Cause, Phase

MISSING_ISSUER = frozenset({2, 20, 21})
"""X509_V_ERR numbers of OpenSSL for an issuer that was neither sent nor is an anchor."""

SYSTEM = "system"
"""The label of the anchors of the machine that runs the check."""

PINNED = "pinned"
"""The label of anchors where the policy trusts by pin and not by path."""

NO_ANCHOR = Missing(
    phase=Phase.HANDSHAKE,
    cause=Cause.PREREQUISITE,
    detail="there is no trust anchor to look for: install the system's CA certificates, or name a"
    " file of them",
)
"""The cause where this machine, or the file the policy names, holds no anchor at all."""


def is_root(facts: CertificateFacts) -> bool:
    """Return whether a certificate is self-issued; its own signature proves nothing (RFC 5280 3.2)."""
    return facts.subject == facts.issuer


def issuing_path(tls: TlsFacts) -> tuple[CertificateFacts, ...]:
    """Return the leaf and its issuers as sent, leaf first.

    Where OpenSSL found a path these are its members; else issuers are followed by name from the
    leaf, each certificate once. An anchor that was not sent is not among them.
    """
    sent = {facts.sha256: facts for facts in reversed(tls.chain)}
    if tls.path.verified:
        return tuple(sent[each] for each in tls.path.verified if each in sent)
    path = [tls.chain[0]]
    while not is_root(path[-1]):
        issuer = next(
            (each for each in tls.chain if each.subject == path[-1].issuer and each not in path),
            None,
        )
        if issuer is None:
            break
        path.append(issuer)
    return tuple(path)


def judged(tls: TlsFacts) -> tuple[CertificateFacts, ...]:
    """Return the certificates whose key and signature matter: the leaf and its intermediates."""
    leaf, *issuers = issuing_path(tls) or tls.chain[:1]
    return (leaf, *(each for each in issuers if not is_root(each)))


def which(tls: TlsFacts, facts: CertificateFacts) -> str:
    """Return how to call a certificate in a message."""
    return "the certificate" if facts == tls.chain[0] else f"the intermediate {facts.subject}"
