from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from mailtls.evidence import CertificateFacts
from mailtls.tls import certificates

SRV_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.7")


def url(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def test_every_field_of_a_leaf_is_read(authority, root) -> None:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Ltd"),
            x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org"),
        ]
    )
    issued = authority.issue(
        subject,
        root,
        names=(
            x509.DNSName("mail.example.org"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.OtherName(SRV_NAME, b"\x16\x12_imaps.example.org"),
            x509.RFC822Name("postmaster@example.org"),
        ),
        usages=(ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3.4")),
        extra=(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=True,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=True,
            ),
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.CA_ISSUERS, url("http://ca.example/i.der")
                    ),
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP, url("http://ocsp.example/")
                    ),
                ]
            ),
            x509.CRLDistributionPoints(
                [x509.DistributionPoint([url("http://ca.example/c.crl")], None, None, None)]
            ),
            x509.TLSFeature([x509.TLSFeatureType.status_request]),
        ),
    )
    facts = certificates.parse(issued.der)
    spki = issued.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert facts.problems == ()
    assert facts.sha256 == issued.certificate.fingerprint(hashes.SHA256()).hex()
    assert facts.serial == f"{issued.certificate.serial_number:x}"
    assert facts.subject == "CN=mail.example.org,O=Example Ltd"
    assert facts.subject_names == ("mail.example.org",)
    assert facts.issuer_names == ("Test Root",)
    assert facts.not_before == authority.now - 30 * authority.day
    assert facts.not_after == authority.now + 60 * authority.day
    assert facts.dns_names == ("mail.example.org",)
    assert facts.ip_addresses == ("192.0.2.1", "2001:db8::1")
    assert facts.srv_names == ("_imaps.example.org",)
    assert facts.names_total == 5
    assert (facts.key.kind, facts.key.bits, facts.key.curve) == ("ecdsa", 256, "P-256")
    assert facts.key.spki_sha256 == hashlib.sha256(spki).hexdigest()
    assert facts.signature == "sha256-ecdsa"
    assert not facts.is_ca
    assert facts.key_usage == ("digitalSignature", "keyAgreement", "decipherOnly")
    assert facts.extended_key_usage == ("serverAuth", "1.2.3.4")
    assert facts.issuer_urls == ("http://ca.example/i.der",)
    assert facts.ocsp_urls == ("http://ocsp.example/",)
    assert facts.crl_urls == ("http://ca.example/c.crl",)
    assert facts.must_staple
    assert facts.scts == 0


def test_an_authority_and_a_certificate_without_names(authority, root) -> None:
    assert certificates.parse(root.der).is_ca
    bare = certificates.parse(authority.issue("cn only", root, usages=()).der)
    assert (bare.dns_names, bare.names_total, bare.extended_key_usage) == ((), 0, ())
    assert not bare.must_staple


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a: a.rsa_key(2048), ("rsa", 2048, "")),
        (lambda a: a.curve_key(ec.SECP384R1()), ("ecdsa", 384, "P-384")),
        (lambda a: a.curve_key(ec.SECP521R1()), ("ecdsa", 521, "P-521")),
        (lambda a: a.curve_key(ec.SECP256K1()), ("ecdsa", 256, "secp256k1")),
        (lambda a: a.curve_key(ec.BrainpoolP256R1()), ("ecdsa", 256, "brainpoolP256r1")),
        (lambda _: ed25519.Ed25519PrivateKey.generate(), ("ed25519", 256, "")),
        (lambda _: ed448.Ed448PrivateKey.generate(), ("ed448", 456, "")),
        (lambda _: dsa.generate_private_key(2048), ("dsa", 2048, "")),
    ],
)
def test_each_kind_of_key(authority, root, make, expected: tuple[str, int, str]) -> None:
    key = certificates.parse(authority.issue("k", root, key=make(authority)).der).key
    assert (key.kind, key.bits, key.curve) == expected


def pss(digest: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)


