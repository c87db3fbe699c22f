"""What TLS each address takes: what was negotiated, and what single hellos showed beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from mailtls.report.model import Endpoint, Proof, Report, Target
from mailtls.report.page.markup import Cell, Markup, cell, code, element, row, section, table
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
    where = f"{endpoint.name} at {target.address}"
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
    names = " ".join(name for proof in target.proofs for name in proof.names)
    return row(_HEADS, cells, f"{where} {names}")


def _version(proof: Proof | None) -> Cell:
    if proof is None:
        return cell(element("span", "not tried", class_="open"), order=len(_SIGNS))
    return cell(_sign(proof), order=list(Standpoint).index(proof.standpoint))


def _sign(proof: Proof) -> Markup:
    sign = element("span", _SIGNS[proof.standpoint], aria_hidden="true")
    word = proof.standpoint.value
    return element("span", sign, " ", word, class_=f"proof {word}", title=f"{word} in {proof.by}")


def _listed(target: Target, part: Part) -> Iterator[Markup]:
    told: set[str] = set()
    for proof in target.proofs:
        if proof.part is not part:
            continue
        fresh = [name for name in proof.names if name not in told]
        told |= set(fresh)
        if fresh:
            yield element("p", _sign(proof), " ", *_names(proof, fresh))


def _names(proof: Proof, fresh: list[str]) -> Iterator[Markup | str]:
    if proof.count > len(proof.names):
        yield f"{proof.count}: {proof.by}"
        return
    for number, name in enumerate(fresh):
        yield ", " if number else ""
        yield code(name)
