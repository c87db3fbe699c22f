"""The `waivers` of a policy: which failures are accepted, until when and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from mailtls.policy.model import Waiver


def build_waivers(instances: Iterable[dict[str, Any]]) -> tuple[Waiver, ...]:
    """Return the waivers of a policy that fits the schema, which knows rules and dates."""
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
