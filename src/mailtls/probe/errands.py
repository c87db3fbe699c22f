"""Bodies at URLs that certificates name: each asked once in a run, bounded in bytes and time.

Only http and https at their own ports, and only at addresses that `reach` allows; where
`--connect-to` leads a connection elsewhere the user has said so, and that is where it goes. A
redirect is not followed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from mailtls.evidence import Missing
from mailtls.probe.reach import may_be_asked
from mailtls.probe.web import PORTS, Web, WebRequest, missing, service_of, split
from mailtls.terms import Cause, Phase

AT_ONCE = 4
"""Requests in flight: their bodies may be large, and all are held in memory."""

REQUEST_SECONDS = 15.0
"""Longest wait for one body."""

RUN_LIMIT = 64 * 1024 * 1024
"""Bytes of bodies that are kept in one run."""

_OK = 200
_REDIRECTS = range(300, 400)
_THROTTLED = frozenset({429, 503})


class Errands:
    """Fetches for one run; `deadline` is a moment of `time.monotonic`."""

    def __init__(self, web: Web, *, deadline: float) -> None:
        self._web = web
        self._deadline = deadline
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asked: dict[tuple[str, bool], asyncio.Task[bytes | Missing]] = {}
        self._kept = 0

    async def fetch(self, url: str, limit: int, *, private: bool) -> bytes | Missing:
        """Return the body at `url`, at most `limit` bytes; `private` admits private networks."""
        key = url, private
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._go(url, limit, private=private))
        return await self._asked[key]

    async def _go(self, url: str, limit: int, *, private: bool) -> bytes | Missing:
        parts = split(url)
        if parts is None:
            return missing(Phase.RESOLVE, Cause.MALFORMED, "not an http or https URL")
        asked = service_of(parts)
        led = self._web.routes(asked) != asked
        if asked.port != PORTS[parts.scheme] and not led:
            detail = f"port {asked.port} is not asked: {parts.scheme} is at {PORTS[parts.scheme]}"
            return missing(Phase.CONNECT, Cause.UNREACHABLE, detail)
        web = replace(
            self._web, allowed=lambda address: led or may_be_asked(address, private=private)
        )
        async with self._turns:
            left = self._deadline - time.monotonic()
            if left <= 0:
                return missing(Phase.CONNECT, Cause.TIMED_OUT, "there was no time left to ask")
            if self._kept >= RUN_LIMIT:
                detail = f"not asked: the run has read {RUN_LIMIT} bytes of the kind already"
                return missing(Phase.CONNECT, Cause.MALFORMED, detail)
            seconds = min(left, REQUEST_SECONDS)
            answer = await web.ask(WebRequest(url=url, body_limit=limit, seconds=seconds))
        if isinstance(answer, Missing):
            return answer
        if answer.answer.status != _OK:
            return _refused(answer.answer.status)
        self._kept += len(answer.answer.body)
        return answer.answer.body


def _refused(status: int) -> Missing:
    cause = Cause.THROTTLED if status in _THROTTLED else Cause.REFUSED
    words = " (a redirect, which is not followed)" if status in _REDIRECTS else ""
    return missing(Phase.GREETING, cause, f"answered with the status {status}{words}")
