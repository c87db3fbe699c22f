from __future__ import annotations

from dataclasses import replace

import pytest

from factories import CA, ROOT, endpoint, leaf, missing, only, path, session, tls, view
from mailtls.rules.certificate_signature import RULE
from mailtls.terms import Cause, Outcome


def judged(*chain, **changes):
    return only(RULE.check(view(endpoint(), session(tls(*chain, **changes)))))


@pytest.mark.parametrize(
    ("signature", "outcome"),
    [
        ("sha256-rsa", Outcome.PASS),
        ("sha384-ecdsa", Outcome.PASS),
        ("sha256-rsa-pss", Outcome.PASS),
        ("ed25519", Outcome.PASS),
        ("sha1-rsa", Outcome.FAIL),
        ("md5-rsa", Outcome.FAIL),
        ("sha224-ecdsa", Outcome.FAIL),
        ("", Outcome.INCONCLUSIVE),
    ],
)
def test_the_hash_of_the_leafs_signature_decides(signature, outcome):
    assert judged(leaf(signature=signature), CA).outcome is outcome


def test_an_unread_signature_says_so():
    assert judged(leaf(signature="")).missing.cause is Cause.MALFORMED


def test_an_intermediate_counts_and_a_root_does_not():
    weak = replace(CA, signature="sha1-rsa")
    assert "CN=Example CA" in judged(leaf(), weak).message
    root = replace(ROOT, signature="sha1-rsa")
    assert judged(leaf(), CA, root, path=path(leaf(), CA, root)).outcome is Outcome.PASS


def test_no_handshake_is_inconclusive():
    assert only(RULE.check(view(endpoint(), missing()))).outcome is Outcome.INCONCLUSIVE
