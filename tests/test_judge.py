from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from factories import (
    ALERT,
    BCP195,
    NOW,
    REFUSED,
    chose,
    endpoint,
    fallen_back,
    implicit,
    implicit_session,
    injected,
    leaf,
    missing,
    policy,
    seen,
    session,
    tls,
    upgraded,
    with_certificate,
)
from mailtls.book import EvidenceBook
from mailtls.evidence import Missing, NotOffered, PortEvidence, Resolved, SessionEvidence
from mailtls.judge import judge
from mailtls.policy.model import AddressChoice
from mailtls.probe.questions import (
    FallbackQuestion,
    HelloQuestion,
    InjectionQuestion,
    PortQuestion,
    Service,
    SessionQuestion,
    Target,
    UpgradeQuestion,
)
from mailtls.rules import RULES
from mailtls.rules.across import Placed
from mailtls.rules.base import Rule, failed, inconclusive
from mailtls.terms import Cause, Expect, Level, Mode, Outcome, Phase, TlsVersion

A, B = "192.0.2.1", "192.0.2.2"
UPGRADE = {
    UpgradeQuestion: upgraded(),
    InjectionQuestion: injected(),
    FallbackQuestion: fallen_back(),
}

# The rules that judge evidence one target at a time; `waiver` judges verdicts.
ALONE = tuple(rule for rule in RULES if rule.across is None and rule.id != "waiver")


def service(of):
    return Service(host=of.host, port=of.port)


def book(endpoints, by_address, hello=ALERT):
    """Answer every question of the endpoints' rules: sessions by address, hellos alike."""
    answers = {}
    for of in endpoints:
        for rule in ALONE:
            for question in rule.needs(of, BCP195):
                for address, full in by_address.items():
                    target = Target(host=of.host, port=of.port, address=address)
                    match question:
                        case SessionQuestion():
                            answer = full
                            if of.mode is Mode.IMPLICIT and isinstance(full, SessionEvidence):
                                answer = implicit_session(full.tls)
                            answers[target, question] = seen(answer, "220 hello")
                        case HelloQuestion():
                            answers[target, question] = seen(hello, "a hello")
                        case PortQuestion():
                            answers[target, question] = seen(PortEvidence(), "connected")
                        case UpgradeQuestion() | InjectionQuestion() | FallbackQuestion():
                            healthy = UPGRADE[type(question)]
                            lost = isinstance(full, Missing) or isinstance(full.tls, Missing)
                            why = full if isinstance(full, Missing) else full.tls
                            answers[target, question] = seen(why if lost else healthy)
    hosts = {service(of): Resolved(addresses=tuple(by_address)) for of in endpoints}
    return EvidenceBook(resolutions=hosts, answers=answers)


def run(of, by_address, **hello):
    return judge(policy(of), ALONE, book([of], by_address, **hello), NOW)


def outcomes(verdicts):
    return {verdict.outcome for verdict in verdicts}


@pytest.mark.parametrize("of", [endpoint(), implicit()])
def test_a_healthy_server_has_no_finding_and_no_gap(of):
    verdicts = run(of, {A: session()})
    expected = {Outcome.PASS} | ({Outcome.NOT_APPLICABLE} if of.mode is Mode.IMPLICIT else set())
    assert outcomes(verdicts) == expected
    # Nobody asks them: the policy has no key for them, and this profile grades versions alone.
    of_keys = ("algorithms", "issuer", "lifetime", "pin", "revocation", "staple", "transparency")
    silent = {"closed", "auth-mechanisms", "capabilities"}
    silent |= {f"certificate-{key}" for key in of_keys}
    silent |= {f"tls-{a}" for a in ("cipher", "group", "alpn", "compression")}
    silent |= {"tls-renegotiation", "tls-master-secret"}
    assert {v.rule for v in verdicts} == {rule.id for rule in ALONE} - silent


def test_verdicts_are_sorted_and_the_same_from_any_order():
    pair = [endpoint(), implicit(name="a submissions")]
    evidence = book(pair, {B: session(), A: session()})
    verdicts = judge(policy(*pair), ALONE, evidence, NOW)
    assert [v.order for v in verdicts] == sorted(v.order for v in verdicts)
    turned = EvidenceBook(
        resolutions={each: Resolved(addresses=(A, B)) for each in evidence.resolutions},
        answers=dict(reversed(evidence.answers.items())),
    )
    assert judge(policy(*reversed(pair)), tuple(reversed(ALONE)), turned, NOW) == verdicts


