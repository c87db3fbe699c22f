"""One form for each host; forms that hide an address are refused."""

from __future__ import annotations

import pytest

from mailtls.policy.hosts import is_literal, normalize


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Mail.Example.COM", "mail.example.com"),
        ("mail.example.com.", "mail.example.com"),
        ("localhost", "localhost"),
        ("mailpit", "mailpit"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8:0:0::1", "2001:db8::1"),
        ("1-2.example", "1-2.example"),
    ],
)
def test_hosts_have_one_form(text, host):
    assert normalize(text) == host


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (".", "empty"),
        ("127.1", "neither"),
        ("2130706433", "neither"),
        ("0x7f.1", "neither"),
        ("0x7f000001", "neither"),
        ("1.2.3.4.5", "neither"),
        ("01.2.3.4", "neither"),
        ("a_b.example", "underscore"),
        ("-a.example", "not a label"),
        ("a..example", "not a label"),
        ("a b.example", "not a label"),
        ("host:25", "not an IPv6 address"),
        ("fe80::1%eth0", "zone"),
        ("[fe80::1%::error]", "zone"),
        ("[1.2.3.4]", "not an IPv6 address"),
        ("a" * 64 + ".example", "not a label"),
        ("a." * 130 + "example", "longer than 253"),
        ("xn--\u2460.example", "not an internationalized name|not a label"),
        ("*.example.com", "not a label"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        normalize(text)


def test_circled_digits_do_not_hide_an_address():
    with pytest.raises(ValueError):
        normalize("\u2460\u2461\u2466.\u2460")


@pytest.mark.parametrize(("host", "literal"), [("::1", True), ("10.0.0.1", True), ("a.b", False)])
def test_literals_are_told_from_names(host, literal):
    assert is_literal(host) == literal
