"""The `starttls`, `auth` and `capabilities` keys of one endpoint as expectations."""

from __future__ import annotations

from typing import Any

from mailtls.policy.expectations import Context
from mailtls.policy.model import Boundary, Offered, StarttlsExpectation
from mailtls.sanitizer import clean
from mailtls.terms import Role


def starttls(keys: dict[str, Any]) -> StarttlsExpectation:
    """Return what is expected of the upgrade."""
    return StarttlsExpectation(
        enforced=keys["enforced"] == "true" if "enforced" in keys else None,
        boundary=Boundary(keys.get("boundary", Boundary.ACTIVE)),
    )


def warn_of_relay(expected: StarttlsExpectation, role: Role | None, context: Context) -> None:
    """Note that a public mail exchanger must not demand TLS."""
    if expected.enforced and role is Role.RELAY:
        context.warn(
            ("starttls", "enforced"),
            "a publicly referenced relay must not demand STARTTLS (RFC 3207 section 4)",
            hint="enforced: true is for private relays",
        )


def offered(key: str, keys: dict[str, Any], context: Context) -> Offered:
    """Return which names must and must not be offered; names are compared in upper case."""
    required = _upper(keys.get("require"))
    forbidden = _upper(keys.get("forbid"))
    for index, name in enumerate(forbidden or ()):
        if name in (required or ()):
            context.error(
                (key, "forbid", index),
                f"{clean(name)} is both required and forbidden",
                expected="a name in one of the two lists",
            )
    return Offered(require=required, forbid=forbidden)


def _upper(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(dict.fromkeys(name.upper() for name in names))
