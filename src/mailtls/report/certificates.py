"""A certificate in one line, and which of them a finding is about."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.report.model import Certificate, Endpoint

NAMES_TOLD = 3
"""Names of a certificate in a line; the reports have more."""

CERTIFICATES_TOLD = 3
"""Certificates named at one finding; the addresses of a name seldom have more."""

_ABOUT = ("certificate-", "address-agreement", "agreement")


def in_brief(certificate: Certificate) -> str:
    """Return subject, names, issuer, key and the days left: what a person tells two of them apart by."""
    names = ", ".join(certificate.names[:NAMES_TOLD])
    more = certificate.names_count - NAMES_TOLD
    parts = [certificate.subject or "no subject"]
    parts += [f"for {names}{f' and {more} more' if more > 0 else ''}"] if names else []
    parts += [f"issued by {certificate.issuer or 'nobody'}", certificate.key]
    day, left = certificate.not_after.partition("T")[0], certificate.days_left
    parts.append(f"{left} days left, until {day}" if left >= 0 else f"expired on {day}")
    return ", ".join(parts)


def served(rule: str, addresses: Iterable[str], endpoint: Endpoint | None) -> tuple[str, ...]:
    """Return the certificates that a finding of `rule` is about, each with where it is served.

    Without addresses these are all of the endpoint's. Rules on anything else have none.
    """
    if endpoint is None or not rule.startswith(_ABOUT):
        return ()
    wanted = set(addresses)
    places: dict[Certificate, list[str]] = {}
    for target in endpoint.targets:
        if target.certificate is not None and (not wanted or target.address in wanted):
            places.setdefault(target.certificate, []).append(target.address)
    lines = [
        f"{in_brief(certificate)}; served at {', '.join(at)}" for certificate, at in places.items()
    ]
    hidden = len(lines) - CERTIFICATES_TOLD
    more = [f"and {hidden} more certificates"] if hidden > 0 else []
    return (*lines[:CERTIFICATES_TOLD], *more)
