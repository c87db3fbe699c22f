"""Which hosts count as inside: those that a policy's `hosts` names, else those of the delivery's endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

from mailtls.policy.delivery import Delivery
from mailtls.policy.model import Endpoint

_NEAR = tuple(
    ip_network(each)
    for each in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback, private and link-local addresses (RFC 1122, RFC 1918, RFC 3927, RFC 4193, RFC 4291)."""


def is_among(name: str, globs: Iterable[str]) -> bool:
    """Return whether a host name or address fits one of the globs; case has no meaning, "" never fits."""
    return bool(name) and any(fnmatchcase(name.lower(), glob.lower()) for glob in globs)


def inside(delivery: Delivery, endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """Return the globs of the hosts whose records count for a delivery."""
    used = {delivery.send.endpoint, delivery.receive.endpoint if delivery.receive else ""}
    own = (endpoint.host for endpoint in endpoints if endpoint.name in used)
    return delivery.expect.hosts or tuple(dict.fromkeys(own))


def is_near(address: str) -> bool:
    """Return whether an IP address is loopback, private or link-local."""
    found = ip_address(address)
    return any(found in network for network in _NEAR)
