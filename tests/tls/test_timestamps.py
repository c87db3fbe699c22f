"""Timestamps written by hand as RFC 6962 section 3.3 lays them out: cryptography reads, but makes none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from mailtls.tls.timestamps import LIMIT, Timestamp, embedded, shaken, stapled

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
IN_CERTIFICATE = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])


def sct(log, signature=b"\x30\x00", algorithm=b"\x04\x03"):
    at = int(NOW.timestamp() * 1000)
    body = b"\0" + bytes([log]) * 32 + at.to_bytes(8) + b"\0\0" + algorithm
    body += len(signature).to_bytes(2) + signature
    return len(body).to_bytes(2) + body


def listed(*scts):
    content = b"".join(scts)
    content = len(content).to_bytes(2) + content
    length = len(content)
    size = length.to_bytes(2)
    return b"\x04" + (bytes([length]) if length < 128 else b"\x82" + size) + content


def certificate(value=None):
    builder = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=90))
    )
    if value is not None:
        extension = x509.UnrecognizedExtension(IN_CERTIFICATE, value)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEY, hashes.SHA256())


def der(made):
    return made.public_bytes(serialization.Encoding.DER)


def stamp(log, *, algorithm="sha256-ecdsa"):
    return Timestamp(log=f"{log:02x}" * 32, at=NOW, algorithm=algorithm)


def test_embedded_timestamps_have_log_time_and_signature():
    made = certificate(listed(sct(1), sct(2, signature=b"")))
    assert embedded(der(made)) == (stamp(1), stamp(2, algorithm=""))


def test_none_is_none_and_unreadable_is_unreadable():
    assert embedded(der(certificate())) == ()
    assert embedded(der(certificate(b"\x04\x03abc"))) is None
    assert embedded(b"no certificate") is None


def in_handshake(*scts):
    content = b"".join(scts)
    return len(content).to_bytes(2) + content


def test_the_extension_of_a_handshake_is_read_the_same():
    rsa, odd = b"\x04\x01", b"\x09\x07"
    listed = in_handshake(sct(1), sct(2, b""), sct(3, algorithm=rsa), sct(4, algorithm=odd))
    assert shaken(listed) == (
        stamp(1),
        stamp(2, algorithm=""),
        stamp(3, algorithm="sha256-rsa"),
        stamp(4, algorithm="9-7"),
    )
    assert shaken(b"") == ()
    assert len(shaken(in_handshake(*(sct(1) for _ in range(LIMIT + 50))))) == LIMIT


@pytest.mark.parametrize(
    "listed",
    [b"\0", b"\0\x01\0", in_handshake(sct(1)) + b"x", in_handshake(b"\0\x01\x01"), b"\0\x02\0\0"],
)
def test_a_list_of_a_handshake_that_is_none_is_unreadable(listed):
    assert shaken(listed) is None


@given(st.binary(max_size=200))
def test_no_list_of_a_handshake_raises(listed):
    for each in (listed, in_handshake(listed), in_handshake(sct(1)[:-1] + listed)):
        assert shaken(each) is None or isinstance(shaken(each), tuple)


def test_a_long_list_is_cut():
    many = certificate(listed(*(sct(1) for _ in range(LIMIT + 50))))
    assert len(embedded(der(many))) == LIMIT


def test_a_response_without_timestamps_or_without_success_has_none():
    made = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate(),
            issuer=certificate(),
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=NOW,
            next_update=None,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate())
        .sign(KEY, hashes.SHA256())
    )
    assert stapled(der(made)) == ()
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    assert stapled(der(later)) == ()
    assert stapled(b"") == ()
    assert stapled(b"no") is None


@given(st.binary(max_size=300))
def test_no_list_raises(value):
    found = embedded(der(certificate(value)))
    assert found is None or isinstance(found, tuple)
