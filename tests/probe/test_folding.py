"""Which questions share a connection, and what is left to ask behind an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import ALERT, CLOSED, endpoint, implicit, missing, policy, seen
from mailtls.evidence import AlertAnswer, HelloEvidence
from mailtls.plan import build_plan
from mailtls.policy.model import Boundary, StarttlsExpectation
from mailtls.policy.profiles import load_profile
from mailtls.probe.folding import (
    SLICE,
    Call,
    Family,
    answer_of,
    connections,
    fold,
    most_connections,
    slices,
)
from mailtls.probe.questions import (
    FallbackQuestion,
    HelloQuestion,
    InjectionQuestion,
    SessionQuestion,
    UpgradeQuestion,
    describe,
)
from mailtls.rules import RULES
from mailtls.terms import Mode, Protocol, Role
from tls_views import BAD, FACTS, OLD, answered

PASSIVE = StarttlsExpectation(boundary=Boundary.PASSIVE)
SILENT = StarttlsExpectation(enforced=False, boundary=Boundary.PASSIVE)
IMAP = {"protocol": Protocol.IMAP, "port": 143, "role": None}


def folded(of=None, profile="bcp195", rules=()):
    plan = build_plan(
        policy(of or endpoint(), profile=load_profile(profile)), RULES, only_rules=rules
    )
    return fold(ask.question for ask in plan.asks)


def brief(calls):
    return [
        "family"
        if isinstance(each, Family)
        else (describe(each.question), *(type(q) for q in each.carries))
        for each in calls
    ]


SESSION, OLDEST, OLDER = "one full session", "a hello offering SSLv2", "a hello offering SSLv3"


def test_what_the_upgrade_is_worth_costs_one_connection_of_its_own():
    assert brief(folded()) == [
        (SESSION, UpgradeQuestion),
        # Before the control: what cuts off all that comes later cuts that off as well.
        (f"{OLDER} to TLSv1.1", FallbackQuestion),
        "family",
        (OLDEST, UpgradeQuestion),
        ("STARTTLS with a command behind it in one write",),
    ]


@pytest.mark.parametrize(
    ("of", "count"),
    [
        (endpoint(), 6),
        (endpoint(port=25, role=Role.RELAY), 6),
        (endpoint(**IMAP), 6),
        (endpoint(starttls=PASSIVE), 5),
        (endpoint(starttls=SILENT), 5),
        (implicit(), 5),
    ],
)
def test_the_default_policy_stays_within_six(of, count):
    assert connections(folded(of)) == count
    assert most_connections(folded(of)) == count + 8


@pytest.mark.parametrize(
    ("profile", "count"),
    [("mozilla-intermediate-6.0", 8), ("mozilla-modern-6.0", 7), ("ncsc-nl-2025-05", 9)],
)
def test_what_other_profiles_cost(profile, count):
    assert connections(folded(profile=profile)) == count


@pytest.mark.parametrize(
    ("rules", "of", "expected"),
    [
        (["certificate-name"], endpoint(), [(SESSION,)]),
        (["starttls-renewed"], endpoint(**IMAP), [(SESSION, UpgradeQuestion)]),
        (["starttls-renewed"], endpoint(starttls=SILENT), [(SESSION, UpgradeQuestion)]),
        (
            ["starttls-enforced"],
            endpoint(),
            [(SESSION, UpgradeQuestion), ("the same commands before and after STARTTLS",)],
        ),
        (["starttls-boundary"], endpoint(starttls=PASSIVE), [(SESSION,)]),
        (
            ["starttls-boundary"],
            endpoint(),
            [
                (SESSION,),
                ("STARTTLS with a command behind it in one write",),
                ("STARTTLS with junk in place of a handshake",),
            ],
        ),
        (
            ["tls-version"],
            endpoint(),
            [(SESSION,), (f"{OLDER} to TLSv1.1",), (OLDEST,)],
        ),
        (["tls-compression"], endpoint(), [(SESSION,), (f"a hello offering {FACTS}",)]),
        (["tls-cipher"], endpoint(), [(SESSION,), "family"]),
    ],
)
def test_chosen_rules_pay_for_their_own_questions_alone(rules, of, expected):
    assert brief(folded(of, rules=rules)) == expected


def test_another_server_name_is_no_carrier():
    plain, other = (
        [ask.question for ask in build_plan(policy(of), RULES).asks]
        for of in (endpoint(), endpoint(identity="other.example"))
    )
    upgrade = next(q for q in other if isinstance(q, UpgradeQuestion))
    calls = fold([*(q for q in plain if not isinstance(q, UpgradeQuestion)), *other])

    carriers = [c.question for c in calls if isinstance(c, Call) and upgrade in c.carries]
    sessions = [q for q in carriers if isinstance(q, SessionQuestion)]
    assert [q.server_name for q in sessions] == ["other.example"]
    assert (
        sum(isinstance(c, Call) and isinstance(c.question, InjectionQuestion) for c in calls) == 2
    )


@pytest.mark.parametrize("changes", [{"mode": Mode.IMPLICIT}, {"protocol": Protocol.IMAP}])
def test_a_hello_of_another_mode_or_protocol_is_no_carrier(changes):
    """Two endpoints may hold one port to different words."""
    asked = [ask.question for ask in build_plan(policy(endpoint()), RULES).asks]
    others = [replace(q, **changes) if isinstance(q, HelloQuestion) else q for q in asked]
    (alone, *_) = (c for c in fold(others) if isinstance(c, Call) and _is(c, FallbackQuestion))

    assert alone == Call(question=alone.question)
    assert [c for c in fold(others) if isinstance(c, Call) and _is(c, UpgradeQuestion)]
    assert not [c for c in fold(asked) if isinstance(c, Call) and _is(c, FallbackQuestion)]


def _is(call: Call, kind: type) -> bool:
    return isinstance(call.question, kind)


@pytest.fixture
def family() -> Family:
    (found,) = (each for each in folded() if isinstance(each, Family))
    return found


def labels(hellos):
    return [each.offer.label for each in hellos]


def test_one_hello_offers_every_part_with_the_features_of_the_control(family):
    first, control = family.first.offer, family.control.offer

    assert labels(family.parts) == [BAD, OLD]
    assert set(first.suites) == {code for part in family.parts for code in part.offer.suites}
    assert len(first.suites) < len(control.suites)
    assert (first.groups, first.compression, first.status_request) == (control.groups, True, True)


def test_an_answer_decides_its_part_and_leaves_the_others(family):
    rc4, cbc = "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"
    assert labels(family.rest(answer_of(seen(answered(rc4))))) == [OLD]
    assert labels(family.rest(answer_of(seen(answered(cbc))))) == [BAD]


def test_a_refusal_and_silence_leave_the_control(family):
    no_suite = HelloEvidence(answer=AlertAnswer(alert=40, name="handshake_failure"))
    for evidence in (no_suite, CLOSED, missing()):
        assert family.rest(answer_of(seen(evidence))) == (family.control,)
    assert family.rest(answer_of(seen(ALERT))) == (family.short,)


def test_slices_are_no_longer_than_their_control_and_hold_every_suite(family):
    assert len(family.short.offer.suites) == SLICE
    assert set(family.short.offer.suites) < set(family.control.offer.suites)
    assert answered().answer.suite in family.short.offer.suites
    for part in family.parts:
        pieces = slices(part)
        assert [code for p in pieces for code in p.offer.suites] == list(part.offer.suites)
        assert all(len(p.offer.suites) <= SLICE for p in pieces)
        assert len(set(labels(pieces))) == len(pieces)


def test_one_part_is_asked_beside_the_control():
    (one,) = (e for e in folded(profile="mozilla-intermediate-6.0") if isinstance(e, Family))
    assert one.first == one.parts[0]
    assert one.rest(answer_of(seen(answered()))) == (one.control,)
    assert one.connections == 2
    filled = one.short.offer.suites
    assert len(filled) == SLICE
    assert set(filled[-6:]) == set(one.control.offer.suites) - set(one.parts[0].offer.suites)


def test_hellos_for_something_else_are_no_parts(family):
    other = replace(family.parts[0], server_name="other.example")
    alone = replace(family.control, offer=replace(family.control.offer, label="x"))
    (found, *_) = (e for e in fold([family.control, *family.parts, other]) if isinstance(e, Family))
    assert other not in found.parts
    assert all(isinstance(e, Call) for e in fold([alone, other]))
    assert isinstance(alone, HelloQuestion)


def test_hellos_of_the_same_suites_are_asked_apart(family):
    """Two endpoints of one server may be held to lists that overlap."""
    wider = replace(family.parts[0], offer=replace(family.parts[0].offer, label="wider"))
    found = fold([family.control, *family.parts, wider])

    (together,) = (each for each in found if isinstance(each, Family))
    assert together.parts == family.parts
    assert Call(question=wider) in found


def test_a_part_is_asked_in_one_family_alone(family):
    """Two endpoints of one server may have controls that differ in their order."""
    turned = family.control.offer.suites[::-1]
    other = replace(family.control, offer=replace(family.control.offer, suites=turned))
    found = fold([family.control, other, *family.parts])

    (together,) = (each for each in found if isinstance(each, Family))
    assert (together.control, together.parts) == (family.control, family.parts)
    assert Call(question=other) in found
