"""A message is waited for in real mailboxes until it is there, and nothing else is touched."""

from __future__ import annotations

import asyncio
import threading

import pytest
from lab import dovecot

from delivery.mailbox import means
from factories import endpoint
from mailtls.delivery import arrival
from mailtls.flow import Arrived, NotArrived
from mailtls.policy.delivery import Via
from mailtls.terms import Mode, Protocol

PORTS = {
    (Via.IMAP, Mode.IMPLICIT): 993,
    (Via.IMAP, Mode.STARTTLS): 143,
    (Via.POP3, Mode.IMPLICIT): 995,
    (Via.POP3, Mode.STARTTLS): 110,
}


def waited(fleet, via, mode, *, before=(), after=(), late=0.0, **more):
    listener = fleet.at(PORTS[via, mode])
    place = endpoint(
        name="mailbox",
        host=listener.host,
        port=listener.port,
        mode=mode,
        protocol=Protocol(listener.protocol),
        role=None,
    )
    tools = means.tools(listener, place, fleet=fleet)
    receive = means.receive(via, **more)

    async def run():
        means.deliver(fleet, *before)
        mailbox = await arrival.prepare(receive, means.NONCE, tools)
        if isinstance(mailbox, tuple):
            return mailbox
        sender = threading.Timer(late, means.deliver, (fleet, *after))
        sender.start()
        try:
            return await arrival.await_message(mailbox, receive, tools)
        finally:
            sender.join()

    return asyncio.run(run())


@pytest.mark.parametrize(("via", "mode"), PORTS)
def test_a_message_is_found_and_deleted(healthy, via, mode):
    found, lines = waited(healthy, via, mode, after=[means.message(means.NONCE)], late=0.3)
    print(*(f"{l.side}: {l.text}" for l in lines), sep="\n")
    print(found)
    assert isinstance(found, Arrived)
    assert found.deleted
