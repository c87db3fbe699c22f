"""Signed certificate timestamps (RFC 6962 section 3.2), from a certificate or an OCSP response."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp

from mailtls.tls.certificates import UNREADABLE

LIMIT = 100
"""Most timestamps read; certificates carry two to five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A log's promise: its id in lower hex, the time, and whether there is a signature.

    The signature is read and not verified: that takes the keys of the logs, which change.
    """

    log: str
    at: datetime
    signature: bool


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
            signature=bool(stamp.signature),
        )
        for stamp, _ in zip(stamps, range(LIMIT), strict=False)
    )
