from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.authentication import parse_authentication


def read(body: str):
    (found,) = parse_authentication(b"Authentication-Results: " + body.encode() + b"\r\n\r\n")
    return found


def results(body: str) -> list[tuple[str, str]]:
    return [(each.method, each.result) for each in read(body).results]


@pytest.mark.parametrize(
    ("body", "authority", "found"),
    [
        # RFC 8601 appendix B.2 to B.6, with names of RFC 2606.
        ("example.org 1; none", "example.org", []),
        (
            "example.com;\r\n          spf=pass smtp.mailfrom=example.net",
            "example.com",
            [("spf", "pass")],
        ),
        (
            "example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
            " spf=pass smtp.mailfrom=example.net",
            "example.com",
            [("auth", "pass"), ("spf", "pass")],
        ),
        (
            'example.com;\r\n dkim=pass reason="good signature"\r\n header.i=@mail-router.example.net;'
            '\r\n dkim=fail reason="bad; signature" header.i=@newyork.example.com',
            "example.com",
            [("dkim", "pass"), ("dkim", "fail")],
        ),
        (
            "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for"
            " it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me)"
            " = (as I wasn't expecting it) 1362471462",
            "foo.example.net",
            [("dkim", "fail")],
        ),
        # Gmail, as any message to it shows.
        (
            "mx.google.com;\r\n       dkim=pass header.i=@example.com header.s=sel header.b=KsB2;\r\n"
            "       spf=pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted"
            " sender) smtp.mailfrom=a@example.com;\r\n       dmarc=pass (p=NONE sp=NONE dis=NONE)"
            " header.from=example.com",
            "mx.google.com",
            [("dkim", "pass"), ("spf", "pass"), ("dmarc", "pass")],
        ),
        # Exchange Online, which names no authserv-id (Haraka issue 1935, 2017).
        (
            "spf=pass (sender IP is 192.0.2.238)\r\n smtp.mailfrom=example.com; outlook.com; dkim=none"
            " (message not signed)\r\n header.d=none;outlook.com; dmarc=bestguesspass action=none\r\n"
            " header.from=example.com;",
            "",
            [("spf", "pass"), ("dkim", "none"), ("dmarc", "bestguesspass")],
        ),
    ],
)
def test_forms(body: str, authority: str, found: list[tuple[str, str]]) -> None:
    assert read(body).authority == authority
    assert results(body) == found


def test_properties_and_case() -> None:
    (found,) = read('EXAMPLE.com; DKIM=Pass Header.D=example.net header.b="a b=c.d=e"').results
    assert (found.method, found.result) == ("dkim", "pass")
    assert dict(found.properties)["header.d"] == "example.net"
    assert dict(found.properties)["header.b"] == "a b=c.d=e"


@pytest.mark.parametrize(
    "body",
    [
        "example.com; x=y (spf=pass; dkim=pass)",
        'example.com; x=y reason="; spf=pass"',
        'example.com; x=y (a " b) reason="; spf=pass"',
        "example.com; x=y (a (b) ; spf=pass )",
        "example.com; x=y \\; spf=pass",
    ],
)
def test_a_result_in_a_comment_or_quotes_is_none(body: str) -> None:
    assert ("spf", "pass") not in results(body)


def test_an_odd_quote_in_a_comment_hides_nothing() -> None:
    assert ("spf", "pass") in results('example.com; x=y (5" long); spf=pass')


def test_positions_count_all_fields() -> None:
    text = b"A: b\r\nAuthentication-Results: a; spf=pass\r\nReceived: by x\r\nauthentication-results: b\r\n"
    assert [(each.authority, each.position) for each in parse_authentication(text)] == [
        ("a", 1),
        ("b", 3),
    ]


@given(st.binary(max_size=300) | st.text('();="\\ a.b/1\x00\xff', max_size=300).map(str.encode))
def test_nothing_raises(data: bytes) -> None:
    for found in parse_authentication(b"Authentication-Results: a; spf=pass; " + data):
        assert len(found.results) <= 50
        assert len(found.authority) <= 255


@pytest.mark.parametrize(
    "piece", [b"a", b"a.a", b"a.a=", b"a-", b" ", b"(", b'"', b"=", b";a=b", b"a.b=c;", b"\\"]
)
def test_a_hostile_field_is_bounded(piece: bytes) -> None:
    field = b"Authentication-Results: x; d=p " + piece * (1_000_000 // len(piece)) + b"\r\n"
    many = b"Authentication-Results: x; d=p " + piece * (4_000 // len(piece)) + b"\r\n"
    assert len(parse_authentication(field)) == 1
    assert len(parse_authentication(many * 300)) <= 200
