from __future__ import annotations

import pytest

from deliveries import HOSTS, MAILBOX, SUBMISSION, delivery
from factories import endpoint
from mailtls.delivery.hosts import inside, is_among, is_near


@pytest.mark.parametrize(
    ("name", "glob", "fits"),
    [
        ("mx.example.net", "mx.example.net", True),
        ("MX.example.NET", "*.Example.net", True),
        ("a.b.example.net", "*.example.net", True),
        ("example.net", "*.example.net", False),
        ("mxexample.net", "*.example.net", False),
        ("mx1.example.net", "mx?.example.net", True),
        ("203.0.113.9", "203.0.113.*", True),
        ("", "*", False),
    ],
)
def test_globs(name: str, glob: str, *, fits: bool) -> None:
    assert is_among(name, (glob,)) is fits


def test_no_host_is_among_none() -> None:
    assert not is_among("a", ())


def test_without_a_word_the_delivery_s_own_endpoints_are_inside() -> None:
    endpoints = (SUBMISSION, MAILBOX, endpoint(name="other", host="other.example.org"))
    assert inside(delivery(), endpoints) == HOSTS
    assert inside(delivery(hosts=()), endpoints) == ("mail.example.org", "imap.example.net")


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.2", True),
        ("10.1.2.3", True),
        ("172.31.255.255", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("169.254.1.1", True),
        ("100.64.0.1", False),
        ("198.51.100.7", False),
        ("::1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("2001:db8::1", False),
    ],
)
def test_near_addresses(address: str, *, near: bool) -> None:
    assert is_near(address) is near
