"""One HTTP exchange, whatever the server makes of it."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.evidence import Missing
from mailtls.probe.http import HttpAnswer, HttpExchange
from mailtls.terms import Cause, Phase


def exchange(**over: object) -> HttpExchange:
    fields = {
        "method": "GET",
        "target": "/a",
        "headers": (("Host", "h.example"),),
        "body": b"",
        "body_limit": 1000,
        "phase": Phase.GREETING,
        **over,
    }
    return HttpExchange(**fields)


def fed(answer: bytes, step: int, *, end: bool = False) -> HttpExchange:
    engine = exchange()
    assert engine.data_to_send()
    for start in range(0, len(answer), step):
        engine.receive_data(answer[start : start + step])
    if end:
        engine.receive_eof()
    return engine


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", False),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            False,
        ),
        (b"HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nhello", True),
        (
            b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
            False,
        ),
    ],
)
def test_an_answer_is_read_however_it_is_framed(answer, end, step):
    outcome = fed(answer, step, end=end).outcome
    assert isinstance(outcome, HttpAnswer)
    assert (outcome.status, outcome.body, outcome.header("x-a")) == (200, b"hello", "b")
    assert outcome.header("x-b") == ""


def test_a_redirect_is_an_answer():
    outcome = fed(
        b"HTTP/1.1 302 Found\r\nLocation: file:///x\r\nContent-Length: 0\r\n\r\n", 9
    ).outcome
    assert isinstance(outcome, HttpAnswer)
    assert outcome.status == 302


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", Cause.CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Cause.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", Cause.MALFORMED),
        (b"220 smtp.example ESMTP\r\n", Cause.MALFORMED),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
            Cause.MALFORMED,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001, Cause.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, Cause.MALFORMED),
    ],
    ids=[
        "nothing",
        "cut head",
        "cut body",
        "another protocol",
        "compressed",
        "long body",
        "long head",
    ],
)
def test_what_is_no_answer_is_missing_with_its_cause(answer, cause):
    outcome = fed(answer, 1000, end=True).outcome
    assert isinstance(outcome, Missing)
    assert (outcome.phase, outcome.cause) == (Phase.GREETING, cause)


def test_a_post_has_its_length_and_its_body():
    sent = exchange(method="POST", body=b"k=v").data_to_send()
    assert sent.startswith(b"POST /a HTTP/1.1\r\n")
    assert b"content-length: 3\r\n" in sent.lower()
    assert sent.endswith(b"\r\n\r\nk=v")


def test_the_transcript_tells_no_header_and_no_body():
    engine = exchange(headers=(("Host", "h"), ("Authorization", "canary")), body=b"canary")
    engine.receive_data(
        b"HTTP/1.1 200 canary-free\r\nSet-Cookie: canary\r\nContent-Length: 6\r\n\r\ncanary"
    )
    assert [f"{line.side}: {line.text}" for line in engine.transcript] == [
        "C: GET /a",
        "S: 200 canary-free",
    ]


def test_a_header_cannot_break_out_of_its_line():
    """Nor is it told in the error, for it may be a secret."""
    for value in ("canary\r\nX: y", "canary "):
        with pytest.raises(ValueError) as caught:
            exchange(headers=(("Host", "h"), ("X-Api-Key", value)))
        told = "".join(traceback.format_exception(caught.value))
        assert "canary" not in told


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_make_it_raise(parts):
    engine = exchange()
    for part in parts:
        engine.receive_data(part)
    engine.receive_eof()
    assert engine.outcome is not None
