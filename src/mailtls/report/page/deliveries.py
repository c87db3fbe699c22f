"""The ways of test messages: drawn, and in words."""

from __future__ import annotations

from mailtls.report.flow import LIMITS
from mailtls.report.model import Flow, Report
from mailtls.report.page.drawing import drawing
from mailtls.report.page.markup import Markup, code, element, prose, section


def deliveries(report: Report) -> Markup:
    """Return each way; a run that sent nothing says so."""
    if not report.flows:
        nothing = element("p", "No test message was accepted in this run.")
        return section("deliveries", "Deliveries", nothing)
    return section(
        "deliveries",
        "Deliveries",
        element("p", LIMITS),
        *(_way(flow, f"way-{at}") for at, flow in enumerate(report.flows)),
    )


def _way(flow: Flow, name: str) -> Markup:
    proved = "the whole way is proved" if flow.proved else "not the whole way is proved"
    return element(
        "div",
        element("h3", code(flow.name), f": {proved}"),
        # A narrow screen scrolls it, by keyboard too; smaller, it could not be read.
        element(
            "div",
            drawing(flow, name),
            class_="drawn",
            tabindex="0",
            role="group",
            aria_label=f"The way of {flow.name}, drawn",
        ),
        element("ul", *(element("li", prose(sentence)) for sentence in flow.words)),
        data_row=flow.name.lower(),
        data_state="ok" if flow.proved else "unknown",
    )
