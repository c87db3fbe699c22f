"""The exceptions that leave a stage: wrong policy and wrong usage. Networks fail with values."""

from __future__ import annotations

from collections.abc import Sequence

from mailtls.pure import pure
from mailtls.terms import Level
from mailtls.verdict import Location

DOCS = "https://github.com/mailtls/mailtls/blob/main/docs/"
"""Where the documentation is read."""


@pure
class Problem:
    """One thing wrong with a policy: where, what, what was expected, and what may be meant.

    `level` is `ERROR` for what makes the policy invalid, `WARNING` for a contradiction it survives.
    `expected` and `hint` are "" where there is nothing to say.
    """

    location: Location
    message: str
    expected: str = ""
    hint: str = ""
    level: Level = Level.ERROR


class PolicyError(Exception):
    """A policy that cannot be used; holds every problem found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problems in the policy")


class UsageError(Exception):
    """A command line or an environment that cannot be acted on: the cause, the fix, where to read more.

    `fix` and `more` are "" where the cause says it all.
    """

    def __init__(self, cause: str, *, fix: str = "", more: str = "") -> None:
        self.fix = fix
        self.more = more
        super().__init__(cause)
