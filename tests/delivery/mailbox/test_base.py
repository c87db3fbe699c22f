"""The test message is told from all others by its own header field."""

from __future__ import annotations

import pytest

from delivery.mailbox import means
from mailtls.delivery.mailbox.base import Letter, carries, fields, header_of


def test_a_header_ends_before_the_first_empty_line():
    assert header_of(b"A: 1\r\nB: 2\r\n\r\nbody\r\n\r\n") == b"A: 1\r\nB: 2\r\n"
    assert header_of(b"A: 1\nB: 2\n\nbody") == b"A: 1\nB: 2\n"
    assert header_of(b"A: 1\r\nB: 2") == b"A: 1\r\nB: 2"
    letter = Letter(identifier="1", raw=means.message(means.NONCE), whole=True)
    assert letter.header.endswith(means.NONCE.encode() + b"\r\n")


def test_fields_are_unfolded():
    header = b"X: a\r\n\tb\r\nMailtls-nonce : c \r\nX:d\r\nnone\r\n"
    assert list(fields(header, b"x")) == [b"a b", b"d"]
    assert list(fields(header, b"mailtls-nonce")) == [b"c"]


@pytest.mark.parametrize(
    ("header", "is_ours"),
    [
        (f"Mailtls-Nonce: {means.NONCE}\r\n", True),
        (f"MAILTLS-NONCE:\r\n {means.NONCE}\r\n", True),
        (f"Subject: {means.NONCE}\r\n", False),
        (f"Mailtls-Nonce: {means.NONCE}x\r\n", False),
        (f"Mailtls-Nonce: {means.NONCE.lower()}\r\n", False),
        (f"X: a\r\n Mailtls-Nonce: {means.NONCE}\r\n", False),
        ("", False),
    ],
)
def test_only_its_own_field_names_the_message(header, is_ours):
    assert carries(header.encode(), means.NONCE) is is_ours
