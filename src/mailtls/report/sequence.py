"""The way of a message as a sequence diagram in Mermaid's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailtls.report.flow import LIMITS, label
from mailtls.report.mermaid import fenced, plain
from mailtls.report.model import Arrow, Flow, Mark, Report


def sequence(flow: Flow) -> list[str]:
    """Return the lines of the diagram: a solid arrow is proved, a dotted one is not, a cross is in clear."""
    names: dict[str, str] = {}
    for arrow in flow.arrows:
        for host in (arrow.sender, arrow.receiver):
            names.setdefault(host.lower(), f"h{len(names)}")
    shown = {host.lower(): host for arrow in flow.arrows for host in (arrow.sender, arrow.receiver)}
    return [
        "sequenceDiagram",
        *(f"  participant {name} as {plain(shown[host])}" for host, name in names.items()),
        *(
            f"  {names[arrow.sender.lower()]}{_line(arrow)}{names[arrow.receiver.lower()]}:"
            f" {plain(f'{label(arrow)} {arrow.proof}')}"
            for arrow in flow.arrows
        ),
    ]


def deliveries(report: Report, code: Callable[[str], str]) -> Iterator[str]:
    """Yield the parts of a summary on test messages, none where none was sent; `code` escapes text."""
    for at, flow in enumerate(report.flows):
        head = "" if at else f"\n### Deliveries\n\n{LIMITS}\n\n"
        proved = "the whole way is proved" if flow.proved else "not the whole way is proved"
        words = "".join(f"- {code(sentence)}\n" for sentence in flow.words)
        yield f"{head}**{code(flow.name)}**: {proved}\n\n{fenced(sequence(flow))}\n{words}\n"


def _line(arrow: Arrow) -> str:
    if arrow.mark is Mark.CLEAR:
        return "-x"
    return "->>" if arrow.proved else "-->>"
