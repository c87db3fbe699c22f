"""Paths that OpenSSL takes, and what the stricter view says of them."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.tls.webpki import refusal


def key_id(issuer):
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


@pytest.fixture(scope="module")
def path(authority):
    """Give a function that makes a sound path, or one whose leaf deviates."""
    signs = authority.key_usage("key_cert_sign", "crl_sign")
    root = authority.issue("Root", ca=True, extra=(signs,))
    own_id = x509.SubjectKeyIdentifier.from_public_key(root.key.public_key())
    root = authority.issue("Root", ca=True, key=root.key, extra=(signs, own_id))
    middle = authority.issue("Middle", root, ca=True, extra=(signs, key_id(root)))

    def path(*names, extra=None, names_of=x509.DNSName, above=middle, **options):
        extra = (key_id(above),) if extra is None else extra
        found = tuple(map(names_of, names)) or (x509.DNSName("mail.example.org"),)
        leaf = authority.issue("leaf", above, names=found, extra=extra, **options)
        members = (leaf, above) if above is root else (leaf, above, root)
        return tuple(issued.der for issued in members)

    path.root = root
    return path


def test_a_sound_path_is_taken(path, authority):
    assert refusal(path(), authority.now) == ""
    assert refusal(path("*.example.org"), authority.now) == ""
    assert refusal(path("_x.example.org", "mail.example.org"), authority.now) == ""
    address = ipaddress.ip_address("192.0.2.1")
    assert refusal(path(address, names_of=x509.IPAddress), authority.now) == ""


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"extra": ()}, "authorityKeyIdentifier: Certificate is missing required extension"),
        ({"ca": True}, "basicConstraints.cA must not be asserted in an EE certificate"),
        ({"usages": (x509.ObjectIdentifier("1.2.3.4"),)}, "required EKU not found"),
    ],
)
def test_a_leaf_out_of_profile_is_refused_in_words(path, authority, options, why):
    assert refusal(path(**options), authority.now) == why


def test_names_that_no_such_client_reads_are_told(path, authority):
    words = "no subject alternative name is one that such clients read"
    assert refusal(path("under_score.example.org"), authority.now) == words
    mail = path("a@example.org", names_of=x509.RFC822Name)
    assert refusal(mail, authority.now) == words


def test_a_leaf_that_is_its_own_anchor_is_nobodys_path(path, authority):
    assert refusal(path()[:1], authority.now) == ""


def test_an_anchor_under_which_nothing_verifies_is_told(path, authority):
    other = authority.issue("Other", ca=True)
    assert refusal((*path()[:2], other.der), authority.now)


@pytest.fixture(scope="module")
def sound(path):
    return path()


@settings(max_examples=200)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), which=st.integers(0, 2))
def test_no_mutant_raises(sound, authority, place, value, which):
    members = [bytearray(der) for der in sound]
    members[which][place % len(members[which])] = value
    assert isinstance(refusal([bytes(der) for der in members], authority.now), str)
