"""The engine that all mail dialogues run on.

A dialogue is written as a linear generator that reads like its RFC: it yields steps (send this,
read a line) and returns its result. `Dialogue` runs the generator against a `LineBuffer`, keeps the
phase, the caps and a sanitized transcript, and turns the end of the stream and every passed cap
into `Missing`, so that no script handles them.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeAlias, TypeVar

from mailtls.dialects.lines import REPLY_LINES, LineBuffer
from mailtls.evidence import Line, Missing
from mailtls.sanitizer import clean_bytes
from mailtls.terms import Cause, Phase

T = TypeVar("T")

TRANSCRIPT_LINES = 60
"""Most lines of one dialogue's transcript: a long EHLO reply fits, a flood does not."""

TRANSCRIPT_CHARS = 300
"""Longest line of a transcript, as for all remote text that is shown."""


# What is shown of a secret line: the command and the mechanism, in IMAP behind a tag.
_SHOWN = re.compile(
    rb"(?:\w+ )?(?:AUTH|AUTHENTICATE) [\w-]{1,20}(?= |\Z)|PASS(?= )|(?:\w+ )LOGIN(?= )"
)
# A challenge in the reply to a secret line (RFC 4954 section 4, RFC 9051 section 7.5, RFC 5034 section 4).
_CHALLENGE = re.compile(rb"334[ -]|\+ ")
_MASK = b"***"


@dataclass(frozen=True, slots=True)
class Send:
    """Write bytes; of a `secret` the command's name alone enters the transcript.

    `shown` is what enters it in place of the bytes, where these are many.
    """

    data: bytes
    secret: bool = False
    shown: bytes = b""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """Read one line without its end."""


@dataclass(frozen=True, slots=True)
class ReadLiteral:
    """Read exactly `count` bytes."""

    count: int


@dataclass(frozen=True, slots=True)
class LookAtFirst:
    """Look at the first line or header without taking it; at the end of the stream, at what is there."""


@dataclass(frozen=True, slots=True)
class TakeRest:
    """Take every byte that has arrived already, without waiting."""


@dataclass(frozen=True, slots=True)
class Enter:
    """Go on to another phase."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the dialogue without a result."""

    cause: Cause
    detail: str


Step: TypeAlias = Send | ReadLine | ReadLiteral | LookAtFirst | TakeRest | Enter | GiveUp
Script: TypeAlias = Generator[Step, bytes, T]


def give_up(cause: Cause, detail: str) -> Script[NoReturn]:
    """End the running dialogue in its present phase; `detail` is one sentence."""
    yield GiveUp(cause, detail)
    raise AssertionError("a dialogue that gave up was resumed")


class Dialogue(Generic[T]):
    """One script on one connection; an `engine.Engine[T]`.

    `trailing` is all that has arrived and was not read, also while there is no outcome yet: a
    driver whose deadline passes finds in it what to classify. `reply_lines` is the most lines of one
    reply.
    """

    def __init__(self, script: Script[T], phase: Phase, *, reply_lines: int = REPLY_LINES) -> None:
        self._script = script
        self._phase = phase
        self._outcome: T | Missing | None = None
        self._buffer = LineBuffer(reply_lines)
        self._outgoing = bytearray()
        self._transcript: list[Line] = []
        self._ended = False
        self._secret = False
        self._step: Step | None = None
        self._resume(None)
        self._run()

    @property
    def phase(self) -> Phase:
        """Return how far the dialogue has got."""
        return self._phase

    @property
    def outcome(self) -> T | Missing | None:
        """Return the result, the reason there is none, or None while more data is needed."""
        return self._outcome

    @property
    def trailing(self) -> bytes:
        """Return the bytes received and not read."""
        return self._buffer.peek()

    @property
    def transcript(self) -> tuple[Line, ...]:
        """Return what was said so far, sanitized and bounded."""
        return tuple(self._transcript)

    @property
    def scanned(self) -> int:
        """Return how many bytes were searched for a line end."""
        return self._buffer.scanned

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to be written now."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._buffer.feed(data)
        self._run()

    def receive_eof(self) -> None:
        """Take the end of the stream."""
        self._ended = True
        self._run()
        if self._outcome is None:
            unread = " in the middle of a line" if self._buffer.peek() else ""
            self._stop(Cause.CLOSED, f"the server closed the connection{unread}")

    def _run(self) -> None:
        while self._outcome is None and self._step is not None:
            answer = self._perform(self._step)
            if self._buffer.overflow:
                self._stop(Cause.MALFORMED, self._buffer.overflow)
            elif answer is None:
                return
            else:
                self._resume(answer)

    def _resume(self, answer: bytes | None) -> None:
        try:
            self._step = next(self._script) if answer is None else self._script.send(answer)
        except StopIteration as result:
            self._step = None
            self._outcome = result.value

    def _perform(self, step: Step) -> bytes | None:
        """Return the answer to `step`, or None where it needs more data or ended the dialogue."""
        answer: bytes | None = b""
        match step:
            case ReadLine():
                answer = self._buffer.line()
                self._noted("S", self._veiled(answer))
            case ReadLiteral(count):
                answer = self._noted("S", self._buffer.exactly(count))
            case LookAtFirst():
                answer = self._buffer.first(ended=self._ended)
            case TakeRest():
                answer = self._buffer.rest()
            case Send(data, secret, shown):
                self._buffer.start_reply()
                self._outgoing += data
                self._secret = secret
                for line in (shown or data).splitlines():
                    self._noted("C", _named(line) if secret else line)
            case Enter(phase):
                self._phase = phase
            case GiveUp(cause, detail):
                self._stop(cause, detail)
                answer = None
        return answer

    def _veiled(self, line: bytes | None) -> bytes | None:
        """Return a line of a reply as it is shown: of a challenge, which a login answers, only that it is one."""
        challenge = _CHALLENGE.match(line) if self._secret and line is not None else None
        return line if challenge is None else challenge[0] + _MASK

    def _noted(self, side: str, data: bytes | None) -> bytes | None:
        if data is not None and len(self._transcript) < TRANSCRIPT_LINES - 1:
            # Making control characters visible can lengthen the text: cut again.
            text = clean_bytes(data, TRANSCRIPT_CHARS)[:TRANSCRIPT_CHARS]
            self._transcript.append(Line(side=side, text=text))
        elif data is not None and len(self._transcript) < TRANSCRIPT_LINES:
            self._transcript.append(Line(side="*", text="(the rest is not shown)"))
        return data

    def _stop(self, cause: Cause, detail: str) -> None:
        self._outcome = Missing(phase=self._phase, cause=cause, detail=detail)
        self._step = None
        self._script.close()


def _named(line: bytes) -> bytes:
    """Return a secret line as it is shown."""
    command = _SHOWN.match(line)
    if command is None:
        return _MASK
    return command[0] if command[0] == line else command[0] + b" " + _MASK
