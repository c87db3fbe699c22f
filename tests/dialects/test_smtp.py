from __future__ import annotations

import pytest

from mailtls.dialects.base import Opening
from mailtls.dialects.lines import REPLY_LINES
from mailtls.dialects.smtp import SmtpDialect
from mailtls.evidence import Capabilities, Missing, Reply, Spoken, UpgradeReply, WrongMode
from mailtls.terms import Cause, Phase, Protocol

SMTP = SmtpDialect(protocol=Protocol.SMTP)
LMTP = SmtpDialect(protocol=Protocol.LMTP)
NAME = "probe.example"
EHLO = b"EHLO probe.example\r\n"
HELO = b"HELO probe.example\r\n"
LHLO = b"LHLO probe.example\r\n"
GREETING = b"220 mx ESMTP\r\n"


def smtp_opening():
    return SMTP.opening(NAME)


def lmtp_opening():
    return LMTP.opening(NAME)


def test_a_greeting_and_ehlo_open_smtp(talk):
    reply = b"250-mx\r\n250-SIZE 1000\r\n250-AUTH PLAIN login\r\n250-auth=LOGIN XOAUTH2\r\n250 starttls\r\n"
    opening = talk.play(smtp_opening, [(b"", GREETING), (EHLO, reply)])
    assert opening == Opening(
        greeting=Reply(code="220", lines=("mx ESMTP",)),
        capabilities=Capabilities(
            names=("SIZE", "AUTH", "STARTTLS"), mechanisms=("PLAIN", "LOGIN", "XOAUTH2")
        ),
    )
    assert SMTP.offers_starttls(opening.capabilities)


def test_lhlo_opens_lmtp(talk):
    opening = talk.play(lmtp_opening, [(b"", b"220 mx\n"), (LHLO, b"250-mx\n250 STARTTLS\n")])
    assert opening.capabilities == Capabilities(names=("STARTTLS",), mechanisms=())
    assert LMTP.offers_starttls(opening.capabilities)


def test_a_greeting_may_have_several_parts_and_no_text(talk):
    opening = talk.play(smtp_opening, [(b"", b"220-wait\r\n220\r\n"), (EHLO, b"250 mx\r\n")])
    assert opening.greeting == Reply(code="220", lines=("wait", ""))
    assert opening.capabilities == Capabilities(names=(), mechanisms=())
    assert not SMTP.offers_starttls(opening.capabilities)


def test_long_lines_nul_and_invalid_utf8_are_only_text(talk):
    greeting = b"220 " + b"x" * 2000 + b"\x00\xff\xc3\r\n"
    opening = talk.play(
        smtp_opening, [(b"", greeting), (EHLO, b"250-mx\r\n250-\r\n250 X\x00\xe9\r\n")]
    )
    assert opening.greeting.lines == ("x" * 2000 + "\x00\xff\xc3",)
    assert opening.capabilities.names == ("X\x00\xe9",)


def test_a_server_without_ehlo_offers_nothing(talk):
    turns = [(b"", b"220 mx\r\n"), (EHLO, b"502 no\r\n"), (HELO, b"250 mx STARTTLS\r\n")]
    assert talk.play(smtp_opening, turns).capabilities == Capabilities(names=(), mechanisms=())


def test_lmtp_on_an_smtp_port_is_named(talk):
    turns = [
        (b"", b"220 mx\r\n"),
        (EHLO, b"500 no\r\n"),
        (HELO, b"500 no\r\n"),
        (LHLO, b"250 mx\r\n"),
    ]
    opening = talk.play(smtp_opening, turns)
    assert opening.greeting == WrongMode(spoken=Spoken.LMTP, first_bytes=b"220 mx")
    assert isinstance(opening.capabilities, Missing)
    assert opening.capabilities.cause is Cause.PREREQUISITE


def test_smtp_on_an_lmtp_port_is_named(talk):
    turns = [(b"", GREETING), (LHLO, b"502 5.5.2 no\r\n"), (EHLO, b"250-mx\r\n250 STARTTLS\r\n")]
    opening = talk.play(lmtp_opening, turns)
    assert opening.greeting == WrongMode(spoken=Spoken.SMTP, first_bytes=b"220 mx ESMTP")


