"""A real TLS client session in memory: OpenSSL shakes hands, the caller moves the bytes.

Nothing is verified during the handshake. What the server sent is collected as it is, and judged
later by `path`, `identity` and the rules. Everything the local OpenSSL can still speak is offered,
because a server that is too old is a fact to be reported and not a failure to connect.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from OpenSSL import SSL

from mailtls.evidence import HandshakeRefused, Line, Missing, Spoken, WrongMode
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase
from mailtls.tls.openssl import Handshake, Witness, client_connection, collect, describe, reason

__all__ = ["Handshake", "TlsSession"]

HANDSHAKE_LIMIT = 1 << 20
"""Most bytes taken from the peer during a handshake; OpenSSL itself refuses a Certificate message
over 100 KB, and there is no binding to raise that."""

READ_AHEAD = 1 << 20
"""Most plaintext kept for `read`; what exceeds it stays encrypted until then."""

FIRST_BYTES = 512
"""Most bytes kept as the proof of a wrong mode."""

_RECORD_HEADER = 5
_RECORD_TYPES = range(20, 25)  # RFC 8446 section 5.1, and heartbeat (RFC 6520)
_MAJOR_VERSION = 3
_CHUNK = 65536


class TlsSession:
    """One client connection; an `engine.Engine`, and after the handshake a channel.

    `server_name` is sent as server name indication, unless it is empty or an address (RFC 6066
    section 3). `classify` tells what a peer speaks that does not answer with TLS; that peer's bytes,
    all of them, are then `trailing`. After the handshake `receive_data` still takes what comes from
    the network and `data_to_send` gives what goes there; `read` and `write` are the inside.
    """

    def __init__(
        self, server_name: str, *, classify: Callable[[bytes], Spoken], alpn: tuple[str, ...] = ()
    ) -> None:
        self._classify = classify
        self._outcome: Handshake | HandshakeRefused | WrongMode | Missing | None = None
        self._first: bytes | None = b""
        self._received = 0
        self._trailing = b""
        self._lines: list[Line] = []
        self._plain = bytearray()
        self._ended: Cause | None = None
        self._witness = Witness(self._note)
        self._connection = client_connection(server_name, alpn, self._witness)
        with suppress(SSL.WantReadError):
            self._connection.do_handshake()

    @property
    def phase(self) -> Phase:
        """Return HANDSHAKE, and AFTER_TLS once it is complete."""
        return Phase.AFTER_TLS if isinstance(self._outcome, Handshake) else Phase.HANDSHAKE

    @property
    def outcome(self) -> Handshake | HandshakeRefused | WrongMode | Missing | None:
        """Return the handshake, what came instead of one, or None while it goes on."""
        return self._outcome

    @property
    def trailing(self) -> bytes:
        """Return all that a peer sent that does not speak TLS, and b"" otherwise."""
        return self._trailing

    @property
    def transcript(self) -> tuple[Line, ...]:
        """Return the events so far, sanitized."""
        return tuple(self._lines)

    @property
    def closed(self) -> bool:
        """Return whether nothing more will come from the peer; `read` may still hold plaintext."""
        return self._ended is not None

    @property
    def ended(self) -> Cause | None:
        """Return how the channel ended: CLOSED by the peer, MALFORMED, or None while it is open."""
        return self._ended

    @property
    def refused(self) -> HandshakeRefused | None:
        """Return the fatal alert received at any time.

        A TLS 1.3 server judges the client after its handshake is complete: `certificate_required`
        comes when `outcome` is a `Handshake` already (RFC 8446 section 4.4.2.4).
        """
        return self._witness.fatal

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to be written now."""
        parts = []
        with suppress(SSL.Error):  # WantReadError: there is nothing more
            while part := self._connection.bio_read(_CHUNK):
                parts.append(part)
        return b"".join(parts)

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; never raises, whatever they are."""
        if not data:
            return
        if isinstance(self._outcome, WrongMode):
            self._trailing += data
        elif isinstance(self._outcome, Handshake):
            self._feed(data)
            self._decrypt()
        elif self._outcome is None:
            self._receive_handshake(data)

    def receive_eof(self) -> None:
        """Take the end of the stream; sets an outcome if there is none."""
        if self._ended is None:
            self._ended = Cause.CLOSED
        if self._outcome is not None:
            return
        if self._first:
            self._settle_first(self._first, at_end=True)
        if self._outcome is None:
            when = "during the handshake" if self._received else "in answer to the ClientHello"
            self._fail(Cause.CLOSED, f"the server closed the connection {when}")

    def write(self, data: bytes) -> None:
        """Encrypt `data` for `data_to_send`; on a channel that has ended it is dropped."""
        if data and isinstance(self._outcome, Handshake):
            with suppress(SSL.Error):
                self._connection.sendall(data)

    def read(self) -> bytes:
        """Return and forget the plaintext that has arrived."""
        if isinstance(self._outcome, Handshake):
            self._decrypt()
        plain = bytes(self._plain)
        self._plain.clear()
        return plain

    def close_notify(self) -> None:
        """Say the end of our side (RFC 8446 section 6.1); the alert is in `data_to_send`."""
        if isinstance(self._outcome, Handshake):
            with suppress(SSL.Error):
                self._connection.shutdown()

    def export_keying_material(self, label: bytes, length: int) -> bytes:
        """Return keying material of the session (RFC 5705), as channel binding needs (RFC 9266).

        Raises `SSL.Error` where there is no completed handshake: asking then is our bug.
        """
        return self._connection.export_keying_material(label, length, b"")

    def _receive_handshake(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > HANDSHAKE_LIMIT:
            self._fail(Cause.MALFORMED, f"the handshake is longer than {HANDSHAKE_LIMIT} bytes")
            return
        if self._first is not None:
            data = self._first + data
            self._first = data
            if len(data) < _RECORD_HEADER:
                return
            self._settle_first(data, at_end=False)
            if self._outcome is not None:
                return
            self._first = None
        self._feed(data)
        self._continue_handshake()

    def _settle_first(self, data: bytes, *, at_end: bool) -> None:
        """Set the outcome if the peer's first bytes are no TLS record."""
        is_record = data[0] in _RECORD_TYPES and data[1:2] in (bytes([_MAJOR_VERSION]), b"")
        if is_record and (at_end or len(data) >= _RECORD_HEADER):
            return
        spoken = self._classify(data)
        self._trailing = data
        self._outcome = WrongMode(spoken=spoken, first_bytes=data[:FIRST_BYTES])
        self._note(f"the server answered the ClientHello with {spoken.value}")

    def _continue_handshake(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error as error:
            self._settle_error(error)
            return
        self._settle_handshake()
        self._decrypt()

    def _settle_error(self, error: SSL.Error) -> None:
        if self._witness.fatal is not None:
            self._outcome = self._witness.fatal
            self._ended = Cause.CLOSED
        elif isinstance(error, SSL.ZeroReturnError):
            self._fail(Cause.CLOSED, "the server ended the handshake with close_notify")
        else:
            self._fail(Cause.MALFORMED, f"OpenSSL gave up the handshake: {reason(error)}")

    def _settle_handshake(self) -> None:
        handshake = collect(self._connection, self._witness)
        self._outcome = handshake
        self._note(describe(handshake))

    def _feed(self, data: bytes) -> None:
        with suppress(SSL.Error):
            self._connection.bio_write(data)

    def _decrypt(self) -> None:
        while self._ended in (None, Cause.CLOSED) and len(self._plain) < READ_AHEAD:
            try:
                self._plain += self._connection.recv(_CHUNK)
            except SSL.WantReadError:
                return
            except SSL.ZeroReturnError:
                self._ended = Cause.CLOSED
                return
            except SSL.Error as error:
                self._ended = Cause.CLOSED if self._witness.fatal is not None else Cause.MALFORMED
                self._note(f"the session broke: {reason(error)}")
                return

    def _fail(self, cause: Cause, detail: str) -> None:
        self._ended = self._ended or cause
        self._outcome = Missing(phase=Phase.HANDSHAKE, cause=cause, detail=detail)
        self._note(detail)

    def _note(self, text: str) -> None:
        self._lines.append(Line(side="*", text=clean(text)))
