"""Each required group by its own hello."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import ALERT, CLOSED, key, leaf, missing, only, seen, session, tls
from mailtls.rules.base import hello_question
from mailtls.rules.grades import group_hellos
from mailtls.rules.required_groups import check_required, required_hellos
from mailtls.rules.tls_group import RULE
from mailtls.terms import Cause, Outcome, Phase, TlsVersion
from mailtls.tls.offers import exactly
from tls_views import BCP195, alert, answered, looking, wanting

HYBRID, P256, BRAINPOOL = 0x11EC, 0x17, 0x1A
SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)
ECDSA = tls(leaf(key=key("ecdsa", 256, "secp256r1")), version=TlsVersion.TLS1_2, group="secp256r1")
OF = wanting(require_groups=(HYBRID,))
NAME = "the group X25519MLKEM768"


def run(answer, full=None, of=OF, name=NAME):
    return list(check_required(looking(RULE, of, full, hellos={name: answer})))


def retry(group):
    return answered("TLS_AES_128_GCM_SHA256", version=TlsVersion.TLS1_3, retry=True, group=group)


@pytest.mark.parametrize(
    ("group", "versions"),
    [(HYBRID, (0x0304,)), (P256, (0x0303, 0x0304)), (BRAINPOOL, (0x0303,))],
)
def test_a_group_is_offered_alone_where_it_can_be_used(group, versions):
    (offer,) = required_hellos(wanting(require_groups=(group,))).values()

    assert (offer.groups, offer.versions) == ((group,), versions)


def test_a_hello_retry_request_accepts_the_group():
    assert run(retry(HYBRID)) == []


@pytest.mark.parametrize("answer", [ALERT, CLOSED, SILENT])
def test_the_sessions_own_group_counts_without_an_answer(answer):
    assert run(answer, session(tls(group="X25519MLKEM768"))) == []


@pytest.mark.parametrize(
    ("answer", "observed"),
    [
        (alert("handshake_failure"), "refused with the alert handshake_failure"),
        (CLOSED, "refused without an alert"),
        (answered(group=P256), "secp256r1 chosen instead"),
    ],
)
def test_a_refusal_beside_a_session_fails(answer, observed):
    finding = only(run(answer))

    assert (finding.outcome, finding.key) == (Outcome.FAIL, "tls.require_groups")
    assert finding.message == "the server does not accept the group X25519MLKEM768"
    assert finding.observed == observed
    assert "OpenSSL 3.5" in finding.remedy


@pytest.mark.parametrize(
    ("answer", "full", "gap"),
    [(SILENT, None, SILENT), (ALERT, session(SILENT), SILENT), (CLOSED, session(SILENT), SILENT)],
)
def test_what_cannot_be_told_stays_open(answer, full, gap):
    finding = only(run(answer, full))

    assert (finding.outcome, finding.missing) == (Outcome.INCONCLUSIVE, gap)


def test_below_tls_1_3_a_refusal_tells_nothing_of_a_server_with_an_ecdsa_key():
    of = wanting(require_groups=(0x18,))
    finding = only(run(ALERT, session(ECDSA), of, "the group secp384r1"))

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "RFC 8422" in finding.missing.detail
    rsa = session(tls(version=TlsVersion.TLS1_2, group="secp256r1"))
    assert only(run(ALERT, rsa, of, "the group secp384r1")).outcome is Outcome.FAIL


@pytest.mark.parametrize("name", ["decode_error", "illegal_parameter", "missing_extension"])
def test_a_complaint_of_the_hello_is_no_refusal_of_its_group(name):
    finding = only(run(alert(name)))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)


def test_a_refusal_is_doubted_where_a_hello_like_the_sessions_is_refused():
    view = looking(RULE, OF, None, hellos={NAME: alert("handshake_failure")})
    more = hello_question(OF, exactly(TlsVersion.TLS1_3))
    view = replace(view, answers={**view.answers, more: seen(CLOSED)})
    finding = only(check_required(view))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.CLOSED)


def test_where_the_session_failed_its_cause_is_told():
    finding = only(run(alert("handshake_failure"), session(SILENT)))
    assert (finding.outcome, finding.missing) == (Outcome.INCONCLUSIVE, SILENT)


def test_in_tls_1_3_the_curve_of_the_certificate_does_not_matter():
    ecdsa = tls(leaf(key=key("ecdsa", 256, "secp256r1")), version=TlsVersion.TLS1_3)
    assert only(run(alert("handshake_failure"), session(ecdsa))).outcome is Outcome.FAIL


def test_a_curve_of_tls_1_2_alone_is_asked_below_tls_1_3_whatever_the_session():
    """OpenSSL accepts brainpoolP256r1 beside the curve of its ECDSA key, and refuses it alone."""
    facts = tls(leaf(key=key("ecdsa", 256, "secp256r1")), version=TlsVersion.TLS1_3)
    of, name = wanting(require_groups=(BRAINPOOL,)), "the group brainpoolP256r1"
    finding = only(run(alert("handshake_failure"), session(facts), of, name))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "RFC 8422" in finding.missing.detail
    rsa = session(tls(version=TlsVersion.TLS1_3))
    assert only(run(alert("handshake_failure"), rsa, of, name)).outcome is Outcome.FAIL


def test_an_answer_that_names_no_group_decides_nothing():
    finding = only(run(retry(0)))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.MALFORMED)
    of = wanting(groups=(0x1D,))
    (label,) = (o.label for o in group_hellos(of, BCP195) if max(o.versions) == TlsVersion.TLS1_3)
    finding = only(RULE.check(looking(RULE, of, hellos={label: retry(0)})))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.MALFORMED)
