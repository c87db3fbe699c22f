from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.dialects.classify import classify, says_later, welcomes
from mailtls.evidence import Spoken


@pytest.mark.parametrize(
    ("first", "spoken"),
    [
        (b"", Spoken.SILENCE),
        (b"\x16\x03\x01\x00\xc8", Spoken.IMPLICIT_TLS),
        (b"\x15\x03\x03\x00\x02\x02\x0a", Spoken.IMPLICIT_TLS),
        (b"\x16\x04", Spoken.UNKNOWN),
        (b"220 mx.example.org ESMTP Postfix\r\n", Spoken.SMTP),
        (b"220 mx.example.org\r\n", Spoken.SMTP),
        (b"220", Spoken.SMTP),
        (b"220-mx.example.org ESMTP\r\n", Spoken.SMTP),
        (b"220 ftp.example.org ESMTP\r\n", Spoken.SMTP),
        (b"220 ftp.example.org ready\r\n", Spoken.SMTP),
        (b"421 4.7.0 mx Error: too many connections\r\n", Spoken.SMTP),
        (b"554 5.7.1 no\n", Spoken.SMTP),
        (b"220 mx.example.org LMTP Cyrus\r\n", Spoken.LMTP),
        (b"220 (vsFTPd 3.0.5)\r\n", Spoken.FTP),
        (b"220 ProFTPD Server (x) [::ffff:192.0.2.1]\r\n", Spoken.FTP),
        (b"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n", Spoken.FTP),
        (b"220 Microsoft FTP Service\r\n", Spoken.FTP),
        (b"220-FileZilla Server 1.8.1\r\n", Spoken.FTP),
        (b"220 smtp.example.org FTP server ready\r\n", Spoken.FTP),
        (b"220-Welcome\r\n220 example FTP server\r\n", Spoken.FTP),
        (b"2200 x\r\n", Spoken.UNKNOWN),
        (b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", Spoken.IMAP),
        (b"* ok\r\n", Spoken.IMAP),
        (b"* PREAUTH x\r\n", Spoken.IMAP),
        (b"* BYE x\r\n", Spoken.IMAP),
        (b"* OKAY\r\n", Spoken.UNKNOWN),
        (b"+OK POP3 ready <1.2@x>\r\n", Spoken.POP3),
        (b"-ERR [SYS/TEMP] later\r\n", Spoken.POP3),
        (b"-ERR Unknown command.\r\n", Spoken.POP3),
        (b"-ERR unknown command 'GET', with args beginning with: '/' \r\n", Spoken.REDIS),
        (b"-ERR max number of clients reached\r\n", Spoken.REDIS),
        (b"-NOAUTH Authentication required.\r\n", Spoken.REDIS),
        (b"-DENIED Redis is running in protected mode\r\n", Spoken.REDIS),
        (b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\n', Spoken.SIEVE),
        (b'"SASL" "PLAIN"\r\n', Spoken.SIEVE),
        (b"{14}\r\nIMPLEMENTATION", Spoken.SIEVE),
        (b'OK "ready"\r\n', Spoken.SIEVE),
        (b"NO (TRYLATER)\r\n", Spoken.SIEVE),
        (b'BYE "too many"\r\n', Spoken.SIEVE),
        (b"OK\r\n", Spoken.SIEVE),
        (b"OK hello\r\n", Spoken.UNKNOWN),
        (b"HTTP/1.1 400 Bad Request\r\n", Spoken.HTTP),
        (b"<html><head>", Spoken.HTTP),
        (b"<!doctype html>", Spoken.HTTP),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", Spoken.SSH),
        (b"J\x00\x00\x00\x0a8.0.36\x00", Spoken.MYSQL),
        (b"F\x00\x00\x00\xffj\x04Host is blocked", Spoken.MYSQL),
        (b"J\x00\x00\x01\x0a8.0.36\x00", Spoken.UNKNOWN),
        (b"hello\r\n", Spoken.UNKNOWN),
        (b"\x00\x00\x00\x00\x00", Spoken.UNKNOWN),
    ],
)
def test_first_bytes_name_the_protocol(first, spoken):
    assert classify(first) is spoken


@given(st.binary(max_size=200))
def test_any_bytes_are_something_and_only_none_are_silence(data):
    assert (classify(data) is Spoken.SILENCE) == (data == b"")


@pytest.mark.parametrize(
    ("first", "welcome"),
    [
        (b"220 mx ESMTP\r\n", True),
        (b"220-wait\r\n", True),
        (b"* OK ready\r\n", True),
        (b"+OK\r\n", True),
        (b'"IMPLEMENTATION" "x"\r\n', True),
        (b"421 later\r\n", False),
        (b"554 no\r\n", False),
        (b"* BYE\r\n", False),
        (b"-ERR\r\n", False),
        (b"\x15\x03\x01", False),
    ],
)
def test_a_welcome_is_told_from_the_first_bytes(first, welcome):
    assert welcomes(first) is welcome


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (b"421 T", True),
        (b"450-x", True),
        (b"* BYE", True),
        (b"220 h", False),
        (b"554 n", False),
        (b"* OK ", False),
        (b"4210 ", False),
        (b"\x15\x03\x01\x00\x02", False),
        (b"", False),
    ],
)
def test_later_is_told_from_the_first_bytes(first, later):
    assert says_later(first) is later
