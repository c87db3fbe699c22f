"""A server with every fault an upgrade can have, and the verdicts of a run against it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mailtls.judge import judge
from mailtls.plan import build_plan
from mailtls.policy.load import load_text
from mailtls.probe.runner import Limits, Runner
from mailtls.rules import RULES, select
from mailtls.verdict import Verdict
from probe.peers import AUTHORITY, NAME, network, peer, settings


@dataclass(kw_only=True)
class Session:
    """One connection as the answers to commands see it."""

    tls: bool = False
    greeted: bool = False


Answer = Callable[[Session, str], str]


@dataclass(frozen=True, kw_only=True)
class Words:
    """One protocol: its greeting, the request for TLS, the go-ahead, and the answer to all else."""

    greeting: str
    request: str
    go_ahead: str
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What the server does wrong.

    `keeps_input` carries out what followed the request inside TLS; `resumes` goes on in clear after
    a failed handshake; `nests` accepts a second request; `hangs_up` where its answer is nothing; `leftover` follows the go-ahead in clear;
    `refuses` answers a request that has something behind it; `answers` replaces single answers,
    looked up as "tls COMMAND" inside TLS and as "COMMAND" everywhere; `remembers` a greeting.
    """

    keeps_input: bool = False
    resumes: bool = False
    nests: bool = False
    hangs_up: bool = False
    remembers: bool = False
    leftover: str = ""
    refuses: str = ""
    greeting: str = ""
    asks_for_certificate: bool = False
    answers: dict[str, str] = field(default_factory=dict)


def _smtp(session: Session, line: str) -> str:
    verb = line.partition(" ")[0].upper()
    if verb in {"EHLO", "LHLO"}:
        session.greeted = True
        return "250-h\r\n250 AUTH PLAIN\r\n" if session.tls else "250-h\r\n250 STARTTLS\r\n"
    if verb == "MAIL" and not session.tls:
        return "530 5.7.0 Must issue a STARTTLS command first\r\n"
    if verb == "MAIL":
        return "250 ok\r\n" if session.greeted else "503 EHLO first\r\n"
    return {"QUIT": "221 bye\r\n", "NOOP": "250 ok\r\n", "RSET": "250 ok\r\n"}.get(
        verb, "503 no\r\n"
    )


def _imap(session: Session, line: str) -> str:
    tag, _, verb = line.partition(" ")
    if verb == "CAPABILITY":
        offered = "AUTH=PLAIN" if session.tls else "STARTTLS LOGINDISABLED"
        return f"* CAPABILITY IMAP4rev1 {offered}\r\n{tag} OK done\r\n"
    if verb == "LOGOUT":
        return f"* BYE\r\n{tag} OK done\r\n"
    return f"{tag} {'OK' if verb == 'NOOP' else 'BAD'} so\r\n"


def _pop3(session: Session, line: str) -> str:
    if line == "CAPA":
        return "+OK\r\n" + ("USER\r\nSASL PLAIN\r\n" if session.tls else "STLS\r\n") + ".\r\n"
    return "+OK bye\r\n" if line == "QUIT" else "-ERR no\r\n"


def _sieve(session: Session, line: str) -> str:
    if line == "CAPABILITY":
        offered = '"SASL" "PLAIN"\r\n' if session.tls else '"SASL" ""\r\n"STARTTLS"\r\n'
        return f'"IMPLEMENTATION" "x"\r\n{offered}OK "done"\r\n'
    if line.startswith("NOOP"):
        word = line.partition('"')[2].rstrip('"')
        return f'OK (TAG {{{len(word)}}}\r\n{word}) "done"\r\n'
    return 'OK "bye"\r\n' if line == "LOGOUT" else 'NO "no"\r\n'


WORDS = {
    "smtp": Words(
        greeting="220 h ESMTP\r\n", request="STARTTLS", go_ahead="220 go\r\n", answer=_smtp
    ),
    "imap": Words(
        greeting="* OK h\r\n", request="STARTTLS", go_ahead="{tag} OK go\r\n", answer=_imap
    ),
    "pop3": Words(greeting="+OK h\r\n", request="STLS", go_ahead="+OK go\r\n", answer=_pop3),
    "sieve": Words(
        greeting='"IMPLEMENTATION" "x"\r\n"SASL" ""\r\n"STARTTLS"\r\nOK "h"\r\n',
        request="STARTTLS",
        go_ahead='OK "go"\r\n',
        answer=_sieve,
    ),
}


