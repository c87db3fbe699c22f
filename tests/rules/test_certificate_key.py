from __future__ import annotations

from dataclasses import replace

import pytest

from factories import (
    BCP195,
    CA,
    ROOT,
    certificate,
    endpoint,
    key,
    leaf,
    missing,
    only,
    path,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.policy.model import KeyMinimum
from mailtls.rules.certificate_key import RULE
from mailtls.terms import Cause, Outcome

P256 = key("ecdsa", 256, "P-256")
RSA_2048_OR_P256 = with_certificate(
    keys=(KeyMinimum(kind="rsa", bits=2048), KeyMinimum(kind="ecdsa", bits=256))
)


def judged(of, *chain, profile=BCP195):
    return only(RULE.check(view(of, session(tls(*chain)), profile=profile)))


@pytest.mark.parametrize(
    ("of", "served", "outcome"),
    [
        (endpoint(), key(), Outcome.PASS),
        (endpoint(), key(bits=1024), Outcome.FAIL),
        (endpoint(), P256, Outcome.PASS),
        (endpoint(), key("ecdsa", 256, "prime256v1"), Outcome.PASS),
        (endpoint(), key("ecdsa", 224, "secp224r1"), Outcome.FAIL),
        (endpoint(), key("ed25519", 256), Outcome.PASS),
        (endpoint(), key("dsa", 3072), Outcome.FAIL),
        (RSA_2048_OR_P256, key(), Outcome.PASS),
        (RSA_2048_OR_P256, key(bits=2047), Outcome.FAIL),
        (RSA_2048_OR_P256, P256, Outcome.PASS),
        (RSA_2048_OR_P256, key("ecdsa", 192, "secp192r1"), Outcome.FAIL),
        (RSA_2048_OR_P256, key("ed25519", 256), Outcome.FAIL),
        (
            with_certificate(keys=(KeyMinimum(kind="ed25519", bits=0),)),
            key("ed25519", 256),
            Outcome.PASS,
        ),
        (with_certificate(keys=(KeyMinimum(kind="rsa", bits=3072),)), P256, Outcome.FAIL),
    ],
)
def test_the_leafs_key_is_held_to_the_policy_or_the_profile(of, served, outcome):
    finding = judged(of, leaf(key=served), CA)
    assert finding.outcome is outcome
    assert finding.key == "certificate.keys"


def test_what_is_wanted_is_said_as_the_policy_writes_it():
    of = with_certificate(
        keys=(
            KeyMinimum(kind="rsa", bits=3072),
            KeyMinimum(kind="ecdsa", bits=256),
            KeyMinimum(kind="ed25519", bits=0),
        )
    )
    assert judged(of, leaf(), CA).expected == "at least rsa-3072 or ecdsa-p256 or ed25519"


def test_a_weak_intermediate_fails_by_name():
    weak = replace(CA, key=key(bits=1024))
    finding = judged(RSA_2048_OR_P256, leaf(), weak)
    assert finding.message == "the key of the intermediate CN=Example CA is RSA 1024"


def test_a_root_or_a_stranger_in_the_chain_is_not_judged():
    weak_root = replace(ROOT, key=key(bits=1024))
    stranger = certificate("CN=Stranger", "CN=Elsewhere", key=key(bits=512))
    facts = tls(leaf(), CA, weak_root, stranger, path=path(leaf(), CA, weak_root))
    assert only(RULE.check(view(endpoint(), session(facts)))).outcome is Outcome.PASS


def test_a_profile_without_curves_takes_any_but_dsa():
    open_profile = replace(BCP195, curves=())
    assert judged(endpoint(), leaf(key=P256), profile=open_profile).outcome is Outcome.PASS
    dsa = leaf(key=key("dsa", 2048))
    assert judged(endpoint(), dsa, profile=open_profile).outcome is Outcome.FAIL


def test_an_unknown_kind_of_key_is_inconclusive():
    finding = judged(endpoint(), leaf(key=key("unknown", 0)))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.MALFORMED)


def test_no_handshake_is_inconclusive():
    assert only(RULE.check(view(endpoint(), missing()))).outcome is Outcome.INCONCLUSIVE
