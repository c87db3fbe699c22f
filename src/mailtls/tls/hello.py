"""The messages of a first flight: the ClientHello out, the server's messages in.

`encode_client_hello` turns an `Offer` into the bytes of one hello; the `pull_` functions read the
body of one message each and raise `MalformedError` for anything their RFC does not allow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from mailtls.probe.questions import Offer
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import (
    EMPTY_RENEGOTIATION_INFO_SCSV,
    EXPLICIT_CHAR2_CURVE,
    EXPLICIT_PRIME_CURVE,
    LEGACY_SCHEMES,
    MODERN_SCHEMES,
    Suite,
)
from mailtls.tls.records import ContentType
from mailtls.tls.wire import MalformedError, Reader, Writer

# SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3).
RETRY_RANDOM = hashlib.sha256(b"HelloRetryRequest").digest()
# The last eight bytes of a random where TLS 1.3 was possible (RFC 8446 4.1.3).
DOWNGRADE_SENTINELS = (b"DOWNGRD\x01", b"DOWNGRD\x00")

_RANDOM_BYTES = 32
_SSL2_CHALLENGE_BYTES = 16
_SSL2_LENGTH_BIT = 0x8000
_HANDSHAKE_HEADER = 4
# Some F5 load balancers hang on hellos of these lengths, header included (RFC 7685 section 1).
_HANGING_LENGTHS = range(256, 512)


class HandshakeType(IntEnum):
    """The kind of a handshake message (RFC 8446 section 4, RFC 5246 7.4, RFC 6066 section 8)."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_STATUS = 22


class ExtensionType(IntEnum):
    """The extensions that are offered or read here (IANA TLS ExtensionType Values)."""

    SERVER_NAME = 0
    STATUS_REQUEST = 5
    SUPPORTED_GROUPS = 10
    EC_POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    ALPN = 16
    PADDING = 21
    EXTENDED_MASTER_SECRET = 23
    SUPPORTED_VERSIONS = 43
    KEY_SHARE = 51
    RENEGOTIATION_INFO = 0xFF01


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """A ServerHello or HelloRetryRequest; `version` is the negotiated one, `group` 0 where none."""

    version: int
    random: bytes
    suite: int
    compression: int
    retry: bool
    group: int
    alpn: str
    extensions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssl2ServerHello:
    """A SERVER-HELLO of SSL 2.0: the kinds both sides know, and the certificate or b""."""

    kinds: tuple[int, ...]
    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchange:
    """A ServerKeyExchange: the named group or 0, the size of the finite-field prime in bits or 0."""

    group: int = 0
    dh_bits: int = 0


def encode_client_hello(offer: Offer, server_name: str, random: bytes) -> bytes:
    """Return the record with the hello; `random` is 32 bytes, an empty `server_name` sends no SNI."""
    if len(random) != _RANDOM_BYTES:
        raise ValueError(f"a hello's random has {_RANDOM_BYTES} bytes, not {len(random)}")
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
    highest = max(offer.versions)

    def extension(kind: ExtensionType, data: Writer) -> None:
        out.uint(kind, 2)
        out.opaque(bytes(data), 2)

    if server_name:
        data = Writer()
        with data.block(2):
            data.uint(0, 1)
            data.opaque(server_name.encode("ascii"), 2)
        extension(ExtensionType.SERVER_NAME, data)
    if offer.extended_master_secret:
        extension(ExtensionType.EXTENDED_MASTER_SECRET, Writer())
    if offer.renegotiation_info:
        data = Writer()
        data.opaque(b"", 1)
        extension(ExtensionType.RENEGOTIATION_INFO, data)
    if offer.groups:
        data = Writer()
        data.uints(offer.groups, 2, 2)
        extension(ExtensionType.SUPPORTED_GROUPS, data)
        data = Writer()
        data.opaque(b"\x00", 1)
        extension(ExtensionType.EC_POINT_FORMATS, data)
    if offer.alpn:
        data = Writer()
        with data.block(2):
            for name in offer.alpn:
                data.opaque(name.encode("ascii"), 1)
        extension(ExtensionType.ALPN, data)
    if offer.status_request:
        data = Writer()
        data.uint(1, 1)  # ocsp, with no responder named and no extension (RFC 6066 section 8)
        data.opaque(b"", 2)
        data.opaque(b"", 2)
        extension(ExtensionType.STATUS_REQUEST, data)
    if highest >= TlsVersion.TLS1_2:  # RFC 5246 7.4.1.4.1: not with an older maximum
        modern = highest >= TlsVersion.TLS1_3
        data = Writer()
        data.uints(MODERN_SCHEMES if modern else MODERN_SCHEMES + LEGACY_SCHEMES, 2, 2)
        extension(ExtensionType.SIGNATURE_ALGORITHMS, data)
    if highest >= TlsVersion.TLS1_3:
        data = Writer()
        data.uints(tuple(sorted(offer.versions, reverse=True)), 2, 1)
        extension(ExtensionType.SUPPORTED_VERSIONS, data)
        data = Writer()
        data.opaque(b"", 2)  # no share: the server names its group (RFC 8446 4.2.8)
        extension(ExtensionType.KEY_SHARE, data)


def _push_padding(out: Writer, length: int) -> None:
    if length in _HANGING_LENGTHS:
        out.uint(ExtensionType.PADDING, 2)
        out.opaque(bytes(max(1, _HANGING_LENGTHS.stop - length - 4)), 2)


