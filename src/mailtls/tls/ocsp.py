"""OCSP (RFC 6960): the request for one certificate, its status in a response, and who vouches for it."""

from __future__ import annotations

import base64
import warnings
from datetime import datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from mailtls.revocations import Status
from mailtls.tls.certificates import UNREADABLE

_DELEGATES = 10


def request_url(responder: str, leaf: bytes, issuer: bytes) -> str | None:
    """Return the URL that asks a responder by GET (RFC 6960 appendix A.1); None for no certificates.

    The issuer is named by SHA-1, which every responder takes (RFC 5019 section 2.1.1).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            asked = (
                ocsp.OCSPRequestBuilder()
                .add_certificate(
                    x509.load_der_x509_certificate(leaf),
                    x509.load_der_x509_certificate(issuer),
                    hashes.SHA1(),  # noqa: S303 - it names the issuer, and proves nothing
                )
                .build()
            )
            encoded = base64.b64encode(asked.public_bytes(serialization.Encoding.DER)).decode()
        except UNREADABLE:
            return None
    return f"{responder.rstrip('/')}/{quote(encoded, safe='')}"


def read(response: bytes, leaf: bytes, issuer: bytes | None, at: datetime) -> Status | str:
    """Return the status of `leaf` in a DER response, or why there is none; never raises.

    `leaf` and `issuer` are certificates as DER. `at` is when a responder's own certificate has to be
    valid; whether the response is current is left to the reader of its dates.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = ocsp.load_der_ocsp_response(response)
            if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return f"the responder answered {parsed.response_status.name.lower()}"
            subject = x509.load_der_x509_certificate(leaf)
            authority = None if issuer is None else x509.load_der_x509_certificate(issuer)
            for single in parsed.responses:
                if _is_about(single, subject, authority):
                    signed = None if authority is None else _is_signed(parsed, authority, at)
                    return _status(single, signed=signed)
        except UNREADABLE:
            return "the response could not be read"
    return "the response is about another certificate"


def _is_about(
    single: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate | None
) -> bool:
    if single.serial_number != leaf.serial_number:
        return False
    if issuer is None:
        return True
    # A serial number is one certificate's only together with its issuer (RFC 6960 section 4.1.1).
    named = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, single.hash_algorithm).build()
    return (single.issuer_name_hash, single.issuer_key_hash) == (
        named.issuer_name_hash,
        named.issuer_key_hash,
    )


def _status(single: ocsp.OCSPSingleResponse, *, signed: bool | None) -> Status:
    reason = single.revocation_reason
    return Status(
        status=single.certificate_status.name.lower(),
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        signed=signed,
        revoked_at=single.revocation_time_utc,
        reason="" if reason is None else str(reason.value),
    )


def _is_signed(response: ocsp.OCSPResponse, authority: x509.Certificate, at: datetime) -> bool:
    """Return whether the issuer signed, or a certificate that it issued for OCSP (RFC 6960 4.2.2.2)."""
    if _verifies(response, authority):
        return True
    return any(
        _may_answer(delegate, authority, at) and _verifies(response, delegate)
        for delegate in response.certificates[:_DELEGATES]
    )


def _may_answer(delegate: x509.Certificate, authority: x509.Certificate, at: datetime) -> bool:
    try:
        delegate.verify_directly_issued_by(authority)
        purposes = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        valid = delegate.not_valid_before_utc <= at <= delegate.not_valid_after_utc
    except (*UNREADABLE, InvalidSignature, x509.ExtensionNotFound):
        return False
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in purposes


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
