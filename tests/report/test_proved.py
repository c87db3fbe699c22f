"""Proofs as they may be shown."""

from __future__ import annotations

from mailtls.report.proved import SHOWN, proved
from mailtls.verdict import Part, Proof, Standpoint


def proof(*names: str, by: str = "a hello") -> Proof:
    return Proof(part=Part.SUITE, standpoint=Standpoint.REFUSED, names=names, by=by)


def test_many_names_are_counted_and_the_first_are_kept():
    names = tuple(f"suite {n}" for n in range(SHOWN + 1))
    shown = proved(proof(*names))

    assert (shown.names, shown.count) == (names[:-1], SHOWN + 1)


def test_a_name_and_a_reason_are_made_safe():
    shown = proved(proof("a\x1b", by="b\n##[error]"))

    assert (shown.names, shown.by) == (("a\\x1b",), "b\\x0a##\\x5berror]")
