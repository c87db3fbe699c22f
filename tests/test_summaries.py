"""From evidence to what a report is built of."""

from __future__ import annotations

from dataclasses import replace

from factories import NOW, REFUSED, endpoint, policy, seen, session
from mailtls.book import EvidenceBook
from mailtls.evidence import Resolved
from mailtls.net.routes import Routes, parse_detour
from mailtls.probe.questions import PortQuestion, Service, Target
from mailtls.rules.base import session_question
from mailtls.summaries import summaries

A, B = "192.0.2.1", "192.0.2.2"
OF = endpoint()


def book(*addresses: str) -> EvidenceBook:
    """Return the evidence of a session at the first address, and of a refusal at the others."""
    answers = {}
    for number, address in enumerate(addresses):
        target = Target(host=OF.host, port=OF.port, address=address)
        answers[target, PortQuestion()] = replace(seen(REFUSED), attempts=2)
        answers[target, session_question(OF)] = seen(REFUSED if number else session())
    service = Service(host=OF.host, port=OF.port)
    return EvidenceBook(resolutions={service: Resolved(addresses=addresses)}, answers=answers)


def test_each_address_has_its_session_its_proofs_and_its_connections():
    first, second = summaries(policy(OF), book(A, B), Routes(), NOW)[OF.name]

    assert (first.address, first.port, first.connections) == (A, OF.port, 3)
    assert first.session == session()
    assert [proof.names for proof in first.proofs] == [
        ("TLSv1.3",),
        ("TLS_AES_256_GCM_SHA384",),
        ("x25519",),
    ]
    assert (second.address, second.session, second.proofs) == (B, None, ())


def test_the_port_is_the_one_that_was_connected_to():
    detour = parse_detour(f"{OF.host}:{OF.port}:127.0.0.1:1587")
    (only,) = summaries(policy(OF), book(A), Routes(detours=[detour]), NOW)[OF.name]

    assert only.port == 1587


def test_a_host_without_an_address_has_none():
    assert summaries(policy(OF), book(), Routes(), NOW) == {OF.name: []}
