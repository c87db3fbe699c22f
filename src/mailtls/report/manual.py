"""A rule's page for a terminal: the same Markdown, its long lines broken at spaces."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

_WHOLE = re.compile(r"#|\||<!--")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")
_FENCE = "```"
_CODE = re.compile(r"`[^`]+`")
_TIE = "\N{NO-BREAK SPACE}"


def fitted(page: str, width: int) -> str:
    """Return Markdown with paragraphs and list items within `width` columns.

    What is in fences, a heading or a row of a table stays a line. Code in backticks is one word, so
    that it can be copied, and a word may be longer than a line.
    """
    return "".join(f"{line}\n" for line in _lines(page, width))


def _lines(page: str, width: int) -> Iterator[str]:
    fenced = False
    for line in page.splitlines():
        fence = line.lstrip().startswith(_FENCE)
        fenced ^= fence
        if fence or fenced or not line or _WHOLE.match(line):
            yield line
            continue
        item = _ITEM.match(line)
        tied = _CODE.sub(lambda code: code[0].replace(" ", _TIE), line)
        for part in textwrap.wrap(
            tied,
            width,
            subsequent_indent=" " * len(item[0]) if item else "",
            break_long_words=False,
            break_on_hyphens=False,
        ):
            yield part.replace(_TIE, " ")
