"""A session of our own at an endpoint, judged before anything is entrusted to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from mailtls.delivery.scram import BINDING_BYTES, BINDING_LABEL
from mailtls.delivery.tools import MailboxTools
from mailtls.dialects import DIALECTS
from mailtls.dialects.base import Dialect
from mailtls.engine import Engine
from mailtls.evidence import Capabilities, Line, Missing, SessionEvidence, TlsFacts
from mailtls.flow import Withheld, WithheldKind
from mailtls.policy.model import Endpoint
from mailtls.probe.attempt import Attempt
from mailtls.probe.conversation import BoundedStream, TlsStream
from mailtls.probe.outcome import steps
from mailtls.probe.perform import connect
from mailtls.probe.questions import Service
from mailtls.probe.session import ask_session
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls.session import TlsSession

T = TypeVar("T")


@pure
class Inside:
    """A session whose certificate and TLS have passed; `offered` is what the server offers in it.

    `binding` is the keying material of `tls-exporter` (RFC 9266), b"" below TLS 1.3.
    """

    service: Service
    address: str
    dialect: Dialect
    offered: Capabilities
    tls: TlsFacts
    binding: bytes
    _attempt: Attempt
    _stream: TlsStream

    async def run(self, engine: Engine[T]) -> T | Missing:
        """Run one exchange within what is left of the connection's time."""
        attempt = self._attempt
        return await attempt.run(self._stream, engine, most=attempt.deadline - time.monotonic())

    async def wait(self, engine: Engine[T], *, seconds: float) -> T | Missing | None:
        """Run one exchange for at most `seconds`; None where it is not over by then, which is no fault."""
        try:
            async with asyncio.timeout(seconds):
                return await self.run(engine)
        except TimeoutError:
            self._attempt.lines += engine.transcript
            return None

    def renew(self, seconds: float) -> None:
        """Let what follows take `seconds` from now, in a session that is held open."""
        self._attempt.deadline = time.monotonic() + seconds

    def note(self, text: str) -> None:
        """Add an event to the transcript."""
        self._attempt.note(text)


Transact = Callable[[Inside], Awaitable[T | Missing]]
"""What is done inside a session; after a `Missing` no farewell is said."""


@pure
class Visited(Generic[T]):
    """What came of a session, and what was said in it."""

    outcome: T | Withheld | Missing
    transcript: tuple[Line, ...]


async def visit(endpoint: Endpoint, tools: MailboxTools, transact: Transact[T]) -> Visited[T]:
    """Make a session with the first address that answers, judge it, and `transact` inside.

    `Withheld` where the session does not pass the rules, `Missing` where there was none.
    """
    lines: list[Line] = []
    outcome: T | Withheld | Missing = Missing(
        phase=Phase.RESOLVE,
        cause=Cause.PREREQUISITE,
        detail=f"no address of {endpoint.name} is known (see the rule reachable)",
    )
    for target in tools.targets(endpoint):
        attempt = Attempt(
            question=tools.question(endpoint),
            target=target,
            port=tools.routes(Service(host=target.host, port=target.port)).port,
            settings=tools.settings,
            deadline=time.monotonic() + tools.seconds,
            on_progress=lambda: None,
        )
        stream = await connect(attempt, tools.network)
        if isinstance(stream, Missing):
            outcome = stream
        else:
            try:
                outcome = await _hold(attempt, endpoint, tools, stream, transact)
            finally:
                stream.close()
        lines += attempt.lines
        if not isinstance(stream, Missing):
            break
    return Visited(outcome=outcome, transcript=tuple(lines))


async def _hold(
    attempt: Attempt,
    endpoint: Endpoint,
    tools: MailboxTools,
    stream: BoundedStream,
    transact: Transact[T],
) -> T | Withheld | Missing:
    came_of_it: list[T | Withheld | Missing] = []

    async def inside(seen: SessionEvidence, plain: TlsStream, channel: TlsSession) -> object:
        assert isinstance(seen.after, Capabilities)
        assert isinstance(seen.tls, TlsFacts)
        outcome: T | Withheld | Missing
        if reason := tools.acceptable(endpoint, attempt.target, seen):
            attempt.note(f"nothing is entrusted to this session: {reason}")
            outcome = _not_secure(reason)
        else:
            visited = Inside(
                service=Service(host=endpoint.host, port=endpoint.port),
                address=attempt.target.address,
                dialect=DIALECTS[endpoint.protocol],
                offered=seen.after,
                tls=seen.tls,
                binding=_binding(seen.tls, channel),
                _attempt=attempt,
                _stream=plain,
            )
            outcome = await transact(visited)
        came_of_it.append(outcome)
        return outcome

    seen = await ask_session(attempt, tools.question(endpoint), stream, visit=inside)
    if came_of_it:
        return came_of_it[0]
    reason = tools.acceptable(endpoint, attempt.target, seen)
    for step in steps(seen):
        if isinstance(step, Missing) and step.cause is not Cause.PREREQUISITE:
            return step
    return _not_secure(reason or "the session did not get as far as TLS")


def _binding(tls: TlsFacts, channel: TlsSession) -> bytes:
    if tls.version < TlsVersion.TLS1_3:
        return b""
    return channel.export_keying_material(BINDING_LABEL, BINDING_BYTES)


def _not_secure(reason: str) -> Withheld:
    return Withheld(kind=WithheldKind.NOT_SECURE, detail=clean(reason))
