from __future__ import annotations

from factories import BCP195, HOST, NOW, endpoint, missing, seen, session
from mailtls.book import EvidenceBook
from mailtls.evidence import Resolved
from mailtls.net.routes import Routes
from mailtls.policy.model import Policy
from mailtls.probe.questions import Service, Target
from mailtls.rules.base import session_question
from mailtls.summaries import summaries


def test_every_address_is_told_with_its_session_or_without() -> None:
    asked = endpoint()
    question = session_question(asked)
    places = [Target(host=HOST, port=587, address=a) for a in ("192.0.2.1", "192.0.2.2")]
    book = EvidenceBook(
        resolutions={Service(host=HOST, port=587): Resolved(addresses=("192.0.2.1", "192.0.2.2"))},
        answers={
            (places[0], question): seen(session()),
            (places[1], question): seen(missing()),
        },
    )
    policy = Policy(profile=BCP195, endpoints=(asked,))
    met = summaries(policy, book, Routes(detours=()), NOW)[asked.name]
    assert [(each.address, each.port, each.connections) for each in met] == [
        ("192.0.2.1", 587, 1),
        ("192.0.2.2", 587, 1),
    ]
    assert met[0].session == session()
    assert met[0].proofs
    assert met[1].session is None
    assert met[1].proofs == ()