def test_a_server_that_refuses_every_hello_is_refusing_and_its_words_are_kept(talk):
    turns = [
        (b"", GREETING),
        (EHLO, b"550 go \x1baway\r\n"),
        (HELO, b"550 go away\r\n"),
        (LHLO, b"550 go away\r\n"),
    ]
    opening = talk.play(smtp_opening, turns)
    assert opening.greeting.code == "220"
    assert opening.capabilities == Missing(
        phase=Phase.CAPABILITY,
        cause=Cause.REFUSED,
        detail="the server answers HELO with 550 go away",
    )


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        (b"421 4.7.0 too many connections\r\n", Cause.THROTTLED),
        (b"450 later\r\n", Cause.THROTTLED),
        (b"554 no\r\n", Cause.REFUSED),
        (b"521 no mail\r\n", Cause.REFUSED),
        (b"250 mx\r\n", Cause.MALFORMED),
        (b"220-mx\r\n221 mx\r\n", Cause.MALFORMED),
        (b"220-mx\r\nmx\r\n", Cause.MALFORMED),
        (b"220-x\r\n" * (REPLY_LINES + 1), Cause.MALFORMED),
        (b"220 " + b"x" * 9000, Cause.MALFORMED),
        (b"x" * 9000, Cause.MALFORMED),
    ],
)
def test_a_greeting_that_ends_it(talk, greeting, cause):
    assert talk.missing(smtp_opening, [(b"", greeting)]) == (Phase.GREETING, cause)


def test_the_words_of_a_refusal_are_kept_and_cleaned(talk):
    outcome = talk.play(smtp_opening, [(b"", b"554-no\r\n554 \x1b[31mmail\r\n")])
    assert outcome.detail == "the server greets with 554 no \\x1b[31mmail"


@pytest.mark.parametrize(
    ("ehlo", "cause"),
    [
        (b"421 later\r\n", Cause.THROTTLED),
        (b"220 again\r\n", Cause.MALFORMED),
        (b"250-mx\r\n251 STARTTLS\r\n", Cause.MALFORMED),
        (b"garbage\r\n", Cause.MALFORMED),
    ],
)
def test_an_ehlo_that_ends_it(talk, ehlo, cause):
    turns = [(b"", GREETING), (EHLO, ehlo)]
    assert talk.missing(smtp_opening, turns) == (Phase.CAPABILITY, cause)


@pytest.mark.parametrize(
    ("turns", "phase"),
    [
        ([(b"", b"")], Phase.GREETING),
        ([(b"", b"220")], Phase.GREETING),
        ([(b"", b"220-mx\r\n")], Phase.GREETING),
        ([(b"", GREETING), (EHLO, b"")], Phase.CAPABILITY),
        ([(b"", GREETING), (EHLO, b"250-mx\r\n250 STARTTLS")], Phase.CAPABILITY),
    ],
)
def test_an_early_end_is_closed_where_it_came(talk, turns, phase):
    assert talk.missing(smtp_opening, turns, closed=True) == (phase, Cause.CLOSED)


