"""What is known of where output is read: a terminal, the log of a CI, a file; colours and width."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import TextIO

from mailtls.report.logs import Log, detect
from mailtls.report.style import WIDTH, Paint, Style

NARROWEST, WIDEST = 40, 120
"""Columns between which lines are wrapped: a phone's terminal, and what is still read with ease."""


def style(
    stream: TextIO,
    environment: Mapping[str, str],
    *,
    color: str,
    quiet: bool = False,
    verbose: bool = False,
) -> Style:
    """Return how text is shown on `stream`; `color` is auto, always or never.

    Raises UsageError where the environment names an unknown log.
    """
    terminal = stream.isatty()
    return Style(
        paint=Paint(on=wants_color(color, environment, terminal=terminal)),
        width=width(stream, environment),
        quiet=quiet,
        verbose=verbose,
        log=Log.PLAIN if terminal or _is_file(stream) else detect(environment),
    )


def wants_color(choice: str, environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to colour: the option, then the environment, then whether it is a terminal.

    The variables are those of no-color.org, force-color.org and bixense.com/clicolors; one that is
    empty counts as not set, and NO_COLOR wins.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    for forcing in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        if environment.get(forcing):
            return environment[forcing] != "0"
    dumb = environment.get("TERM") == "dumb" or environment.get("CLICOLOR") == "0"
    return terminal and not dumb


def width(stream: TextIO, environment: Mapping[str, str]) -> int:
    """Return the columns to wrap at: COLUMNS, then the terminal's own, then 80."""
    said = environment.get("COLUMNS", "")
    columns = int(said) if said.isascii() and said.isdigit() else 0
    if not columns and stream.isatty():
        columns = os.get_terminal_size(stream.fileno()).columns
    return min(max(columns or WIDTH, NARROWEST), WIDEST)


def _is_file(stream: TextIO) -> bool:
    """Return whether a stream goes to a file, which is no log though a job writes it."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False
