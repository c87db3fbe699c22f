"""SCRAM by the RFCs' own examples, by GNU SASL as the server, and against servers that cheat."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.gnusasl import GnuSasl
from mailtls.delivery.mechanism import SaslError
from mailtls.delivery.scram import MOST_ITERATIONS, Scram, prepared
from mailtls.delivery.secrecy import Secret

BINDING = bytes(range(32))


def client(name="SCRAM-SHA-1", *, nonce="fyko+d2lbbFgONRv9qkxdawL", user="user", **more):
    given = {"binding": b"", "offered": (name,), **more}
    password = given.pop("password", "pencil")
    return Scram(
        name, user, Secret(password), randomness=lambda _: base64.b64decode(nonce), **given
    )


@pytest.mark.parametrize(
    ("name", "nonce", "client_says", "server_says"),
    [
        (  # RFC 5802 section 5
            "SCRAM-SHA-1",
            "fyko+d2lbbFgONRv9qkxdawL",
            (
                b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            ),
            (
                b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            ),
        ),
        (  # RFC 7677 section 3
            "SCRAM-SHA-256",
            "rOprNGfwEbeRWgbNEkqO",
            (
                b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            ),
            (
                b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ),
        ),
    ],
)
def test_the_examples_of_the_rfcs(name, nonce, client_says, server_says):
    scram = client(name, nonce=nonce)
    assert scram.first() == client_says[0]
    assert scram.next(server_says[0]) == client_says[1]
    assert not scram.complete
    assert scram.next(server_says[1]) == b""
    assert scram.complete


@pytest.mark.parametrize("password", ["pencil", "p,e=n c\u00a0il\u00ad", "пароль"])
@pytest.mark.parametrize(
    "name", ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]
)
def test_gnu_sasl_lets_us_in_and_proves_itself(name, password):
    plus = name.endswith("-PLUS")
    scram = client(name, user="us=er,", password=password, binding=BINDING if plus else b"")
    with GnuSasl(name, "us=er,", password) as server:
        first = server.say(scram.first(), *([BINDING] if plus else []))
        assert scram.next(server.say(scram.next(first))) == b""
    assert scram.complete


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("SCRAM-SHA-256-PLUS", {"binding": bytes(32)}),
        ("SCRAM-SHA-256", {"password": "pen"}),
    ],
)
def test_gnu_sasl_keeps_out_another_session_and_another_password(name, changes):
    scram = client(name, **{"binding": b"", **changes})
    with GnuSasl(name, "user", "pencil") as server:
        first = server.say(scram.first(), *([BINDING] if name.endswith("-PLUS") else []))
        assert server.say(scram.next(first)) == b""


@pytest.mark.parametrize(
    ("binding", "offered", "header"),
    [
        (b"", ("SCRAM-SHA-1",), b"n,,"),
        (b"", ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"), b"n,,"),
        (BINDING, ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"), b"n,,"),
        (BINDING, ("SCRAM-SHA-1",), b"y,,"),
    ],
)
def test_a_server_that_hides_that_it_could_bind_is_told(binding, offered, header):
    assert client(binding=binding, offered=offered).first().startswith(header)


SERVER_FIRST = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"\xff", "not UTF-8"),
        (b"", "not one of SCRAM"),
        (b"e=other-error", "not one of SCRAM"),
        (b"m=new," + SERVER_FIRST, "not one of SCRAM"),
        (SERVER_FIRST.replace(b"i=4096", b"i=-1"), "not one of SCRAM"),
        (SERVER_FIRST.replace(b"QSXCR+Q6sek8bf92", b"QSX"), "base64"),
        (SERVER_FIRST.replace(b"i=4096", b"i=%d" % (MOST_ITERATIONS + 1)), "iterations"),
        (SERVER_FIRST.replace(b"3rfcNHYJY1ZVvWVs7j", b""), "does not continue ours"),
        (SERVER_FIRST.replace(b"r=f", b"r=g"), "does not continue ours"),
    ],
)
def test_a_first_message_that_is_none_ends_it(said, why):
    with pytest.raises(SaslError, match=why):
        client().next(said)


@pytest.mark.parametrize("said", [b"v=AAAA", b"v=", b"anything", b"v=rmF9pqV8S7suAoZWja4dJRkFsAQ="])
def test_a_server_that_does_not_know_the_password_is_found_out(said):
    scram = client()
    scram.next(SERVER_FIRST)
    with pytest.raises(SaslError):
        scram.next(said)
    assert not scram.complete


def test_an_error_of_the_server_waits_for_its_reply():
    scram = client()
    scram.next(SERVER_FIRST)
    assert scram.next(b"e=invalid-proof") == b""
    assert not scram.complete


@pytest.mark.parametrize(
    ("text", "result"),
    [  # RFC 4013 section 3
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
    ],
)
def test_names_and_passwords_are_prepared(text, result):
    assert prepared(text) == result


@pytest.mark.parametrize("text", ["\u0007", "\u06271", "\x00", "a\nb", "\u00ad"])
def test_what_cannot_be_prepared_is_no_login(text):
    with pytest.raises(SaslError):
        prepared(text)


@given(st.binary(max_size=200))
def test_whatever_a_server_says_is_an_answer_or_the_end(said):
    scram = client()
    for message in (said, SERVER_FIRST, said):
        try:
            answer = scram.next(message)
        except SaslError:
            continue
        assert b"pencil" not in answer
    assert not scram.complete
