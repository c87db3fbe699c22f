"""What became of a call: whether it is made again and how, and what the rest may still learn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import missing, seen, session
from mailtls.evidence import Capabilities, Reply, Spoken, WrongMode
from mailtls.probe.attempt import Heard, InClear, Inside
from mailtls.probe.folding import Call
from mailtls.probe.outcome import Asked, answers_to, worth_asking
from mailtls.probe.questions import HelloQuestion, SessionQuestion, UpgradeQuestion
from mailtls.terms import Cause, Phase
from probe.test_folding import folded

OK, LOST = Reply(code="250", lines=("ok",)), missing(Phase.AFTER_TLS, Cause.CLOSED)
WALKED = Heard(inside=Inside(forgotten=OK, protected=OK, again=OK))
CUT = Heard(inside=Inside(forgotten=LOST, protected=LOST, again=LOST))
HUNG_UP = Heard(inside=Inside(forgotten=OK, protected=OK, again=LOST))
IN_CLEAR = Heard(in_clear=InClear(unannounced=LOST, clear=LOST))


def call(kind: type) -> Call:
    """Return the call of this kind that carries the walk, or half of it."""
    return next(
        each
        for each in folded()
        if isinstance(each, Call)
        and isinstance(each.question, kind)
        and any(isinstance(q, UpgradeQuestion) for q in each.carries)
    )


SESSION = call(SessionQuestion)


def asked(evidence, heard=WALKED) -> Asked:
    return Asked(call=SESSION, seen=seen(evidence), heard=heard)


def test_a_whole_session_is_done():
    assert asked(session()).trouble is None
    # A server that hangs up on a second upgrade has refused it.
    assert asked(session(), HUNG_UP).trouble is None


def test_a_session_that_its_walk_may_have_cost_is_held_again_without_it():
    lost = asked(session(after=LOST), CUT)
    assert lost.trouble is Cause.CLOSED
    assert lost.retried == Call(question=SESSION.question)

    better = lost.improved(replace(asked(session(), Heard()), call=lost.retried))
    assert better.seen == seen(session())
    assert better.heard == CUT


def test_a_session_that_failed_before_its_walk_is_held_again_with_it():
    early = asked(session(tls=missing(Phase.HANDSHAKE)), Heard())
    assert early.retried == SESSION
    assert early.improved(asked(session())).heard == WALKED


def test_a_walk_that_failed_alone_is_walked_again_and_the_session_kept():
    first = asked(session(), CUT)
    assert first.trouble is Cause.CLOSED
    again = first.improved(asked(session(greeting=OK)))
    assert again.seen == first.seen
    assert again.heard == WALKED


@pytest.mark.parametrize(
    ("lead", "kinds"),
    [
        (session(), None),
        (session(tls=missing(Phase.HANDSHAKE)), None),
        (session(tls=missing(Phase.UPGRADE, Cause.PREREQUISITE)), [UpgradeQuestion]),
        (
            session(
                before=missing(Phase.CAPABILITY), tls=missing(Phase.CAPABILITY, Cause.PREREQUISITE)
            ),
            [],
        ),
        (missing(), []),
    ],
)
def test_what_is_worth_asking_behind_a_lead_that_has_ended(lead, kinds):
    _, *others = folded()
    found = list(worth_asking(others, seen(lead)))

    if kinds is None:
        assert found == others
    else:
        assert [type(each.question) for each in found] == kinds
    assert list(worth_asking(others, None)) == others


def test_a_port_of_another_mode_teaches_mail_in_clear_alone():
    lead = session(tls=WrongMode(spoken=Spoken.SMTP, first_bytes=b"220"))
    _, *others = folded()
    (only,) = worth_asking(others, seen(lead))
    assert isinstance(only.question, UpgradeQuestion)
    assert isinstance(lead.before, Capabilities)


def test_what_was_not_asked_has_the_leads_reason():
    why = missing(Phase.CONNECT, Cause.REFUSED)
    calls = folded()
    questions = [SESSION.question, *SESSION.carries]
    questions += [c.question for c in calls if isinstance(c, Call)]
    answers = answers_to(dict.fromkeys(questions), [asked(why, Heard())])

    assert set(answers) == set(questions)
    for question, observation in answers.items():
        assert observation.missing.detail == why.detail
        assert observation.attempts == isinstance(question, SessionQuestion)


def test_both_halves_of_a_walk_are_one_answer_that_costs_nothing():
    upgrade = SESSION.carries[0]
    hello = Asked(call=call(HelloQuestion), seen=seen(missing(), "hello"), heard=IN_CLEAR)
    whole = answers_to([upgrade], [replace(asked(session()), seen=seen(session(), "full")), hello])

    assert [line.text for line in whole[upgrade].transcript] == ["hello", "full"]
    assert whole[upgrade].attempts == 0
    assert whole[upgrade].evidence.unannounced == LOST
    assert whole[upgrade].evidence.again == OK
