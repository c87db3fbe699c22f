"""The message is standards-clean, and nothing of the policy's can add to its headers."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.message import NONCE_LENGTH, compose, make_nonce

NONCE = "A" * 26
DATE = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HEADERS = [
    "Date",
    "Message-ID",
    "From",
    "To",
    "Subject",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Mailtls-Nonce",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
]


def composed(**changes):
    given_ = {
        "sender": "probe@example.com",
        "recipient": "inbox@example.net",
        "nonce": NONCE,
        "name": "round trip",
        "origin": "https://github.example/o/r/actions/runs/1",
        "date": DATE,
    }
    return compose(**{**given_, **changes})


def parsed(data: bytes):
    return BytesParser(policy=policy.default).parsebytes(data)


def test_the_message_is_what_it_says():
    data = composed()
    message = parsed(data)
    assert message.defects == []
    assert sorted(message.keys()) == sorted(HEADERS)
    assert parsedate_to_datetime(message["Date"]) == DATE
    assert message["Message-ID"] == f"<{NONCE}@example.com>"
    assert (message["From"], message["To"]) == ("probe@example.com", "inbox@example.net")
    assert message["Subject"] == f"mailtls test message {NONCE}"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Mailtls-Nonce"] == NONCE
    assert message.get_content_type() == "text/plain"
    body = message.get_content()
    assert NONCE in body
    assert "round trip" in body
    assert "https://github.example/o/r/actions/runs/1" in body


def test_the_message_goes_through_the_narrowest_server():
    data = composed()
    assert data.isascii()
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert len(data) < 1500


def test_no_name_makes_a_line_too_long_for_a_server():
    """A line has at most 998 characters (RFC 5322 section 2.1.1)."""
    data = composed(name="\U0001f600" * 200, origin="\u00e9" * 300)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()


def test_an_address_beyond_ascii_is_written_as_it_is():
    data = composed(recipient="δοκιμή@example.net")
    assert "To: δοκιμή@example.net\r\n".encode() in data
    assert f"Mailtls-Nonce: {NONCE}\r\n".encode() in data


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "Probe <probe@example.com>"},
        {"sender": "probe@EXAMPLE.com"},
        {"recipient": "a@example.net\r\nBcc: b@example.net"},
        {"recipient": "a@example.net, b@example.net"},
        {"nonce": "A" * 25},
        {"nonce": "A" * 25 + "\n"},
        {"nonce": "A" * 24 + "\r\n"},
        {"nonce": "é" + "A" * 25},
    ],
)
def test_what_could_become_another_header_is_refused(changes):
    with pytest.raises(ValueError):
        composed(**changes)


@given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=60), st.text(max_size=60))
def test_no_text_adds_a_header_or_ends_the_message(name, origin, sender, recipient):
    for changes in (
        {"sender": f"{sender}@example.com"},
        {"recipient": f"{recipient}@example.net"},
        {},
    ):
        with contextlib.suppress(ValueError):
            data = composed(name=name, origin=origin, **changes)
            message = parsed(data)
            assert sorted(message.keys()) == sorted(HEADERS)
            assert message.defects == []
            assert not message.is_multipart()
            assert b"\n" not in data.replace(b"\r\n", b"")
            assert message["Subject"] == f"mailtls test message {NONCE}"


@given(st.binary(min_size=200, max_size=200))
def test_a_nonce_is_26_letters_and_digits(data):
    stock = iter(data + bytes(range(248)) * 4)
    nonce = make_nonce(lambda count: bytes(next(stock) for _ in range(count)))
    assert len(nonce) == NONCE_LENGTH
    assert nonce.isalnum()
    assert nonce.isascii()


def test_every_letter_of_a_nonce_is_as_likely():
    stock = iter(bytes(range(248)) * 13)
    seen = "".join(
        make_nonce(lambda count: bytes(next(stock) for _ in range(count))) for _ in range(124)
    )
    assert len(set(seen)) == 62
    assert {seen.count(each) for each in seen} == {52}
    assert make_nonce(lambda _: bytes([0, 248, 255, 61])) == "A9" * 13
