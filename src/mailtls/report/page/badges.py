"""The few words that say how something stands, each with a sign and a colour of its own."""

from __future__ import annotations

from mailtls.report.model import Report, Result
from mailtls.report.page.markup import Markup, element
from mailtls.terms import Outcome

_BADGES = {
    "error": ("\N{MULTIPLICATION X}", "fail", "fail"),
    "warning": ("!", "warning", "warning"),
    "note": ("i", "note", "note"),
    "unknown": ("?", "unknown", "unknown"),
    "waived": ("\N{EN DASH}", "waived", "waived"),
    "ok": ("\N{CHECK MARK}", "ok", "ok"),
    "": ("\N{EN DASH}", "nothing", "not checked"),
}


def badge(standing: str, words: str = "") -> Markup:
    """Return the sign and word of a standing of `rulegroups`; `words` stand instead of its own."""
    sign, kind, own = _BADGES[standing]
    return element(
        "span", element("span", sign, aria_hidden="true"), " ", words or own, class_=f"badge {kind}"
    )


def standing(result: Result) -> str:
    """Return how a finding stands: by its level where it failed."""
    if result.outcome is Outcome.FAIL:
        return result.level.value
    return "waived" if result.outcome is Outcome.WAIVED else "unknown"


def anchors(report: Report) -> dict[str, str]:
    """Return an anchor for each endpoint of the policy and of the results."""
    names = [each.name for each in report.endpoints] + [each.endpoint for each in report.results]
    return {name: f"endpoint-{number}" for number, name in enumerate(dict.fromkeys(names), 1)}
