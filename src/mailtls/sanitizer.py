"""The one place where text of a stranger becomes text that may be shown.

Banners, certificate fields, DNS names and policy text reach terminals, workflow logs, Markdown,
HTML and XML. Each format adds its own escaping on top; what is dangerous everywhere is made
visible here: control characters (C0, DEL, C1), line and paragraph separators, bidirectional,
zero-width and other invisible format characters, lone surrogates, and what the logs of a CI are read for:
the `##[` and `::name` of GitHub's runner and the `##vso[` of Azure's agent (the ones with `##`
anywhere in a line), and GitLab's `section_start:`. The `::` of an IPv6 address stays.
"""

from __future__ import annotations

import re

LIMIT = 300
"""Longest text shown of one remote value, in characters; banners and names of real servers are shorter."""

# General categories Cc, Cf, Cs, Zl and Zp; what else is drawn as nothing (Unicode's
# Default_Ignorable_Code_Point: a collation that skips it would still see `##[` around it); and the
# noncharacters that XML 1.0 refuses.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

# Every command name the runner registers has a letter beyond f or a hyphen; no hextet has.
_COMMAND = re.compile("::(?=[A-Za-z-]*[G-Zg-z-])")
# With any word between, for others have copied the form (`##teamcity[`).
_BRACKET = re.compile(r"(##\w*)\[")
_SECTION = re.compile(r"(section_(?:start|end)):", re.IGNORECASE)
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
    shown = _COMMAND.sub(":\\\\x3a", _BRACKET.sub(r"\1\\x5b", shown))
    shown = _SECTION.sub(r"\1\\x3a", shown)
    return f"{shown}... (+{cut} characters)" if cut > 0 else shown


def clean_bytes(data: bytes, limit: int = LIMIT) -> str:
    """Return bytes from the wire as one safe line; UTF-8 where valid, else byte for byte."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return clean(text, limit)
