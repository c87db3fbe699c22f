"""A value that is never shown, and the forms in which a peer could play it back.

Nothing of ours prints a secret. What a server says may hold one all the same: a proxy that repeats
the AUTH line in its refusal is no invention. So everything that is kept of an exchange goes through
`Redactor`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar, cast
from urllib.parse import quote, quote_plus

from mailtls.sanitizer import clean

T = TypeVar("T")

_CUT = re.compile(r"\.\.\. \(\+\d+ characters\)\Z")  # what `sanitizer` leaves of a long text's end

MASK = "***"

SHORTEST = 4
"""Least length of a form that is looked for: hiding every "ab" would hide the report."""


class Secret:
    """A password, token or key. Equality is identity; only `reveal` gives the value."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the value, for the bytes that are sent and for nothing else."""
        return self.__value

    def __repr__(self) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def forms(value: str) -> frozenset[str]:
    """Return how a value may look in a log: itself, base64 at three alignments, hex, URL, JSON.

    Of base64, once the characters that hold nothing of a neighbour, once the whole groups alone.
    """
    data = value.encode()
    found = {value, value.casefold(), data.hex(), data.hex().upper()}
    found |= {quote(value), quote(value, safe=""), quote_plus(value)}
    found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    wire = data.decode("latin-1")  # as evidence keeps what a server said
    found |= {wire, clean(value, len(value)), clean(wire, len(wire))}
    for lead in range(3):
        text = base64.b64encode(bytes(lead) + data).decode("ascii").rstrip("=")
        first = (lead * 8 + 5) // 6
        last = (lead + len(data)) * 8 // 6
        for part in (text[first:last], text[-first // 4 * -4 : last // 4 * 4]):
            found |= {part, part.replace("+", "-").replace("/", "_")}
    return frozenset(form for form in found if len(form) >= SHORTEST)


class Redactor:
    """Takes every form of the secrets it knows out of text."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self.__forms: tuple[str, ...] = ()
        self.learn(*secrets)

    def learn(self, *secrets: Secret) -> None:
        """Take these out from now on, as a token that was fetched during the run."""
        found = {form for secret in secrets for form in forms(secret.reveal())}
        self.__forms = tuple(sorted({*found, *self.__forms}, key=lambda form: (-len(form), form)))

    def __call__(self, text: str) -> str:
        """Return `text` with each form replaced by `***`, also one that was cut off at its end."""
        for form in self.__forms:
            text = text.replace(form, MASK)
        cut = _CUT.search(text)
        kept, rest = (text, "") if cut is None else (text[: cut.start()], cut[0])
        begun = max((_begun(kept, form) for form in self.__forms), default=0)
        return (kept[: len(kept) - begun] + MASK if begun else kept) + rest


def _begun(text: str, form: str) -> int:
    """Return how many characters at the end of a text are the beginning of a form."""
    tail = text[-len(form) :]
    at = tail.find(form[:SHORTEST])
    while at >= 0:
        if form.startswith(tail[at:]):
            return len(tail) - at
        at = tail.find(form[:SHORTEST], at + 1)
    return 0


def redacted(value: T, redact: Redactor) -> T:
    """Return evidence with every text in it redacted, however deep."""
    return cast("T", _redacted(value, redact))


def _redacted(value: object, redact: Redactor) -> object:
    match value:
        case Enum():
            return value
        case str():
            return redact(value)
        case bytes():
            return redact(value.decode("latin-1")).encode("latin-1")
        case tuple():
            return tuple(_redacted(each, redact) for each in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {f.name: _redacted(getattr(value, f.name), redact) for f in fields(value)}
            return replace(value, **changed)
        case _:
            return value
