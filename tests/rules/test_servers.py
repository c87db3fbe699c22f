from __future__ import annotations

import pytest

from factories import endpoint, greeting, implicit_session, missing, session, view
from mailtls.rules.servers import Server, Topic, fix, guess
from mailtls.terms import Protocol


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("mx.example.org ESMTP Postfix (Debian)", Server.POSTFIX),
        ("[CAPABILITY IMAP4rev1] Dovecot ready.", Server.DOVECOT),
        ("mx ESMTP Exim 4.98 Tue", Server.EXIM),
        ("mx Cyrus IMAP 3.8 server ready", Server.CYRUS),
        ("Courier-IMAP ready.", Server.COURIER),
        ("mx Microsoft ESMTP MAIL Service ready", Server.EXCHANGE),
        ("mx ESMTP", None),
    ],
)
def test_the_greeting_tells_the_product(text, server):
    assert guess(session(greeting=greeting(text))) is server
    assert guess(implicit_session(greeting_after=greeting(text))) is server


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("server", Server)
def test_every_product_has_a_fix_for_every_topic(server, topic):
    full = session(
        greeting=greeting(server.value if server is not Server.EXCHANGE else "Microsoft")
    )
    assert fix(view(endpoint(), full), topic).startswith(f"{server.value}: ")


@pytest.mark.parametrize("protocol", Protocol)
def test_an_unknown_server_gets_the_usual_ones_of_its_protocol(protocol):
    text = fix(view(endpoint(protocol=protocol), missing()), Topic.CERTIFICATE)
    assert "; " in text
