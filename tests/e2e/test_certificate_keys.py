"""The `certificate` keys from the policy's text to the verdict, against OpenSSL's own server."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from e2e.menagerie import Menagerie, Shown
from e2e.run import check
from e2e.zoo import DAY, MIDDLE, NOW, ROOT, Leaf, authority, dates, rsa_key

HOST = "keys.zoo.test"
MUST_STAPLE = ((x509.TLSFeature([x509.TLSFeatureType.status_request]), False),)
RSA_KEY = rsa_key(2048)


def response(leaf, status=ocsp.OCSPCertStatus.GOOD, until=NOW + DAY):
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    made = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=leaf,
            issuer=MIDDLE.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=NOW - 2 * DAY,
            next_update=until,
            revocation_time=NOW - DAY if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, MIDDLE.certificate)
        .sign(MIDDLE.key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def timestamps(*logs):
    """Return the extension with a timestamp of each log (RFC 6962 section 3.3)."""
    listed = b""
    for log in logs:
        at = int((NOW - DAY).timestamp() * 1000).to_bytes(8)
        body = b"\0" + bytes([log]) * 32 + at + b"\0\0\x04\x03\0\x02\x30\0"
        listed += len(body).to_bytes(2) + body
    listed = len(listed).to_bytes(2) + listed
    value = b"\x04" + bytes([len(listed)]) + listed  # at most two: the length is one octet
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
    return ((x509.UnrecognizedExtension(oid, value), False),)


def served(leaf, **options):
    key, chain = leaf(HOST)
    return Shown(key=key, chain=chain, **options)


def stapling(leaf, **options):
    key, chain = leaf(HOST)
    return Shown(key=key, chain=chain, staple=response(chain[0], **options))


def both(rsa_days, issuer=MIDDLE):
    rsa_leaf = Leaf(key=RSA_KEY, issuer=issuer, options=dates(-90, rsa_days))(HOST)[1][0]
    key, chain = Leaf()(HOST)
    return Shown(key=key, chain=chain, second=(RSA_KEY, rsa_leaf))


STRANGER = authority("Stranger", None)
STAPLE = {"staple": "required"}
LOGGED = {"transparency": "required"}
KINDS = {"algorithms": ["rsa", "ecdsa"]}


@pytest.mark.parametrize(
    ("shown", "keys", "expected"),
    [
        (served(Leaf()), {"max_lifetime": "71d"}, ("lifetime", "pass", "71 days")),
        (served(Leaf()), {"max_lifetime": "69d"}, ("lifetime", "fail", "over 69")),
        (
            served(Leaf()),
            {"max_lifetime": "ca-browser-forum"},
            ("lifetime", "not_applicable", "public"),
        ),
        (served(Leaf()), {"lifetime_left": "80%"}, ("expiry", "pass", "days left")),
        (served(Leaf()), {"lifetime_left": "90%"}, ("expiry", "fail", "expires in 59 days")),
        (served(Leaf()), STAPLE, ("staple", "fail", "no OCSP response is stapled")),
        (served(Leaf(more=MUST_STAPLE)), {}, ("staple", "fail", "must-staple")),
        (stapling(Leaf(more=MUST_STAPLE)), {}, ("staple", "pass", "good")),
        (stapling(Leaf()), STAPLE, ("staple", "pass", "good")),
        (
            stapling(Leaf(), status=ocsp.OCSPCertStatus.REVOKED),
            STAPLE,
            ("staple", "fail", "says revoked"),
        ),
        (stapling(Leaf(), until=NOW - DAY), STAPLE, ("staple", "fail", "out of date")),
        (served(Leaf(more=timestamps(1, 2))), LOGGED, ("transparency", "pass", "2 logs")),
        (
            served(Leaf(more=timestamps(1, 1))),
            LOGGED,
            ("transparency", "fail", "of 1 transparency"),
        ),
        (served(Leaf()), LOGGED, ("transparency", "fail", "of 0 transparency")),
        (served(Leaf()), KINDS, ("algorithms", "fail", "no certificate with an RSA key")),
        (both(60), KINDS, ("algorithms", "pass", "is served")),
        (both(-1), KINDS, ("algorithms", "fail", "for RSA is not good: it expired on")),
        (
            both(60, issuer=STRANGER),
            KINDS,
            ("algorithms", "fail", "for RSA is not good: an issuer in the chain is neither sent"),
        ),
    ],
)
def test_each_key_is_held_to_what_is_served(tmp_path, shown, keys, expected):
    rule, outcome, words = expected
    ca_file = tmp_path / "root.pem"
    ca_file.write_bytes(ROOT.certificate.public_bytes(serialization.Encoding.PEM))
    endpoint = {"host": HOST, "port": 993, "mode": "implicit", "certificate": keys}
    with Menagerie({HOST: shown}) as server:
        detour = f":993:127.0.0.1:{server.port}"
        done = check(tmp_path, [endpoint], "--connect-to", detour, ca_file=ca_file)

    found = [r for r in done.report["results"] if r["rule"] == f"certificate-{rule}"]
    result = next(r for r in found if r["outcome"] == outcome)
    assert words in result["message"]
    failed = {r["rule"] for r in done.report["results"] if r["outcome"] == "fail"}
    assert failed == ({f"certificate-{rule}"} if outcome == "fail" else set())
    assert done.code == (1 if outcome == "fail" else 0)
    if keys:
        assert result["location"]["column"] > json.dumps(endpoint).index("certificate")


def test_the_kind_that_the_session_shows_costs_no_connection(tmp_path):
    ca_file = tmp_path / "root.pem"
    ca_file.write_bytes(ROOT.certificate.public_bytes(serialization.Encoding.PEM))
    made = []
    with Menagerie({HOST: both(60)}) as server:
        for keys in ({}, LOGGED, KINDS):
            endpoint = {"host": HOST, "port": 993, "mode": "implicit", "certificate": keys}
            detour = f":993:127.0.0.1:{server.port}"
            done = check(tmp_path, [endpoint], "--connect-to", detour, ca_file=ca_file)
            made.append(done.report["connections"])
    assert made[1:] == [made[0], made[0] + 1]
