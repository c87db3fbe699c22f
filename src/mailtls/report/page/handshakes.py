"""What TLS each address takes: what was negotiated, and what single hellos showed beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from mailtls.report.model import Endpoint, Proof, Report, Target
from mailtls.report.page.markup import Cell, Markup, cell, code, element, join, row, section, table
from mailtls.terms import TlsVersion
from mailtls.verdict import Part, Standpoint

_SIGNS = {
    Standpoint.NEGOTIATED: "\N{BLACK CIRCLE}",
    Standpoint.ACCEPTED: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Standpoint.REFUSED: "\N{WHITE CIRCLE}",
}
_VERSIONS = tuple(version.label for version in TlsVersion)
_HEADS = ("Target", *_VERSIONS, "Suites", "Groups")


def handshakes(report: Report) -> Markup:
    """Return the matrix of versions, suites and groups: a row for each address with a session."""
    rows = [
        _row(endpoint, target)
        for endpoint in report.endpoints
        for target in endpoint.targets
        if target.proofs
    ]
    if not rows:
        return section(
            "handshakes", "Handshakes", element("p", "No handshake was answered in this run.")
        )
    return section(
        "handshakes",
        "Handshakes",
        element(
            "p",
            "Negotiated is what the server chose of everything. Accepted is what it chose of a hello"
            " that offered less, refused what it would not take beside a session that succeeded."
            " What the policy does not ask about is not tried, and stays open.",
        ),
        table("Versions, cipher suites and groups of each address", _HEADS, rows),
    )


def _row(endpoint: Endpoint, target: Target) -> Markup:
    versions = {
        name: proof
        # The strongest comes first in the model, and so has to be written last.
        for proof in reversed(target.proofs)
        for name in proof.names
        if proof.part is Part.VERSION
    }
    cells = (
        cell(code(endpoint.name), element("small", target.address), head=True),
        *(_version(versions.get(version)) for version in _VERSIONS),
        cell(*_listed(target, Part.SUITE)),
        cell(*_listed(target, Part.GROUP)),
    )
    return row(_HEADS, cells)


def _version(proof: Proof | None) -> Cell:
    if proof is None:
        return cell(element("span", "not tried", class_="open"), order=len(_SIGNS))
    order = list(Standpoint).index(proof.standpoint)
    return cell(_sign(proof.standpoint, f"{proof.standpoint.value} in {proof.by}"), order=order)


def _sign(standpoint: Standpoint, title: str = "") -> Markup:
    sign = element("span", _SIGNS[standpoint], aria_hidden="true")
    word = standpoint.value
    return element("span", sign, " ", word, class_=f"proof {word}", title=title or False)


def _listed(target: Target, part: Part) -> Iterator[Markup]:
    """Yield a paragraph for each standpoint; a name stands once, where it was proved the strongest."""
    told: set[str] = set()
    for standpoint in Standpoint:
        found = [p for p in target.proofs if p.part is part and p.standpoint is standpoint]
        few = [proof for proof in found if proof.count == len(proof.names)]
        names = dict.fromkeys(name for proof in few for name in proof.names if name not in told)
        told |= names.keys()
        if names:
            yield element("p", _sign(standpoint), " ", join(map(code, names), ", "))
        many = [proof for proof in found if proof not in few]
        if many:
            yield _counted(standpoint, many)


def _counted(standpoint: Standpoint, many: list[Proof]) -> Markup:
    """Return what is too much to be listed by name, folded."""
    count = sum(proof.count for proof in many)
    summary = element("summary", _sign(standpoint), f" {count} {many[0].part.value}s")
    lines = (element("li", f"{proof.count} in {proof.by}") for proof in many)
    return element("details", summary, element("ul", *lines))
