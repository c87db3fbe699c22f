from __future__ import annotations

from dataclasses import replace

import pytest

from factories import endpoint, implicit, policy, with_certificate
from mailtls.errors import UsageError
from mailtls.plan import build_plan
from mailtls.policy.model import Anchors, TlsExpectation
from mailtls.policy.profiles import load_profile
from mailtls.probe.questions import HelloQuestion, PortQuestion, Service, SessionQuestion, describe
from mailtls.rules import RULES
from mailtls.terms import Expect, Role, TlsVersion

SUBMISSION = Service(host="mail.example.org", port=587)


def test_versions_cost_three_connections_and_the_upgrade_one_more():
    plan = build_plan(policy(endpoint(), implicit(name="submissions")), RULES)
    assert [plan.connections(service) for service in plan.services] == [4, 3]


def test_the_plan_names_the_most_it_may_cost():
    profile = load_profile("bcp195")
    plan = build_plan(policy(endpoint(), profile=profile), RULES)
    assert plan.connections(SUBMISSION) == 6
    assert plan.most_connections(SUBMISSION) == 14
    plain = build_plan(policy(endpoint()), RULES)
    assert plain.most_connections(SUBMISSION) == plain.connections(SUBMISSION)


@pytest.mark.parametrize(
    ("versions", "connections"),
    [((TlsVersion.TLS1_2, TlsVersion.TLS1_3), 4), ((TlsVersion.TLS1_3,), 3)],
)
def test_an_exact_set_of_versions_stays_within_four(versions, connections):
    of = implicit(tls=TlsExpectation(versions=versions))
    (service,) = build_plan(policy(of), RULES).services
    assert build_plan(policy(of), RULES).connections(service) == connections


def test_equal_questions_are_one_ask_with_every_asker():
    plan = build_plan(policy(endpoint(), endpoint(name="again")), RULES)
    assert (plan.connections(SUBMISSION), len(plan.asks)) == (4, 6)
    session = plan.asks[0]
    assert isinstance(session.question, SessionQuestion)
    asking = {rule for _, rule in session.askers}
    assert asking == {rule.id for rule in RULES if not rule.id.startswith("delivery-")} - {
        "closed",
        "certificate-algorithms",
        "certificate-revocation",
        "certificate-transparency",
        "waiver",
    }
    assert {name for name, _ in session.askers} == {"submission", "again"}
    assert len(set(session.askers)) == len(session.askers)


def test_the_session_comes_first_within_a_service_and_services_keep_their_order():
    other = with_certificate(trust=Anchors(label="ca.pem", pem=b"x"))
    plan = build_plan(policy(implicit(name="b"), endpoint(name="a"), other), RULES)
    seen = [(ask.service.port, describe(ask.question)) for ask in plan.asks]
    assert seen == [
        (465, "one full session"),
        (465, "a hello offering SSLv3 to TLSv1.1"),
        (465, "a hello offering SSLv2"),
        (587, "one full session"),
        (587, "one full session"),
        (587, "the same commands before and after STARTTLS"),
        (587, "STARTTLS with a command behind it in one write"),
        (587, "STARTTLS with junk in place of a handshake"),
        (587, "a hello offering SSLv3 to TLSv1.1"),
        (587, "a hello offering SSLv2"),
    ]


def test_other_addresses_are_another_ask_and_no_other_connection():
    plan = build_plan(policy(endpoint(), endpoint(name="b", addresses=("192.0.2.1",))), RULES)
    assert len(plan.asks) == 12
    assert plan.connections(SUBMISSION) == 4


def test_a_closed_port_is_only_asked_whether_it_is_open():
    plan = build_plan(policy(endpoint(expect=Expect.CLOSED)), RULES)
    (ask,) = plan.asks
    assert ask.question == PortQuestion()
    assert ask.askers == (("submission", "closed"),)


def test_chosen_rules_ask_alone():
    plan = build_plan(policy(), RULES, only_rules=["certificate-expiry"])
    (ask,) = plan.asks
    assert ask.askers == (("submission", "certificate-expiry"),)
    with pytest.raises(UsageError, match="there is no rule"):
        build_plan(policy(), RULES, only_rules=["nothing"])


def labels(of, profile):
    plan = build_plan(policy(of, profile=load_profile(profile)), RULES)
    # The three questions about the upgrade are of STARTTLS ports alone and have their own test.
    return [
        describe(ask.question).removeprefix("a hello offering ")
        for ask in plan.asks
        if isinstance(ask.question, SessionQuestion | HelloQuestion)
    ]


FIRST = ["one full session", "SSLv3 to TLSv1.1", "SSLv2"]
FACTS = "every suite, compression and status request"
MUST_NOT = "suites that must not be accepted"
MUST_NOT_1_3 = "suites of TLSv1.3 that must not be accepted"
GROUPS = "groups of TLSv1.3 that must not be accepted"


@pytest.mark.parametrize("of", [endpoint(), implicit(), endpoint(port=25, role=Role.RELAY)])
def test_tls_asks_six_questions_by_bcp195(of):
    should_not = "suites that should not be accepted"
    assert labels(of, "bcp195") == [*FIRST, FACTS, MUST_NOT, should_not]


def test_tls_asks_eight_by_mozilla_intermediate_with_a_required_group():
    of = endpoint(tls=TlsExpectation(require_groups=(0x11EC,)))
    hybrid = "the group X25519MLKEM768, unless the session agrees on it"
    expected = [*FIRST, FACTS, MUST_NOT, MUST_NOT_1_3, GROUPS, hybrid]
    assert labels(of, "mozilla-intermediate-6.0") == expected


@pytest.mark.parametrize(
    ("keys", "algorithms", "spared"),
    [
        ({}, None, 0),
        ({"require_groups": (0x11EC,)}, None, 1),
        ({"require_groups": (0x11EC, 0x1D)}, None, 1),
        ({}, ("rsa", "ecdsa"), 1),
        ({"require_groups": (0x1D,)}, ("rsa", "ecdsa"), 2),
    ],
)
def test_what_a_session_may_show_spares_a_connection(keys, algorithms, spared):
    certificate = replace(endpoint().certificate, algorithms=algorithms)
    of = endpoint(tls=TlsExpectation(**keys), certificate=certificate)
    kinds = replace(certificate, algorithms=("rsa", "ecdsa"))
    other = replace(of, name="other", host="other.example.org", certificate=kinds)
    plan = build_plan(policy(of, other), RULES)

    assert plan.connections(SUBMISSION) - plan.least_connections(SUBMISSION) == spared


def test_tls_asks_six_by_mozilla_modern():
    first = ["one full session", "SSLv3 to TLSv1.2", "SSLv2"]
    assert labels(endpoint(), "mozilla-modern-6.0") == [*first, FACTS, MUST_NOT_1_3, GROUPS]


def test_an_endpoints_own_profile_is_planned():
    of = endpoint(tls=TlsExpectation(profile=load_profile("mozilla-modern-6.0")))
    assert labels(of, "bcp195") == labels(endpoint(), "mozilla-modern-6.0")
