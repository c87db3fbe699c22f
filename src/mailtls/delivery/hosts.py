"""Which hosts count as inside: those that a policy's `hosts` names, else those of the delivery's endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from mailtls.policy.delivery import Delivery
from mailtls.policy.model import Endpoint


def is_among(name: str, globs: Iterable[str]) -> bool:
    """Return whether a host name or address fits one of the globs; case has no meaning, "" never fits."""
    return bool(name) and any(fnmatchcase(name.lower(), glob.lower()) for glob in globs)


def inside(delivery: Delivery, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """Return the globs of the hosts whose records count for a delivery."""
    used = {delivery.send.endpoint, delivery.receive.endpoint if delivery.receive else ""}
    own = (endpoint.host for endpoint in endpoints if endpoint.name in used)
    return delivery.expect.hosts or tuple(dict.fromkeys(own))
