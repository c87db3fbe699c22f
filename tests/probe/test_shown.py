"""What a session shows by chance, and the hellos that are not sent for it."""

from __future__ import annotations

import pytest

from factories import CA, endpoint, key, leaf, missing, seen, session, tls
from mailtls.policy.model import Anchors
from mailtls.probe.questions import KindQuestion
from mailtls.probe.shown import may_be_shown, shows
from mailtls.rules.base import hello_question, session_question
from mailtls.rules.required_groups import required_hellos
from mailtls.terms import TlsVersion
from mailtls.tls.offers import exactly, ssl2
from tls_views import wanting

HYBRID, X25519 = 0x11EC, 0x1D
OLD = hello_question(endpoint(), exactly(TlsVersion.TLS1_0))


def of_group(code):
    of = wanting(require_groups=(code,))
    return hello_question(of, required_hellos(of)[code])


def of_kind(kind):
    hello = hello_question(endpoint(), ssl2())
    return KindQuestion(kind=kind, hello=hello, anchors=Anchors(label="system"))


@pytest.mark.parametrize(
    ("lead", "shown"),
    [
        (seen(session(tls(leaf(key=key("ecdsa", 256)), CA))), "ecdsa"),
        (seen(session(tls(chain=()))), ""),
        (seen(session(missing())), ""),
        (seen(missing()), ""),
    ],
)
def test_a_session_shows_one_kind_of_key_or_none(lead, shown):
    found = [kind for kind in ("rsa", "ecdsa") if shows(lead, of_kind(kind))]

    assert found == [shown][: bool(shown)]


@pytest.mark.parametrize(
    ("lead", "shown"),
    [
        (seen(session(tls(group="X25519MLKEM768"))), HYBRID),
        (seen(session(tls(group="x25519"))), X25519),
        (seen(session(tls(group=""))), None),
        (seen(session(missing())), None),
        (seen(missing()), None),
    ],
)
def test_a_session_shows_the_group_it_agrees_on(lead, shown):
    assert [code for code in (HYBRID, X25519) if shows(lead, of_group(code))] == [
        code for code in (shown,) if code
    ]


def test_other_questions_are_asked_whatever_a_session_shows():
    for question in (OLD, session_question(endpoint())):
        assert not may_be_shown(question)
        for group in ("x25519", "", "of a later OpenSSL"):
            assert not shows(seen(session(tls(group=group))), question)
    assert may_be_shown(of_group(X25519))
    assert may_be_shown(of_kind("rsa"))
