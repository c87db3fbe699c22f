"""Which document says that a finding matters, and where it can be read."""

from __future__ import annotations

import re

_RFC = re.compile(r"RFC (\d{1,5})\b(?: (section|appendix) ([A-Z0-9]\d*(?:\.\d+)*))?")
EDITOR = "https://www.rfc-editor.org/rfc/"


def source(remedy: str, page: str) -> str:
    """Return the RFC that a remedy cites, else the first of a rule's references, else ""."""
    match = _RFC.search(remedy) or _RFC.search(page.partition("## References")[2])
    return match.group() if match else ""


def address(cited: str) -> str:
    """Return where a citation made by `source` can be read."""
    match = _RFC.fullmatch(cited)
    if match is None:
        return ""
    number, kind, part = match.groups()
    return f"{EDITOR}rfc{number}" + (f"#{kind}-{part}" if kind else "")
