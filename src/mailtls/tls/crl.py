"""Certificate revocation lists (RFC 5280 section 5): what one says of a certificate, and whether it may.

Only complete lists of the certificate's own issuer are read. Delta lists, indirect lists and lists
with critical extensions that are not known here say nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from cryptography import x509

from mailtls.revocations import Status
from mailtls.tls.certificates import UNREADABLE

_PEM = b"-----BEGIN X509 CRL-----"


def read(crl: bytes, certificate: bytes, issuer: bytes, points: Sequence[str]) -> Status | str:
    """Return the status of `certificate` in a list, or why it says nothing; never raises.

    The list is DER (RFC 5280 section 4.2.1.13) or, as some private CAs publish it, PEM;
    `certificate` and its `issuer` are DER, `points` the URLs of the certificate's distribution points.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pem = crl.lstrip().startswith(_PEM)
            loaded = x509.load_pem_x509_crl(crl) if pem else x509.load_der_x509_crl(crl)
            subject = x509.load_der_x509_certificate(certificate)
            authority = x509.load_der_x509_certificate(issuer)
            if loaded.issuer != subject.issuer:
                return "the list is of another issuer"
            return _limit(loaded, subject, points) or _status(loaded, subject, authority)
        except UNREADABLE:
            return "the list could not be read"


def _limit(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, points: Sequence[str]
) -> str:
    """Return why a list does not speak of all that may befall the certificate, or ""."""
    for extension in crl.extensions:
        match extension.value:
            case x509.DeltaCRLIndicator():
                return "the list has only what changed since another (a delta list)"
            case x509.IssuingDistributionPoint() as scope:
                if reason := _outside(scope, certificate, points):
                    return reason
            case _ if extension.critical:
                oid = extension.oid.dotted_string
                return f"the list has a critical extension that is not known here: {oid}"
            case _:
                continue
    return ""


def _outside(
    scope: x509.IssuingDistributionPoint, certificate: x509.Certificate, points: Sequence[str]
) -> str:
    """Return why a certificate is not in a list's scope (RFC 5280 section 6.3.3 b), or ""."""
    if scope.indirect_crl:
        return "the list is an indirect one"
    if scope.only_some_reasons:
        return "the list is about some reasons only"
    is_ca = _is_ca(certificate)
    if scope.only_contains_attribute_certs or (
        scope.only_contains_user_certs if is_ca else scope.only_contains_ca_certs
    ):
        return "the list is about certificates of another kind"
    names = scope.full_name or ()
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    # A CA with many lists signs all of them: who put one for another would hide the entry.
    if scope.relative_name or (urls and not set(urls) & set(points)):
        return "the list is that of another distribution point"
    return ""


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _status(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, authority: x509.Certificate
) -> Status:
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return Status(
        status="good" if entry is None else "revoked",
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        signed=_is_signed(crl, authority),
        revoked_at=None if entry is None else entry.revocation_date_utc,
        reason="" if entry is None else _reason(entry),
    )


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        found = entry.extensions.get_extension_for_class(x509.CRLReason).value
    except x509.ExtensionNotFound:
        return ""
    return str(found.reason.value)


def _is_signed(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    """Return whether the authority signed, with a key that may sign lists (RFC 5280 6.3.3 f, g)."""
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if authority.subject != crl.issuer or (usage is not None and not usage.crl_sign):
        return False
    # Without a type check the library raises TypeError for keys that sign nothing, as X25519.
    return bool(crl.is_signature_valid(authority.public_key()))  # type: ignore[arg-type]
