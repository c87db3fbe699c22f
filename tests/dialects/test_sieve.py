from __future__ import annotations

import pytest

from mailtls.dialects.base import Opening
from mailtls.dialects.lines import LITERAL_BYTES, REPLY_LINES
from mailtls.dialects.sieve import SieveDialect
from mailtls.evidence import Capabilities, Reply, Spoken, WrongMode
from mailtls.terms import Cause, Phase

SIEVE = SieveDialect()
LIST = b'"IMPLEMENTATION" "x \\"y\\" {4}"\r\n"SASL" "plain LOGIN"\r\n"starttls"\r\n'
OFFERS = Capabilities(names=("IMPLEMENTATION", "SASL", "STARTTLS"), mechanisms=("PLAIN", "LOGIN"))
UNASKED = b'"IMPLEMENTATION" "early"\r\nOK "TLS is on"\r\n'
ASK_AGAIN = b'CAPABILITY\r\nNOOP "mailtls"\r\n'


def opening():
    return SIEVE.opening("probe.example")


def capabilities():
    return SIEVE.capabilities("probe.example")


def test_the_greeting_is_the_list(talk):
    outcome = talk.play(opening, [(b"", LIST + b'OK "ready"\r\n')])
    assert outcome == Opening(
        greeting=Reply(
            code="OK",
            lines=(
                '"IMPLEMENTATION" "x \\"y\\" {4}"',
                '"SASL" "plain LOGIN"',
                '"starttls"',
                '"ready"',
            ),
        ),
        capabilities=OFFERS,
    )
    assert SIEVE.offers_starttls(outcome.capabilities)


def test_strings_may_be_literals(talk):
    greeting = b'{14}\r\nIMPLEMENTATION {3+}\r\nx\r\n\r\n"SASL" {5}\r\nPLAIN\r\nok {2}\r\nhi\r\n'
    outcome = talk.play(opening, [(b"", greeting)])
    assert outcome.capabilities == Capabilities(
        names=("IMPLEMENTATION", "SASL"), mechanisms=("PLAIN",)
    )
    assert outcome.greeting.code == "OK"
    assert not SIEVE.offers_starttls(outcome.capabilities)


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        (b'BYE "too many connections"\r\n', Cause.THROTTLED),
        (b'NO (TRYLATER) "busy"\r\n', Cause.THROTTLED),
        (b'BYE (REFERRAL "sieve://other")\r\n', Cause.REFUSED),
        (b'NO "no"\r\n', Cause.REFUSED),
        (b'OK "ready"\r\n', Cause.MALFORMED),
        (LIST + b"garbage\r\n", Cause.MALFORMED),
        (b'"SASL" "open\r\n', Cause.MALFORMED),
        (b'"X"\r\n' * (REPLY_LINES + 1), Cause.MALFORMED),
        (b'"X" {%d}\r\n' % (LITERAL_BYTES + 1), Cause.MALFORMED),
    ],
)
def test_a_greeting_that_ends_it(talk, greeting, cause):
    assert talk.missing(opening, [(b"", greeting)]) == (Phase.GREETING, cause)


@pytest.mark.parametrize("sent", [b"", b'"SASL"', LIST, b'"X" {9}\r\nabc'])
def test_an_early_end_is_closed(talk, sent):
    assert talk.missing(opening, [(b"", sent)], closed=True) == (Phase.GREETING, Cause.CLOSED)


@pytest.mark.parametrize(
    ("greeting", "spoken"),
    [(b"* OK ready\r\n", Spoken.IMAP), (b"garbage\r\n", Spoken.UNKNOWN)],
)
def test_another_protocol_is_named(talk, greeting, spoken):
    outcome = talk.play(opening, [(b"", greeting)])
    assert outcome.greeting == WrongMode(spoken=spoken, first_bytes=greeting)


@pytest.mark.parametrize(
    ("answer", "accepted", "temporary"),
    [
        (b'OK "begin"\r\n', True, False),
        (b"OK\n", True, False),
        (b'NO (TRYLATER) "later"\r\n', False, True),
        (b'BYE (TRYLATER) "later"\r\n', False, True),
        (b'NO "no"\r\n', False, False),
        (b'BYE "no"\r\n', False, False),
    ],
)
def test_the_answer_to_starttls(talk, answer, accepted, temporary):
    upgrade = talk.play(SIEVE.upgrade, [(b"STARTTLS\r\n", answer)])
    assert (upgrade.accepted, upgrade.temporary, upgrade.leftover) == (accepted, temporary, b"")


def test_no_answer_to_starttls(talk):
    end = talk.missing(SIEVE.upgrade, [(b"STARTTLS\r\n", b"OK")], closed=True)
    assert end == (Phase.UPGRADE, Cause.CLOSED)


@pytest.mark.parametrize("unasked", [b"", UNASKED])
@pytest.mark.parametrize(
    "noop",
    [
        b'OK (TAG "mailtls") "done"\r\n',
        b'OK (TAG {7}\r\nmailtls) "done"\r\n',
        b'OK "done"\r\n',
        b'NO "unknown command"\r\n',
        b'BYE "unknown command"\r\n',
    ],
)
def test_capabilities_are_asked_again_whoever_lists_unasked(talk, unasked, noop):
    answer = unasked + LIST + b'OK "listed"\r\n' + noop
    assert talk.play(capabilities, [(ASK_AGAIN, answer)]) == OFFERS


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b'OK (TAG "mailtls")\r\n', Cause.MALFORMED),
        (b'NO "no"\r\n', Cause.REFUSED),
        (b'NO (TRYLATER) "no"\r\n', Cause.THROTTLED),
        (b'BYE "no"\r\n', Cause.THROTTLED),
        ((LIST + b"OK\r\n") * (REPLY_LINES // 3), Cause.MALFORMED),
    ],
)
def test_capabilities_after_tls_can_be_missing(talk, answer, cause):
    assert talk.missing(capabilities, [(ASK_AGAIN, answer)]) == (Phase.AFTER_TLS, cause)


def test_a_command_has_one_reply(talk):
    answer = LIST + b'OK "listed"\r\n'
    reply = talk.play(lambda: SIEVE.command(b"CAPABILITY"), [(b"CAPABILITY\r\n", answer)])
    assert reply.code == "OK"
    assert reply.lines[-1] == '"listed"'


def test_a_challenge_ends_the_reply(talk):
    line = b'AUTHENTICATE "PLAIN"'
    reply = talk.play(lambda: SIEVE.command(line), [(line + b"\r\n", b'""\r\n')])
    assert reply == Reply(code="+", lines=('""',))


def test_logout_closes(talk):
    assert talk.play(SIEVE.closing, [(b"LOGOUT\r\n", b'OK "bye"\r\n')]).code == "OK"
