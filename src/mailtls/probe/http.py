"""One HTTP/1.1 request and its answer (RFC 9112), as an engine without I/O; h11 speaks the protocol.

The body is taken as it comes: a server that compresses unasked is refused, so that a small answer
cannot become a large one. Redirects are answers like any other.
"""

from __future__ import annotations

import h11

from mailtls.evidence import Line, Missing
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase

HEAD_LIMIT = 64 * 1024
"""Largest status line with all headers; Apache and nginx send at most a quarter of that."""


@pure
class HttpAnswer:
    """A complete answer; header names are lower case, text is decoded as latin-1."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header by its lower-case name, "" where it is absent."""
        return next((value for key, value in self.headers if key == name), "")


class HttpExchange:
    """The engine of one request; its transcript tells method, path and status, and no header or body.

    `body_limit` is in bytes; a longer answer is MALFORMED. `phase` is where a silence is told.
    """

    def __init__(
        self,
        *,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        body_limit: int,
        phase: Phase,
    ) -> None:
        self._phase = phase
        self._limit = body_limit
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._outcome: HttpAnswer | Missing | None = None
        self._lines = [Line(side="C", text=clean(f"{method} {target}"))]
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._received = False
        framing = [("Content-Length", str(len(body)))] if body or method == "POST" else []
        fixed = [("Accept-Encoding", "identity"), ("Connection", "close")]
        try:
            request = h11.Request(
                method=method, target=target, headers=[*headers, *fixed, *framing]
            )
        except h11.LocalProtocolError:
            # Its words hold the value, which may be a secret.
            raise ValueError("a header or target that HTTP has no form for") from None
        self._to_send = self._connection.send(request) or b""
        if body:
            self._to_send += self._connection.send(h11.Data(data=body)) or b""
        self._to_send += self._connection.send(h11.EndOfMessage()) or b""

    @property
    def phase(self) -> Phase:
        """Return the one phase of an exchange."""
        return self._phase

    @property
    def outcome(self) -> HttpAnswer | Missing | None:
        """Return the answer, why there is none, or None while it is incomplete."""
        return self._outcome

    @property
    def trailing(self) -> bytes:
        """Return what followed the answer."""
        return self._connection.trailing_data[0]

    @property
    def transcript(self) -> tuple[Line, ...]:
        """Return the request line and the status line."""
        return tuple(self._lines)

    def data_to_send(self) -> bytes:
        """Return the request, once."""
        data, self._to_send = self._to_send, b""
        return data

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the answer."""
        self._received = True
        if self._outcome is None:
            self._connection.receive_data(data)
            self._advance()

    def receive_eof(self) -> None:
        """Take the end of the stream, which may be the end of the body (RFC 9112 section 6.3)."""
        if not self._received:
            self._end(Cause.CLOSED, "the connection ended without an answer")
        elif self._outcome is None:
            self._connection.receive_data(b"")
            self._advance()

    def _advance(self) -> None:
        try:
            while self._outcome is None:
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            self._end(Cause.MALFORMED, f"no valid HTTP answer: {clean(str(error))}")

    def _take(self, event: object) -> None:
        match event:
            case h11.Response():
                self._head = event
                reason = event.reason.decode("latin-1")
                self._lines.append(Line(side="S", text=clean(f"{event.status_code} {reason}")))
                coding = dict(event.headers).get(b"content-encoding", b"identity")
                if coding.lower() != b"identity":
                    self._end(Cause.MALFORMED, "the answer is compressed, which was not asked for")
            case h11.Data():
                self._body += event.data
                if len(self._body) > self._limit:
                    self._end(Cause.MALFORMED, f"the answer is longer than {self._limit} bytes")
            case h11.EndOfMessage():
                assert self._head is not None
                self._outcome = HttpAnswer(
                    status=self._head.status_code,
                    headers=tuple(
                        (name.decode("latin-1"), value.decode("latin-1"))
                        for name, value in self._head.headers
                    ),
                    body=bytes(self._body),
                )
            case _:
                return  # 1xx: the answer itself follows (RFC 9110 section 15.2)

    def _end(self, cause: Cause, detail: str) -> None:
        self._outcome = Missing(phase=self._phase, cause=cause, detail=detail)
