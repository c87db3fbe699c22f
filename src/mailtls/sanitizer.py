"""The one place where text of a stranger becomes text that may be shown.

Banners, certificate fields, DNS names and policy text reach terminals, workflow logs, Markdown,
HTML and XML. Each format adds its own escaping on top; what is dangerous everywhere is made
visible here: control characters (C0, DEL, C1), line and paragraph separators, bidirectional and
zero-width format characters, lone surrogates, and the `##[` and `::name` that the workflow runner
reads as commands (the first anywhere in a line). The `::` of an IPv6 address stays.
"""

from __future__ import annotations

import re

LIMIT = 300
"""Longest text shown of one remote value, in characters; banners and names of real servers are shorter."""

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)

# Every command name the runner registers has a letter beyond f or a hyphen; no hextet has.
_COMMAND = re.compile("::(?=[A-Za-z-]*[G-Zg-z-])")
_ONE_BYTE = 0xFF


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code <= _ONE_BYTE else f"\\u{{{code:x}}}"


def clean(text: str, limit: int = LIMIT) -> str:
    r"""Return `text` on one line with everything unsafe made visible, cut to `limit` characters.

    A backslash is kept as it is: the result is for reading, not for parsing back.
    """
    cut = len(text) - limit
    shown = _UNSAFE.sub(_visible, text[:limit] if cut > 0 else text)
    shown = _COMMAND.sub(":\\\\x3a", shown.replace("##[", "##\\x5b"))
    return f"{shown}... (+{cut} characters)" if cut > 0 else shown


def clean_bytes(data: bytes, limit: int = LIMIT) -> str:
    """Return bytes from the wire as one safe line; UTF-8 where valid, else byte for byte."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return clean(text, limit)
