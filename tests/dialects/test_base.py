from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.dialects import DIALECTS
from mailtls.dialects.base import client_name_bytes, command_line, words
from mailtls.dialects.dialogue import TRANSCRIPT_CHARS, TRANSCRIPT_LINES
from mailtls.evidence import Reply
from mailtls.terms import Protocol

STARTS = {
    "opening": lambda dialect: dialect.opening("probe.example"),
    "upgrade": lambda dialect: dialect.upgrade(),
    "capabilities": lambda dialect: dialect.capabilities("probe.example"),
    "command": lambda dialect: dialect.command(b"NOOP"),
    "closing": lambda dialect: dialect.closing(),
}

# Words of all five protocols beside plain noise, so that the deeper states are met as well.
PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            *(b"220 mx\r\n", b"250-mx\r\n", b"250 STARTTLS\r\n", b"500 no\r\n", b"421 no\r\n"),
            *(b"* OK x\r\n", b"* CAPABILITY STARTTLS\r\n", b"* X {3}\r\n", b"abc", b"+ x\r\n"),
            *(b"m1 OK\r\n", b"m2 OK\r\n", b"m3 OK\r\n", b"m4 OK\r\n", b"m1 NO [INUSE] x\r\n"),
            *(b"+OK x\r\n", b"-ERR x\r\n", b"STLS\r\n", b".\r\n", b"\r\n", b"\n", b"\x00"),
            *(b'"SASL" "PLAIN"\r\n', b'"X" {2+}\r\nxy\r\n', b"OK\r\n", b'NO "x"\r\n', b"BYE\r\n"),
        ]
    ),
)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_each_protocol_has_its_dialect(protocol):
    assert DIALECTS[protocol].protocol is protocol


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@given(pieces=st.lists(PIECES, max_size=20))
def test_any_bytes_end_in_an_outcome_and_in_the_same_however_they_are_cut(dialect, start, pieces):
    data = b"".join(pieces)
    whole, single = start(dialect), start(dialect)
    whole.receive_data(data)
    for byte in data:
        single.receive_data(bytes([byte]))
    accepted = getattr(whole.outcome, "accepted", False)
    if accepted:
        assert whole.outcome.leftover == single.outcome.leftover + single.trailing
        assert whole.outcome.reply == single.outcome.reply
    else:
        assert whole.outcome == single.outcome
        assert whole.trailing == single.trailing
    assert whole.transcript == single.transcript
    assert whole.data_to_send() == single.data_to_send()
    assert len(whole.transcript) <= TRANSCRIPT_LINES
    assert all(len(line.text) <= TRANSCRIPT_CHARS for line in whole.transcript)
    whole.receive_eof()
    assert whole.outcome is not None


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_flood_in_single_bytes_is_searched_once(dialect):
    flood = {
        Protocol.SMTP: b"220-",
        Protocol.LMTP: b"220-",
        Protocol.IMAP: b"* OK ",
        Protocol.POP3: b"+OK ",
        Protocol.SIEVE: b'"X" "',
    }[dialect.protocol] + b"x" * 9000
    dialogue = dialect.opening("probe.example")
    for byte in flood:
        dialogue.receive_data(bytes([byte]))
    assert dialogue.outcome is not None
    assert dialogue.scanned <= len(flood)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("line", [b"", b"A\r\nB", b"A\nB", b"A\rB", b"A\x00B"])
def test_a_command_cannot_hold_another(dialect, line):
    with pytest.raises(ValueError, match="not one command line"):
        dialect.command(line)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("name", ["", "a b", "a\r\nQUIT", "m\u00fcnchen.example", "x" * 256])
def test_a_client_name_cannot_hold_a_command(dialect, name):
    with pytest.raises(ValueError, match="not a host name"):
        dialect.opening(name)
    with pytest.raises(ValueError, match="not a host name"):
        dialect.capabilities(name)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_secret_command_is_not_in_the_transcript(dialect):
    dialogue = dialect.command(b"AUTH PLAIN AGNhbmFyeQ==", secret=True)
    assert b"AGNhbmFyeQ==" in dialogue.data_to_send()
    assert "AGNhbmFyeQ" not in repr(dialogue.transcript)


def test_lines_and_names_are_encoded():
    assert command_line(b"NOOP") == b"NOOP\r\n"
    assert client_name_bytes("[IPv6:2001:db8::1]") == b"[IPv6:2001:db8::1]"


def test_words_are_one_clean_line():
    assert words(Reply(code="554", lines=("a", "b\x1b"))) == "554 a b\\x1b"
