"""How a certificate of any kind is made, with the authorities of the zoo."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import NameOID, ObjectIdentifier

DOMAIN = "zoo.test"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SHA1 = "sha1"


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def curve_key(curve: type[ec.EllipticCurve], number: int = 0) -> ec.EllipticCurvePrivateKey:
    """Return the session's key number `number` on a curve."""
    del number
    return ec.generate_private_key(curve())


LEAF_KEY = curve_key(ec.SECP256R1)


def called(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def key_usage(*bits: str) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in bits for name in names})


@dataclass
class Issued:
    certificate: x509.Certificate
    key: Any


def signed_with_sha1(made: Issued, issuer: Issued) -> Issued:
    """Sign anew by openssl: cryptography signs with SHA-1 no more."""
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "c").write_bytes(made.certificate.public_bytes(pem))
        Path(folder, "ca").write_bytes(issuer.certificate.public_bytes(pem))
        key = issuer.key.private_bytes(pem, form, serialization.NoEncryption())
        Path(folder, "key").write_bytes(key)
        command = "openssl x509 -in c -CA ca -CAkey key -sha1 -preserve_dates -set_serial 9"
        signed = subprocess.run(command.split(), cwd=folder, capture_output=True, check=True)
    return Issued(x509.load_pem_x509_certificate(signed.stdout), made.key)


def issue(
    subject: x509.Name,
    issuer: Issued | None,
    key: Any,
    *,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    dates: tuple[datetime, datetime] = (NOW - 10 * DAY, NOW + 60 * DAY),
    digest: Any = None,
    scheme: Any = None,
    key_ids: bool = True,
    serial: int | None = None,
) -> Issued:
    if digest == SHA1 and issuer is not None:
        plain = issue(subject, None, key, extensions=extensions, dates=dates, key_ids=False)
        return signed_with_sha1(plain, issuer)
    signer = issuer.key if issuer else key
    edwards = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(dates[0])
        .not_valid_after(dates[1])
    )
    if key_ids:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(own, critical=False)
        builder = builder.add_extension(authority, critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    digest = None if edwards else (digest or hashes.SHA256())
    return Issued(builder.sign(signer, digest, rsa_padding=scheme), key)


def authority(
    text: str,
    issuer: Issued | None,
    *more: tuple[x509.ExtensionType, bool],
    key: Any = None,
    length: int | None = None,
    is_ca: bool = True,
    usage: tuple[str, ...] = ("key_cert_sign", "crl_sign"),
    **options: Any,
) -> Issued:
    constraints = x509.BasicConstraints(ca=is_ca, path_length=length if is_ca else None)
    extensions = [(constraints, True), (key_usage(*usage), True), *more]
    options.setdefault("dates", (NOW - 100 * DAY, NOW + 900 * DAY))
    return issue(
        called(text),
        issuer,
        key or ec.generate_private_key(ec.SECP256R1()),
        extensions=extensions,
        **options,
    )


ROOT = authority("Zoo Root", None)
MIDDLE = authority("Zoo Intermediate", ROOT)
SECOND = authority("Zoo Second Intermediate", MIDDLE)
RSA_MIDDLE = authority("Zoo RSA Intermediate", ROOT, key=rsa_key(2048))


def dns(*names: str) -> tuple[x509.GeneralName, ...]:
    return tuple(x509.DNSName(name) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """How to make a leaf for a host; the defaults are those of a sane server."""

    issuer: Issued | None = field(default_factory=lambda: MIDDLE)
    key: Any = LEAF_KEY
    names: tuple[x509.GeneralName, ...] | None = None
    subject: x509.Name | None = None
    purposes: tuple[ObjectIdentifier, ...] = (Purpose.SERVER_AUTH,)
    usage: tuple[str, ...] = ("digital_signature",)
    is_ca: bool | None = False
    more: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    above: tuple[x509.Certificate, ...] | None = None

    def __call__(self, host: str) -> tuple[Any, list[x509.Certificate]]:
        extensions: list[tuple[x509.ExtensionType, bool]] = []
        names = dns(host) if self.names is None else self.names
        if names:
            extensions.append((x509.SubjectAlternativeName(names), False))
        if self.purposes:
            extensions.append((x509.ExtendedKeyUsage(self.purposes), False))
        if self.usage:
            extensions.append((key_usage(*self.usage), True))
        if self.is_ca is not None:
            extensions.append((x509.BasicConstraints(ca=self.is_ca, path_length=None), True))
        made = issue(
            called(host[:64]) if self.subject is None else self.subject,
            self.issuer,
            self.key,
            extensions=[*extensions, *self.more],
            **self.options,
        )
        above = self.above
        if above is None:
            above = (self.issuer.certificate,) if self.issuer and self.issuer is not ROOT else ()
        return self.key, [made.certificate, *above]


def dates(start: float, end: float) -> dict[str, Any]:
    return {"dates": (NOW + start * DAY, NOW + end * DAY)}