def test_a_failure_carries_rule_place_words_and_proof():
    of = with_certificate(days_left=30)
    of = replace(of, level=Level.WARNING, written=frozenset({"host", "certificate.days_left"}))
    soon = tls(leaf(not_after=NOW + timedelta(days=20)))
    (verdict,) = [v for v in run(of, {A: session(soon)}) if v.outcome is Outcome.FAIL]
    assert (verdict.rule, verdict.endpoint, verdict.address) == (
        "certificate-expiry",
        "submission",
        A,
    )
    assert verdict.level is Level.WARNING
    assert verdict.route == ("endpoints", 0, "certificate", "days_left")
    assert [line.text for line in verdict.transcript] == ["220 hello"]
    assert verdict.phase is None
    assert all((verdict.expected, verdict.observed, verdict.remedy))


@pytest.mark.parametrize(
    ("written", "route"),
    [
        ({"tls.min_version"}, ("endpoints", 0, "tls", "min_version")),
        ({"tls.ciphers"}, ("endpoints", 0, "tls")),
        ({"tls"}, ("endpoints", 0, "tls")),
        ({"host"}, ("endpoints", 0)),
    ],
)
def test_a_finding_points_as_deep_as_the_author_wrote(written, route):
    of = endpoint(written=frozenset(written))
    verdicts = run(of, {A: session()}, hello=chose(TlsVersion.TLS1_0))
    (verdict,) = [v for v in verdicts if v.message == "the server accepts TLSv1.0"]
    assert verdict.route == route
    assert [line.text for line in verdict.transcript] == ["a hello"]


def test_a_refused_connection_fails_once_and_leaves_the_rest_open():
    verdicts = run(endpoint(), {A: REFUSED}, hello=REFUSED)
    assert [v.rule for v in verdicts if v.outcome is Outcome.FAIL] == ["reachable"]
    rest = [v for v in verdicts if v.rule != "reachable"]
    assert {(v.outcome, v.phase, v.cause) for v in rest} == {
        (Outcome.INCONCLUSIVE, Phase.CONNECT, Cause.PREREQUISITE)
    }


def test_a_stripped_starttls_fails_once_and_leaves_the_rest_open():
    capabilities = session().before
    full = session(missing(Phase.UPGRADE), upgrade=NotOffered(capabilities=capabilities))
    verdicts = run(endpoint(), {A: full}, hello=missing(Phase.UPGRADE, Cause.PREREQUISITE))
    assert [v.rule for v in verdicts if v.outcome is Outcome.FAIL] == ["starttls-offered"]
    rest = [v for v in verdicts if v.rule.startswith(("tls", "certificate"))]
    assert {(v.outcome, v.cause) for v in rest} == {(Outcome.INCONCLUSIVE, Cause.PREREQUISITE)}


def test_an_unresolved_host_is_judged_once_without_an_address():
    gone = missing(Phase.RESOLVE, Cause.REFUSED)
    evidence = EvidenceBook(resolutions={service(endpoint()): gone}, answers={})
    verdicts = judge(policy(), ALONE, evidence, NOW)
    assert {v.address for v in verdicts} == {None}
    assert [v.rule for v in verdicts if v.outcome is Outcome.FAIL] == ["reachable"]
    assert {v.cause for v in verdicts if v.rule != "reachable"} == {Cause.PREREQUISITE}


def test_no_address_of_the_wanted_kind_is_inconclusive():
    verdicts = run(endpoint(addresses=AddressChoice.IPV6), {A: session()})
    assert outcomes(verdicts) - {Outcome.NOT_APPLICABLE} == {Outcome.INCONCLUSIVE}
    assert {v.phase for v in verdicts if v.phase} == {Phase.RESOLVE}


def test_a_closed_port_has_one_verdict():
    (verdict,) = run(endpoint(expect=Expect.CLOSED), {A: session()})
    assert (verdict.rule, verdict.outcome) == ("closed", Outcome.FAIL)
    assert [line.text for line in verdict.transcript] == ["connected"]


def test_evidence_without_an_answer_is_never_green():
    empty = EvidenceBook(resolutions={service(endpoint()): Resolved(addresses=(A,))}, answers={})
    assert outcomes(judge(policy(), ALONE, empty, NOW)) == {Outcome.INCONCLUSIVE}


