"""The ClientHello, read back by an independent decoder and by the lengths real servers need."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.probe.questions import Offer
from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import MODERN_SCHEMES
from mailtls.tls.extensions import ExtensionType
from mailtls.tls.hello import encode_client_hello

RANDOM = bytes(range(32))


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def pairs(data: bytes) -> tuple[int, ...]:
    return tuple(number(data[at : at + 2]) for at in range(0, len(data), 2))


def decode(data: bytes) -> dict[str, object]:
    """Return the fields of a hello in its record; every length is checked on the way."""
    assert data[0] == 22
    assert number(data[3:5]) == len(data) - 5
    assert data[5] == 1
    assert number(data[6:9]) == len(data) - 9
    body, fields = data[9:], {"record": number(data[1:3])}
    fields |= {"version": number(body[:2]), "random": body[2:34]}
    at = 35 + body[34]
    fields["session_id"] = body[35:at]
    length = number(body[at : at + 2])
    fields["suites"] = pairs(body[at + 2 : at + 2 + length])
    at += 2 + length
    fields["compression"] = body[at + 1 : at + 1 + body[at]]
    at += 1 + body[at]
    extensions: dict[int, bytes] = {}
    if at < len(body):
        assert number(body[at : at + 2]) == len(body) - at - 2
        at += 2
        while at < len(body):
            kind, size = pairs(body[at : at + 4])
            assert kind not in extensions
            extensions[kind] = body[at + 4 : at + 4 + size]
            at += 4 + size
    assert at == len(body)
    fields["extensions"] = extensions
    return fields


CODES = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=450, unique=True).map(tuple)
VERSIONS = st.lists(st.sampled_from(list(TlsVersion)[1:]), min_size=1, unique=True).map(tuple)


@given(
    st.builds(
        Offer,
        label=st.just("any"),
        versions=VERSIONS,
        suites=CODES,
        groups=CODES | st.just(()),
        extended_master_secret=st.booleans(),
        renegotiation_info=st.booleans(),
        status_request=st.booleans(),
        timestamps=st.booleans(),
        alpn=st.sampled_from([(), ("smtp",), ("imap", "pop3")]),
    ),
    st.sampled_from(["", "mail.example.org"]),
)
def test_a_hello_says_what_was_offered(offer, name):
    fields = decode(encode_client_hello(offer, name, RANDOM))
    highest = max(offer.versions)
    extensions = fields["extensions"]
    assert fields["version"] == min(highest, 0x0303)
    assert fields["record"] == (0x0300 if highest == TlsVersion.SSL3 else 0x0301)
    assert fields["random"] == RANDOM
    assert len(fields["session_id"]) == (32 if highest == TlsVersion.TLS1_3 else 0)
    if highest == TlsVersion.SSL3:
        signal = (0x00FF,) if offer.renegotiation_info else ()
        assert fields["suites"] == offer.suites + signal
        assert extensions == {}
        return
    assert fields["suites"] == offer.suites
    assert (ExtensionType.SERVER_NAME in extensions) is bool(name)
    assert extensions.get(ExtensionType.SERVER_NAME, b"").endswith(name.encode())
    assert pairs(extensions.get(ExtensionType.SUPPORTED_GROUPS, b"")[2:]) == offer.groups
    assert (ExtensionType.EC_POINT_FORMATS in extensions) is bool(offer.groups)
    assert (ExtensionType.EXTENDED_MASTER_SECRET in extensions) is offer.extended_master_secret
    assert (ExtensionType.RENEGOTIATION_INFO in extensions) is offer.renegotiation_info
    assert (ExtensionType.STATUS_REQUEST in extensions) is offer.status_request
    asked = extensions.get(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP)
    assert asked == (b"" if offer.timestamps else None)
    protocols = b"".join(bytes([len(p)]) + p.encode() for p in offer.alpn)
    assert extensions.get(ExtensionType.ALPN, b"\0\0")[2:] == protocols
    assert (ExtensionType.SIGNATURE_ALGORITHMS in extensions) is (highest >= TlsVersion.TLS1_2)
    if highest == TlsVersion.TLS1_3:
        assert extensions[ExtensionType.KEY_SHARE] == b"\0\0"
        assert set(pairs(extensions[ExtensionType.SUPPORTED_VERSIONS][1:])) == set(offer.versions)
        assert pairs(extensions[ExtensionType.SIGNATURE_ALGORITHMS][2:]) == MODERN_SCHEMES
    # An empty last extension is what some old servers do not survive.
    assert not extensions or highest < TlsVersion.TLS1_2 or list(extensions.values())[-1]


@pytest.mark.parametrize("count", range(40, 260))
def test_no_hello_with_extensions_has_a_length_that_hangs_servers(count):
    offer = Offer(label="any", versions=(0x0301,), suites=tuple(range(count)), groups=(0x1D,))
    data = encode_client_hello(offer, "", RANDOM)
    assert not 256 <= len(data) - 5 < 512
    decode(data)


def test_a_padded_hello_is_512_bytes_long():
    offer = Offer(label="any", versions=(0x0301,), suites=tuple(range(120)))
    data = encode_client_hello(offer, "", RANDOM)
    assert len(data) - 5 == 512
    assert set(decode(data)["extensions"][ExtensionType.PADDING]) == {0}


def test_compression_is_offered_before_none():
    data = encode_client_hello(offers.facts(frozenset()), "", RANDOM)
    assert decode(data)["compression"] == b"\x01\x00"


def test_the_ssl2_hello_lists_its_kinds():
    offer = offers.ssl2()
    data = encode_client_hello(offer, "mail.example.org", RANDOM)
    assert number(data[:2]) == 0x8000 | (len(data) - 2)
    assert data[2:5] == b"\x01\x00\x02"
    specs, session, challenge = pairs(data[5:11])
    assert (specs, session, challenge) == (3 * len(offer.suites), 0, 16)
    kinds = tuple(number(data[at : at + 3]) for at in range(11, 11 + specs, 3))
    assert kinds == offer.suites
    assert data[11 + specs :] == RANDOM[:16]


@pytest.mark.parametrize(
    ("offer", "random"),
    [
        (offers.exactly(TlsVersion.TLS1_2), bytes(31)),
        (replace(offers.exactly(TlsVersion.TLS1_3), compression=True), RANDOM),
        (replace(offers.ssl2(), versions=(0x0002, 0x0301)), RANDOM),
    ],
)
def test_an_offer_that_no_hello_can_say_is_our_bug(offer, random):
    with pytest.raises(ValueError, match=r"bytes|offered alone"):
        encode_client_hello(offer, "", random)
