"""The `waivers` of a policy: which failures are accepted, until when and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from mailtls.errors import Problem
from mailtls.policy.model import Waiver
from mailtls.policy.nodes import PolicyDocument
from mailtls.sanitizer import clean

_DIGITS = 10
"""Characters of a date as 2027-03-31; Python reads other forms of ISO 8601 too."""


def misdated(instance: object, document: PolicyDocument) -> list[Problem]:
    """Return a problem for each `until` of a policy, of whatever shape, that is no date."""
    waivers = instance.get("waivers") if isinstance(instance, dict) else None
    problems: list[Problem] = []
    for index, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
        until = waiver.get("until") if isinstance(waiver, dict) else None
        if isinstance(until, str) and not _is_date(until):
            problems.append(
                Problem(
                    location=document.locate(("waivers", index, "until")),
                    message=f"{clean(until, 80)!r} is not a date",
                    expected="a date, as 2027-03-31",
                )
            )
    return problems


def build_waivers(instances: Iterable[dict[str, Any]]) -> tuple[Waiver, ...]:
    """Return the waivers of a policy that fits the schema, and is not `misdated`."""
    return tuple(
        Waiver(
            rule=instance["rule"],
            endpoint=instance.get("endpoint", "*"),
            until=date.fromisoformat(instance["until"]),
            reason=" ".join(instance["reason"].split()),
            route=("waivers", index),
        )
        for index, instance in enumerate(instances)
    )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == _DIGITS and text[4] == text[7] == "-"
