"""A mail store by a script, for what no real one does: what it answers, and all that it heard."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from delivery.mailbox import means
from factories import endpoint
from mailtls.delivery import arrival
from mailtls.policy.delivery import Via
from mailtls.terms import Mode, Protocol
from probe.peers import AUTHORITY, NAME, peer

Answers = Mapping[str, bytes]
"""What is answered to a line that starts with a key, in IMAP behind its tag, which `%TAG%` stands for."""

_MESSAGE = means.message(means.NONCE)
_FIELD = f"Mailtls-Nonce: {means.NONCE}\r\n\r\n".encode()


def fetched(uid: int, section: str, content: bytes) -> bytes:
    """Return the answer to a fetch."""
    head = f"* 1 FETCH (UID {uid} BODY[{section}]<0> {{{len(content)}}}\r\n".encode()
    return head + content + b")\r\n%TAG% OK\r\n"


IMAP: Answers = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN IDLE UIDPLUS\r\n%TAG% OK\r\n",
    "SELECT": b"* 1 EXISTS\r\n%TAG% OK [READ-WRITE]\r\n",
    "EXAMINE": b"* 1 EXISTS\r\n%TAG% OK [READ-ONLY]\r\n",
    "IDLE": b"+ idling\r\n* 2 EXISTS\r\n",
    "UID SEARCH": b"* SEARCH 7\r\n%TAG% OK\r\n",
    "UID FETCH 7 (UID BODY.PEEK[HEADER": fetched(7, "HEADER.FIELDS (MAILTLS-NONCE)", _FIELD),
    "UID FETCH 7 (UID BODY.PEEK[]": fetched(7, "", _MESSAGE),
    "LOGOUT": b"* BYE\r\n%TAG% OK\r\n",
    "": b"%TAG% OK\r\n",
}
POP3: Answers = {
    "CAPA": b"+OK\r\nUIDL\r\nTOP\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n",
    "UIDL": b"+OK\r\n1 other\r\n2 ours\r\n.\r\n",
    "TOP 1": b"+OK\r\nSubject: other\r\n\r\n.\r\n",
    "TOP 2": b"+OK\r\n" + _FIELD + b".\r\n",
    "LIST": b"+OK 2 500\r\n",
    "RETR 2": b"+OK\r\n" + _MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n",
    "": b"+OK\r\n",
}
_SCRIPTS = {Via.IMAP: (b"* OK hello\r\n", IMAP), Via.POP3: (b"+OK hello\r\n", POP3)}


@dataclass(slots=True)
class Store:
    """A running server: its port, and the lines it heard, in IMAP without their tags."""

    via: Via
    port: int = 0
    heard: list[str] = field(default_factory=list)

    def count(self, start: str) -> int:
        """Return how many lines began so."""
        return sum(line.startswith(start) for line in self.heard)


@contextlib.contextmanager
def store(
    via: Via, *changes: tuple[str, bytes], first: tuple[str, list[bytes]] = ("", [])
) -> Iterator[Store]:
    """Run a server with implicit TLS that answers as usual but for the changes.

    The answers of `first` come before those, each once, to lines that start with its key.
    """
    greeting, usual = _SCRIPTS[via]
    script = {**usual, **dict(changes)}
    box = Store(via)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        leaf = AUTHORITY.issue(NAME)
        chain = Path(folder) / "chain.pem"
        chain.write_bytes(leaf.key + leaf.chain)
        context.load_cert_chain(chain)

    def talk(connection):
        with (
            context.wrap_socket(connection, server_side=True) as inside,
            inside.makefile("rwb") as f,
        ):
            f.write(greeting)
            f.flush()
            idling = ""
            for raw in f:
                line = raw.decode().strip()
                tag, _, rest = line.partition(" ") if via is Via.IMAP else ("", "", line)
                if line == "DONE":
                    tag, rest = idling, line
                idling = tag if rest == "IDLE" else idling
                box.heard.append(rest)
                key = max((key for key in script if rest.startswith(key)), key=len)
                once = first[1] and rest.startswith(first[0])
                f.write((first[1].pop(0) if once else script[key]).replace(b"%TAG%", tag.encode()))
                f.flush()
                if rest in {"QUIT", "LOGOUT"}:
                    return

    with peer(talk) as (box.port, _):
        yield box


def waited(
    box: Store,
    *,
    means_of: Mapping[str, object] | None = None,
    before_waiting: Callable[[], None] = lambda: None,
    **more: object,
):
    """Prepare and wait at this server; return what came of it, the lines and the seconds it took."""
    protocol = Protocol.IMAP if box.via is Via.IMAP else Protocol.POP3
    place = endpoint(
        name="mailbox", host=NAME, port=box.port, mode=Mode.IMPLICIT, protocol=protocol, role=None
    )
    tools = means.tools(endpoint=place, **(means_of or {}))
    receive = means.receive(box.via, **{"within": 3.0, **more})

    async def run():
        opened = await arrival.prepare(receive, means.NONCE, tools)
        if isinstance(opened, tuple):
            return opened
        before_waiting()
        return await arrival.await_message(opened, receive, tools)

    began = time.monotonic()
    found, lines = asyncio.run(run())
    return found, [f"{line.side}: {line.text}" for line in lines], time.monotonic() - began
