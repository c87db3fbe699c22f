"""Certificates made at run time, as a small authority that signs what a test asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """Return a key of `bits`, made once in a run: these are slow."""
    return rsa.generate_private_key(65537, bits)


def curve_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Issued:
    """A certificate with its key, able to sign another."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def key_usage(*bits: str) -> x509.KeyUsage:
    """Return an extension with these bits set, by the names that x509.KeyUsage has for them."""
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


class Authority:
    """Signs certificates; every deviation is an argument."""

    now = NOW
    day = DAY
    rsa_key = staticmethod(rsa_key)
    curve_key = staticmethod(curve_key)
    key_usage = staticmethod(key_usage)

    def issue(
        self,
        subject: str | x509.Name,
        issuer: Issued | None = None,
        *,
        key: Any = None,
        ca: bool = False,
        names: tuple[x509.GeneralName, ...] = (),
        usages: tuple[x509.ObjectIdentifier, ...] | None = None,
        since: datetime = NOW - 30 * DAY,
        until: datetime = NOW + 60 * DAY,
        digest: Any = None,
        extra: tuple[x509.ExtensionType, ...] = (),
        padding: Any = None,
    ) -> Issued:
        key = key or curve_key()
        subject = name(subject) if isinstance(subject, str) else subject
        signer = issuer.key if issuer else key
        digest = digest or (
            hashes.SHA256()
            if isinstance(signer, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))
            else None
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if usages is None and not ca:
            usages = (ExtendedKeyUsageOID.SERVER_AUTH,)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension in extra:
            builder = builder.add_extension(
                extension, critical=isinstance(extension, x509.NameConstraints)
            )
        signed = builder.sign(signer, digest, rsa_padding=padding)
        return Issued(signed, key)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def root(authority: Authority) -> Issued:
    return authority.issue("Test Root", ca=True)


@pytest.fixture(scope="session")
def intermediate(authority: Authority, root: Issued) -> Issued:
    return authority.issue("Test Intermediate", root, ca=True)


@pytest.fixture(scope="session")
def leaf(authority: Authority, intermediate: Issued) -> Issued:
    return authority.issue(
        "mail.example.org", intermediate, names=(x509.DNSName("mail.example.org"),)
    )