@pytest.mark.parametrize(
    ("greeting", "spoken", "first"),
    [
        (b"* OK ready\r\n", Spoken.IMAP, b"* OK ready\r\n"),
        (b"SSH-2.0-x\r\n", Spoken.SSH, b"SSH-2.0-x\r\n"),
        (b"220 x FTP server\r\n", Spoken.FTP, b"220 x FTP server\r\n"),
        (b"220-hi\r\n220 x FTP\r\n", Spoken.FTP, b"220 hi\r\n220 x FTP"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", Spoken.IMPLICIT_TLS, b"\x15\x03\x03\x00\x02"),
        (b"garbage\r\n", Spoken.UNKNOWN, b"garbage\r\n"),
        (b"\x00\x01\x02\x03\x04", Spoken.UNKNOWN, b"\x00\x01\x02\x03\x04"),
        (b"HTTP/1.1 400 " + b"x" * 9000, Spoken.HTTP, b"HTTP/1.1 400 " + b"x" * 499),
    ],
)
def test_another_protocol_is_named_with_its_first_bytes(talk, greeting, spoken, first):
    opening = talk.play(smtp_opening, [(b"", greeting)])
    assert opening.greeting == WrongMode(spoken=spoken, first_bytes=first)


def test_another_protocol_is_named_at_an_early_end(talk):
    opening = talk.play(smtp_opening, [(b"", b"HTTP/1.1 400")], closed=True)
    assert opening.greeting.spoken is Spoken.HTTP


@pytest.mark.parametrize(
    ("answer", "accepted", "temporary"),
    [
        (b"220 go\r\n", True, False),
        (b"220-go\r\n220 ahead\r\n", True, False),
        (b"454 4.7.0 not now\r\n", False, True),
        (b"421 bye\r\n", False, True),
        (b"502 5.5.1 what\r\n", False, False),
        (b"250 ok\r\n", False, False),
    ],
)
def test_the_answer_to_starttls(talk, answer, accepted, temporary):
    upgrade = talk.play(SMTP.upgrade, [(b"STARTTLS\r\n", answer)])
    assert isinstance(upgrade, UpgradeReply)
    assert (upgrade.accepted, upgrade.temporary, upgrade.leftover) == (accepted, temporary, b"")
    assert upgrade.reply.code == answer[:3].decode()


def test_no_answer_to_starttls(talk):
    starttls = b"STARTTLS\r\n"
    end = talk.missing(SMTP.upgrade, [(starttls, b"22")], closed=True)
    assert end == (Phase.UPGRADE, Cause.CLOSED)
    garbage = talk.missing(SMTP.upgrade, [(starttls, b"\x16\x03\x00\r\n")])
    assert garbage == (Phase.UPGRADE, Cause.MALFORMED)


def test_capabilities_are_asked_again(talk):
    outcome = talk.play(lambda: SMTP.capabilities(NAME), [(EHLO, b"250-mx\r\n250 AUTH PLAIN\r\n")])
    assert outcome == Capabilities(names=("AUTH",), mechanisms=("PLAIN",))


@pytest.mark.parametrize(
    ("turns", "cause"),
    [
        ([(EHLO, b"450 later\r\n")], Cause.THROTTLED),
        ([(EHLO, b"500 no\r\n"), (HELO, b"500 no\r\n")], Cause.REFUSED),
    ],
)
def test_capabilities_after_tls_can_be_missing(talk, turns, cause):
    assert talk.missing(lambda: SMTP.capabilities(NAME), turns) == (Phase.AFTER_TLS, cause)


def test_a_command_has_one_reply_in_its_phase(talk):
    reply = talk.play(lambda: SMTP.command(b"MAIL FROM:<>"), [(b"MAIL FROM:<>\r\n", b"530 no\r\n")])
    assert reply == Reply(code="530", lines=("no",))
    early = SMTP.command(b"NOOP", phase=Phase.CAPABILITY)
    early.receive_eof()
    assert early.outcome.phase is Phase.CAPABILITY


def test_quit_closes(talk):
    assert talk.play(SMTP.closing, [(b"QUIT\r\n", b"221 bye\r\n")]).code == "221"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"421 busy\r\n", Cause.THROTTLED),
        (b"554 no\r\n", Cause.REFUSED),
        (b"354 what\r\n", Cause.MALFORMED),
    ],
)
def test_a_greeting_alone(talk, said, cause):
    assert talk.play(SMTP.greeting, [(b"", GREETING)]) == Reply(code="220", lines=("mx ESMTP",))
    assert talk.missing(SMTP.greeting, [(b"", said)]) == (Phase.GREETING, cause)


def test_mail_and_its_reset_go_with_one_more_command_in_one_write(talk):
    mail = b"MAIL FROM:<>\r\nRSET\r\nSTARTTLS\r\n"
    replies = b"530 TLS first\r\n250 ok\r\n"
    answer = talk.play(lambda: SMTP.mail(b"STARTTLS", phase=Phase.CAPABILITY), [(mail, replies)])
    assert answer == Reply(code="530", lines=("TLS first",))


def test_the_reply_to_the_last_command_of_a_group_is_read_behind_it():
    group = SMTP.mail(b"STARTTLS", phase=Phase.CAPABILITY)
    group.receive_data(b"250 ok\r\n250 ok\r\n220 go\r\nextra")
    upgrade, reply = SMTP.awaited_upgrade(), SMTP.awaited()
    for engine in (upgrade, reply):
        engine.receive_data(group.trailing)
        assert not engine.data_to_send()

    assert upgrade.outcome == UpgradeReply(
        accepted=True, temporary=False, reply=Reply(code="220", lines=("go",)), leftover=b"extra"
    )
    assert reply.outcome == Reply(code="220", lines=("go",))
    assert (upgrade.phase, reply.phase) == (Phase.UPGRADE, Phase.AFTER_TLS)


def test_an_answer_to_a_challenge_is_not_shown(talk):
    exchanged = talk.play(lambda: SMTP.answer(b"canary"), [(b"Y2FuYXJ5\r\n", b"235 in\r\n")])
    assert exchanged == Reply(code="235", lines=("in",))
    assert [line.text for line in SMTP.answer(b"canary").transcript] == ["***"]
