"""Accepted, refused and why, or not judged; each from evidence, once from a real server."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from e2e.run import mailtls
from factories import NOW, TARGET, missing, policy
from lab.dovecot import PASSWORD, USER
from mailtls.book import EvidenceBook
from mailtls.evidence import Line, Reply
from mailtls.flow import RefusalKind, Refused, Stage, Withheld, WithheldKind
from mailtls.judge import judge
from mailtls.rules.delivery_accepted import RULE
from mailtls.terms import Cause, Outcome
from rules.test_deliveries import DELIVERY, READER, SEEN, SENDER

LINES = (Line(side="S", text="535 no"),)


def refused(kind, stage=Stage.RCPT, code="550", text="5.1.1 no"):
    return Refused(stage=stage, reply=Reply(code=code, lines=(text,)), kind=kind)


def judged(submission):
    evidence = replace(SEEN, submission=submission, sent_transcript=LINES)
    declared = replace(policy(SENDER, READER), deliveries=(DELIVERY,))
    deliveries = {} if submission is None else {DELIVERY.name: evidence}
    book = EvidenceBook(resolutions={}, answers={}, deliveries=deliveries)
    (verdict,) = judge(declared, [RULE], book, NOW)
    return verdict


def test_an_accepted_message_passes_with_the_reply_as_its_proof():
    verdict = judged(replace(SEEN.submission, mechanism="PLAIN"))
    assert verdict.outcome is Outcome.PASS
    assert verdict.message == "round trip: the message was accepted over TLSv1.3 after PLAIN"
    assert verdict.observed == "250 ok"
    assert verdict.transcript == ()


@pytest.mark.parametrize(
    ("stage", "message", "key"),
    [
        (Stage.AUTH, "round trip: the server refuses the login", "credential"),
        (Stage.MAIL, "round trip: the server refuses the sender", "from"),
        (Stage.RCPT, "round trip: the server refuses the recipient", "to"),
        (Stage.MESSAGE, "round trip: the server refuses the message", None),
    ],
)
def test_a_refusal_fails_at_the_key_it_is_about(stage, message, key):
    kind = RefusalKind.AUTHENTICATION if stage is Stage.AUTH else RefusalKind.PERMANENT
    verdict = judged(refused(kind, stage))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == message
    assert verdict.route == ("deliveries", 2, "send", *([key] if key else []))
    assert verdict.observed == "550 5.1.1 no"
    assert verdict.remedy
    assert verdict.transcript == LINES


def test_a_login_that_is_asked_for_at_mail_is_about_the_login():
    verdict = judged(refused(RefusalKind.AUTHENTICATION, Stage.MAIL, "530", "5.7.0 first"))
    assert verdict.message == "round trip: the server refuses the login"
    assert "MAILTLS_" in verdict.remedy


@pytest.mark.parametrize(
    ("kind", "cause", "words"),
    [
        (RefusalKind.GREYLISTED, Cause.THROTTLED, "greylist"),
        (RefusalKind.TEMPORARY, Cause.THROTTLED, "for now"),
        (RefusalKind.BLOCKLISTED, Cause.REFUSED, "this machine's address"),
    ],
)
def test_what_is_not_about_the_message_is_open_and_told_apart(kind, cause, words):
    verdict = judged(refused(kind, code="450", text="4.2.0 later"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.cause is cause
    assert words in verdict.message
    assert verdict.remedy
    assert verdict.transcript == LINES


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (WithheldKind.NOT_OFFERED, Outcome.FAIL),
        (WithheldKind.UNUSABLE, Outcome.INCONCLUSIVE),
        (WithheldKind.NOT_SECURE, Outcome.INCONCLUSIVE),
        (WithheldKind.NO_CREDENTIAL, Outcome.NOT_APPLICABLE),
    ],
)
def test_what_was_withheld(kind, outcome):
    verdict = judged(Withheld(kind=kind, detail="the reason"))
    assert verdict.outcome is outcome
    assert "the reason" in verdict.message + verdict.observed


def test_a_run_that_does_not_send_says_so():
    verdict = judged(None)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.message == "round trip: the run does not send; --send does"


def test_no_answer_is_inconclusive():
    assert judged(missing()).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("password", "code"), [(PASSWORD, 0), ("wrong-password", 1)])
def test_a_real_server_takes_the_message_or_refuses_the_login(healthy, tmp_path, password, code):
    server = healthy.at(587)
    (tmp_path / "mailtls.yml").write_text(
        "version: 1\n"
        f"endpoints: [{{name: out, host: {server.host}, port: 587, mode: starttls}}]\n"
        "deliveries:\n"
        "  - {name: x, send: {endpoint: out, from: probe@example.test, to: user@example.test,"
        " credential: SMTP}}\n"
    )
    run = mailtls(
        "check",
        "--send",
        f"--credential=SMTP={server.host}:587",
        "--rule=delivery-accepted",
        "--format=json",
        f"--ca-file={healthy.ca_file}",
        f"--connect-to={server.host}:587:{server.address}:587",
        cwd=tmp_path,
        environment={
            **os.environ,
            "MAILTLS_SMTP_USERNAME": USER,
            "MAILTLS_SMTP_PASSWORD": password,
        },
    )
    assert run.code == code, run.out + run.err
    (result,) = run.report["results"]
    assert result["outcome"] == ("pass" if code == 0 else "fail")
    assert result["observed"].startswith("250 2.0.0 Ok: queued as" if code == 0 else "535 5.7.8")
    assert TARGET.address not in run.out
