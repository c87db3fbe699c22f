"""The evidence of a run: what it gathers from a server on loopback, and under which name it asks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from factories import endpoint, policy
from mailtls import means
from mailtls.errors import UsageError
from mailtls.evidence import SessionEvidence
from mailtls.gather import gather
from mailtls.options import build_parser
from mailtls.outset import set_out
from mailtls.probe.questions import Service
from mailtls.responder.authority import Authority
from mailtls.responder.server import Behaviour, Responder
from mailtls.rules import RULES, select
from mailtls.terms import Mode, Protocol

NAME = "mail.example.org"
AUTHORITY = Authority(datetime.now(UTC))


def gathered(*words):
    behaviour = Behaviour(
        host=NAME,
        protocol=Protocol.SMTP,
        mode=Mode.STARTTLS,
        identity=AUTHORITY.issue(NAME, days=(-1, 60)),
    )
    with Responder(behaviour) as server:
        options = build_parser(("text",)).parse_args(
            ["check", "--connect-to", f"{NAME}:587:127.0.0.1:{server.port}", *words]
        )
        declared = policy(endpoint(host=NAME, identity=NAME))
        now = datetime.now(UTC)

        async def gathering():
            async with set_out(declared, options) as ways:
                return await gather(
                    declared,
                    select(RULES, options.rule),
                    options,
                    ways,
                    anchors=AUTHORITY.root,
                    now=now,
                    sending=None,
                )

        return asyncio.run(gathering())


def said(book):
    return [line.text for seen in book.answers.values() for line in seen.transcript]


def test_every_question_of_the_chosen_rules_is_answered():
    book = gathered("--rule", "mode", "--client-name", "probe.example.org")
    (observed,) = book.answers.values()
    assert isinstance(observed.evidence, SessionEvidence)
    assert book.resolutions.keys() == {Service(host=NAME, port=587)}
    assert book.deliveries == {}
    assert "EHLO probe.example.org" in said(book)


@pytest.mark.parametrize(
    ("own", "name"), [("runner.example.org", "runner.example.org"), ("runner", "mailtls.invalid")]
)
def test_the_machines_name_is_said_where_it_is_a_full_one(monkeypatch, own, name):
    monkeypatch.setattr(means.socket, "gethostname", lambda: own)
    assert f"EHLO {name}" in said(gathered("--rule", "mode"))


@pytest.mark.parametrize("name", ["localhost", "a b.example.org", "x.example.org\r\nQUIT"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="not a full host name"):
        gathered("--rule", "mode", "--client-name", name)
