"""What CAs say about the certificates they issued: plain values, as `evidence` has them.

A certificate's CA is asked at the URLs that the certificate itself names: OCSP responders
(RFC 6960) and revocation lists (RFC 5280 section 5).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from mailtls.pure import pure
from mailtls.terms import Cause, Phase


class Medium(StrEnum):
    """How a CA says that a certificate is revoked."""

    OCSP = "OCSP responder"
    CRL = "revocation list"


@pure
class Status:
    """What a response or a list says of a certificate: "good", "revoked" or "unknown".

    `next_update` is None where the CA always has newer information. `signed` is whether the issuer,
    or a responder it named, signed it; None where the issuer's certificate is not known.
    `revoked_at` and `reason` (RFC 5280 section 5.3.1, "" where none is given) are those of "revoked".
    """

    status: str
    this_update: datetime
    next_update: datetime | None
    signed: bool | None
    revoked_at: datetime | None = None
    reason: str = ""


SKEW = timedelta(minutes=5)
"""How far a CA's clock may be ahead."""


def doubt(status: Status, now: datetime) -> str:
    """Return why a status settles nothing at `now`, or "" where it does; dates count to the second.

    What was revoked stays revoked in a list of yesterday too.
    """
    if not status.signed:
        return "not signed for the issuer"
    if status.status == "revoked":
        return ""
    if status.status != "good":
        return "the CA does not know the certificate"
    if status.this_update > now + SKEW:
        return f"of the future: {status.this_update:%Y-%m-%dT%H:%M:%SZ}"
    if status.next_update is not None and status.next_update < now:
        return f"out of date since {status.next_update:%Y-%m-%dT%H:%M:%SZ}"
    return ""


@pure
class NoStatus:
    """Why a URL gave no status; `detail` is one sentence for a person."""

    phase: Phase
    cause: Cause
    detail: str


@pure
class Statement:
    """What one URL of a certificate was answered with."""

    medium: Medium
    url: str
    says: Status | NoStatus


@pure
class CertificateStatus:
    """The statements on one certificate of a path, in the order they were asked for.

    There is none where the certificate names no URL that can be asked.
    """

    subject: str
    sha256: str
    statements: tuple[Statement, ...]


@pure
class RevocationEvidence:
    """Every certificate of a verified path but its anchor, leaf first."""

    certificates: tuple[CertificateStatus, ...]
