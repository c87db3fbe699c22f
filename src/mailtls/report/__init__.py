"""Reports: one module for each format, one model and one sanitizer for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailtls.report import github, gitlab, html, json_report, junit, markdown, sarif, text
from mailtls.report.model import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": json_report.render,
    "github": github.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "gitlab": gitlab.render,
    "markdown": markdown.render,
    "html": html.render,
}
