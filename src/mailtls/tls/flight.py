"""The engine of one raw hello: send it, read the server's first flight, tell what it chose.

With TLS 1.2 and below the flight ends at ServerHelloDone; with TLS 1.3 at the ServerHello or
HelloRetryRequest, all that follows being encrypted. An alert is an answer; a warning is not, unless
the stream ends after it; a no in clear is. An alert of closure is a way to hang up. What else is no
TLS, or contradicts the hello, is `MALFORMED`.
A server may choose an older version than any offered: up to TLS 1.2 a hello names only its highest.
"""

from __future__ import annotations

from mailtls.evidence import AlertAnswer, ClosedAnswer, HelloEvidence, Line, Missing, ServerAnswer
from mailtls.probe.questions import Offer
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls.alerts import CLOSURE, FATAL, USER_CANCELED, alert_name, ssl2_error_name
from mailtls.tls.answer import (
    DOWNGRADE_SENTINELS,
    KeyExchange,
    ServerHello,
    pull_certificate,
    pull_certificate_status,
    pull_key_exchange,
    pull_server_hello,
    pull_ssl2_server_hello,
)
from mailtls.tls.codepoints import group_name, suite_name, suites, version_name
from mailtls.tls.consistency import check_choice, check_flight
from mailtls.tls.hello import encode_client_hello
from mailtls.tls.records import (
    SSL2_CONTENT,
    ContentType,
    HandshakeType,
    Message,
    MessageReader,
    Record,
    RecordReader,
    refused_in_clear,
)
from mailtls.tls.wire import MalformedError

_WARNING = 1
_SSL2_ERROR, _SSL2_SERVER_HELLO = 0, 4


