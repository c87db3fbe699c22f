"""The server's messages of a first flight: the body of one message in, its facts out.

Every function raises `MalformedError` for anything its RFC does not allow. Whether an answer fits
the hello it answers is `flight`'s business.
"""

from __future__ import annotations

import hashlib

from mailtls.pure import pure
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import EXPLICIT_CHAR2_CURVE, EXPLICIT_PRIME_CURVE, Suite
from mailtls.tls.extensions import ExtensionType
from mailtls.tls.hello import RANDOM_BYTES
from mailtls.tls.wire import MalformedError, Reader

RETRY_RANDOM = hashlib.sha256(b"HelloRetryRequest").digest()
"""The random that makes a ServerHello a HelloRetryRequest (RFC 8446 4.1.3)."""

DOWNGRADE_SENTINELS = (b"DOWNGRD\x01", b"DOWNGRD\x00")
"""The last eight bytes of a random where TLS 1.3 was possible (RFC 8446 4.1.3)."""

_OCSP = 1
_NAMED_CURVE = 3
_EXPLICIT_CURVES = {1: EXPLICIT_PRIME_CURVE, 2: EXPLICIT_CHAR2_CURVE}


@pure
class ServerHello:
    """A ServerHello or HelloRetryRequest; `version` is the negotiated one, `group` 0 where none.

    `timestamps` is the list of signed certificate timestamps as sent, b"" where none came.
    """

    version: int
    random: bytes
    suite: int
    compression: int
    retry: bool
    group: int
    alpn: str
    extensions: tuple[int, ...]
    timestamps: bytes = b""


@pure
class Ssl2ServerHello:
    """A SERVER-HELLO of SSL 2.0: the kinds both sides know, and the certificate or b""."""

    kinds: tuple[int, ...]
    certificate: bytes


@pure
class KeyExchange:
    """A ServerKeyExchange: the named group or 0, the size of the finite-field prime in bits or 0."""

    group: int = 0
    dh_bits: int = 0


def pull_server_hello(body: bytes) -> ServerHello:
    """Read a ServerHello or HelloRetryRequest (RFC 8446 4.1.3, RFC 5246 7.4.1.3)."""
    reader = Reader(body)
    version = reader.uint(2)
    random = reader.take(RANDOM_BYTES)
    session_id = reader.opaque(1)
    if len(session_id) > RANDOM_BYTES:
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
        timestamps=extensions.get(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP, b""),
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
    if kind != _OCSP or not response:
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
    kind = reader.uint(1)
    if kind in _EXPLICIT_CURVES:
        return _EXPLICIT_CURVES[kind]
    group = reader.uint(2)
    if kind != _NAMED_CURVE or not reader.opaque(1):
        raise MalformedError(f"elliptic curve parameters of kind {kind}")
    return group
