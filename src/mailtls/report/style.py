"""How text is shown to a person: colours, width, what is left out, and where it is read.

Apart from the text itself, because a run knows it before its first packet and writes after its last.
"""

from __future__ import annotations

from mailtls.pure import pure
from mailtls.report.logs import Log

WIDTH = 80
"""Columns where nothing is known of the reader's terminal."""


@pure
class Paint:
    """ANSI colours, or none."""

    on: bool

    def __call__(self, text: str, *codes: str) -> str:
        """Return `text` in the given colours."""
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.on and codes else text


@pure
class Style:
    """How text is shown: `width` in columns; `quiet` leaves out what is in order.

    `verbose` adds transcripts, `log` is where it is read.
    """

    paint: Paint = Paint(on=False)
    width: int = WIDTH
    quiet: bool = False
    verbose: bool = False
    log: Log = Log.PLAIN
