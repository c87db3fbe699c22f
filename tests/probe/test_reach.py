from __future__ import annotations

import pytest

from mailtls.probe.reach import is_private, may_be_asked

PUBLIC = (
    "8.8.8.8",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
)
PRIVATE = (
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "127.0.0.1",
    "100.64.0.1",
    "fd00::1",
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
)
NEVER = (
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",  # noqa: S104 - asked about, not bound
    "::",
    "240.0.0.1",
    "255.255.255.255",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_asked(address):
    assert may_be_asked(address, private=False)
    assert not is_private(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_only_where_that_is_admitted(address):
    assert not may_be_asked(address, private=False)
    assert may_be_asked(address, private=True)
    assert is_private(address)


@pytest.mark.parametrize("address", NEVER)
def test_some_are_never_asked(address):
    assert not may_be_asked(address, private=False)
    assert not may_be_asked(address, private=True)
