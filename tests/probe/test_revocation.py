"""Which certificates are asked about, where and in which order; the answers are a test's own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256

import pytest

from factories import (
    CA,
    NOW,
    TARGET,
    leaf,
    missing,
    path,
    policy,
    seen,
    session,
    tls,
    with_certificate,
)
from mailtls.book import EvidenceBook
from mailtls.evidence import Missing
from mailtls.plan import build_plan
from mailtls.probe import revocation
from mailtls.probe.questions import RevocationQuestion
from mailtls.probe.revocation import ask_revocation
from mailtls.probe.web import Web
from mailtls.revocations import Medium, NoStatus, Status
from mailtls.rules.base import session_question
from mailtls.rules.certificate_revocation import RULE
from mailtls.terms import Cause
from probe.peers import network, settings

ROOT = b"the root"
WANTED = with_certificate(revocation=True)
QUESTION = RevocationQuestion(session=session_question(WANTED))
GOOD = Status(status="good", this_update=NOW, next_update=None, signed=True)
GONE = Missing(phase=missing().phase, cause=Cause.TIMED_OUT, detail="gone")


def shown(of=None, middle=CA, **changes):
    """Return a session whose path leads from a leaf over an intermediate to a root not sent."""
    chain = (of or leaf(), middle)
    found = path(*chain, unsent=(ROOT,))
    found = replace(found, verified=(*found.verified, sha256(ROOT).hexdigest()))
    return session(tls(*chain, path=replace(found, **changes)))


@pytest.fixture
def ask(monkeypatch):
    """Give a function that asks, with what each URL says, and notes who was asked what."""

    def ask(full, says=None, targets=(TARGET,)):
        asked = []

        async def fetch(_, url, limit, *, private):
            asked.append((url, limit, private))
            return (says or {}).get(url, b"body")

        def read(body, der, issuer, _):
            asked.append((der, issuer))
            return GOOD if body == b"body" else body.decode()

        monkeypatch.setattr(revocation.Errands, "fetch", fetch)
        monkeypatch.setattr(revocation.crl, "read", read)
        monkeypatch.setattr(revocation.ocsp, "read", read)
        monkeypatch.setattr(revocation.ocsp, "request_url", lambda url, *_: url)
        book = EvidenceBook(
            resolutions={},
            answers={(target, session_question(WANTED)): seen(full) for target in targets},
        )
        plan = build_plan(policy(WANTED), [RULE])
        web = Web(network=network(), settings=replace(settings(), now=lambda: NOW))
        found = asyncio.run(ask_revocation(plan, book, web, seconds=30))
        return found, asked

    return ask


def statuses(book):
    return book.answers[TARGET, QUESTION].evidence.certificates


def test_every_certificate_but_the_anchor_is_asked_about_at_its_issuer(ask):
    first, second = leaf(crl_urls=("http://a/l",)), replace(CA, crl_urls=("http://a/m",))
    book, asked = ask(shown(first, second))
    looked_up = {each for each in asked if len(each) == 2}
    assert looked_up == {(first.der, second.der), (second.der, ROOT)}
    assert [each.subject for each in statuses(book)] == [first.subject, second.subject]
    assert book.connections == 1


def test_responders_come_first_and_lists_only_where_none_settles_it(ask):
    both = leaf(ocsp_urls=("http://o/1", "http://o/2"), crl_urls=("http://c/1",))
    first, _ = ask(shown(both))
    assert [(s.medium, s.url) for s in statuses(first)[0].statements] == [
        (Medium.OCSP, "http://o/1")
    ]
    later, _ = ask(shown(both), {"http://o/1": GONE, "http://o/2": b"nonsense"})
    said = statuses(later)[0].statements
    assert [each.medium for each in said] == [Medium.OCSP, Medium.OCSP, Medium.CRL]
    assert [each.says for each in said] == [
        NoStatus(phase=GONE.phase, cause=GONE.cause, detail="gone"),
        NoStatus(phase=said[1].says.phase, cause=Cause.MALFORMED, detail="nonsense"),
        GOOD,
    ]


def test_of_thousands_of_urls_three_are_asked(ask):
    urls = ("ldap://x/", *(f"http://a/{n}" for n in range(5000)))
    book, asked = ask(shown(leaf(crl_urls=urls)), dict.fromkeys(urls, GONE))
    assert [each[0] for each in asked] == ["http://a/0", "http://a/1", "http://a/2"]
    assert len(statuses(book)[0].statements) == 3


@pytest.mark.parametrize(
    ("address", "private"), [("192.0.2.1", True), ("8.8.8.8", False), ("10.0.0.1", True)]
)
def test_private_networks_are_admitted_to_private_servers(ask, address, private):
    target = replace(TARGET, address=address)
    full = shown(leaf(crl_urls=("http://a/l",)))
    _, asked = ask(full, targets=(target,))
    assert asked[0][2] is private


def test_many_addresses_with_one_chain_are_one_errand(ask):
    targets = tuple(replace(TARGET, address=f"8.8.8.{n}") for n in range(1, 9))
    book, asked = ask(shown(leaf(crl_urls=("http://a/l",))), targets=targets)
    assert len([each for each in asked if len(each) == 3]) == 1
    assert sum(isinstance(question, RevocationQuestion) for _, question in book.answers) == 8


@pytest.mark.parametrize(
    "full",
    [
        shown(leaf(crl_urls=("http://a/l",)), verified=(), unsent=()),
        session(missing()),
        missing(),
    ],
)
def test_without_a_verified_path_nobody_is_asked(ask, full):
    book, asked = ask(full)
    assert asked == []
    assert (TARGET, QUESTION) not in book.answers


def test_what_was_said_is_in_the_transcript(ask):
    hostile = leaf(crl_urls=("http://a/l\u202e",), ocsp_urls=("http://o/",))
    book, _ = ask(shown(hostile), {"http://o/": b"\x1b[31m"})
    lines = [line.text for line in book.answers[TARGET, QUESTION].transcript]
    assert lines == ["OCSP responder http://o/: \\x1b[31m"]
