"""What the responder says in each protocol, with and without TLS."""

from __future__ import annotations

import pytest

from mailtls.responder.scripts import SCRIPTS, Answer, Scene
from mailtls.terms import Protocol

CLEAR = Scene(host="h", tls=False, starttls=True)
STRIPPED = Scene(host="h", tls=False, starttls=False)
SECURE = Scene(host="h", tls=True, starttls=True)
SAYS = {
    Protocol.SMTP: ("EHLO c", "STARTTLS", "STARTTLS"),
    Protocol.IMAP: ("a CAPABILITY", "a STARTTLS", "STARTTLS"),
    Protocol.POP3: ("CAPA", "STLS", "STLS"),
}


@pytest.mark.parametrize("protocol", list(SAYS))
def test_an_upgrade_is_offered_and_taken_only_in_clear(protocol):
    script = SCRIPTS[protocol]
    ask, upgrade, word = SAYS[protocol]

    offered = {scene: word in script.answer(scene, ask).text for scene in (CLEAR, STRIPPED, SECURE)}
    taken = {scene: script.answer(scene, upgrade).start_tls for scene in (CLEAR, STRIPPED, SECURE)}

    assert offered == taken == {CLEAR: True, STRIPPED: False, SECURE: False}


@pytest.mark.parametrize(
    ("protocol", "farewell"),
    [(Protocol.SMTP, "QUIT"), (Protocol.IMAP, "a LOGOUT"), (Protocol.POP3, "QUIT")],
)
def test_a_farewell_hangs_up(protocol, farewell):
    assert SCRIPTS[protocol].answer(SECURE, farewell).hang_up


@pytest.mark.parametrize(
    ("protocol", "line", "reply"),
    [
        (Protocol.SMTP, "MAIL FROM:<>", "530 5.7.0 Must issue a STARTTLS command first\r\n"),
        (Protocol.SMTP, "NOOP", "250 2.0.0 Ok\r\n"),
        (Protocol.SMTP, "VRFY x", "502 5.5.2 Command not implemented\r\n"),
        (Protocol.IMAP, "a NOOP", "a OK done\r\n"),
        (Protocol.IMAP, "a LOGIN u p", "a BAD not here\r\n"),
        (Protocol.POP3, "NOOP", "+OK\r\n"),
        (Protocol.POP3, "USER u", "-ERR not here\r\n"),
    ],
)
def test_other_words_get_one_reply(protocol, line, reply):
    assert SCRIPTS[protocol].answer(CLEAR, line) == Answer(text=reply)


@pytest.mark.parametrize(
    ("protocol", "greeting"),
    [(Protocol.SMTP, "220 "), (Protocol.IMAP, "* OK "), (Protocol.POP3, "+OK ")],
)
def test_greetings_are_the_protocols_own(protocol, greeting):
    assert SCRIPTS[protocol].greet(CLEAR).startswith(greeting)