class FirstFlight:
    """Sends the hello of `offer` and reads the answer; `random` is 32 bytes of the caller's choice.

    An empty `server_name` sends no SNI. `ClosedAnswer.reset` is False here: only the connection
    knows of a reset.
    """

    def __init__(self, offer: Offer, server_name: str, random: bytes) -> None:
        self._offer = offer
        self._ssl2 = offer.versions == (TlsVersion.SSL2,)
        self._outgoing = encode_client_hello(offer, server_name, random)
        self._records = RecordReader(ssl2=self._ssl2)
        self._messages = MessageReader()
        self._outcome: HelloEvidence | Missing | None = None
        self._received = False
        self._warning: int | None = None
        self._hello: ServerHello | None = None
        self._chain: tuple[bytes, ...] | None = None
        self._staple = False
        self._exchange: KeyExchange | None = None
        self._seen: set[int] = set()
        hello = f"{version_name(max(offer.versions))} hello offering {offer.label}"
        counts = f"suites: {len(offer.suites)}, groups: {len(offer.groups)}"
        sni = f"SNI {server_name}" if server_name else "no SNI"
        self._transcript = [Line(side="C", text=clean(f"{hello}: {counts}, {sni}"))]

    @property
    def phase(self) -> Phase:
        """Return HANDSHAKE: a flight has no other phase."""
        return Phase.HANDSHAKE

    @property
    def outcome(self) -> HelloEvidence | Missing | None:
        """Return the answer, why there is none, or None while more data is needed."""
        return self._outcome

    @property
    def trailing(self) -> bytes:
        """Return the bytes received beyond the outcome."""
        return b"" if self._outcome is None else self._records.pending

    @property
    def transcript(self) -> tuple[Line, ...]:
        """Return one line for the hello and one for its answer."""
        return tuple(self._transcript)

    def data_to_send(self) -> bytes:
        """Return and forget the hello, or after a choice the alert user_canceled."""
        data, self._outgoing = self._outgoing, b""
        return data

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the server; never raises, whatever they are."""
        self._received = self._received or bool(data)
        self._records.feed(data)
        try:
            while self._outcome is None and (record := self._records.next_record()):
                self._take_record(record)
        except MalformedError as error:
            if refused_in_clear(self._records.pending) and not self._seen:
                self._finish(HelloEvidence(answer=ClosedAnswer(reset=False)), "refused in clear")
            else:
                self._miss(Cause.MALFORMED, str(error))

    def receive_eof(self) -> None:
        """Take the end of the stream: a refusal where nothing came or a warning came before it."""
        if self._outcome is not None:
            return
        if not self._received:
            self._finish(HelloEvidence(answer=ClosedAnswer(reset=False)), "closed without a byte")
        elif self._warning is not None and self._hello is None and not self._records.pending:
            self._refuse(self._warning, alert_name(self._warning))
        else:
            self._miss(Cause.CLOSED, "the server closed in the middle of its first flight")

    def _take_record(self, record: Record) -> None:
        if record.content_type == SSL2_CONTENT:
            self._take_ssl2(record.payload)
        elif record.content_type == ContentType.ALERT:
            self._take_alerts(record.payload)
        elif record.content_type == ContentType.HANDSHAKE:
            self._messages.feed(record.payload)
            while self._outcome is None and (message := self._messages.next_message()):
                self._take_message(message)
        else:
            raise MalformedError(f"a record of type {record.content_type} in a first flight")

    def _take_alerts(self, payload: bytes) -> None:
        if len(payload) % 2:
            raise MalformedError("a cut alert")
        for level, number in zip(payload[::2], payload[1::2], strict=True):
            if level == FATAL:
                self._refuse(number, alert_name(number))
                return
            if level != _WARNING:
                raise MalformedError(f"an alert of level {level}")
            self._warning = number

    def _take_message(self, message: Message) -> None:
        kind, body = message.kind, message.body
        if kind == HandshakeType.HELLO_REQUEST and not body:
            return  # ignored during a negotiation (RFC 5246 7.4.1.1)
        if kind in self._seen or (self._hello is None) != (kind == HandshakeType.SERVER_HELLO):
            raise MalformedError(f"a handshake message of type {kind} out of order")
        self._seen.add(kind)
        if self._hello is None:
            self._hello = hello = pull_server_hello(body)
            check_choice(self._offer, hello)
            if hello.version == TlsVersion.TLS1_3:
                self._answer(hello)
        else:
            self._take_legacy(self._hello, kind, body)

    def _take_legacy(self, hello: ServerHello, kind: int, body: bytes) -> None:
        """Take a message that follows a ServerHello of TLS 1.2 and below (RFC 5246 7.3)."""
        if kind == HandshakeType.CERTIFICATE:
            self._chain = pull_certificate(body)
        elif kind == HandshakeType.CERTIFICATE_STATUS:
            self._staple = bool(pull_certificate_status(body))
        elif kind == HandshakeType.SERVER_KEY_EXCHANGE:
            self._exchange = pull_key_exchange(body, suites()[hello.suite])
        elif kind == HandshakeType.SERVER_HELLO_DONE and not body:
            check_flight(hello.suite, len(self._chain or ()), self._exchange)
            self._answer(hello)
        elif kind != HandshakeType.CERTIFICATE_REQUEST:
            raise MalformedError(f"a handshake message of type {kind} in a first flight")

    def _answer(self, hello: ServerHello) -> None:
        exchange = self._exchange or KeyExchange()
        answer = ServerAnswer(
            version=hello.version,
            suite=hello.suite,
            compression=hello.compression,
            retry=hello.retry,
            group=hello.group if hello.version == TlsVersion.TLS1_3 else exchange.group,
            dh_bits=exchange.dh_bits,
            extensions=hello.extensions,
            alpn=hello.alpn,
            certificates=self._chain or (),
            staple=self._staple,
            timestamps=hello.timestamps,
            anonymous=suites()[hello.suite].anonymous,
            downgrade_sentinel=hello.version < TlsVersion.TLS1_3
            and hello.random.endswith(DOWNGRADE_SENTINELS),
        )
        # Fatal, so that the server ends the handshake and does not wait for its client's part.
        record_version = min(hello.version, TlsVersion.TLS1_2)
        self._outgoing += bytes(
            (ContentType.ALERT, *record_version.to_bytes(2, "big"), 0, 2, FATAL, USER_CANCELED)
        )
        self._finish(HelloEvidence(answer=answer), _summary(answer))

    def _take_ssl2(self, payload: bytes) -> None:
        kind, body = payload[0], payload[1:]
        if kind == _SSL2_ERROR and len(body) == 2:  # noqa: PLR2004 - an error is two bytes
            code = int.from_bytes(body, "big")
            self._refuse(code, ssl2_error_name(code))
            return
        if kind != _SSL2_SERVER_HELLO:
            raise MalformedError(f"an SSL 2.0 message of type {kind} in a first flight")
        hello = pull_ssl2_server_hello(body)
        common = [code for code in hello.kinds if code in self._offer.suites]
        if hello.kinds and not common:
            raise MalformedError("a SERVER-HELLO without a kind that was offered")
        answer = ServerAnswer(
            version=TlsVersion.SSL2,
            suite=common[0] if common else 0,
            compression=0,
            retry=False,
            group=0,
            dh_bits=0,
            extensions=(),
            alpn="",
            certificates=(hello.certificate,) if hello.certificate else (),
            staple=False,
            anonymous=False,
            downgrade_sentinel=False,
        )
        self._finish(HelloEvidence(answer=answer), _summary(answer))

    def _refuse(self, number: int, name: str) -> None:
        alert = AlertAnswer(alert=number, name=name)
        answer = ClosedAnswer(reset=False) if name in CLOSURE else alert
        self._finish(HelloEvidence(answer=answer), f"alert {name}")

    def _miss(self, cause: Cause, detail: str) -> None:
        self._finish(Missing(phase=self.phase, cause=cause, detail=detail), detail)

    def _finish(self, outcome: HelloEvidence | Missing, text: str) -> None:
        self._outcome = outcome
        self._transcript.append(Line(side="S", text=clean(text)))


def _summary(answer: ServerAnswer) -> str:
    kind = "HelloRetryRequest" if answer.retry else "ServerHello"
    parts = [f"{kind} {version_name(answer.version)} {suite_name(answer.suite)}"]
    if answer.group:
        parts.append(f"group {group_name(answer.group)}")
    if answer.dh_bits:
        parts.append(f"DH of {answer.dh_bits} bits")
    parts += [f"{len(answer.certificates)} certificates"] if answer.certificates else []
    parts += ["an OCSP staple"] if answer.staple else []
    parts += [f"ALPN {answer.alpn}"] if answer.alpn else []
    return ", ".join(parts)
