"""A message is waited for in Dovecot's mailbox until it is there, and nothing else is touched."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
import threading

import pytest

from delivery.mailbox import means
from factories import endpoint
from lab import dkimpy, dovecot
from mailtls.delivery import arrival
from mailtls.delivery.credentials import Credential
from mailtls.delivery.secrecy import Secret
from mailtls.evidence import Line, Missing
from mailtls.flow import (
    Arrived,
    NotArrived,
    RefusalKind,
    Refused,
    Signature,
    Stage,
    Withheld,
    WithheldKind,
)
from mailtls.net.dns import ServerResolver
from mailtls.policy.delivery import Via
from mailtls.terms import Mode, Protocol

PORTS = {
    (Via.IMAP, Mode.IMPLICIT): 993,
    (Via.IMAP, Mode.STARTTLS): 143,
    (Via.POP3, Mode.IMPLICIT): 995,
    (Via.POP3, Mode.STARTTLS): 110,
}
OURS = means.message(means.NONCE)
REPLY = means.stranger(f"Re: mailtls test {means.NONCE}")
VIAS = [(Via.IMAP, Mode.IMPLICIT), (Via.POP3, Mode.IMPLICIT)]


@pytest.fixture
def mailbox(healthy):
    """Give the mailbox as another client sees it, empty at first and at the end."""
    listener = healthy.at(993)
    context = ssl.create_default_context(cafile=str(healthy.ca_file))
    context.check_hostname = False  # the address is used, and the name is in no DNS
    with imaplib.IMAP4_SSL(listener.address, 993, ssl_context=context) as client:
        client.login(dovecot.USER, dovecot.PASSWORD)
        client.select()
        empty(client)
        yield client
        empty(client)


def empty(client):
    client.noop()
    _, (numbers,) = client.search(None, "ALL")
    for number in numbers.split():
        client.store(number, "+FLAGS", "(\\Deleted)")
    client.expunge()


def contents(client):
    """Return (subject, flags) of every message, without the flag of the session that looks."""
    client.noop()
    _, (numbers,) = client.search(None, "ALL")
    found = []
    for number in numbers.split():
        _, data = client.fetch(number, "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        subject = data[0][1].decode().partition(":")[2].strip()
        flags = {flag.decode() for flag in imaplib.ParseFlags(data[1] + data[0][0])}
        found.append((subject, flags - {"\\Recent"}))
    return found


def waited(fleet, via, mode, *, before=(), after=(), late=0.0, means_of=None, **more):
    """Prepare, let messages arrive, and wait; return what came of it and the lines said."""
    listener = fleet.at(PORTS[via, mode])
    place = endpoint(
        name="mailbox",
        host=listener.host,
        port=listener.port,
        mode=mode,
        protocol=Protocol(listener.protocol),
        role=None,
    )
    tools = means.tools(listener, place, fleet=fleet, **(means_of or {}))
    receive = means.receive(via, **more)

    async def run():
        opened = await arrival.prepare(receive, means.NONCE, tools)
        if isinstance(opened, tuple):
            return opened
        sender = threading.Timer(late, means.deliver, (fleet, *after))
        sender.start()
        try:
            return await arrival.await_message(opened, receive, tools)
        finally:
            sender.join()

    means.deliver(fleet, *before)
    found, lines = asyncio.run(run())
    return found, [f"{line.side}: {line.text}" for line in lines]


def test_of_a_long_exchange_the_ends_are_kept():
    lines = tuple(Line(side="C", text=str(number)) for number in range(1000))
    kept = arrival.shortened(lines)
    assert len(kept) == arrival.MOST_LINES + 1
    assert (kept[0], kept[-1]) == (lines[0], lines[-1])
    assert kept[arrival.MOST_LINES // 2].text == "(760 lines are left out)"
    assert arrival.shortened(lines[: arrival.MOST_LINES]) == lines[: arrival.MOST_LINES]


@pytest.mark.parametrize(("via", "mode"), PORTS)
def test_a_message_is_found_and_deleted_and_no_other_is_touched(healthy, mailbox, via, mode):
    found, lines = waited(
        healthy,
        via,
        mode,
        before=[means.stranger("before")],
        after=[means.stranger("after"), REPLY, OURS],
        late=0.3,
    )
    assert isinstance(found, Arrived), lines
    assert found.deleted
    assert found.header.endswith(b"Mailtls-Nonce: " + means.NONCE.encode() + b"\r\n")
    assert b"Received:" in found.header
    assert (found.version, found.address) == ("TLSv1.3", healthy.at(993).address)
    assert found.polls <= 3
    assert found.signatures == ()
    assert contents(mailbox) == [
        ("before", set()),
        ("after", set()),
        (f"Re: mailtls test {means.NONCE}", set()),
    ]
    assert not [line for line in lines if "keep out" in line]
    assert dovecot.PASSWORD not in "".join(lines)


@pytest.mark.parametrize(("via", "mode"), VIAS)
def test_a_message_that_is_kept_stays_unread(healthy, mailbox, via, mode):
    found, _ = waited(healthy, via, mode, after=[OURS], keep=True)
    assert isinstance(found, Arrived)
    assert not found.deleted
    ((subject, flags),) = contents(mailbox)
    assert means.NONCE in subject
    # POP3 has no way to leave a message that it reads unread.
    assert flags == (set() if via is Via.IMAP else {"\\Seen"})


@pytest.mark.parametrize(("via", "mode"), VIAS)
def test_what_does_not_arrive_is_told_at_the_deadline(healthy, mailbox, via, mode):
    found, _ = waited(healthy, via, mode, after=[REPLY], within=2.0)
    assert isinstance(found, NotArrived)
    assert found.seconds >= 2.0
    assert found.polls <= 4
    assert len(contents(mailbox)) == 1


@pytest.mark.parametrize(("via", "mode"), VIAS)
def test_a_wrong_password_is_tried_once(healthy, via, mode):
    wrong = Credential(name="INBOX", username=dovecot.USER, password=Secret("another"))
    found, lines = waited(healthy, via, mode, means_of={"credential": wrong})
    assert isinstance(found, Refused)
    assert (found.stage, found.kind) == (Stage.AUTH, RefusalKind.AUTHENTICATION)
    assert len([line for line in lines if "AUTH" in line and line.startswith("C:")]) == 1


@pytest.mark.parametrize(("via", "mode"), VIAS)
def test_no_login_is_made_where_the_session_does_not_pass(healthy, via, mode):
    found, lines = waited(
        healthy, via, mode, means_of={"acceptable": lambda *_: "the certificate expired"}
    )
    assert found == Withheld(kind=WithheldKind.NOT_SECURE, detail="the certificate expired")
    assert not [line for line in lines if line.startswith("C: ") and "AUTH" in line]


@pytest.mark.parametrize(("via", "mode"), VIAS)
def test_without_a_credential_nothing_is_asked(healthy, via, mode):
    found, lines = waited(healthy, via, mode, means_of={"credential": means.no_credential()})
    assert (found, lines) == (means.no_credential(), [])
    found, lines = waited(healthy, via, mode, credential="")
    assert isinstance(found, Withheld)
    assert (found.kind, lines) == (WithheldKind.UNUSABLE, [])


@pytest.mark.parametrize(("via", "mode"), VIAS)
@pytest.mark.usefixtures("mailbox")
def test_signatures_are_verified_over_the_message_as_it_arrived(healthy, nameserver, via, mode):
    key = dkimpy.rsa_key()
    server = nameserver(dkimpy.zone(key))
    resolver = ServerResolver(server.address, server.port, tls=False)
    signed = dkimpy.sign(OURS, key, header="simple", body="simple")
    found, _ = waited(healthy, via, mode, after=[signed], means_of={"texts": resolver.texts})
    assert isinstance(found, Arrived)
    signature = Signature(domain=dkimpy.DOMAIN, selector=dkimpy.SELECTOR, valid=True, detail="")
    assert found.signatures == (signature,)


@pytest.mark.parametrize(("via", "mode"), VIAS)
def test_of_a_long_message_the_header_is_kept(healthy, mailbox, via, mode):
    long = means.message(means.NONCE, filler=200_000)
    signed = dkimpy.sign(long, dkimpy.rsa_key(), header="simple", body="simple")
    found, _ = waited(healthy, via, mode, after=[signed])
    assert isinstance(found, Arrived)
    (signature,) = found.signatures
    assert isinstance(signature.valid, Missing)
    assert found.deleted
    assert len(found.header) < 2_000
    assert contents(mailbox) == []
