from __future__ import annotations

import pytest

from mailtls.delivery.clauses import take_apart
from mailtls.delivery.senders import Sender, address_in, name_in, read_sender


@pytest.mark.parametrize(
    ("text", "looked_up", "helo", "client", "address"),
    [
        ("from h (c [192.0.2.1])", False, "h", "c", "192.0.2.1"),
        ("from h (c. [192.0.2.1])", False, "h", "c", "192.0.2.1"),
        ("from h (c [IPv6:2001:DB8::1])", False, "h", "c", "2001:db8::1"),
        ("from h (c [::ffff:192.0.2.1])", False, "h", "c", "192.0.2.1"),
        ("from h (c 2001:db8::1)", False, "h", "c", "2001:db8::1"),
        ("from h ([192.0.2.1])", False, "h", "", "192.0.2.1"),
        ("from h (192.0.2.1)", False, "h", "", "192.0.2.1"),
        ("from h (c [192.0.2.1] (may be forged))", False, "h", "", "192.0.2.1"),
        ("from h (unknown [192.0.2.1])", False, "h", "", "192.0.2.1"),
        ("from [192.0.2.9] (c [192.0.2.1])", False, "192.0.2.9", "c", "192.0.2.1"),
        ("from [192.0.2.1] (HELO h)", False, "h", "", "192.0.2.1"),
        ("from c ([192.0.2.1]:25 helo=h)", True, "h", "c", "192.0.2.1"),
        ("from c ([192.0.2.1] helo=h ident=i)", True, "h", "c", "192.0.2.1"),
        ("from c ([192.0.2.1])", True, "c", "c", "192.0.2.1"),
        ("from [192.0.2.1] (port=25 helo=[192.0.2.9])", True, "192.0.2.9", "", "192.0.2.1"),
        ("from unknown (HELO h) (i@192.0.2.1)", True, "h", "", "192.0.2.1"),
        ("from h ([192.0.2.300])", False, "h", "", ""),
        ("by b", False, "", "", ""),
    ],
)
def test_who(text: str, *, looked_up: bool, helo: str, client: str, address: str) -> None:
    found = read_sender(take_apart(text), looked_up=looked_up)
    assert found == Sender(helo=helo, client=client, address=address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[IPv6:fe80::1%20]", "fe80::1"),
        ("192.0.2", ""),
        ("1" * 100, ""),
        ("", ""),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert address_in(text) == address


def test_names_have_no_dot_of_the_root() -> None:
    assert name_in("mx.example.net.") == "mx.example.net"
    assert len(name_in("a" * 1000)) == 255
