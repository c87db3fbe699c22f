"""Which addresses a URL may lead to that somebody else wrote, as a CA's in a certificate.

A URL is a wish of its author to have this machine connect somewhere. It is granted towards the
public Internet; towards private networks only where the mail server itself is in one; and never
towards link-local addresses and the cloud's metadata services, where credentials are handed out.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_METADATA = frozenset(
    {
        ip_address("168.63.129.16"),  # Azure's, which is a public address by its number
        ip_address("100.100.100.200"),  # Alibaba's, in the shared range of RFC 6598
        ip_address("192.0.0.192"),  # Oracle's
        ip_address("fd00:ec2::254"),  # Amazon's by IPv6, in a private range
    }
)
_CARRIERS = (
    IPv6Network("64:ff9b::/96"),  # NAT64: RFC 6052
    IPv6Network("64:ff9b:1::/48"),  # NAT64 of local use: RFC 8215
    IPv6Network("::/96"),  # RFC 4291 section 2.5.5.1
)
_LAST_32_BITS = 0xFFFFFFFF


def may_be_asked(address: str, *, private: bool) -> bool:
    """Return whether an address may be connected to; `private` admits the networks of RFC 1918 and such."""
    meant = _meant(address)
    if meant in _METADATA or meant.is_link_local or meant.is_multicast or meant.is_unspecified:
        return False
    if meant.is_reserved and not meant.is_loopback:
        return False
    return private or meant.is_global


def is_private(address: str) -> bool:
    """Return whether a mail server's address is one that the public Internet does not reach."""
    return not may_be_asked(address, private=False)


def _meant(text: str) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an address of a transition carries, else the address itself."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return address
    if carried := address.ipv4_mapped or address.sixtofour:
        return carried
    if int(address) > 1 and any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address
