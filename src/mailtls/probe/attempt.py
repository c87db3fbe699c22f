"""One connection in progress: what every step of it shares."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mailtls.engine import Engine
from mailtls.evidence import FallbackEvidence, Line, Missing, PathValidation, Reply, Skipped
from mailtls.net.interface import Stream
from mailtls.policy.model import Anchors
from mailtls.probe.conversation import T, converse, nothing
from mailtls.probe.questions import Offer, Question, Target
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase

if TYPE_CHECKING:
    # OpenSSL takes 30 ms to load, which the first round trips have room for.
    from mailtls.tls.path import SystemAnchors

CONNECT_SECONDS = 10.0

STEP_SECONDS = 15.0
"""Longest wait for one reply or one handshake; servers under load answer in well under that."""

FAREWELL_SECONDS = 2.0
"""Longest wait for the reply to QUIT and for the peer's end of the stream."""

UNDECIDED = Missing(
    phase=Phase.HANDSHAKE,
    cause=Cause.PREREQUISITE,
    detail="the answer that chooses this hello took too long",
)
"""No hello was sent, because nobody said in time what it should offer."""


@pure
class Settings:
    """What every connection of a run shares.

    `client_name` is said in EHLO; `extra_anchors` is the PEM text of `--ca-file`, `system_anchors` says
    where this machine keeps its roots; `randomness` gives bytes for raw hellos; `now` the clock
    certificates are verified by.
    """

    client_name: str
    extra_anchors: bytes
    system_anchors: Callable[[], SystemAnchors]
    randomness: Callable[[int], bytes]
    now: Callable[[], datetime]

    def path_of(self, chain: Sequence[bytes], anchors: Anchors) -> PathValidation:
        """Return whether a chain as sent leads to an anchor; `--ca-file` joins the system's."""
        from mailtls.tls.path import validate

        return validate(
            chain,
            anchors,
            at=self.now(),
            extra_pem=self.extra_anchors,
            system=self.system_anchors(),
        )


@pure
class InClear:
    """The answers to MAIL in clear, before any EHLO and behind it."""

    unannounced: Reply | Missing
    clear: Reply | Missing


@pure
class Inside:
    """The answers inside TLS: MAIL without a new EHLO and behind it, and a second request for TLS."""

    forgotten: Reply | Skipped | Missing
    protected: Reply | Skipped | Missing
    again: Reply | Missing


@dataclass(slots=True, kw_only=True)
class Heard:
    """What was heard of the questions asked by the way, None where it was not come to."""

    in_clear: InClear | None = None
    inside: Inside | None = None
    fallback: FallbackEvidence | None = None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One connection in progress: its deadline, its transcript and who waits for its first step.

    `on_first` gets the first bytes that come. `carries` are the questions asked by the way, `heard`
    what was heard of them. `decided` gives the offer of a hello that another's answer chooses,
    `on_answer` gets the answer to one that chooses. `meanwhile` is called once, while the next reply
    is on its way: there is time then.
    """

    question: Question
    target: Target
    port: int
    settings: Settings
    deadline: float
    on_progress: Callable[[], None]
    on_first: Callable[[bytes], None] = lambda _: None
    on_answer: Callable[[object], None] = lambda _: None
    carries: tuple[Question, ...] = ()
    decided: Awaitable[Offer] | None = None
    heard: Heard = field(default_factory=Heard)
    lines: list[Line] = field(default_factory=list)
    meanwhile: Callable[[], object] = nothing
    _last: tuple[Engine[object] | None, int] = (None, 0)

    def seconds(self, most: float = STEP_SECONDS) -> float:
        """Return how long the next step may take."""
        return max(0.0, min(most, self.deadline - time.monotonic()))

    def carries_any(self, kind: type[Question]) -> bool:
        """Return whether a question of this kind is asked by the way."""
        return any(isinstance(each, kind) for each in self.carries)

    def note(self, text: str) -> None:
        """Add an event to the transcript."""
        self.lines.append(Line(side="*", text=clean(text)))

    async def run(
        self, stream: Stream, engine: Engine[T], *, most: float = STEP_SECONDS
    ) -> T | Missing:
        """Run an engine for at most `most` seconds and keep what was said."""
        meanwhile, self.meanwhile = self.meanwhile, nothing
        seconds = self.seconds(most)
        outcome = await converse(stream, engine, seconds=seconds, meanwhile=meanwhile)
        resumed, noted = self._last
        self.lines += engine.transcript[noted if resumed is engine else 0 :]
        self._last = engine, len(engine.transcript)
        if isinstance(outcome, Missing):
            self.note(outcome.detail)
        return outcome
