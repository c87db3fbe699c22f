from __future__ import annotations

import pytest

from mailtls.dialects.dialogue import (
    TRANSCRIPT_CHARS,
    TRANSCRIPT_LINES,
    Dialogue,
    Enter,
    ReadLine,
    ReadLiteral,
    Send,
    TakeRest,
    give_up,
)
from mailtls.dialects.lines import LINE_BYTES
from mailtls.engine import Engine
from mailtls.evidence import Line, Missing
from mailtls.terms import Cause, Phase


def two_lines():
    first = yield ReadLine()
    yield Enter(Phase.CAPABILITY)
    yield Send(b"MORE\r\n")
    second = yield ReadLine()
    return first + b"|" + second


def run(script, data=b"") -> Dialogue:
    dialogue = Dialogue(script, Phase.GREETING)
    dialogue.receive_data(data)
    return dialogue


def test_a_dialogue_is_an_engine_and_runs_its_script_in_order():
    dialogue: Engine[bytes] = Dialogue(two_lines(), Phase.GREETING)
    assert dialogue.outcome is None
    assert dialogue.phase is Phase.GREETING
    dialogue.receive_data(b"one\r\n")
    assert dialogue.phase is Phase.CAPABILITY
    assert dialogue.data_to_send() == b"MORE\r\n"
    assert dialogue.data_to_send() == b""
    dialogue.receive_data(b"two\r\nthree")
    assert dialogue.outcome == b"one|two"
    assert dialogue.trailing == b"three"
    assert dialogue.transcript == (
        Line(side="S", text="one"),
        Line(side="C", text="MORE"),
        Line(side="S", text="two"),
    )


def test_trailing_shows_what_is_unread_while_the_dialogue_waits():
    assert run(two_lines(), b"\x16\x03").trailing == b"\x16\x03"


def test_the_end_of_the_stream_is_closed_in_the_phase_it_came():
    dialogue = run(two_lines(), b"one\n")
    dialogue.receive_eof()
    assert dialogue.outcome == Missing(
        phase=Phase.CAPABILITY, cause=Cause.CLOSED, detail="the server closed the connection"
    )
    middle = run(two_lines(), b"on")
    middle.receive_eof()
    assert isinstance(middle.outcome, Missing)
    assert middle.outcome.phase is Phase.GREETING
    assert "in the middle of a line" in middle.outcome.detail


def test_an_outcome_is_final():
    dialogue = run(two_lines(), b"one\ntwo\n")
    dialogue.receive_eof()
    dialogue.receive_data(b"late")
    assert dialogue.outcome == b"one|two"
    assert dialogue.trailing == b"late"


def test_a_passed_cap_is_malformed_and_ends_the_script():
    ended = []

    def script():
        try:
            yield ReadLine()
        finally:
            ended.append(True)

    dialogue = run(script(), b"x" * LINE_BYTES)
    assert dialogue.outcome == Missing(
        phase=Phase.GREETING,
        cause=Cause.MALFORMED,
        detail=f"a line is longer than {LINE_BYTES} bytes",
    )
    assert ended == [True]


def test_a_script_gives_up_in_its_phase():
    def script():
        yield Enter(Phase.UPGRADE)
        return (yield from give_up(Cause.THROTTLED, "later"))

    assert run(script()).outcome == Missing(
        phase=Phase.UPGRADE, cause=Cause.THROTTLED, detail="later"
    )


def test_a_literal_is_read_whole_and_the_rest_taken_without_waiting():
    def script():
        literal = yield ReadLiteral(4)
        rest = yield TakeRest()
        return literal, rest

    assert run(script(), b"ab\r\nrest").outcome == (b"ab\r\n", b"rest")
    assert run(script(), b"ab\r\n").outcome == (b"ab\r\n", b"")


def test_a_secret_never_enters_the_transcript():
    def script():
        yield Send(b"AUTH PLAIN AGNhbmFyeQ==\r\n", secret=True)
        return (yield ReadLine())

    dialogue = run(script(), b"235 ok\r\n")
    assert dialogue.data_to_send() == b"AUTH PLAIN AGNhbmFyeQ==\r\n"
    assert [line.text for line in dialogue.transcript] == ["AUTH PLAIN ***", "235 ok"]


def test_the_transcript_is_bounded_and_clean():
    def script():
        for _ in range(150):
            yield ReadLine()

    dialogue = run(script(), b"\x1b\x00::error::" * 200 + b"\r\n" + b"x\r\n" * 149)
    assert dialogue.outcome is None
    assert len(dialogue.transcript) == TRANSCRIPT_LINES
    assert dialogue.transcript[-1].side == "*"
    assert all(len(line.text) <= TRANSCRIPT_CHARS for line in dialogue.transcript)
    assert "\x1b" not in dialogue.transcript[0].text
    assert "::error" not in dialogue.transcript[0].text


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"AUTH LOGIN\r\n", "AUTH LOGIN"),
        (b"AUTH XOAUTH2 dXNlcj1j\r\n", "AUTH XOAUTH2 ***"),
        (
            b"c0000001 AUTHENTICATE SCRAM-SHA-256-PLUS cD10bHM=\r\n",
            "c0000001 AUTHENTICATE SCRAM-SHA-256-PLUS ***",
        ),
        (b"c0000001 LOGIN user canary\r\n", "c0000001 LOGIN ***"),
        (b"PASS canary\r\n", "PASS ***"),
        (b"USER canary\r\n", "***"),
        (b"AUTHcanary\r\n", "***"),
        (b"Y2FuYXJ5\r\n", "***"),
        (b"LOGIN canary\r\n", "***"),
    ],
)
def test_of_a_secret_line_the_command_is_shown(sent, shown):
    def script():
        yield Send(sent, secret=True)

    assert [line.text for line in run(script()).transcript] == [shown]


def test_of_a_challenge_only_that_it_is_one():
    def script():
        yield Send(b"Y2FuYXJ5\r\n", secret=True)
        for _ in range(5):
            yield ReadLine()
        yield Send(b"NOOP\r\n")
        yield ReadLine()

    dialogue = run(
        script(),
        b"334-Y2FuYXJ5\r\n334 Y2FuYXJ5\r\n+ Y2FuYXJ5\r\n+OK in\r\n535 no\r\n334 shown\r\n",
    )
    assert [line.text for line in dialogue.transcript] == [
        "***",
        "334-***",
        "334 ***",
        "+ ***",
        "+OK in",
        "535 no",
        "NOOP",
        "334 shown",
    ]


def test_what_is_long_is_shown_by_its_name():
    def script():
        yield Send(b"a\r\nb\r\n.\r\n", shown=b"(the message)")

    assert [line.text for line in run(script()).transcript] == ["(the message)"]
