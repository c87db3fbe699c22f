"""Reports: one module for each format, one model and one sanitizer for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailtls.report.model import Report


def _late(module: str) -> Callable[[Report], str]:
    """Return the `render` of a module that is imported when it is called."""

    def render(report: Report) -> str:
        rendered: str = import_module(f"mailtls.report.{module}").render(report)
        return rendered

    return render


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": _late("text"),
    "json": _late("json_report"),
    "github": _late("github"),
    "sarif": _late("sarif"),
    "junit": _late("junit"),
    "gitlab": _late("gitlab"),
    "markdown": _late("markdown"),
    "html": _late("html"),
}
