"""The server's messages, decoded from scripted bytes and refused where their RFC does not allow them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.tls.answer import (
    RETRY_RANDOM,
    KeyExchange,
    pull_certificate,
    pull_certificate_status,
    pull_key_exchange,
    pull_server_hello,
    pull_ssl2_server_hello,
)
from mailtls.tls.codepoints import suites
from mailtls.tls.wire import MalformedError

START = "0303" + "00" * 32 + "00"
RETRY = "0303" + RETRY_RANDOM.hex() + "00" + "130100"


def test_the_retry_random_is_the_published_one():
    assert RETRY_RANDOM.hex().startswith("cf21ad74e59a6111be1d8c021e65b891")


def test_a_hello_without_extensions_is_whole():
    hello = pull_server_hello(bytes.fromhex(START + "002f01"))
    assert (hello.version, hello.suite, hello.compression) == (0x0303, 0x2F, 1)
    assert (hello.extensions, hello.retry, hello.group, hello.alpn) == ((), False, 0, "")


def test_a_retry_names_version_and_group():
    hello = pull_server_hello(bytes.fromhex(RETRY + "000c" + "002b00020304" + "0033000211ec"))
    assert (hello.version, hello.retry, hello.group) == (0x0304, True, 0x11EC)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (START + "002f", "1 bytes announced"),
        (START + "002f00" + "0001", "a block of 1 bytes"),
        (START + "002f00" + "0000" + "00", "1 bytes too many"),
        (START + "002f00" + "0008" + "00170000" * 2, "extension 23 comes twice"),
        (START + "002f00" + "0006" + "002b00020303", "supported_versions selects 0x0303"),
        (START + "002f00" + "0009" + "00100005" + "000201" + "7878", "too many|announced"),
        (RETRY, "version 0x0303"),
        ("0303" + "00" * 32 + "21" + "00" * 33 + "002f00", "a session id of 33 bytes"),
        ("0002" + "00" * 32 + "00" + "002f00", "version 0x0002"),
    ],
)
def test_a_hello_that_is_not_allowed_is_refused(body, reason):
    with pytest.raises(MalformedError, match=reason):
        pull_server_hello(bytes.fromhex(body))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5))
def test_a_chain_is_read_leaf_first(chain):
    body = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    assert pull_certificate(len(body).to_bytes(3, "big") + body) == tuple(chain)


def test_an_empty_certificate_or_status_is_refused():
    with pytest.raises(MalformedError, match="an empty certificate"):
        pull_certificate(bytes.fromhex("000003000000"))
    assert pull_certificate_status(b"\x01\x00\x00\x02ab") == b"ab"
    for body in (b"\x02\x00\x00\x02ab", b"\x01\x00\x00\x00"):
        with pytest.raises(MalformedError, match="no OCSP response"):
            pull_certificate_status(body)


@pytest.mark.parametrize(
    ("suite", "body", "expected"),
    [
        (0xC02F, "03001d01ff" + "0401", KeyExchange(group=0x1D)),
        (0xC02F, "01" + "00" * 9, KeyExchange(group=0xFF01)),
        (0xC02F, "02" + "00" * 9, KeyExchange(group=0xFF02)),
        (0x0033, "0003" + "00ffff" + "000102" + "000101", KeyExchange(dh_bits=16)),
        (0x00B2, "0001aa" + "0001ff" + "000102" + "000101", KeyExchange(dh_bits=8)),
        (0xC035, "0000" + "03001701ff", KeyExchange(group=0x17)),
        (0x0003, "0001ff000103", KeyExchange()),
        (0xC01D, b"whatever".hex(), KeyExchange()),
    ],
)
def test_a_key_exchange_gives_group_or_size(suite, body, expected):
    assert pull_key_exchange(bytes.fromhex(body), suites()[suite]) == expected


@pytest.mark.parametrize(
    ("suite", "body", "reason"),
    [
        (0xC02F, "04001d01ff", "parameters of kind 4"),
        (0xC02F, "03001d00", "parameters of kind 3"),
        (0x0033, "000100" + "000102" + "000101", "parameters of zero"),
        (0x0033, "ffff00", "announced"),
        (0x002F, "0001ff", "a ServerKeyExchange for TLS_RSA_WITH_AES_128_CBC_SHA"),
    ],
)
def test_a_key_exchange_that_is_not_allowed_is_refused(suite, body, reason):
    with pytest.raises(MalformedError, match=reason):
        pull_key_exchange(bytes.fromhex(body), suites()[suite])


def test_an_ssl2_hello_lists_kinds_and_certificate():
    hello = pull_ssl2_server_hello(bytes.fromhex("00010002000100030001aa010080bb"))
    assert (hello.kinds, hello.certificate) == ((0x010080,), b"\xaa")


@pytest.mark.parametrize(
    "body", ["01010002000000000000", "00010300000000000000", "000100020000000200000100"]
)
def test_an_ssl2_hello_that_resumes_or_is_cut_is_refused(body):
    with pytest.raises(MalformedError, match="SERVER-HELLO"):
        pull_ssl2_server_hello(bytes.fromhex(body))
