"""The `mailtls` command. Imports are late: `--version` has to cost next to nothing."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import TextIO

from mailtls import __version__

COLLECT_AFTER = 50_000
"""Objects more that are made than dropped before Python looks for those that nobody can reach."""


def main(
    argv: Sequence[str] | None = None,
    *,
    output: TextIO | None = None,
    summary: TextIO | None = None,
) -> int:
    """Run one command and return its exit code.

    `output` and `summary` are the workflow runner's command files, already open: step outputs and
    the step summary are written to them where they are given.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        sys.stdout.write(f"mailtls {__version__}\n")
        return 0
    # A start makes a hundred thousand objects and drops next to none: Python need not look so often
    # for what is left over.
    gc.set_threshold(COLLECT_AFTER)
    from mailtls.commands import run

    code = run(arguments, output=output, summary=summary)
    if argv is None:
        # The program ends here. Python looks through all that is left for garbage first, which takes
        # 25 ms; what is frozen it leaves alone.
        gc.freeze()
    return code
