"""Lists made with a key of the right or the wrong hands, of every scope, and bytes that are none."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.revocations import Status
from mailtls.tls.crl import read

OWN = "http://crl.example/own.crl"
POINTS = (OWN,)
ENTRY_OF = x509.ReasonFlags


def make(issuer, *extensions, serial=None, reason=None, now=None, key=None, digest=None):
    day = issuer.certificate.not_valid_after_utc - issuer.certificate.not_valid_before_utc
    now = now or issuer.certificate.not_valid_before_utc + day / 2
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(issuer.certificate.not_valid_after_utc)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    if serial is not None:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key or issuer.key, digest or hashes.SHA256())


def der(made):
    return made.public_bytes(serialization.Encoding.DER)


def scope(**limits):
    whole = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**whole | limits), True


def at(*urls):
    return [x509.UniformResourceIdentifier(url) for url in urls]


@pytest.mark.parametrize("form", [serialization.Encoding.DER, serialization.Encoding.PEM])
@pytest.mark.parametrize(
    ("reason", "word"), [(None, ""), (ENTRY_OF.key_compromise, "keyCompromise")]
)
def test_an_entry_is_a_revocation_with_date_and_reason(intermediate, leaf, form, reason, word):
    serial = leaf.certificate.serial_number
    made = make(intermediate, serial=serial, reason=reason)
    data = made.public_bytes(form)
    assert read(data, leaf.der, intermediate.der, ()) == Status(
        status="revoked",
        this_update=made.last_update_utc,
        next_update=made.next_update_utc,
        signed=True,
        revoked_at=made.last_update_utc,
        reason=word,
    )


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (scope(only_contains_user_certs=True),),
        (scope(full_name=at("http://crl.example/a.crl", OWN)),),
        (scope(full_name=[x509.DNSName("crl.example")]),),
        ((x509.CRLNumber(7), False),),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b""), False),),
    ],
)
def test_without_an_entry_it_is_good(intermediate, leaf, extensions):
    seen = read(der(make(intermediate, *extensions, serial=5)), leaf.der, intermediate.der, POINTS)
    assert (seen.status, seen.signed, seen.revoked_at) == ("good", True, None)


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        (scope(only_contains_ca_certs=True), "another kind"),
        (scope(only_contains_attribute_certs=True), "another kind"),
        (scope(indirect_crl=True), "an indirect one"),
        (scope(only_some_reasons=frozenset({ENTRY_OF.key_compromise})), "some reasons only"),
        (scope(full_name=at("http://crl.example/2.crl")), "another distribution point"),
        ((x509.DeltaCRLIndicator(3), True), "a delta list"),
        (
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b""), True),
            "not known here: 1.2.3.4",
        ),
    ],
)
def test_a_list_of_another_scope_says_nothing(intermediate, leaf, extension, why):
    seen = read(der(make(intermediate, extension)), leaf.der, intermediate.der, POINTS)
    assert isinstance(seen, str)
    assert why in seen


@pytest.mark.parametrize(
    ("limit", "covered"), [("only_contains_ca_certs", True), ("only_contains_user_certs", False)]
)
def test_a_list_of_authorities_covers_an_intermediate(root, intermediate, limit, covered):
    seen = read(der(make(root, scope(**{limit: True}))), intermediate.der, root.der, POINTS)
    assert isinstance(seen, Status) is covered


def test_only_the_issuer_may_sign(authority, intermediate, leaf, root):
    other = authority.issue("Test Intermediate", root, ca=True)
    by_impostor = read(der(make(other)), leaf.der, intermediate.der, ())
    assert by_impostor.signed is False
    assert read(der(make(root)), leaf.der, intermediate.der, ()) == "the list is of another issuer"


@pytest.mark.parametrize("may", [True, False])
def test_the_issuers_key_has_to_be_one_for_lists(authority, root, may):
    usage = authority.key_usage("key_cert_sign", *(("crl_sign",) if may else ()))
    issuer = authority.issue("Limited", root, ca=True, extra=(usage,))
    leaf = authority.issue("leaf", issuer)
    assert read(der(make(issuer)), leaf.der, issuer.der, ()).signed is may


@pytest.mark.parametrize("data", [b"", b"no", b"-----BEGIN X509 CRL-----\nAAAA\n"])
def test_bytes_that_are_no_list_say_so(intermediate, leaf, data):
    assert read(data, leaf.der, intermediate.der, ()) == "the list could not be read"


def test_a_list_of_many_entries_is_searched(intermediate, leaf):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(intermediate.certificate.subject)
        .last_update(intermediate.certificate.not_valid_before_utc)
        .next_update(intermediate.certificate.not_valid_after_utc)
    )
    day = intermediate.certificate.not_valid_before_utc
    for serial in (*range(1, 20_000), leaf.certificate.serial_number):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(day).build()
        builder = builder.add_revoked_certificate(entry)
    data = der(builder.sign(intermediate.key, hashes.SHA256()))
    assert read(data, leaf.der, intermediate.der, ()).status == "revoked"


@settings(max_examples=300)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), of_issuer=st.booleans())
def test_no_mutant_raises(intermediate, leaf, place, value, of_issuer):
    serial = leaf.certificate.serial_number
    whole = bytearray(der(make(intermediate, scope(full_name=at(OWN)), serial=serial)))
    whole[place % len(whole)] = value
    issuer = bytearray(intermediate.der)
    if of_issuer:
        issuer[place % len(issuer)] = value
    assert isinstance(read(bytes(whole), leaf.der, bytes(issuer), POINTS), Status | str)
