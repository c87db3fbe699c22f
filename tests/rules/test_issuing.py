from __future__ import annotations

from factories import CA, ROOT, certificate, leaf, path, tls
from mailtls.rules.issuing import issuing_path, judged, which

LEAF = leaf()
NO_PATH = path()


def test_a_verified_path_is_followed_where_there_is_one():
    facts = tls(LEAF, ROOT, CA, path=path(LEAF, CA, ROOT))
    assert issuing_path(facts) == (LEAF, CA, ROOT)


def test_else_issuers_are_followed_by_name_in_any_order():
    assert issuing_path(tls(LEAF, ROOT, CA, path=NO_PATH)) == (LEAF, CA, ROOT)


def test_a_loop_is_followed_once():
    one, two = certificate("CN=one", "CN=two"), certificate("CN=two", "CN=one")
    assert issuing_path(tls(one, two, path=NO_PATH)) == (one, two)


def test_roots_and_strangers_are_not_judged():
    stranger = certificate("CN=Stranger", "CN=Elsewhere")
    assert judged(tls(LEAF, CA, ROOT, stranger, path=NO_PATH)) == (LEAF, CA)


def test_a_certificate_is_called_by_its_place():
    facts = tls(LEAF, CA)
    assert which(facts, LEAF) == "the certificate"
    assert which(facts, CA) == "the intermediate CN=Example CA"