def pull_server_hello(body: bytes) -> ServerHello:
    """Read a ServerHello or HelloRetryRequest (RFC 8446 4.1.3, RFC 5246 7.4.1.3)."""
    reader = Reader(body)
    version = reader.uint(2)
    random = reader.take(_RANDOM_BYTES)
    session_id = reader.opaque(1)
    if len(session_id) > _RANDOM_BYTES:
        raise MalformedError(f"a session id of {len(session_id)} bytes")
    suite, compression = reader.uint(2), reader.uint(1)
    extensions: dict[int, bytes] = {}
    if reader.remaining:
        with reader.block(2):
            while reader.remaining:
                kind = reader.uint(2)
                if kind in extensions:
                    raise MalformedError(f"extension {kind} comes twice")
                extensions[kind] = reader.opaque(2)
    reader.finish()
    retry = random == RETRY_RANDOM
    if ExtensionType.SUPPORTED_VERSIONS in extensions:
        selected = Reader(extensions[ExtensionType.SUPPORTED_VERSIONS])
        version = selected.uint(2)
        selected.finish()
        # RFC 8446 4.2.1: this extension never selects an older version.
        if version < TlsVersion.TLS1_3:
            raise MalformedError(f"supported_versions selects 0x{version:04x}")
    if (retry and version < TlsVersion.TLS1_3) or version == TlsVersion.SSL2:
        raise MalformedError(f"version 0x{version:04x} in this kind of hello")
    return ServerHello(
        version=version,
        random=random,
        suite=suite,
        compression=compression,
        retry=retry,
        group=_pull_key_share(extensions.get(ExtensionType.KEY_SHARE), retry=retry),
        alpn=_pull_alpn(extensions.get(ExtensionType.ALPN)),
        extensions=tuple(extensions),
    )


def _pull_key_share(data: bytes | None, *, retry: bool) -> int:
    if data is None:
        return 0
    reader = Reader(data)
    group = reader.uint(2)
    if not retry:
        reader.opaque(2)
    reader.finish()
    return group


def _pull_alpn(data: bytes | None) -> str:
    if data is None:
        return ""
    reader = Reader(data)
    with reader.block(2):
        name = reader.opaque(1)
    reader.finish()
    return name.decode("latin-1")


def pull_ssl2_server_hello(body: bytes) -> Ssl2ServerHello:
    """Read what follows the type of a SERVER-HELLO (The SSL Protocol, version 2, section 2.6)."""
    reader = Reader(body)
    hit, _certificate_type, version = reader.uint(1), reader.uint(1), reader.uint(2)
    lengths = [reader.uint(2) for _ in range(3)]
    certificate, kinds, _connection_id = (reader.take(length) for length in lengths)
    reader.finish()
    if version != TlsVersion.SSL2 or hit or len(kinds) % 3:
        raise MalformedError("a SERVER-HELLO that resumes, of another version or with cut kinds")
    return Ssl2ServerHello(
        kinds=tuple(int.from_bytes(kinds[at : at + 3], "big") for at in range(0, len(kinds), 3)),
        certificate=certificate,
    )


def pull_certificate(body: bytes) -> tuple[bytes, ...]:
    """Read a Certificate of TLS 1.2 and below, leaf first, as DER (RFC 5246 7.4.2)."""
    reader = Reader(body)
    chain: list[bytes] = []
    with reader.block(3):
        while reader.remaining:
            chain.append(reader.opaque(3))
    reader.finish()
    if not all(chain):
        raise MalformedError("an empty certificate in the chain")
    return tuple(chain)


def pull_certificate_status(body: bytes) -> bytes:
    """Read a CertificateStatus: the OCSP response (RFC 6066 section 8)."""
    reader = Reader(body)
    kind, response = reader.uint(1), reader.opaque(3)
    reader.finish()
    if kind != 1 or not response:
        raise MalformedError("a CertificateStatus that is no OCSP response")
    return response


def pull_key_exchange(body: bytes, suite: Suite) -> KeyExchange:
    """Read a ServerKeyExchange up to its signature, as far as group and size go."""
    reader = Reader(body)
    exchange = suite.key_exchange
    if exchange.endswith("PSK"):
        reader.opaque(2)  # psk_identity_hint (RFC 4279 section 2)
    if exchange.startswith("ECDHE"):
        return KeyExchange(group=_pull_curve(reader))
    if exchange.startswith("DHE"):
        prime = int.from_bytes(reader.opaque(2), "big")
        generator, public = reader.opaque(2), reader.opaque(2)
        if not (prime and generator and public):
            raise MalformedError("Diffie-Hellman parameters of zero")
        return KeyExchange(dh_bits=prime.bit_length())
    if exchange == "RSA" and not suite.export:  # RFC 5246 7.4.3: not legal
        raise MalformedError(f"a ServerKeyExchange for {suite.name}")
    return KeyExchange()


def _pull_curve(reader: Reader) -> int:
    """Read ECParameters (RFC 8422 5.4, RFC 4492 5.4 for the explicit forms)."""
    kinds = {1: EXPLICIT_PRIME_CURVE, 2: EXPLICIT_CHAR2_CURVE}
    kind = reader.uint(1)
    if kind in kinds:
        return kinds[kind]
    group = reader.uint(2)
    if kind != 3 or not reader.opaque(1):  # noqa: PLR2004 - named_curve
        raise MalformedError(f"elliptic curve parameters of kind {kind}")
    return group
