"""One page that says it all: verdict, endpoints, findings, certificates, handshakes, and the limits.

The file is complete: style and script are in it, and its policy (Content Security Policy) allows
these two by their digests and nothing else, so that it asks no other host for anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources

from mailtls.report.findings import tally
from mailtls.report.model import Report
from mailtls.report.page.certificates import certificates
from mailtls.report.page.deliveries import deliveries
from mailtls.report.page.findings import findings
from mailtls.report.page.handshakes import handshakes
from mailtls.report.page.markup import Markup, element
from mailtls.report.page.overview import endpoints, verdict
from mailtls.report.page.scope import scope

SECTIONS: tuple[tuple[str, str, Callable[[Report], Markup]], ...] = (
    ("endpoints", "Endpoints", endpoints),
    ("findings", "Findings", findings),
    ("certificates", "Certificates", certificates),
    ("handshakes", "Handshakes", handshakes),
    ("deliveries", "Deliveries", deliveries),
    ("scope", "What was proved", scope),
)
"""The parts of the page in order: each one's anchor, its name in the list of parts, its content."""

_STATES = (
    ("everything", ""),
    ("what is not in order", "error warning note unknown"),
    ("failures", "error warning note"),
    ("what could not be determined", "unknown"),
    ("what is waived", "waived"),
)


def render(report: Report) -> str:
    """Return the page as one HTML file."""
    style, script = _file("style.css"), _file("script.js")
    rules = "; ".join(
        [
            "default-src 'none'",
            f"style-src {_digest(style)}",
            f"script-src {_digest(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=rules),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"mailtls {report.standing.value}: {tally(report)}"),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element("a", "Skip to the findings", href="#findings", class_="skip"),
        verdict(report),
        element("nav", _contents(), aria_label="Parts of the report"),
        element("main", _filter(), *(part(report) for _, _, part in SECTIONS)),
        element("script", Markup(script)),
    )
    page = element("html", head, body, lang="en")
    return f"<!doctype html>\n{page.text}\n"


def _contents() -> Markup:
    links = (element("li", element("a", name, href=f"#{to}")) for to, name, _ in SECTIONS)
    return element("ul", *links)


def _filter() -> Markup:
    """Return the filter, which the script brings to light."""
    states = (element("option", name, value=value) for name, value in _STATES)
    return element(
        "form",
        element(
            "div",
            element("label", "Filter by endpoint, rule or any word", for_="words"),
            element("input", type="search", id="words", autocomplete="off"),
        ),
        element(
            "div",
            element("label", "Show", for_="state"),
            element("select", *states, id="state"),
        ),
        element("output", for_="words state"),
        role="search",
        hidden=True,
    )


@cache
def _file(name: str) -> str:
    return resources.files("mailtls.report.page").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