@contextlib.contextmanager
def server(protocol: str, faults: Faults) -> Iterator[tuple[int, list[int]]]:
    """Serve `protocol` with `faults`; give the port and a list that grows by one a connection."""
    context = identity_context(asks=faults.asks_for_certificate)

    def talk(connection: socket.socket) -> None:
        _serve(connection, WORDS[protocol], faults, context)

    with peer(talk) as running:
        yield running


def _serve(
    connection: socket.socket, words: Words, faults: Faults, context: ssl.SSLContext
) -> None:
    connection.sendall((faults.greeting or words.greeting).encode())
    left = _talk(connection, words, faults, Session(), b"")
    if left is not None:
        with context.wrap_socket(connection, server_side=True) as inside:
            kept = left if faults.keeps_input else b""
            session = Session(tls=True, greeted=faults.remembers)
            _talk(inside, words, faults, session, kept)


def _talk(
    connection: socket.socket, words: Words, faults: Faults, session: Session, buffer: bytes
) -> bytes | None:
    """Answer to the end, or to the start of TLS; then return what had followed the request."""
    while True:
        while b"\n" not in buffer:
            data = connection.recv(4096)
            if not data:
                return None
            buffer += data
        raw, _, buffer = buffer.partition(b"\n")
        line = raw.decode("latin-1").strip()
        tag, _, verb = line.rpartition(" ")
        if words.answer is not _imap or verb != words.request:
            tag, verb = "", line
        if verb != words.request or (session.tls and not faults.nests):
            answer = _answer(words, faults, session, line).encode()
            if not answer and faults.hangs_up:
                return None
            connection.sendall(answer)
            continue
        if buffer and faults.refuses:
            connection.sendall(faults.refuses.encode())
            return None
        connection.sendall((words.go_ahead.format(tag=tag) + faults.leftover).encode())
        if session.tls:
            return None
        if faults.resumes and not _is_hello(connection):
            connection.sendall(b"503 NO -ERR TLS failed\r\n")
            buffer = b""
            continue
        return buffer


def _answer(words: Words, faults: Faults, session: Session, line: str) -> str:
    verb = line.partition(" ")[0]
    for key in (f"tls {line}", f"tls {verb}") if session.tls else ():
        if key in faults.answers:
            return faults.answers[key]
    replaced = faults.answers.get(verb)
    return words.answer(session, line) if replaced is None else replaced


def _is_hello(connection: socket.socket) -> bool:
    """Look at the first record, and take it away where it is junk."""
    if connection.recv(1, socket.MSG_PEEK) == b"\x16":
        return True
    connection.recv(7, socket.MSG_WAITALL)
    return False


def identity_context(*, asks: bool = False) -> ssl.SSLContext:
    """Return a server's context with the identity of `NAME`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity = AUTHORITY.issue(NAME)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "identity.pem"
        pem.write_bytes(identity.chain + identity.key)
        context.load_cert_chain(pem)
    if asks:
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def verdicts(
    port: int, protocol: str, *rules: str, keys: str = "", mode: str = "starttls"
) -> list[Verdict]:
    """Check the server on `port` by the real path from policy to verdicts."""
    text = (
        "version: 1\nendpoints:\n"
        f"  - {{host: 127.0.0.1, identity: {NAME}, port: {port}, protocol: {protocol},"
        f" mode: {mode}{keys and ', ' + keys}}}\n"
    )
    policy, _, _ = load_text(text.encode(), "p.yml", lambda *_: b"")
    chosen = select(RULES, rules)
    runner = Runner(
        network(),
        limits=Limits(timeout=20, per_host=4, concurrency=4, retries=0),
        settings=settings(),
        routes=lambda service: service,
    )
    book = asyncio.run(runner.run(build_plan(policy, chosen)))
    return list(judge(policy, chosen, book, datetime.now(UTC)))
