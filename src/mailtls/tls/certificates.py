"""DER to `CertificateFacts`, whatever the bytes.

Every part is read on its own, and a part that cannot be read is named in `problems` instead of
hiding the others. Text is kept as it came.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from mailtls.evidence import CertificateFacts, KeyFacts
from mailtls.tls import algorithms

NAMES_KEPT = 2000
"""Subject alternative names kept; public CAs issue at most a few hundred in one certificate."""

UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises on hostile DER; its own classes are no `ValueError`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SRV_NAME = "1.3.6.1.5.5.7.8.7"  # id-on-dnsSRV, RFC 4985 section 2
_STATUS_REQUEST = x509.TLSFeatureType.status_request  # RFC 7633: must-staple

T = TypeVar("T")
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def parse(der: bytes) -> CertificateFacts:
    """Return the facts of one certificate; never raises.

    Bytes that are no certificate at all give empty fields, both times at the epoch, and a problem.
    """
    with warnings.catch_warnings():
        # Deviations from RFC 5280 that the library tolerates are ours to judge, not to print.
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
        except UNREADABLE as error:
            return _unreadable(der, f"certificate: {error}")
        return _facts(der, certificate)


def _unreadable(der: bytes, problem: str) -> CertificateFacts:
    return CertificateFacts(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        serial="",
        subject="",
        subject_names=(),
        issuer="",
        issuer_names=(),
        not_before=_EPOCH,
        not_after=_EPOCH,
        dns_names=(),
        ip_addresses=(),
        srv_names=(),
        key=KeyFacts(kind="unknown", bits=0, curve="", spki_sha256=""),
        signature="",
        is_ca=False,
        key_usage=(),
        extended_key_usage=(),
        issuer_urls=(),
        ocsp_urls=(),
        crl_urls=(),
        must_staple=False,
        scts=0,
        problems=(problem,),
    )


class _Reader:
    """Reads part after part and remembers which could not be read."""

    def __init__(self, certificate: x509.Certificate) -> None:
        self.problems: list[str] = []
        self.extensions = self.read("extensions", lambda: certificate.extensions, None)

    def read(self, part: str, get: Callable[[], T], otherwise: T) -> T:
        try:
            return get()
        except UNREADABLE as error:
            self.problems.append(f"{part}: {error}")
            return otherwise

    def extension(self, kind: type[_Extension]) -> _Extension | None:
        if self.extensions is None:
            return None
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None


def _facts(der: bytes, certificate: x509.Certificate) -> CertificateFacts:
    reader = _Reader(certificate)
    subject = reader.read("subject", lambda: certificate.subject, x509.Name([]))
    issuer = reader.read("issuer", lambda: certificate.issuer, x509.Name([]))
    names = list(reader.extension(x509.SubjectAlternativeName) or ())
    kept = names[:NAMES_KEPT]
    if len(names) > NAMES_KEPT:
        reader.problems.append(f"names: {len(names)}, of which the first {NAMES_KEPT} were read")
    basic = reader.extension(x509.BasicConstraints)
    usage = reader.extension(x509.KeyUsage)
    purposes = reader.extension(x509.ExtendedKeyUsage)
    features = reader.extension(x509.TLSFeature)
    timestamps = reader.extension(x509.PrecertificateSignedCertificateTimestamps)
    access = list(reader.extension(x509.AuthorityInformationAccess) or ())
    return CertificateFacts(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        serial=reader.read("serial", lambda: f"{certificate.serial_number:x}", ""),
        subject=reader.read("subject", subject.rfc4514_string, ""),
        subject_names=_values(subject, NameOID.COMMON_NAME),
        issuer=reader.read("issuer", issuer.rfc4514_string, ""),
        issuer_names=_values(issuer, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME),
        not_before=reader.read("notBefore", lambda: certificate.not_valid_before_utc, _EPOCH),
        not_after=reader.read("notAfter", lambda: certificate.not_valid_after_utc, _EPOCH),
        dns_names=tuple(name.value for name in kept if isinstance(name, x509.DNSName)),
        ip_addresses=tuple(str(name.value) for name in kept if isinstance(name, x509.IPAddress)),
        srv_names=tuple(_service_names(kept)),
        key=_key(reader, certificate),
        signature=reader.read("signature", lambda: _signature(certificate), ""),
        is_ca=basic is not None and basic.ca,
        key_usage=_key_usage(usage) if usage is not None else (),
        extended_key_usage=tuple(map(_purpose, purposes or ())),
        issuer_urls=tuple(_access_urls(access, AuthorityInformationAccessOID.CA_ISSUERS)),
        ocsp_urls=tuple(_access_urls(access, AuthorityInformationAccessOID.OCSP)),
        crl_urls=tuple(_crl_urls(reader.extension(x509.CRLDistributionPoints) or ())),
        must_staple=features is not None and _STATUS_REQUEST in features,
        scts=reader.read("timestamps", lambda: len(list(timestamps or ())), 0),
        problems=tuple(reader.problems),
        names_total=len(names),
    )


def _values(name: x509.Name, *kinds: x509.ObjectIdentifier) -> tuple[str, ...]:
    found = (part.value for kind in kinds for part in name.get_attributes_for_oid(kind))
    return tuple(v if isinstance(v, str) else v.decode("latin-1") for v in found)


def _service_names(names: Iterable[x509.GeneralName]) -> Iterable[str]:
    for name in names:
        if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _SRV_NAME:
            text = algorithms.ia5_string(name.value)
            if text:
                yield text


def _key(reader: _Reader, certificate: x509.Certificate) -> KeyFacts:
    # Hashed as sent: re-encoding the parsed key would turn RSASSA-PSS into rsaEncryption and
    # compressed points into uncompressed ones, and so give another pin.
    spki = algorithms.subject_public_key_info(certificate.tbs_certificate_bytes)
    if not spki:
        reader.problems.append("key: no SubjectPublicKeyInfo found")
    key = reader.read("key", certificate.public_key, None)
    kind, bits, curve = "unknown", 0, ""
    if isinstance(key, rsa.RSAPublicKey):
        kind, bits = "rsa", key.key_size
    elif isinstance(key, dsa.DSAPublicKey):
        kind, bits = "dsa", key.key_size
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, bits = "ecdsa", key.curve.key_size
        curve = algorithms.CURVE_NAMES.get(key.curve.name, key.curve.name)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        kind, bits = "ed25519", 256
    elif isinstance(key, ed448.Ed448PublicKey):
        kind, bits = "ed448", 456
    spki_sha256 = hashlib.sha256(spki).hexdigest() if spki else ""
    return KeyFacts(kind=kind, bits=bits, curve=curve, spki_sha256=spki_sha256)


def _signature(certificate: x509.Certificate) -> str:
    oid = certificate.signature_algorithm_oid.dotted_string
    if oid != algorithms.RSASSA_PSS:
        return algorithms.SIGNATURE_NAMES.get(oid, oid)
    digest = certificate.signature_hash_algorithm
    return f"{digest.name if digest else 'unknown'}-rsa-pss"


def _key_usage(usage: x509.KeyUsage) -> tuple[str, ...]:
    bits = {
        "digitalSignature": usage.digital_signature,
        "nonRepudiation": usage.content_commitment,
        "keyEncipherment": usage.key_encipherment,
        "dataEncipherment": usage.data_encipherment,
        "keyAgreement": usage.key_agreement,
        "keyCertSign": usage.key_cert_sign,
        "cRLSign": usage.crl_sign,
        # These two have a meaning beside keyAgreement only (RFC 5280 section 4.2.1.3).
        "encipherOnly": usage.key_agreement and usage.encipher_only,
        "decipherOnly": usage.key_agreement and usage.decipher_only,
    }
    return tuple(name for name, is_set in bits.items() if is_set)


def _purpose(oid: x509.ObjectIdentifier) -> str:
    return algorithms.PURPOSE_NAMES.get(oid.dotted_string, oid.dotted_string)


def _access_urls(
    access: Iterable[x509.AccessDescription], method: x509.ObjectIdentifier
) -> Iterable[str]:
    for entry in access:
        location = entry.access_location
        if entry.access_method == method and isinstance(location, x509.UniformResourceIdentifier):
            yield location.value


def _crl_urls(points: Iterable[x509.DistributionPoint]) -> Iterable[str]:
    for point in points:
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value
