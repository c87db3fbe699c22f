"""Authentication-Results fields (RFC 8601): what a receiving host found of SPF, DKIM and DMARC.

Identity, not transport: who may send for a domain says nothing of how the message was carried.
"""

from __future__ import annotations

import re

from mailtls.delivery.fields import read_fields
from mailtls.pure import pure

RESULT_LIMIT = 50
"""Results of one field that are read; real ones have one for each method and signature."""

_PIECE = re.compile(r'\\.?|[()";]|[^()";\\]+')
_RESULT = re.compile(r"\s*([A-Za-z][\w-]*)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z][\w-]*)(.*)", re.DOTALL)
_PROPERTY = re.compile(r"(?<![A-Za-z])([A-Za-z]+\.[A-Za-z-]+)\s*=\s*(?:\"([^\"]*)\"|(\S+))")
_ID_LIMIT = 255


@pure
class MethodResult:
    """One result, in lower case: method "dkim", result "pass", and properties as "header.d"."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]


@pure
class AuthenticationResults:
    """One field; `authority` is the authserv-id in lower case, "" where there is none (Exchange Online)."""

    authority: str
    results: tuple[MethodResult, ...]
    position: int


def parse_authentication(header: bytes) -> tuple[AuthenticationResults, ...]:
    """Return the Authentication-Results fields of a header section, topmost first. Never raises."""
    return tuple(
        _read(field.body, field.position) for field in read_fields(header, "Authentication-Results")
    )


def _read(body: str, position: int) -> AuthenticationResults:
    parts = _parts(body)
    # The authserv-id is one word, with a version behind it at most; Exchange begins with a result.
    leads = "=" not in parts[0]
    authority = parts[0].split()[:1] if leads else []
    results = [_result(part) for part in parts[leads:][:RESULT_LIMIT]]
    return AuthenticationResults(
        authority=(authority[0] if authority else "").strip('"').rstrip(".").lower()[:_ID_LIMIT],
        results=tuple(each for each in results if each is not None),
        position=position,
    )


def _parts(body: str) -> list[str]:
    """Return what stands between semicolons, without comments; quotes hide both, comments hide quotes."""
    parts, depth, quoted = [""], 0, False
    for match in _PIECE.finditer(body):
        piece = match.group()
        if depth:
            depth += {"(": 1, ")": -1}.get(piece, 0)
        elif piece == "(" and not quoted:
            depth = 1
        elif piece == ";" and not quoted:
            parts.append("")
        else:
            quoted ^= piece == '"'
            parts[-1] += piece
    return parts


def _result(part: str) -> MethodResult | None:
    match = _RESULT.match(part)
    if match is None:
        return None
    return MethodResult(
        method=match[1].lower(),
        result=match[2].lower(),
        properties=tuple(
            (name.lower(), (quoted or plain)[:_ID_LIMIT])
            for name, quoted, plain in _PROPERTY.findall(match[3])
        ),
    )
