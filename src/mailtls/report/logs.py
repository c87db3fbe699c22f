"""The log of a CI that is not GitHub's: what folds there, and what is marked on the policy's lines.

It decorates the text report. Azure's agent looks for commands anywhere in a line and reads `%AZP25`
as a percent sign; GitLab wants a section's marker in one line with its header. The logs of Jenkins
and CircleCI have no commands: they differ from a terminal in that nobody is there to run
`mailtls explain`, so that a page is named by its address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

from mailtls.errors import DOCS, UsageError
from mailtls.terms import Level

if TYPE_CHECKING:
    from mailtls.report.annotations import Annotation

VARIABLE = "MAILTLS_LOG"
"""Says which log it is, where the surroundings would say otherwise."""


class Log(StrEnum):
    """Where text is read."""

    PLAIN = "plain"
    AZURE = "azure"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    CIRCLECI = "circleci"


# Variables that each CI sets in its jobs.
_SIGNS = {
    "TF_BUILD": Log.AZURE,
    "GITLAB_CI": Log.GITLAB,
    "CIRCLECI": Log.CIRCLECI,
    "JENKINS_URL": Log.JENKINS,
}

_TYPES = {Level.ERROR: "error", Level.WARNING: "warning"}


def detect(environment: Mapping[str, str]) -> Log:
    """Return the log that standard output is, by the environment of the job.

    Raises UsageError where MAILTLS_LOG says something unknown.
    """
    said = environment.get(VARIABLE, "")
    if said:
        if said not in list(Log):
            near = get_close_matches(said, list(Log), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"{VARIABLE}={said}: expected one of {', '.join(Log)}{hint}",
                fix=f"correct it, or unset it: the log is known by its CI without {VARIABLE}",
                more=f"{DOCS}reports.md",
            )
        return Log(said)
    return next((log for sign, log in _SIGNS.items() if environment.get(sign)), Log.PLAIN)


def fold(log: Log, number: int, title: str, lines: Iterable[str], moment: int) -> list[str]:
    """Return lines under a title that folds them, where the log can; `moment` is Unix time.

    `number` tells the folds of one run apart, the moment those of two in one job. GitLab shows the time between the ends of a section,
    and these lines take none.
    """
    if log is Log.AZURE:
        return [f"##[group]{title}", *lines, "##[endgroup]"]
    if log is Log.GITLAB:
        name = f"mailtls_{moment}_{number}"
        return [
            f"\x1b[0Ksection_start:{moment}:{name}\r\x1b[0K{title}",
            *lines,
            f"\x1b[0Ksection_end:{moment}:{name}\r\x1b[0K",
        ]
    return list(lines)


def marks(log: Log, annotations: Iterable[Annotation]) -> list[str]:
    """Return the commands that mark findings on the policy's lines, where the log has them.

    Azure has errors and warnings: what is only a note is in the text.
    """
    if log is not Log.AZURE:
        return []
    from mailtls.report.annotations import by_line

    heavy = [each for each in annotations if each.level in _TYPES]
    by_weight = sorted(sorted(heavy, key=by_line), key=lambda each: list(Level).index(each.level))
    return [_issue(each) for each in by_weight]


def _issue(annotation: Annotation) -> str:
    where = annotation.location
    properties = {
        "type": _TYPES[annotation.level],
        "sourcepath": where.file,
        "linenumber": str(where.line),
        "columnnumber": str(where.column),
        "code": annotation.code,
    }
    written = "".join(f"{key}={_property(value)};" for key, value in properties.items())
    message = _data(f"{annotation.title}\n{annotation.message}")
    return f"##vso[task.logissue {written}]{message}"


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")