@pytest.mark.parametrize(
    ("make", "digest", "scheme", "signature"),
    [
        (lambda a: a.rsa_key(2048), hashes.SHA256(), None, "sha256-rsa"),
        (lambda a: a.rsa_key(2048), hashes.SHA512(), None, "sha512-rsa"),
        (lambda a: a.rsa_key(2048), hashes.SHA3_256(), None, "sha3-256-rsa"),
        (lambda a: a.rsa_key(2048), hashes.SHA384(), pss(hashes.SHA384()), "sha384-rsa-pss"),
        (lambda a: a.curve_key(), hashes.SHA384(), None, "sha384-ecdsa"),
        (lambda _: ed25519.Ed25519PrivateKey.generate(), None, None, "ed25519"),
        (lambda _: ed448.Ed448PrivateKey.generate(), None, None, "ed448"),
    ],
)
def test_each_signature_has_its_name(authority, make, digest, scheme, signature: str) -> None:
    issued = authority.issue("s", key=make(authority), digest=digest, padding=scheme)
    assert certificates.parse(issued.der).signature == signature


def test_an_unknown_signature_is_its_object_identifier(leaf) -> None:
    ecdsa_sha256, unknown = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d04037f")
    facts = certificates.parse(leaf.der.replace(ecdsa_sha256, unknown))
    assert facts.signature == "1.2.840.10045.4.3.127"


def test_hostile_text_is_kept_as_it_came(authority, root) -> None:
    text = "x\r\n::error::\u202e##[add-mask]"
    assert certificates.parse(authority.issue(text, root).der).subject_names == (text,)


def test_an_internationalized_name_is_kept_as_it_came(authority, root) -> None:
    issued = authority.issue("u", root, names=(x509.DNSName("abcd.example"),))
    der = issued.der.replace(b"abcd.example", "ääex.example"[:10].encode())
    assert certificates.parse(der).dns_names == ("ääex.examp",)


def test_one_bad_extension_does_not_hide_the_rest(authority, root) -> None:
    issued = authority.issue("mail.example.org", root, names=(x509.DNSName("abcd.example"),))
    facts = certificates.parse(issued.der.replace(b"abcd.example", b"\xff\xffcd.example"))
    assert [problem.partition(":")[0] for problem in facts.problems] == ["extensions"]
    assert facts.subject_names == ("mail.example.org",)
    assert facts.key.kind == "ecdsa"


def test_a_key_that_cannot_be_read_still_has_its_pin(authority, root) -> None:
    issued = authority.issue("k", root, key=authority.curve_key(ec.SECP384R1()))
    der = issued.der.replace(bytes.fromhex("2b81040022"), bytes.fromhex("2b8104007f"))
    facts = certificates.parse(der)
    assert (facts.key.kind, facts.key.bits) == ("unknown", 0)
    assert len(facts.key.spki_sha256) == 64
    assert [problem.partition(":")[0] for problem in facts.problems] == ["key"]


def test_many_names_are_counted_and_the_first_are_kept(authority, root) -> None:
    names = tuple(x509.DNSName(f"h{i}.example.org") for i in range(100_000))
    facts = certificates.parse(authority.issue("many", root, names=names).der)
    assert facts.names_total == 100_000
    assert len(facts.dns_names) == 2000
    assert facts.problems == ("names: 100000, of which the first 2000 were read",)


@pytest.mark.parametrize(
    "data", [b"", b"0", b"\x30\x80", b"-----BEGIN CERTIFICATE-----", b"\0" * 99]
)
def test_bytes_that_are_no_certificate_are_a_problem(data: bytes) -> None:
    facts = certificates.parse(data)
    assert facts.problems[0].startswith("certificate: ")
    assert facts.not_after == datetime(1970, 1, 1, tzinfo=UTC)
    assert (facts.key.kind, facts.dns_names) == ("unknown", ())


@given(data=st.data())
def test_any_change_of_a_certificate_gives_facts(data: st.DataObject, leaf) -> None:
    der = bytearray(leaf.der)
    for _ in range(data.draw(st.integers(1, 6))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(der)))
    whole = bytes(der) if data.draw(st.booleans()) else bytes(der[:end])
    facts = certificates.parse(whole)
    assert isinstance(facts, CertificateFacts)
    assert facts.sha256 == hashlib.sha256(whole).hexdigest()
    assert facts.not_after.tzinfo is UTC


def test_every_octet_changed_gives_facts(leaf) -> None:
    for position in range(len(leaf.der)):
        for bit in range(8):
            der = bytearray(leaf.der)
            der[position] ^= 1 << bit
            assert certificates.parse(bytes(der)).der == der


@given(st.binary(max_size=400))
def test_any_bytes_give_facts(data: bytes) -> None:
    assert certificates.parse(data).problems
