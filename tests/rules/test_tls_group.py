"""Groups and prime sizes, from the answers to the planned hellos."""

from __future__ import annotations

import pytest

from factories import ALERT, CLOSED, endpoint, key, leaf, missing, only, session, tls
from mailtls.rules.tls_group import RULE
from mailtls.terms import Cause, Level, Outcome, Phase, TlsVersion
from tls_views import (
    BAD,
    BCP195,
    FACTS,
    INTERMEDIATE,
    NCSC,
    OLD,
    alert,
    answered,
    looking,
    wanting,
)

SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)
NEW = "groups of TLSv1.3 that must not be accepted"
LEGACY = "groups of TLSv1.2 that must not be accepted"
LIST = wanting(groups=(0x1D, 0x17))
DHE = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"


def run(of=None, profile=BCP195, full=None, **hellos):
    return list(RULE.check(looking(RULE, of, full, profile, hellos=hellos.get("hellos", {}))))


def retry(group):
    return answered("TLS_AES_128_GCM_SHA256", version=TlsVersion.TLS1_3, retry=True, group=group)


def test_a_sane_server_passes():
    finding = only(run())

    assert (finding.outcome, finding.observed) == (Outcome.PASS, "X25519")


def test_a_small_curve_of_the_control_is_an_error():
    finding = only(run(hellos={FACTS: answered(group=0x13)}))

    assert finding.message == "the server accepts the group secp192r1"
    assert (finding.level, finding.key) == (Level.ERROR, "tls.profile")
    assert finding.question.offer.label == FACTS


@pytest.mark.parametrize("label", [FACTS, OLD, BAD])
def test_a_small_prime_that_shows_by_the_way_is_an_error(label):
    finding = only(run(hellos={label: answered(DHE, group=0, dh_bits=1024)}))

    assert finding.message == "the server's finite-field prime has 1024 bits"
    assert (finding.level, finding.key) == (Level.ERROR, "tls.min_dh_bits")
    assert finding.question.offer.label == label


def test_a_large_prime_and_an_anonymous_one_pass():
    anonymous = answered("TLS_DH_anon_WITH_AES_128_CBC_SHA", dh_bits=1024, anonymous=True, group=0)
    hellos = {OLD: answered(DHE, group=0, dh_bits=2048), BAD: anonymous, FACTS: anonymous}

    assert only(run(hellos=hellos)).outcome is Outcome.PASS


def test_the_policys_own_size_is_asked_for():
    of = wanting(min_dh_bits=3072)
    hellos = {"DHE suites": answered(DHE, group=0, dh_bits=2048)}
    finding = only(run(of, hellos=hellos))

    assert finding.message == "the server's finite-field prime has 2048 bits"
    assert finding.expected == ("a finite-field prime of at least 3072 bits, where DHE is accepted")
    assert only(run(of)).outcome is Outcome.PASS
    assert only(run(of, hellos={"DHE suites": SILENT})).missing == SILENT


def test_an_allow_list_is_asked_for_in_each_version():
    findings = run(LIST, hellos={NEW: retry(0x18), LEGACY: answered(group=0x19)})

    assert [(f.message, f.key) for f in findings] == [
        ("the server accepts the group secp384r1", "tls.groups"),
        ("the server accepts the group secp521r1", "tls.groups"),
    ]
    assert findings[0].observed == "secp384r1 chosen in TLSv1.3"
    assert findings[0].expected == "no group but x25519, secp256r1"


@pytest.mark.parametrize("refusal", [ALERT, CLOSED])
def test_refused_groups_pass_beside_session_and_control(refusal):
    assert only(run(LIST, hellos={NEW: refusal, LEGACY: refusal})).outcome is Outcome.PASS


@pytest.mark.parametrize("label", [NEW, LEGACY, FACTS])
def test_one_unanswered_hello_leaves_the_rule_open(label):
    finding = only(run(LIST, hellos={label: SILENT}))

    assert (finding.outcome, finding.missing) == (Outcome.INCONCLUSIVE, SILENT)


def test_in_tls_1_2_a_refusal_tells_nothing_beside_an_ecdsa_key():
    ecdsa = session(tls(leaf(key=key("ecdsa", 256, "secp256r1"))))
    finding = only(run(LIST, full=ecdsa))

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "RFC 8422" in finding.missing.detail
    modern = only(run(LIST, full=ecdsa, hellos={FACTS: alert("protocol_version")}))
    assert modern.outcome is Outcome.PASS


def test_the_sessions_group_is_a_witness():
    full = session(tls(group="secp521r1"))
    finding = only(run(profile=INTERMEDIATE, full=full))

    assert finding.message == "the server accepts the group secp521r1"


def test_phase_out_is_a_warning():
    should = "groups of TLSv1.3 that should not be accepted"
    finding = only(run(profile=NCSC, hellos={should: retry(0x101)}))

    assert (finding.message, finding.level) == (
        "the server accepts the group ffdhe3072",
        Level.WARNING,
    )


def test_required_groups_are_judged_with_the_rest():
    of = wanting(require_groups=(0x11EC,))
    assert only(run(of)).message == "the server does not accept the group X25519MLKEM768"
    accepted = {"the group X25519MLKEM768": retry(0x11EC)}
    assert only(run(of, hellos=accepted)).outcome is Outcome.PASS


def test_a_lighter_endpoint_has_lighter_findings():
    of = endpoint(level=Level.WARNING)
    finding = only(run(of, hellos={FACTS: answered(DHE, group=0, dh_bits=1024)}))

    assert finding.level is Level.WARNING
