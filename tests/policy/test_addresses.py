from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.policy.addresses import domain_of, normalize_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("probe@example.com", "probe@example.com"),
        ("Probe+ci@Example.COM", "Probe+ci@example.com"),
        ("a.b!#$%&'*/=?^_`{|}~-@example.com", "a.b!#$%&'*/=?^_`{|}~-@example.com"),
        ("post@münchen.example", "post@xn--mnchen-3ya.example"),
        ("δοκιμή@παράδειγμα.example", "δοκιμή@xn--hxajbheg2az3al.example"),
    ],
)
def test_an_address_has_its_domain_in_one_form(text, address):
    assert normalize_address(text) == address
    assert normalize_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "probe",
        "@example.com",
        "probe@",
        "a b@example.com",
        '"a b"@example.com',
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@b@example.com",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@exa mple.com",
        "a<b@example.com",
        "a@example.com>",
        "a@example.com\r\nRCPT TO:<b@example.com",
        "a\r\nBcc: b@example.com",
        "a\x00@example.com",
        "a\u2028b@example.com",
        "a\u202eb@example.com",
        "a\xa0b@example.com",
        "e\u0301@example.com",
        "a" * 65 + "@example.com",
        "é" * 33 + "@example.com",
        "a@" + ".".join(["b" * 61] * 4) + ".example",
    ],
)
def test_what_is_no_address_or_needs_quotes_is_refused(text):
    with pytest.raises(ValueError):
        normalize_address(text)


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_address_can_end_a_command_or_a_header(local, domain):
    with contextlib.suppress(ValueError):
        address = normalize_address(f"{local}@{domain}")
        assert not re.search(r"[\x00-\x20\x7f-\xa0<>()\[\]:;,\\\"\u2028\u2029]", address)
        assert address.count("@") == 1
        assert domain_of(address).isascii()
