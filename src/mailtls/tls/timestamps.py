"""Signed certificate timestamps (RFC 6962 section 3.2): from a certificate, an OCSP response, a handshake."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

from mailtls.pure import pure
from mailtls.tls.certificates import UNREADABLE
from mailtls.tls.wire import MalformedError, Reader

LIMIT = 100
"""Most timestamps read; certificates carry two to five."""

ACCEPTED = frozenset({"sha256-ecdsa", "sha256-rsa"})
"""The signatures that a log may make (RFC 6962 section 2.1.4)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_V1 = 0
_LOG_BYTES = 32
# RFC 5246 section 7.4.1.4.1.
_HASHES = {1: "md5", 2: "sha1", 3: "sha224", 4: "sha256", 5: "sha384", 6: "sha512"}
_SIGNATURES = {1: "rsa", 2: "dsa", 3: "ecdsa"}


@pure
class Timestamp:
    """A log's promise: its id in lower hex, the time, and the algorithm of its signature.

    `algorithm` reads "sha256-ecdsa" and is "" without a signature. The signature is read and not
    verified: that takes the keys of the logs, which change.
    """

    log: str
    at: datetime
    algorithm: str


def embedded(der: bytes) -> tuple[Timestamp, ...] | None:
    """Return the timestamps in a certificate, none where it has none; None where they are unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            extensions = x509.load_der_x509_certificate(der).extensions
            found = extensions.get_extension_for_class(
                x509.PrecertificateSignedCertificateTimestamps
            )
            return _read(found.value)
        except x509.ExtensionNotFound:
            return ()
        except UNREADABLE:
            return None


def stapled(staple: bytes) -> tuple[Timestamp, ...] | None:
    """Return the timestamps in an OCSP response, none without one; None where it is unreadable."""
    if not staple:
        return ()
    try:
        response = ocsp.load_der_ocsp_response(staple)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return ()
        extensions = response.single_extensions
        return _read(extensions.get_extension_for_class(x509.SignedCertificateTimestamps).value)
    except x509.ExtensionNotFound:
        return ()
    except UNREADABLE:
        return None


def _read(stamps: Iterable[SignedCertificateTimestamp]) -> tuple[Timestamp, ...]:
    return tuple(
        Timestamp(
            log=stamp.log_id.hex(),
            at=stamp.timestamp.replace(tzinfo=UTC),
            algorithm=_algorithm(stamp) if stamp.signature else "",
        )
        for stamp, _ in zip(stamps, range(LIMIT), strict=False)
    )


def _algorithm(stamp: SignedCertificateTimestamp) -> str:
    return f"{stamp.signature_hash_algorithm.name}-{stamp.signature_algorithm.name.lower()}"


def shaken(listed: bytes) -> tuple[Timestamp, ...] | None:
    """Return the timestamps of a TLS extension (RFC 6962 section 3.3), none without one; None: unreadable."""
    if not listed:
        return ()
    found: list[Timestamp] = []
    reader = Reader(listed)
    try:
        with reader.block(2):
            while reader.remaining and len(found) < LIMIT:
                found.append(_pull(Reader(reader.opaque(2))))
            reader.rest()
        reader.finish()
    except (MalformedError, OverflowError):
        return None
    return tuple(found)


def _pull(reader: Reader) -> Timestamp:
    if reader.uint(1) != _V1:
        raise MalformedError("a timestamp of a version that is not known")
    log, milliseconds = reader.take(_LOG_BYTES).hex(), reader.uint(8)
    reader.opaque(2)  # extensions, of which there are none yet
    digest, signature = reader.uint(1), reader.uint(1)
    signed = reader.opaque(2)
    reader.finish()
    name = f"{_HASHES.get(digest, digest)}-{_SIGNATURES.get(signature, signature)}"
    at = _EPOCH + timedelta(milliseconds=milliseconds)
    return Timestamp(log=log, at=at, algorithm=name if signed else "")
