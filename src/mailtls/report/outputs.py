"""The step's outputs, in the runner's env-file grammar with a delimiter no value can contain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailtls.report.model import Report
from mailtls.terms import Outcome


def render(report: Report, paths: Mapping[str, str], token: Callable[[], str]) -> str:
    """Return the outputs of a run; `paths` is by report format, `token` gives random text."""
    days = report.days_left
    values = {
        "verdict": report.standing.value,
        "exit-code": str(report.exit_code.value),
        "failed": str(report.count(Outcome.FAIL)),
        "inconclusive": str(report.count(Outcome.INCONCLUSIVE)),
        "waived": str(report.count(Outcome.WAIVED)),
        "days-left": "" if days is None else str(days),
        **{f"report-{name}": path for name, path in paths.items()},
    }
    return render_values(values, token)


def render_values(values: Mapping[str, str], token: Callable[[], str]) -> str:
    """Return names and values as the runner reads them; raises ValueError where a value would break out."""
    lines: list[str] = []
    for name, value in values.items():
        delimiter = f"ghadelimiter_{token()}"
        if delimiter in value or delimiter in name:
            raise ValueError(f"the value of {name} holds its own delimiter")
        lines += [f"{name}<<{delimiter}", value, delimiter]
    return "".join(f"{line}\n" for line in lines)
