"""Does a certificate name the host it is served for? RFC 9525, and nothing older.

Names are compared as A-labels without regard to case, octet for octet; a wildcard is a complete
left-most label and stands for exactly one label; the common name is not looked at, but said where
it alone would have matched. What nearly matched says why it did not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from enum import StrEnum

from mailtls.evidence import CertificateFacts
from mailtls.pure import pure

_ADDRESS = ipaddress.IPv4Address | ipaddress.IPv6Address
_WILDCARD_LABELS = 3
_LONGEST_NAME = 253  # RFC 1035 section 3.1, as text


class NearMiss(StrEnum):
    """Why a presented identifier that a reader might expect to match never does."""

    PARTIAL_WILDCARD = "the wildcard is only a part of its label (RFC 9525 section 6.3)"
    WILDCARD_POSITION = "the wildcard is not the left-most label (RFC 9525 section 6.3)"
    WILDCARD_DEPTH = "a wildcard stands for exactly one label (RFC 9525 section 6.3)"
    WILDCARD_TOO_WIDE = "the wildcard stands directly under a top-level domain"
    NOT_AN_A_LABEL = "internationalized names are written as A-labels (RFC 9525 section 4.1)"
    ADDRESS_AS_NAME = "an address has to be an iPAddress entry (RFC 9525 section 4.1)"
    TRAILING_DOT = "a name in a certificate ends without a dot (RFC 5280 section 4.2.1.6)"


@pure
class Rejected:
    """A presented identifier that looks like the reference and does not match it."""

    identifier: str
    why: NearMiss


@pure
class Match:
    """The comparison of one reference identifier with all that a certificate presents.

    `presented` are "DNS:name", "IP:address" and "SRV:name" in the certificate's order, `matched` the
    first of them that matches or "". `common_name_only` is whether only the common name would have
    matched. `incomplete` is whether the certificate has names that were not read.
    """

    reference: str
    presented: tuple[str, ...]
    matched: str
    common_name_only: bool
    rejected: tuple[Rejected, ...]
    incomplete: bool


def match(reference: str, facts: CertificateFacts) -> Match:
    """Compare a host name or an IP literal with the certificate; never raises.

    `reference` is an A-label name, with or without the final dot, or an address without brackets.
    """
    address = _address(reference)
    if address is not None:
        matched = next((f"IP:{ip}" for ip in facts.ip_addresses if _address(ip) == address), "")
        rejected = tuple(
            Rejected(identifier=f"DNS:{name}", why=NearMiss.ADDRESS_AS_NAME)
            for name in facts.dns_names
            if _address(name) == address
        )
        named = any(_address(name) == address for name in facts.subject_names)
    else:
        matched, rejected = _match_name(reference.removesuffix("."), facts.dns_names)
        named = bool(_match_name(reference.removesuffix("."), facts.subject_names)[0])
    return Match(
        reference=reference,
        presented=_presented(facts),
        matched=matched,
        common_name_only=named and not matched,
        rejected=() if matched else rejected,
        incomplete=not matched and _unread(facts),
    )


def match_service(service: str, domain: str, facts: CertificateFacts) -> Match:
    """Compare an SRV-ID as service "imaps" at "example.org" with the certificate (RFC 4985).

    The domain is where the lookup started. There are no wildcards in an SRV-ID.
    """
    reference = f"_{service}.{domain.removesuffix('.')}"
    wanted = _fold(reference)
    matched = next((f"SRV:{name}" for name in facts.srv_names if _fold(name) == wanted), "")
    return Match(
        reference=reference,
        presented=_presented(facts),
        matched=matched,
        common_name_only=False,
        rejected=(),
        incomplete=not matched and _unread(facts),
    )


def _presented(facts: CertificateFacts) -> tuple[str, ...]:
    return (
        *(f"DNS:{name}" for name in facts.dns_names),
        *(f"IP:{address}" for address in facts.ip_addresses),
        *(f"SRV:{name}" for name in facts.srv_names),
    )


def _unread(facts: CertificateFacts) -> bool:
    return any(problem.startswith(("extensions:", "names:")) for problem in facts.problems)


def _match_name(reference: str, names: Iterable[str]) -> tuple[str, tuple[Rejected, ...]]:
    wanted = _fold(reference)
    if not _is_name(wanted):
        return "", ()
    rejected: list[Rejected] = []
    for name in names:
        verdict = _compare(wanted, _fold(name))
        if verdict is True:
            return f"DNS:{name}", ()
        if isinstance(verdict, NearMiss):
            rejected.append(Rejected(identifier=f"DNS:{name}", why=verdict))
    return "", tuple(rejected)


def _compare(reference: str, name: str) -> bool | NearMiss:
    """Return whether a folded name matches, or why one that resembles the reference does not."""
    if not name.isascii():
        return NearMiss.NOT_AN_A_LABEL if _to_a_labels(name) == reference else False
    if name.endswith("."):
        return NearMiss.TRAILING_DOT if _compare(reference, name[:-1]) is True else False
    if "*" not in name:
        return name == reference
    return _compare_wildcard(reference.split("."), name.split("."))


def _compare_wildcard(wanted: list[str], labels: list[str]) -> bool | NearMiss:
    first, parent = labels[0], labels[1:]
    if any("*" in label for label in parent):
        alike = len(wanted) == len(labels) and all(map(_alike, labels, wanted))
        return NearMiss.WILDCARD_POSITION if alike else False
    if first != "*":
        alike = parent == wanted[1:] and _alike(first, wanted[0])
        return NearMiss.PARTIAL_WILDCARD if alike else False
    if not parent or wanted[-len(parent) :] != parent:
        return NearMiss.WILDCARD_TOO_WIDE if not parent else False
    if len(wanted) != len(labels):
        return NearMiss.WILDCARD_DEPTH
    # OpenSSL and the browsers refuse "*.org" too; RFC 9525 leaves it to the implementation.
    return len(labels) >= _WILDCARD_LABELS or NearMiss.WILDCARD_TOO_WIDE


def _alike(pattern: str, label: str) -> bool:
    """Return whether a label would fit a pattern with one asterisk, as RFC 6125 once allowed."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == label
    long_enough = len(label) >= len(before) + len(after)
    return long_enough and label.startswith(before) and label.endswith(after)


def _fold(name: str) -> str:
    # Only ASCII letters have case here (RFC 4343); str.lower would fold the Kelvin sign into k.
    return name.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _is_name(name: str) -> bool:
    return name.isascii() and "*" not in name and all(name.split("."))


def _to_a_labels(name: str) -> str:
    """Return the A-label form of a U-label name by the standard library's IDNA, or "" without one."""
    if len(name) > _LONGEST_NAME:
        return ""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _address(text: str) -> _ADDRESS | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if getattr(address, "scope_id", None) else address
