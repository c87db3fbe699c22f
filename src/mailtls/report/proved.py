"""Proofs as they may be shown: text of ours and of servers made safe, long lists cut."""

from __future__ import annotations

from mailtls.report import model
from mailtls.sanitizer import clean
from mailtls.verdict import Proof

SHOWN = 12
"""Names of one proof: a hello that was refused may have offered hundreds of suites."""


def proved(proof: Proof) -> model.Proof:
    """Return a proof that may be shown, with the first of its names and their number."""
    return model.Proof(
        part=proof.part,
        standpoint=proof.standpoint,
        names=tuple(clean(name) for name in proof.names[:SHOWN]),
        count=len(proof.names),
        by=clean(proof.by),
    )
