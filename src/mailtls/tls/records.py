"""The record layer and the handshake layer of SSL 3.0 to TLS 1.3, and the records of SSL 2.0.

Both readers eat from one buffer and return the next unit, None for "more data", or raise
`MalformedError`. What they hold is bounded whatever the peer sends: RECORD_LIMIT for a record,
MESSAGE_LIMIT for a handshake message and RECORDS_LIMIT records, so about 1 MiB for a flight.
"""

from __future__ import annotations

import re
from enum import IntEnum

from mailtls.pure import pure
from mailtls.sanitizer import clean_bytes
from mailtls.tls.wire import MalformedError

# TLSCiphertext may be 2^14 + 256 bytes (RFC 8446 5.2); plaintext records are 2^14 at most, yet
# padding or buggy servers that go a little over it are understood all the same.
RECORD_LIMIT = 16_640
# OpenSSL refuses Certificate messages over 100 KiB by default; real chains stay below 20 KiB.
MESSAGE_LIMIT = 128 * 1024
# A flight of MESSAGE_LIMIT needs nine records; stacks that send a record for each message need six.
RECORDS_LIMIT = 64

_HEADER = 5
_MESSAGE_HEADER = 4
_SSL2_HEADER = 2
_SSL2_BIT = 0x80
_SSL3_MAJOR = 3


class ContentType(IntEnum):
    """The kind of a record (RFC 8446 5.1)."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23


class HandshakeType(IntEnum):
    """The kind of a handshake message (RFC 8446 section 4, RFC 5246 7.4, RFC 6066 section 8)."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_STATUS = 22


SSL2_CONTENT = 0x0200
"""The content type given to a record of SSL 2.0, which has none on the wire."""

# No more than a header's length, so that pieces of a stream decide as the whole does.
_NO = re.compile(rb'-ERR[ \r]|[a-z][0-9] (?:NO|BA)|NO ["({]')


@pure
class Record:
    """One record; `version` is the header's, and 0x0002 for SSL 2.0."""

    content_type: int
    version: int
    payload: bytes


@pure
class Message:
    """One handshake message without its header."""

    kind: int
    body: bytes


def refused_in_clear(data: bytes) -> bool:
    """Return whether text that came instead of a record is a no of IMAP, POP3 or ManageSieve.

    Courier's servers and others hand the connection to a program for TLS, and go on without it where
    it fails. A negative reply of SMTP is not taken for a refusal: most of its codes say "later".
    """
    return _NO.match(data) is not None


class RecordReader:
    """Cuts a stream into records. `ssl2` is whether a record of SSL 2.0 may come (`80 len` first)."""

    __slots__ = ("_buffer", "_count", "_ssl2")

    def __init__(self, *, ssl2: bool = False) -> None:
        self._buffer = bytearray()
        self._count = 0
        self._ssl2 = ssl2

    @property
    def pending(self) -> bytes:
        """Return the bytes that are no complete record yet."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Append bytes from the peer."""
        self._buffer += data

    def next_record(self) -> Record | None:
        """Return the next complete record, or None while it is not there."""
        if self._ssl2 and self._buffer and self._buffer[0] & _SSL2_BIT:
            return self._next_ssl2()
        if len(self._buffer) < _HEADER:
            return None
        kind, major, minor = self._buffer[:3]
        if kind not in tuple(ContentType) or major != _SSL3_MAJOR:
            start = clean_bytes(bytes(self._buffer[:_HEADER]))
            raise MalformedError(f"the answer is not TLS, it begins with: {start}")
        length = int.from_bytes(self._buffer[3:_HEADER], "big")
        return self._cut(_HEADER, length, kind, major << 8 | minor)

    def _next_ssl2(self) -> Record | None:
        if len(self._buffer) < _SSL2_HEADER:
            return None
        length = int.from_bytes(self._buffer[:_SSL2_HEADER], "big") & ~(_SSL2_BIT << 8)
        return self._cut(_SSL2_HEADER, length, SSL2_CONTENT, 0x0002)

    def _cut(self, header: int, length: int, kind: int, version: int) -> Record | None:
        if length > RECORD_LIMIT:
            raise MalformedError(f"a record of {length} bytes is over the limit of {RECORD_LIMIT}")
        # RFC 8446 5.1: a handshake record and an alert record are never empty.
        if length == 0:
            raise MalformedError("an empty record")
        end = header + length
        if len(self._buffer) < end:
            return None
        self._count += 1
        if self._count > RECORDS_LIMIT:
            raise MalformedError(f"more than {RECORDS_LIMIT} records without an end of the flight")
        payload = bytes(self._buffer[header:end])
        del self._buffer[:end]
        return Record(content_type=kind, version=version, payload=payload)


class MessageReader:
    """Joins the payloads of handshake records and cuts them into messages (RFC 8446 section 4)."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Return whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, payload: bytes) -> None:
        """Append the payload of one handshake record."""
        self._buffer += payload

    def next_message(self) -> Message | None:
        """Return the next complete message, or None while it is not there."""
        if len(self._buffer) < _MESSAGE_HEADER:
            return None
        length = int.from_bytes(self._buffer[1:_MESSAGE_HEADER], "big")
        if length > MESSAGE_LIMIT:
            raise MalformedError(
                f"a handshake message of {length} bytes is over the limit of {MESSAGE_LIMIT}"
            )
        end = _MESSAGE_HEADER + length
        if len(self._buffer) < end:
            return None
        message = Message(kind=self._buffer[0], body=bytes(self._buffer[_MESSAGE_HEADER:end]))
        del self._buffer[:end]
        return message
