"""Markdown for an issue, a merge request or a wiki: what the step summary says."""

from __future__ import annotations

from mailtls.report import summary
from mailtls.report.model import Report


def render(report: Report) -> str:
    """Return the step summary, cut where GitHub would drop it."""
    return summary.render(report)
