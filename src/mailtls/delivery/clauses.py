"""A Received field taken apart: clauses, comments and date (RFC 5321 section 4.4, RFC 5322 section 3.6.7).

What servers write is looser than the grammar, so a clause is whatever follows its word up to the
next one. Comments are kept with the clause behind which they stand; what is inside a comment or a
quoted string begins no clause. Quotes have no meaning inside a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailtls.pure import pure

CLAUSES = frozenset({"from", "by", "via", "with", "id", "for", "tls", "de/crypted"})
"""The words that begin a clause: RFC 5321 section 4.4, `tls` of RFC 8314 section 4.3, s/qmail's own."""

DATE = "date"
"""The name under which what follows a semicolon is kept."""

_PIECE = re.compile(r'\\.?|[()";]|[^\s()";\\]+')


@pure
class Clauses:
    """What stands in a field. `words` has the words of each clause, the first of its name, by spaces.

    `comments` are (clause, text without the outer parentheses) in their order; the clause is "" for
    those before any word.
    """

    words: Mapping[str, str]
    comments: tuple[tuple[str, str], ...]

    def word(self, clause: str) -> str:
        """Return the first word of a clause, or ""."""
        return self.words.get(clause, "").partition(" ")[0]

    def beside(self, *clauses: str) -> Iterator[str]:
        """Yield the comments that stand behind one of these clauses."""
        return (text for clause, text in self.comments if clause in clauses)


def take_apart(body: str) -> Clauses:
    """Return the clauses of an unfolded field body; time is linear in its length."""
    words: dict[str, list[str]] = {}
    comments: list[tuple[str, str]] = []
    clause, depth, start, quoted = "", 0, 0, False
    for match in _PIECE.finditer(body):
        piece = match.group()
        if depth:
            depth += {"(": 1, ")": -1}.get(piece, 0)
            if depth == 0:
                comments.append((clause, body[start : match.start()].strip()))
        elif quoted:
            quoted = piece != '"'
            words.setdefault(clause, []).append(piece)
        elif piece == "(":
            depth, start = 1, match.end()
        elif piece == ";":
            # Some write a semicolon earlier on as well; the date is behind the last one.
            clause = DATE
            words[DATE] = []
        elif piece.lower() in CLAUSES and piece.lower() not in words:
            clause = piece.lower()
            words[clause] = []
        elif piece != ")":
            quoted = piece == '"'
            words.setdefault(clause, []).append(piece)
    return Clauses(
        words={name: " ".join(each) for name, each in words.items()}, comments=tuple(comments)
    )
