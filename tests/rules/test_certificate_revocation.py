from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from factories import (
    CA,
    NOW,
    PINNED,
    endpoint,
    leaf,
    missing,
    only,
    path,
    seen,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.probe.questions import RevocationQuestion
from mailtls.revocations import (
    CertificateStatus,
    Medium,
    NoStatus,
    RevocationEvidence,
    Statement,
    Status,
)
from mailtls.rules.base import session_question
from mailtls.rules.certificate_revocation import RULE
from mailtls.terms import Cause, Outcome, Phase

WANTED = with_certificate(revocation=True)
DAY = timedelta(days=1)
GOOD = Status(status="good", this_update=NOW - DAY, next_update=NOW + DAY, signed=True)
REVOKED = replace(GOOD, status="revoked", revoked_at=NOW - 3 * DAY, reason="keyCompromise")
SILENT = NoStatus(phase=Phase.CONNECT, cause=Cause.TIMED_OUT, detail="no answer")


def of(facts, *says):
    return CertificateStatus(
        subject=facts.subject,
        sha256=facts.sha256,
        statements=tuple(
            Statement(medium=Medium.CRL, url=f"http://ca/{number}", says=each)
            for number, each in enumerate(says)
        ),
    )


def judge(*certificates, served=None):
    full = session(served or tls())
    question = RevocationQuestion(session=session_question(WANTED))
    answers = {session_question(WANTED): seen(full)}
    if certificates:
        answers[question] = seen(RevocationEvidence(certificates=certificates))
    return list(RULE.check(replace(view(WANTED, full), answers=answers)))


def test_nothing_is_asked_without_the_key():
    of_none = endpoint()
    assert not list(RULE.needs(of_none, view(of_none).profile))
    assert not list(RULE.check(view(of_none)))
    assert len(list(RULE.needs(WANTED, view(WANTED).profile))) == 2


def test_good_all_the_way_passes():
    finding = only(judge(of(leaf(), SILENT, GOOD), of(CA, GOOD)))
    assert finding.outcome is Outcome.PASS
    assert "the intermediate CN=Example CA: good as of 2026-05-31T12:00:00Z" in finding.observed


@pytest.mark.parametrize(
    ("certificates", "words"),
    [
        ((of(leaf(), REVOKED), of(CA, GOOD)), "the certificate is revoked on 2026-05-29"),
        ((of(leaf(), GOOD), of(CA, SILENT, REVOKED)), "the intermediate CN=Example CA is revoked"),
        ((of(leaf(), REVOKED), of(CA, SILENT)), "(keyCompromise)"),
        ((of(leaf(), replace(REVOKED, reason="")), of(CA, GOOD)), "(no reason given)"),
        ((of(leaf(), replace(REVOKED, next_update=NOW - DAY)), of(CA, GOOD)), "is revoked"),
    ],
)
def test_revoked_fails_with_date_and_reason(certificates, words):
    finding = only(judge(*certificates))
    assert finding.outcome is Outcome.FAIL
    assert words in finding.message
    assert "http://ca/" in finding.observed
    assert finding.question == RevocationQuestion(session=session_question(WANTED))


@pytest.mark.parametrize(
    ("says", "phase", "cause", "words"),
    [
        ((SILENT,), Phase.CONNECT, Cause.TIMED_OUT, "http://ca/0: no answer"),
        ((replace(GOOD, signed=False),), Phase.GREETING, Cause.MALFORMED, "not signed"),
        ((replace(REVOKED, signed=False), SILENT), Phase.CONNECT, Cause.TIMED_OUT, "not signed"),
        ((replace(GOOD, next_update=NOW - DAY),), Phase.GREETING, Cause.MALFORMED, "out of date"),
        ((replace(GOOD, status="unknown"),), Phase.GREETING, Cause.MALFORMED, "does not know"),
    ],
)
def test_what_settles_nothing_is_inconclusive_with_its_cause(says, phase, cause, words):
    finding = only(judge(of(leaf(), *says), of(CA, GOOD)))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert (finding.missing.phase, finding.missing.cause) == (phase, cause)
    assert words in finding.message
    assert "whether the certificate is revoked" in finding.message


def test_nobody_to_ask_fails_for_each():
    found = judge(of(leaf()), of(CA))
    assert [each.outcome for each in found] == [Outcome.FAIL] * 2
    assert "CN=Example CA names no revocation list" in found[1].message


@pytest.mark.parametrize(
    ("days", "outcome"), [(7, Outcome.PASS), (7.1, Outcome.FAIL)], ids=["short", "longer"]
)
def test_a_short_lived_certificate_needs_nobody(days, outcome):
    short = leaf(not_before=NOW - DAY, not_after=NOW - DAY + timedelta(days=days))
    finding = only(judge(of(short), of(CA, GOOD), served=tls(short, CA)))
    assert finding.outcome is outcome


@pytest.mark.parametrize(
    ("served", "words"),
    [
        (tls(path=path()), "see the rule certificate-trust"),
        (tls(path=path(judged=False)), "no trust anchor"),
        (tls(), "does not hold an answer"),
    ],
)
def test_without_a_path_or_an_answer_it_is_open(served, words):
    finding = only(judge(served=served))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is Cause.PREREQUISITE
    assert words in finding.message


def test_an_anchor_or_a_pin_relies_on_no_ca():
    alone = only(judge(served=tls(leaf(), path=path(verified=(leaf().sha256,)))))
    assert alone.outcome is Outcome.NOT_APPLICABLE
    pinned = with_certificate(revocation=True, trust=PINNED)
    assert only(RULE.check(view(pinned))).outcome is Outcome.NOT_APPLICABLE


def test_no_session_is_inconclusive():
    finding = only(RULE.check(view(WANTED, missing())))
    assert finding.outcome is Outcome.INCONCLUSIVE
