"""OCSP responses made with a key of the right or the wrong hands, and bytes that are none."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.revocations import Status
from mailtls.tls.ocsp import read as read_at
from mailtls.tls.ocsp import request_url

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def read(response, leaf, issuer, at=NOW):
    return read_at(response, leaf, issuer, at)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(subject, key, issuer, signer, purposes=(), *, until=NOW + 90 * DAY):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(until)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    edwards = isinstance(signer, ed25519.Ed25519PrivateKey)
    return builder.sign(signer, None if edwards else hashes.SHA256())


CA_KEY = ec.generate_private_key(ec.SECP256R1())
CA = certify("CA", CA_KEY, "CA", CA_KEY)
LEAF = certify("leaf", ec.generate_private_key(ec.SECP256R1()), "CA", CA_KEY)
OTHER = certify("other", ec.generate_private_key(ec.SECP256R1()), "CA", CA_KEY)


def response(
    *,
    of=LEAF,
    status=ocsp.OCSPCertStatus.GOOD,
    responder=CA,
    key=CA_KEY,
    delegates=(),
    next_update=NOW + DAY,
    reason=None,
):
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=of,
            issuer=CA,
            algorithm=hashes.SHA1(),  # noqa: S303 - the hash that names the issuer, as CAs use it
            cert_status=status,
            this_update=NOW - DAY,
            next_update=next_update,
            revocation_time=NOW - DAY if revoked else None,
            revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
    )
    if delegates:
        builder = builder.certificates(list(delegates))
    edwards = isinstance(key, ed25519.Ed25519PrivateKey)
    made = builder.sign(key, None if edwards else hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("status", list(ocsp.OCSPCertStatus))
def test_the_status_with_its_dates(status):
    assert read(response(status=status), der(LEAF), der(CA)) == Status(
        status=status.name.lower(),
        this_update=NOW - DAY,
        next_update=NOW + DAY,
        signed=True,
        revoked_at=NOW - DAY if status is ocsp.OCSPCertStatus.REVOKED else None,
    )


def test_without_the_issuer_the_signature_is_open():
    assert read(response(next_update=None), der(LEAF), None) == Status(
        status="good", this_update=NOW - DAY, next_update=None, signed=None
    )


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["rsa", "ecdsa", "ed25519"],
)
def test_a_responder_that_the_issuer_named_may_sign(key):
    delegate = certify("responder", key, "CA", CA_KEY, [ExtendedKeyUsageOID.OCSP_SIGNING])
    seen = read(response(responder=delegate, key=key, delegates=[delegate]), der(LEAF), der(CA))
    assert seen.signed is True


def test_a_responder_whose_own_certificate_has_expired_may_not():
    key = ec.generate_private_key(ec.SECP256R1())
    purposes = [ExtendedKeyUsageOID.OCSP_SIGNING]
    delegate = certify("responder", key, "CA", CA_KEY, purposes, until=NOW)
    made = response(responder=delegate, key=key, delegates=[delegate])
    moments = (NOW - 2 * DAY, NOW, NOW + timedelta(seconds=1))
    seen = [read(made, der(LEAF), der(CA), at=at).signed for at in moments]
    assert seen == [False, True, False]


def test_a_reason_is_told():
    made = response(status=ocsp.OCSPCertStatus.REVOKED, reason=x509.ReasonFlags.superseded)
    assert read(made, der(LEAF), der(CA)).reason == "superseded"


def test_the_same_serial_number_of_another_issuer_is_another_certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    other = certify("other CA", key, "other CA", key)
    made = response()
    assert read(made, der(LEAF), der(other)) == "the response is about another certificate"


def test_the_request_is_read_by_openssl(tmp_path):
    url = request_url("http://ocsp.example/way/", der(LEAF), der(CA))
    head, _, encoded = url.rpartition("/")
    assert head == "http://ocsp.example/way"
    assert encoded.isascii()
    assert not set(encoded) & set("+/= ")
    request = tmp_path / "request.der"
    request.write_bytes(base64.b64decode(unquote(encoded)))
    command = ["openssl", "ocsp", "-reqin", str(request), "-req_text"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"Serial Number: {LEAF.serial_number:X}" in told.replace("Number: 0", "Number: ")
    assert request_url("http://ocsp.example/", b"no", der(CA)) is None


def test_nobody_else_may():
    key = ec.generate_private_key(ec.SECP256R1())
    without_purpose = certify("responder", key, "CA", CA_KEY)
    stranger = certify("responder", key, "CA", key, [ExtendedKeyUsageOID.OCSP_SIGNING])
    for delegate in (without_purpose, stranger):
        made = response(responder=delegate, key=key, delegates=[delegate])
        assert read(made, der(LEAF), der(CA)).signed is False
    impostor = certify("CA", key, "CA", key)
    assert read(response(responder=impostor, key=key), der(LEAF), der(CA)).signed is False


def test_what_says_nothing_of_the_leaf_says_why():
    assert (
        read(response(of=OTHER), der(LEAF), der(CA)) == "the response is about another certificate"
    )
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    later = later.public_bytes(serialization.Encoding.DER)
    assert read(later, der(LEAF), der(CA)) == "the responder answered try_later"
    assert read(b"no", der(LEAF), der(CA)) == "the response could not be read"
    assert read(response(), b"no", der(CA)) == "the response could not be read"


@settings(max_examples=300)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_no_mutant_raises(at, value, of_issuer):
    whole = bytearray(response_of_all)
    whole[at % len(whole)] = value
    issuer = bytearray(der(CA))
    if of_issuer:
        issuer[at % len(issuer)] = value
    assert isinstance(read(bytes(whole), der(LEAF), bytes(issuer)), Status | str)


response_of_all = response()
