"""A throw-away PKI: root, intermediate and leaves with any wanted fault, as PEM files."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyType = Literal["ec", "rsa"]
Issuer = Literal["intermediate", "root", "self"]
Chain = Literal["full", "leaf", "with-root"]


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the session's RSA key of that size: making one costs more than all else here."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a server is given to prove who it is: the chain as sent and the key, as PEM files."""

    certificate: x509.Certificate
    chain_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: PrivateKey


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certify(
    *,
    subject: x509.Name,
    key: PrivateKey,
    issuer: _Authority | None,
    days: tuple[float, float],
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = datetime.now(UTC)
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


class Pki:
    """A root, an intermediate under it, and as many leaves as a test asks for, below `folder`."""

    def __init__(self, folder: Path, *, name: str = "Lab") -> None:
        folder.mkdir(mode=0o755)
        self._folder = folder
        self._count = 0
        self._root = self._authority(f"{name} Root", issuer=None, path_length=1)
        self._intermediate = self._authority(
            f"{name} Intermediate", issuer=self._root, path_length=0
        )
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(_pem(self._root.certificate))

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor; `ca_file` holds it as PEM."""
        return self._root.certificate

    @property
    def intermediate(self) -> x509.Certificate:
        """The certificate between the root and the leaves."""
        return self._intermediate.certificate

    @staticmethod
    def _authority(name: str, *, issuer: _Authority | None, path_length: int) -> _Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certify(
            subject=_name(name),
            key=key,
            issuer=issuer,
            days=(-400, 3650),
            extensions=[
                (x509.BasicConstraints(ca=True, path_length=path_length), True),
                (_usage(authority=True), True),
            ],
        )
        return _Authority(certificate, key)

    def issue(
        self,
        *names: str,
        days: tuple[float, float] = (-1, 90),
        key_type: KeyType = "ec",
        rsa_bits: int = 2048,
        issuer: Issuer = "intermediate",
        chain: Chain = "full",
        purposes: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,),
    ) -> Identity:
        """Return a leaf for `names` (DNS names or IP addresses; the first is also the CN).

        `days` are start and end, counted from now. `chain` is what the server will send: the leaf
        with its intermediate, the leaf alone, or the root as well. No purposes: no EKU extension.
        """
        key: PrivateKey
        key = rsa_key(rsa_bits) if key_type == "rsa" else ec.generate_private_key(ec.SECP256R1())
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(authority=False), True),
            (x509.SubjectAlternativeName([_general_name(n) for n in names]), False),
        ]
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        above: dict[str, list[_Authority]] = {
            "intermediate": [self._intermediate, self._root],
            "root": [self._root],
            "self": [],
        }
        authorities = above[issuer]
        leaf = _certify(
            subject=_name(names[0]),
            key=key,
            issuer=authorities[0] if authorities else None,
            days=days,
            extensions=extensions,
        )
        sent = {"leaf": [], "full": authorities[:-1], "with-root": authorities}[chain]
        return self._write(key, leaf, *(a.certificate for a in sent))

    def _write(self, key: PrivateKey, *certificates: x509.Certificate) -> Identity:
        self._count += 1
        chain_file = self._folder / f"{self._count}.chain.pem"
        key_file = self._folder / f"{self._count}.key.pem"
        chain_file.write_bytes(_pem(*certificates))
        key_file.touch(mode=0o600)  # both daemons read it as root, before they change user
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Identity(certificate=certificates[0], chain_file=chain_file, key_file=key_file)
