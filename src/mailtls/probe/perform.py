"""One question asked of one address, on one connection."""

from __future__ import annotations

import asyncio
import time

from mailtls.evidence import Evidence, Missing, NotObserved, Observation, Observed, PortEvidence
from mailtls.net.interface import Network, StreamError
from mailtls.probe.attempt import CONNECT_SECONDS, Attempt
from mailtls.probe.conversation import BoundedStream
from mailtls.probe.questions import (
    FallbackQuestion,
    HelloQuestion,
    InjectionQuestion,
    KindQuestion,
    PortQuestion,
    RevocationQuestion,
    SessionQuestion,
    UpgradeQuestion,
)
from mailtls.terms import Cause, Phase


async def perform(attempt: Attempt, network: Network) -> Observation:
    """Ask the attempt's question once and return what was seen; never raises for the peer's sake."""
    began = time.monotonic()
    answer = await _ask(attempt, network)
    seconds = time.monotonic() - began
    transcript = tuple(attempt.lines)
    if isinstance(answer, Missing):
        return NotObserved(missing=answer, transcript=transcript, seconds=seconds, attempts=1)
    return Observed(evidence=answer, transcript=transcript, seconds=seconds, attempts=1)


async def _ask(attempt: Attempt, network: Network) -> Evidence | Missing:
    stream = await connect(attempt, network)
    if isinstance(stream, Missing):
        return stream
    # Late: what is said on a connection is loaded while it is made.
    from mailtls.probe.boundary import ask_fallback, ask_injection
    from mailtls.probe.hello import ask_hello, ask_kind
    from mailtls.probe.session import ask_session
    from mailtls.probe.upgrade import ask_in_clear

    try:
        match attempt.question:
            case PortQuestion():
                return PortEvidence()
            case SessionQuestion() as question:
                return await ask_session(attempt, question, stream)
            case HelloQuestion() as question:
                return await ask_hello(attempt, question, stream)
            case KindQuestion() as question:
                return await ask_kind(attempt, question, stream)
            case UpgradeQuestion() as question:
                return await ask_in_clear(attempt, question, stream)
            case InjectionQuestion() as question:
                return await ask_injection(attempt, question, stream)
            case FallbackQuestion() as question:
                return await ask_fallback(attempt, question, stream)
            case RevocationQuestion():
                raise AssertionError("this question goes to the CAs: `probe.revocation`")
    finally:
        stream.close()


async def connect(attempt: Attempt, network: Network) -> BoundedStream | Missing:
    """Connect to the attempt's target, and note it."""
    target = attempt.target
    attempt.note(f"connecting to {target.address} port {attempt.port}")
    seconds = attempt.seconds(CONNECT_SECONDS)
    try:
        async with asyncio.timeout(seconds):
            stream = await network.connect(target.address, attempt.port)
    except TimeoutError:
        missing = Missing(
            phase=Phase.CONNECT,
            cause=Cause.TIMED_OUT,
            detail=f"no answer to the connection request within {seconds:.3g} s",
        )
    except StreamError as error:
        missing = Missing(phase=Phase.CONNECT, cause=error.cause, detail=error.detail)
    else:
        return BoundedStream(stream, on_first=attempt.on_first)
    attempt.note(missing.detail)
    return missing
