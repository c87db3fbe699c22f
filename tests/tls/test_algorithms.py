from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from mailtls.tls.algorithms import ia5_string, subject_public_key_info


def test_the_key_is_found_as_it_was_sent(leaf) -> None:
    spki = leaf.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert subject_public_key_info(leaf.certificate.tbs_certificate_bytes) == spki


def test_a_cut_certificate_has_no_key(leaf) -> None:
    tbs = leaf.certificate.tbs_certificate_bytes
    assert {subject_public_key_info(tbs[:size]) for size in range(len(tbs))} == {b""}


@pytest.mark.parametrize(
    ("der", "text"),
    [
        (b"\x16\x03abc", "abc"),
        (b"\x16\x81\x03abc", "abc"),
        (b"\x16\x03ab", ""),
        (b"\x16\x03abcd", ""),
        (b"\x0c\x03abc", ""),
        (b"\x16\x80abc", ""),
        (b"\x16\x85\x00\x00\x00\x00\x03abc", ""),
        (b"\x16\x01\xff", "\xff"),
        (b"", ""),
    ],
)
def test_only_a_whole_ia5_string_is_text(der: bytes, text: str) -> None:
    assert ia5_string(der) == text


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    assert subject_public_key_info(data) in data
    assert ia5_string(data).encode("latin-1") in data
