"""OCSP responses (RFC 6960): the status of one certificate, and who vouches for it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from mailtls.tls.certificates import UNREADABLE

_DELEGATES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a response says of a certificate: `status` is "good", "revoked" or "unknown".

    `next_update` is None where the responder always has newer information. `signed` is whether the
    issuer, or a responder it named, signed it; None where the issuer's certificate is not known.
    """

    status: str
    this_update: datetime
    next_update: datetime | None
    signed: bool | None


def read(response: bytes, leaf: bytes, issuer: bytes | None) -> Status | str:
    """Return the status of `leaf` in a DER response, or why there is none; never raises.

    `leaf` and `issuer` are certificates as DER.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = ocsp.load_der_ocsp_response(response)
            if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return f"the responder answered {parsed.response_status.name.lower()}"
            serial = x509.load_der_x509_certificate(leaf).serial_number
            for single in parsed.responses:
                if single.serial_number == serial:
                    return Status(
                        status=single.certificate_status.name.lower(),
                        this_update=single.this_update_utc,
                        next_update=single.next_update_utc,
                        signed=None if issuer is None else _is_signed(parsed, issuer),
                    )
        except UNREADABLE:
            return "the response could not be read"
    return "the response is about another certificate"


def _is_signed(response: ocsp.OCSPResponse, issuer: bytes) -> bool:
    """Return whether the issuer signed, or a certificate that it issued for OCSP (RFC 6960 4.2.2.2)."""
    authority = x509.load_der_x509_certificate(issuer)
    if _verifies(response, authority):
        return True
    return any(
        _may_answer(delegate, authority) and _verifies(response, delegate)
        for delegate in response.certificates[:_DELEGATES]
    )


def _may_answer(delegate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        delegate.verify_directly_issued_by(authority)
        purposes = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (*UNREADABLE, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _verifies(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), response.signature_hash_algorithm
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True