class TestAnyAddress:
    of = endpoint(addresses=AddressChoice.ANY)
    expired = session(tls(leaf(not_after=NOW - timedelta(days=1))))

    def test_one_address_that_passes_is_enough(self):
        verdicts = run(self.of, {A: self.expired, B: session()})
        assert outcomes(verdicts) == {Outcome.PASS, Outcome.NOT_APPLICABLE}
        (aside,) = [v for v in verdicts if v.outcome is Outcome.NOT_APPLICABLE]
        assert (aside.rule, aside.address) == ("certificate-expiry", A)
        assert B in aside.message
        assert "expired" in aside.message

    def test_where_all_fail_each_failure_counts(self):
        verdicts = run(self.of, {A: self.expired, B: self.expired})
        assert [v.address for v in verdicts if v.outcome is Outcome.FAIL] == [A, B]

    def test_an_address_that_is_unknown_stands_before_one_that_fails(self):
        verdicts = run(self.of, {A: self.expired, B: missing()})
        assert Outcome.FAIL not in outcomes(verdicts)
        assert Outcome.INCONCLUSIVE in outcomes(verdicts)

    def test_with_all_every_address_counts(self):
        verdicts = run(endpoint(), {A: self.expired, B: session()})
        assert [v.address for v in verdicts if v.outcome is Outcome.FAIL] == [A]


class TestAcross:
    """Rules over several targets, with one that is made for the test."""

    of = endpoint()

    def run(self, *placed, by_address=None):
        rule = Rule(
            id="across",
            title="across",
            summary="Across.",
            needs=lambda *_: (),
            across=lambda run: (make(run) for make in placed),
        )
        evidence = book([self.of], by_address or {A: session(), B: missing()})
        return judge(policy(self.of), (rule, *ALONE), evidence, NOW)

    def test_a_finding_over_all_addresses_has_none(self):
        finding = failed("they differ", expected="e", observed="o", remedy="r")
        verdicts = self.run(lambda run: Placed(endpoint=run.policy.endpoints[0], finding=finding))
        (verdict,) = [v for v in verdicts if v.rule == "across"]
        assert (verdict.address, verdict.route) == (None, ("endpoints", 0))
        assert verdict.transcript == ()

    def test_a_finding_on_one_of_them_has_its_address_and_its_proof(self):
        finding = failed("it differs", expected="e", observed="o", remedy="r")
        verdicts = self.run(
            lambda run: Placed(endpoint=self.of, finding=finding, view=run.of(self.of)[0])
        )
        (verdict,) = [v for v in verdicts if v.rule == "across"]
        assert verdict.address == A
        assert [line.text for line in verdict.transcript] == ["220 hello"]

    def test_a_route_of_its_own_wins(self):
        finding = failed("they differ", expected="e", observed="o", remedy="r")
        route = ("agreements", 3)
        verdicts = self.run(lambda _: Placed(endpoint=self.of, finding=finding, route=route))
        assert [v.route for v in verdicts if v.rule == "across"] == [route]

    def test_what_is_explained_once_counts_once(self):
        gap = inconclusive(missing())

        def explain(run):
            silent = run.targets[1]
            return Placed(
                endpoint=self.of, finding=gap, explains=frozenset({silent.target}), view=None
            )

        verdicts = self.run(explain)
        open_ones = [v for v in verdicts if v.outcome is Outcome.INCONCLUSIVE]
        assert [(v.rule, v.address) for v in open_ones] == [("across", None)]
        folded = [v for v in verdicts if v.address == B]
        assert len(folded) > 10
        assert {v.message for v in folded} == {f"not tested on {B} (see the rule across)"}
        assert {v.outcome for v in verdicts if v.address == A} == {Outcome.PASS}

    def test_what_is_explained_is_not_shown_to_the_next_rule(self):
        shown = []

        def explain(run):
            target = run.targets[1].target
            return Placed(
                endpoint=self.of, finding=inconclusive(missing()), explains=frozenset({target})
            )

        def look(run):
            shown.extend(view.target.address for view in run.targets)
            return ()

        first = Rule(
            id="one", title="", summary="", needs=lambda *_: (), across=lambda run: [explain(run)]
        )
        second = Rule(id="two", title="", summary="", needs=lambda *_: (), across=look)
        evidence = book([self.of], {A: session(), B: missing()})
        judge(policy(self.of), (first, second), evidence, NOW)
        assert shown == [A]
