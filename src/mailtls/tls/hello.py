"""The ClientHello: an `Offer` as the bytes of one hello, from SSL 2.0 to TLS 1.3."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from mailtls.probe.questions import Offer
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import (
    EMPTY_RENEGOTIATION_INFO_SCSV,
    LEGACY_SCHEMES,
    MODERN_SCHEMES,
)
from mailtls.tls.extensions import ExtensionType
from mailtls.tls.records import ContentType, HandshakeType
from mailtls.tls.wire import Writer

RANDOM_BYTES = 32
"""The size of a hello's random, and the largest session id (RFC 8446 4.1.2)."""

_SSL2_CHALLENGE_BYTES = 16
_SSL2_LENGTH_BIT = 0x8000
_HANDSHAKE_HEADER = 4
# Some F5 load balancers hang on hellos of these lengths, header included (RFC 7685 section 1).
_HANGING_LENGTHS = range(256, 512)


def encode_client_hello(offer: Offer, server_name: str, random: bytes) -> bytes:
    """Return the record with the hello; `random` is 32 bytes, an empty `server_name` sends no SNI."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a hello's random has {RANDOM_BYTES} bytes, not {len(random)}")
    if offer.versions == (TlsVersion.SSL2,):
        return _encode_ssl2(offer, random)
    highest = max(offer.versions)
    tls13 = highest >= TlsVersion.TLS1_3
    if TlsVersion.SSL2 in offer.versions or (tls13 and offer.compression):
        raise ValueError("SSL 2.0 is offered alone, and compression not beside TLS 1.3")
    suites = offer.suites
    if offer.renegotiation_info and highest == TlsVersion.SSL3:
        suites += (EMPTY_RENEGOTIATION_INFO_SCSV,)
    record = Writer()
    record.uint(ContentType.HANDSHAKE, 1)
    # Servers that know no newer version refuse a newer record version (RFC 8446 D.1).
    record.uint(min(highest, TlsVersion.TLS1_0), 2)
    with record.block(2):
        record.uint(HandshakeType.CLIENT_HELLO, 1)
        with record.block(3):
            start = len(record)
            record.uint(min(highest, TlsVersion.TLS1_2), 2)
            record.raw(random)
            # Middleboxes let TLS 1.3 pass that looks like a resumption (RFC 8446 D.4).
            record.opaque(hashlib.sha256(random).digest() if tls13 else b"", 1)
            record.uints(suites, 2, 2)
            record.opaque(b"\x01\x00" if offer.compression else b"\x00", 1)
            if highest > TlsVersion.SSL3:
                with record.block(2):
                    _push_extensions(record, offer, server_name)
                    _push_padding(record, len(record) - start + _HANDSHAKE_HEADER)
    return bytes(record)


def _encode_ssl2(offer: Offer, random: bytes) -> bytes:
    body = Writer()
    body.uint(HandshakeType.CLIENT_HELLO, 1)
    body.uint(TlsVersion.SSL2, 2)
    body.uint(len(offer.suites) * 3, 2)
    body.uint(0, 2)
    body.uint(_SSL2_CHALLENGE_BYTES, 2)
    for kind in offer.suites:
        body.uint(kind, 3)
    body.raw(random[:_SSL2_CHALLENGE_BYTES])
    return (len(body) | _SSL2_LENGTH_BIT).to_bytes(2, "big") + bytes(body)


def _push_extensions(out: Writer, offer: Offer, server_name: str) -> None:
    """Append the extensions; the last is never empty, which some old servers do not survive."""
    for kind, data in (
        *_identity_extensions(offer, server_name),
        *_negotiation_extensions(offer),
        *_version_extensions(offer),
    ):
        out.uint(kind, 2)
        out.opaque(bytes(data), 2)


def _identity_extensions(offer: Offer, server_name: str) -> Iterator[tuple[ExtensionType, Writer]]:
    data = Writer()
    if server_name:
        with data.block(2):
            data.uint(0, 1)
            data.opaque(server_name.encode("ascii"), 2)
        yield ExtensionType.SERVER_NAME, data
    if offer.extended_master_secret:
        yield ExtensionType.EXTENDED_MASTER_SECRET, Writer()
    if offer.renegotiation_info:
        data = Writer()
        data.opaque(b"", 1)
        yield ExtensionType.RENEGOTIATION_INFO, data


def _negotiation_extensions(offer: Offer) -> Iterator[tuple[ExtensionType, Writer]]:
    if offer.groups:
        data = Writer()
        data.uints(offer.groups, 2, 2)
        yield ExtensionType.SUPPORTED_GROUPS, data
        data = Writer()
        data.opaque(b"\x00", 1)
        yield ExtensionType.EC_POINT_FORMATS, data
    if offer.alpn:
        data = Writer()
        with data.block(2):
            for name in offer.alpn:
                data.opaque(name.encode("ascii"), 1)
        yield ExtensionType.ALPN, data
    if offer.status_request:
        data = Writer()
        data.uint(1, 1)  # ocsp, with no responder named and no extension (RFC 6066 section 8)
        data.opaque(b"", 2)
        data.opaque(b"", 2)
        yield ExtensionType.STATUS_REQUEST, data
    if offer.timestamps:
        yield ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP, Writer()  # RFC 6962 section 3.3.1


def _version_extensions(offer: Offer) -> Iterator[tuple[ExtensionType, Writer]]:
    highest = max(offer.versions)
    if highest >= TlsVersion.TLS1_2:  # RFC 5246 7.4.1.4.1: not with an older maximum
        modern = highest >= TlsVersion.TLS1_3
        data = Writer()
        data.uints(MODERN_SCHEMES if modern else MODERN_SCHEMES + LEGACY_SCHEMES, 2, 2)
        yield ExtensionType.SIGNATURE_ALGORITHMS, data
    if highest >= TlsVersion.TLS1_3:
        data = Writer()
        data.uints(tuple(sorted(offer.versions, reverse=True)), 2, 1)
        yield ExtensionType.SUPPORTED_VERSIONS, data
        data = Writer()
        data.opaque(b"", 2)  # no share: the server names its group (RFC 8446 4.2.8)
        yield ExtensionType.KEY_SHARE, data


def _push_padding(out: Writer, length: int) -> None:
    if length in _HANGING_LENGTHS:
        out.uint(ExtensionType.PADDING, 2)
        out.opaque(bytes(max(1, _HANGING_LENGTHS.stop - length - 4)), 2)
