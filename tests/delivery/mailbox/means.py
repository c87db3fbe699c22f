"""The means of a run for one mailbox, and messages for it to find."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from lab import dovecot
from lab.fleet import Endpoint as Listener
from lab.fleet import Fleet
from mailtls.delivery.credentials import Credential
from mailtls.delivery.secrecy import Secret
from mailtls.delivery.tools import MailboxTools
from mailtls.flow import Withheld, WithheldKind
from mailtls.policy.delivery import Receive, Via
from mailtls.policy.model import Endpoint
from mailtls.probe.questions import SessionQuestion, Target
from mailtls.probe.web import Web
from mailtls.terms import Mode, Protocol
from probe.peers import network, settings

NONCE = "Nonce0123456789abcdefghijk"
LOGIN = Credential(name="INBOX", username=dovecot.USER, password=Secret(dovecot.PASSWORD))


def message(nonce: str, *, subject: str = "", filler: int = 0) -> bytes:
    """Return a test message as it is sent, with `filler` more bytes of body."""
    return (
        "From: probe@example.test\r\n"
        f"To: {dovecot.USER}\r\n"
        f"Subject: {subject or f'mailtls test {nonce}'}\r\n"
        f"Message-ID: <{nonce}@probe.example.test>\r\n"
        f"Mailtls-Nonce: {nonce}\r\n"
        "\r\n"
        f"This is a test: {nonce}\r\n.a dot\r\n" + ("x" * 70 + "\r\n") * (filler // 72)
    ).encode()


def stranger(subject: str = "private") -> bytes:
    """Return a message of somebody else, which must stay as it is."""
    return f"From: friend@example.test\r\nSubject: {subject}\r\n\r\nkeep out\r\n".encode()


def deliver(fleet: Fleet, *messages: bytes) -> None:
    """Put messages into the mailbox of Dovecot's one user, by LMTP."""
    listener = fleet.at(24)
    context = ssl.create_default_context(cafile=str(fleet.ca_file))
    context.check_hostname = False  # the lab's names are in no DNS that smtplib asks
    with smtplib.LMTP(listener.address, listener.port, local_hostname="lab.test") as client:
        client.starttls(context=context)
        for each in messages:
            client.sendmail("probe@example.test", [dovecot.USER], each)


def receive(via: Via, **more: object) -> Receive:
    """Return how the message is received."""
    given = {"endpoint": "mailbox", "url": "", "inbox": "", "credential": "INBOX", "within": 10.0}
    return Receive(via=via, **(given | more))


def tools(
    listener: Listener | None = None,
    endpoint: Endpoint | None = None,
    *,
    fleet: Fleet | None = None,
    credential: Credential | Withheld | Callable[[], Credential | Withheld] = LOGIN,
    acceptable: Callable[..., str] = lambda *_: "",
    web: Web | None = None,
    texts: Callable[..., object] | None = None,
    refused: Callable[..., None] = lambda *_: None,
) -> MailboxTools:
    """Return the means for the mailbox at `listener`, which trust the fleet's own authority."""
    own = settings()
    if fleet is not None:
        own = replace(own, extra_anchors=fleet.ca_file.read_bytes())

    async def find(name: str, _host: str, _port: int) -> Credential | Withheld:
        assert name == "INBOX"
        return credential() if callable(credential) else credential

    async def no_texts(_name: str) -> tuple[str, ...]:
        return ()

    def question(each: Endpoint) -> SessionQuestion:
        return SessionQuestion(
            protocol=each.protocol,
            mode=each.mode,
            server_name=each.host,
            anchors=each.certificate.trust,
        )

    address = listener.address if listener else "127.0.0.1"
    return MailboxTools(
        network=network(),
        settings=own,
        routes=lambda service: service,
        web=web or Web(network=network(), settings=own),
        endpoints={"mailbox": endpoint} if endpoint else {},
        targets=lambda each: (Target(host=each.host, port=each.port, address=address),),
        question=question,
        acceptable=acceptable,
        credential=find,
        texts=texts or no_texts,
        refused=refused,
        clock=lambda: datetime.now(UTC),
        seconds=15.0,
    )


def no_credential() -> Withheld:
    """Return what a pull request from a fork has in a credential's place."""
    return Withheld(kind=WithheldKind.NO_CREDENTIAL, detail="no value")


def mail_endpoint(listener: Listener) -> tuple[Protocol, Mode]:
    """Return protocol and mode of a listener of the lab."""
    return Protocol(listener.protocol), Mode(listener.mode)
