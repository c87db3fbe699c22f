"""A submission server by a script: what it offers, what it answers, and all that it heard inside TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from factories import endpoint
from mailtls.delivery.credentials import Credential
from mailtls.delivery.secrecy import Secret
from mailtls.delivery.tools import MailboxTools
from mailtls.policy.delivery import Delivery, FlowExpectation, Send
from mailtls.policy.model import Endpoint
from mailtls.probe.questions import Service, Target
from mailtls.probe.web import Web
from mailtls.rules.base import session_question
from mailtls.terms import Mode
from probe.peers import AUTHORITY, NAME, network, peer, settings

OFFERED = ("PIPELINING", "8BITMIME", "AUTH PLAIN")
ENDPOINT = endpoint(name="submission", host=NAME, identity=NAME, port=465, mode=Mode.IMPLICIT)
SEND = Send(
    endpoint="submission", sender="probe@example.test", recipient="user@example.test", credential=""
)
DELIVERY = Delivery(
    name="first", send=SEND, receive=None, expect=FlowExpectation(), route=("deliveries", 0)
)
CREDENTIAL = Credential(name="SMTP", username="probe", password=Secret("canary-value"))

Answers = Mapping[str, str | list[str]]
"""What is answered to a line that starts with a key: one reply always, or one after another."""

USUAL: Answers = {
    "AUTH": "235 2.7.0 in",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 Ok: queued as 4F1A2B3C",
    "QUIT": "221 bye",
}


@dataclass(slots=True)
class Postbox:
    """A running server: its port, the lines it heard, and the messages it was given."""

    port: int = 0
    heard: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def postbox(
    *, offered: tuple[str, ...] = OFFERED, answers: Answers | None = None, greeting: str = "220 hi"
) -> Iterator[Postbox]:
    """Run a server with implicit TLS that answers as `USUAL` but for `answers`."""
    box = Postbox()
    script = {
        key: list(said) if isinstance(said, list) else said
        for key, said in {**USUAL, **(answers or {})}.items()
    }
    leaf = AUTHORITY.issue(NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.write_bytes(leaf.key + leaf.chain)
        context.load_cert_chain(chain)

    def talk(connection: socket.socket) -> None:
        box.connections += 1
        with (
            context.wrap_socket(connection, server_side=True) as inside,
            inside.makefile("rwb") as f,
        ):
            say(f, greeting)
            for raw in f:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                box.heard.append(line)
                if line.startswith("EHLO"):
                    words = ("box", *offered)
                    say(f, "\r\n".join([*(f"250-{w}" for w in words[:-1]), f"250 {words[-1]}"]))
                    continue
                reply = answer_to(script, line)
                say(f, reply)
                if reply.startswith("354"):
                    box.messages.append(b"".join(iter(f.readline, b".\r\n")))
                    say(f, answer_to(script, "."))
                if line == "QUIT":
                    return

    with peer(talk) as (box.port, _):
        yield box


def say(stream, text: str) -> None:
    stream.write(text.encode() + b"\r\n")
    stream.flush()


def answer_to(script, line: str) -> str:
    known = [key for key in script if line.startswith(key)]
    if not known:
        return "502 what"
    said = script[max(known, key=len)]
    return said.pop(0) if isinstance(said, list) else said


def tools(port: int, **changes: object) -> MailboxTools:
    """Return the means of a run whose every connection goes to a port of 127.0.0.1."""

    def routes(service: Service) -> Service:
        return replace(service, host="127.0.0.1", port=port)

    async def credential(_name: str, _host: str, _port: int) -> Credential:
        return CREDENTIAL

    async def texts(_name: str) -> tuple[str, ...]:
        return ()

    web = Web(network=network(), settings=settings(), routes=routes)
    usual = MailboxTools(
        network=web.network,
        settings=web.settings,
        routes=routes,
        web=web,
        endpoints={"submission": ENDPOINT},
        targets=lambda each: (Target(host=each.host, port=each.port, address="127.0.0.1"),),
        question=session_question,
        acceptable=lambda *_: "",
        credential=credential,
        refused=lambda *_: None,
        texts=texts,
        clock=lambda: datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
        seconds=30.0,
    )
    return replace(usual, **changes)


def through(change: Callable[[Endpoint], Endpoint]) -> dict[str, Endpoint]:
    """Return the endpoints of `tools` with one changed."""
    return {"submission": change(ENDPOINT)}
