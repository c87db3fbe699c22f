"""Every verdict on suites, from the answers to the planned hellos."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import ALERT, CLOSED, endpoint, missing, only, seen, session, tls
from mailtls.evidence import HandshakeRefused
from mailtls.rules.base import hello_question
from mailtls.rules.tls_cipher import RULE
from mailtls.terms import Cause, Level, Outcome, Phase, Role, TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import suite_by_name
from tls_views import (
    BAD,
    BAD_1_3,
    BCP195,
    FACTS,
    GOOD_SUITE,
    INTERMEDIATE,
    MODERN,
    OLD,
    alert,
    answered,
    looking,
    wanting,
)

SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)
RELAY = endpoint(role=Role.RELAY, port=25)
CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
RC4 = "TLS_RSA_WITH_RC4_128_SHA"
ANONYMOUS = "TLS_DH_anon_WITH_AES_128_CBC_SHA"


def run(of=None, profile=BCP195, full=None, **hellos):
    return list(RULE.check(looking(RULE, of, full, profile, hellos=hellos.get("hellos", {}))))


def brief(findings):
    return [(finding.outcome, finding.level, finding.message) for finding in findings]


@pytest.mark.parametrize("refusal", [ALERT, CLOSED])
def test_refusals_beside_an_answered_control_pass(refusal):
    finding = only(run(hellos={BAD: refusal, OLD: refusal}))

    assert finding.outcome is Outcome.PASS
    assert finding.message == "no cipher suite is accepted that the profile bcp195 speaks against"
    assert GOOD_SUITE in finding.observed


def test_each_level_has_its_own_witness():
    findings = run(hellos={BAD: answered(RC4), OLD: answered(CBC)})

    assert brief(findings) == [
        (Outcome.FAIL, Level.ERROR, f"the server accepts {RC4}"),
        (Outcome.FAIL, Level.WARNING, f"the server accepts {CBC}"),
    ]
    assert [finding.question.offer.label for finding in findings] == [BAD, OLD]
    assert "RFC 7465" in findings[0].remedy
    assert "static RSA" in findings[0].remedy
    assert "RFC 9325 section 4.2" in findings[1].remedy
    assert findings[0].observed == f"{RC4} chosen in TLSv1.2"


def test_a_witness_of_two_hellos_is_told_once():
    findings = run(hellos={FACTS: answered(CBC), OLD: answered(CBC)})

    assert [finding.question.offer.label for finding in findings] == [OLD]


def test_the_control_and_the_session_are_witnesses_too():
    old = session(tls(version=TlsVersion.TLS1_2, cipher="AES128-SHA"))
    findings = run(full=old, hellos={FACTS: answered(CBC), OLD: ALERT})

    assert [finding.message for finding in findings] == [
        f"the server accepts {CBC}",
        "the server accepts TLS_RSA_WITH_AES_128_CBC_SHA",
    ]


@pytest.mark.parametrize("label", [BAD, OLD, FACTS])
def test_one_unanswered_hello_leaves_the_rule_open(label):
    finding = only(run(hellos={label: SILENT}))

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing == SILENT
    assert finding.question.offer.label == label


@pytest.mark.parametrize("label", [BAD, OLD])
def test_what_was_accepted_counts_beside_a_gap(label):
    other = {BAD: OLD, OLD: BAD}[label]
    findings = run(hellos={label: answered(RC4 if label == BAD else CBC), other: SILENT})

    assert [f.outcome for f in findings] == [Outcome.FAIL, Outcome.INCONCLUSIVE]


def test_refusals_without_a_control_stay_open():
    facts = missing(Phase.HANDSHAKE, Cause.RESET)
    finding = only(run(hellos={FACTS: facts}))

    assert finding.missing == facts


def test_a_server_of_tls_1_3_alone_passes_and_says_so():
    finding = only(run(hellos={FACTS: alert("protocol_version")}))

    assert finding.outcome is Outcome.PASS
    assert finding.message.startswith("TLS 1.2 and below is refused, and in TLS 1.3 no cipher")


def test_no_session_and_no_control_is_one_gap():
    refused = session(HandshakeRefused(alert=40, name="handshake_failure"))
    finding = only(run(full=refused, hellos={FACTS: ALERT}))

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "tls-version" in finding.missing.detail


def test_anonymous_suites_are_an_error_on_submission_and_a_note_on_a_relay():
    assert brief(run(hellos={BAD: answered(ANONYMOUS, anonymous=True)})) == [
        (Outcome.FAIL, Level.ERROR, f"the server accepts {ANONYMOUS}")
    ]
    noted, green = run(RELAY, hellos={FACTS: answered(ANONYMOUS, anonymous=True)})
    assert (noted.outcome, noted.level) == (Outcome.FAIL, Level.NOTE)
    assert green.outcome is Outcome.PASS


def test_a_hello_of_old_versions_shows_anonymous_suites_by_the_way_on_a_relay_alone():
    old = offers.at_most(TlsVersion.TLS1_1)
    choice = answered(ANONYMOUS, anonymous=True, version=TlsVersion.TLS1_1)
    for of, outcomes in ((RELAY, [Outcome.FAIL, Outcome.PASS]), (endpoint(), [Outcome.PASS])):
        view = looking(RULE, of)
        asked = {**view.answers, hello_question(of, old): seen(choice)}
        found = list(RULE.check(replace(view, answers=asked)))
        assert [f.outcome for f in found] == outcomes
        assert {f.level for f in found if f.outcome is Outcome.FAIL} <= {Level.NOTE}


def test_what_a_hello_of_old_versions_chooses_is_no_finding_of_this_rule():
    old = offers.at_most(TlsVersion.TLS1_1)
    view = looking(RULE, RELAY)
    choice = seen(answered(CBC, version=TlsVersion.TLS1_1))
    asked = {**view.answers, hello_question(RELAY, old): choice}
    assert only(RULE.check(replace(view, answers=asked))).outcome is Outcome.PASS


def test_an_allow_list_is_judged_by_its_complement_at_the_endpoints_level():
    of = replace(wanting(ciphers=(0x1301, 0xC02F)), level=Level.WARNING)
    labels = {
        BAD: "suites that should not be accepted",
        BAD_1_3: "suites of TLSv1.3 that should not be accepted",
    }
    findings = run(
        of,
        hellos={
            labels[BAD]: answered("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            labels[BAD_1_3]: answered("TLS_AES_256_GCM_SHA384", version=TlsVersion.TLS1_3),
        },
        full=session(tls(cipher="TLS_AES_128_GCM_SHA256")),
    )

    assert {(f.level, f.key) for f in findings} == {(Level.WARNING, "tls.ciphers")}
    assert [f.observed for f in findings] == [
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 chosen in TLSv1.2",
        "TLS_AES_256_GCM_SHA384 chosen in TLSv1.3",
    ]
    assert findings[0].expected == (
        "no suite but TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    )


def test_a_forbidden_suite_is_asked_for_and_named_by_its_key():
    code = suite_by_name(GOOD_SUITE)
    of = wanting(forbid_ciphers=(code,))
    finding = only(run(of, hellos={BAD: answered(GOOD_SUITE), FACTS: answered(GOOD_SUITE)}))

    assert (finding.key, finding.level) == ("tls.forbid_ciphers", Level.ERROR)
    assert finding.expected.endswith(f"nor {GOOD_SUITE}")


def test_modern_takes_the_control_as_its_question():
    refused = only(run(profile=MODERN, hellos={FACTS: alert("protocol_version")}))
    assert refused.outcome is Outcome.PASS
    accepted = only(run(profile=MODERN, hellos={FACTS: answered()}))
    assert accepted.message == f"the server accepts {GOOD_SUITE}"
    assert MODERN.source in accepted.remedy


def test_tls_1_3_is_decided_beside_a_session():
    full = session(tls(version=TlsVersion.TLS1_3))
    assert only(run(profile=INTERMEDIATE, full=full)).outcome is Outcome.PASS
    lost = only(run(profile=INTERMEDIATE, full=session(SILENT)))
    assert lost.missing == SILENT


def test_a_profile_without_suites_has_nothing_to_say():
    silent = replace(BCP195, suites=(), relay_suites=())
    assert run(profile=silent) == []
