"""The tls and certificate keys as expectations."""

from __future__ import annotations

import base64

import pytest

from mailtls.errors import PolicyError
from mailtls.policy.load import load_text
from mailtls.policy.model import Anchors, Endpoint, KeyMinimum
from mailtls.terms import TlsVersion

PEM = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"


def read(beside: str, name: str) -> bytes:
    files = {
        ("p.yml", "ca.pem"): PEM,
        ("p.yml", "text"): b"no certificate",
        ("p.yml", "half.pem"): PEM[:40],
        ("p.yml", "key.pem"): PEM + PEM.replace(b"CERTIFICATE", b"PRIVATE KEY"),
    }
    if name == "outside":
        raise ValueError("it lies outside the repository")
    if (beside, name) not in files:
        raise FileNotFoundError(2, "No such file or directory", name)
    return files[beside, name]


def load(keys: str) -> Endpoint:
    text = f"version: 1\nendpoints:\n  - {{host: a, port: 25, mode: starttls, {keys}}}\n"
    return load_text(text.encode(), "p.yml", read)[0].endpoints[0]


def error(keys: str) -> str:
    with pytest.raises(PolicyError) as caught:
        load(keys)
    (problem,) = caught.value.problems
    return f"{problem.location.column}: {problem.message}"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.2", TlsVersion.TLS1_2),
        ('"1.2"', TlsVersion.TLS1_2),
        ("TLSv1.2", TlsVersion.TLS1_2),
        ("1.3", TlsVersion.TLS1_3),
        ("1.0", TlsVersion.TLS1_0),
        ("TLSv1", TlsVersion.TLS1_0),
        ("TLSv1.1", TlsVersion.TLS1_1),
        ("SSLv3", TlsVersion.SSL3),
        ("SSLv2", TlsVersion.SSL2),
    ],
)
def test_versions_have_several_spellings(text, version):
    assert load(f"tls: {{min_version: {text}}}").tls.min_version is version


def test_an_exact_set_is_sorted_and_distinct():
    assert load("tls: {versions: [1.3, 1.2, TLSv1.2]}").tls.versions == (
        TlsVersion.TLS1_2,
        TlsVersion.TLS1_3,
    )


def test_contradicting_version_keys_are_refused():
    assert error("tls: {min_version: 1.3, versions: [1.2, 1.3]}") == (
        "65: versions has TLSv1.2, which min_version TLSv1.3 forbids"
    )


def test_keys_pins_names_issuer_and_days():
    digest = bytes(range(32))
    certificate = load(
        "certificate: {keys: [rsa-3072, ecdsa-p521, ed25519, ed448], days_left: 0, chain: complete,"
        f" pins: ['sha256:{digest.hex().upper()}', 'sha256:{base64.b64encode(digest).decode()}'],"
        " names: [B.example, münchen.example, 192.0.2.1, _IMAPS.Example.org], issuer: [Let's Encrypt]}"
    ).certificate

    assert certificate.keys == (
        KeyMinimum(kind="rsa", bits=3072),
        KeyMinimum(kind="ecdsa", bits=521),
        KeyMinimum(kind="ed25519", bits=256),
        KeyMinimum(kind="ed448", bits=456),
    )
    assert certificate.pins == (digest.hex(), digest.hex())
    assert certificate.names == (
        "b.example",
        "xn--mnchen-3ya.example",
        "192.0.2.1",
        "_imaps.example.org",
    )
    assert certificate.issuer == ("Let's Encrypt",)
    assert certificate.days_left == 0
    assert certificate.complete_chain is True


def test_lifetimes_staples_timestamps_and_kinds():
    certificate = load(
        "certificate: {lifetime_left: 33%, max_lifetime: 398d, staple: required,"
        " transparency: required, algorithms: [rsa, ecdsa]}"
    ).certificate

    assert (certificate.lifetime_left, certificate.max_lifetime) == (33, 398)
    assert certificate.staple is certificate.transparency is True
    assert certificate.algorithms == ("rsa", "ecdsa")
    forum = load("certificate: {max_lifetime: ca-browser-forum}").certificate
    assert forum.max_lifetime == "ca-browser-forum"


@pytest.mark.parametrize(
    "keys",
    [
        "lifetime_left: 33",
        "lifetime_left: 0%",
        "lifetime_left: 100%",
        "max_lifetime: 398",
        "max_lifetime: 0d",
        "max_lifetime: 1y",
        "staple: true",
        "transparency: optional",
        "algorithms: []",
        "algorithms: [rsa, rsa]",
        "algorithms: [ed25519]",
    ],
)
def test_what_these_keys_cannot_mean_is_refused(keys):
    assert error(f"certificate: {{{keys}}}")


def test_silence_is_none():
    certificate = load("level: error").certificate

    assert certificate.trust == Anchors(label="system")
    assert certificate.days_left is certificate.pins is certificate.keys is None
    assert certificate.lifetime_left is certificate.max_lifetime is certificate.algorithms is None
    assert certificate.staple is certificate.transparency is certificate.revocation is False


def test_revocation_is_checked_where_the_policy_says_so():
    assert load("certificate: {revocation: checked}").certificate.revocation
    assert error("certificate: {revocation: required}")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("trust: pinned", "trust: pinned without pins trusts every certificate"),
        ("trust: none.pem", "the file 'none.pem' cannot be read: No such file or directory"),
        ("trust: outside", "the file 'outside' cannot be read: it lies outside the repository"),
        ("trust: text", "the file 'text' holds no certificate"),
        ("trust: half.pem", "the file 'half.pem' holds no certificate"),
        ("trust: key.pem", "the file 'key.pem' holds a private key"),
        ('keys: ["ed25519\\n"]', "'ed25519\\\\x0a' is not valid here"),
        ('pins: ["sha256:' + "0" * 64 + '\\n"]', f"'sha256:{'0' * 64}\\\\x0a' is not valid here"),
        (
            "names: ['*.example']",
            "'*.example' is not a name a certificate can be checked for: '*' is not a label of a host "
            "name (RFC 1123)",
        ),
        *(
            (
                f"names: ['{name}']",
                f"'{name}' is not a name a certificate can be checked for: not a service and its"
                " domain, as _imaps.example.org (RFC 4985)",
            )
            for name in ("_.example.org", "_a_b.example.org", "_way-too-long-service.example.org")
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(keys, message):
    assert error(f"certificate: {{{keys}}}").partition(": ")[2] == message


def test_a_trust_file_is_read_beside_the_file_that_names_it():
    assert load("certificate: {trust: ca.pem}").certificate.trust == Anchors(
        label="ca.pem", pem=PEM
    )
