from __future__ import annotations

import pytest

from factories import (
    REFUSED,
    endpoint,
    greeting,
    implicit,
    implicit_session,
    missing,
    only,
    session,
    view,
)
from mailtls.evidence import Capabilities, NotOffered, Reply, Spoken, UpgradeReply, WrongMode
from mailtls.rules import RULES
from mailtls.rules.starttls_offered import RULE
from mailtls.terms import Cause, Outcome, Phase, Protocol

NOT_OFFERED = NotOffered(capabilities=Capabilities(names=("PIPELINING", "SIZE"), mechanisms=()))


def answered(code, *, temporary):
    return UpgradeReply(
        accepted=False,
        temporary=temporary,
        reply=Reply(code=code, lines=("TLS not available",)),
        leftover=b"",
    )


def stopped(upgrade):
    return session(missing(Phase.UPGRADE, Cause.PREREQUISITE), upgrade=upgrade)


def test_implicit_tls_has_no_upgrade():
    finding = only(RULE.check(view(implicit(), implicit_session())))
    assert finding.outcome is Outcome.NOT_APPLICABLE


def test_an_accepted_upgrade_passes():
    assert only(RULE.check(view(endpoint()))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("banner", "fix"),
    [
        ("mx ESMTP Postfix", "smtpd_tls_security_level"),
        ("mx ESMTP Exim 4.97", "tls_advertise_hosts"),
        ("Dovecot ready", "ssl = yes"),
        ("Microsoft ESMTP MAIL Service", "Enable-ExchangeCertificate"),
        ("no name at all", "smtpd_tls_security_level"),
    ],
)
def test_a_stripped_offer_fails_with_the_fix_of_the_server_that_greeted(banner, fix):
    full = session(missing(Phase.UPGRADE), upgrade=NOT_OFFERED, greeting=greeting(banner))
    finding = only(RULE.check(view(endpoint(), full)))
    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "offered: PIPELINING, SIZE"
    assert fix in finding.remedy
    assert finding.key == "mode"


def test_pop3_calls_it_stls():
    pop = endpoint(protocol=Protocol.POP3, port=110, role=None)
    assert "STLS" in only(RULE.check(view(pop, stopped(NOT_OFFERED)))).message


def test_a_permanent_refusal_fails():
    finding = only(RULE.check(view(endpoint(), stopped(answered("502", temporary=False)))))
    assert finding.outcome is Outcome.FAIL
    assert "502" in finding.observed


def test_454_passes_this_rule_and_leaves_the_rest_inconclusive():
    full = stopped(answered("454", temporary=True))
    by_rule = {
        rule.id: list(rule.check(view(endpoint(), full, rule=rule)))
        for rule in RULES
        if rule.id != "closed"
    }
    assert only(by_rule["starttls-offered"]).outcome is Outcome.PASS
    for rule in ("reachable", "mode", "protocol"):
        assert only(by_rule[rule]).outcome is Outcome.PASS
    for rule in ("tls-version", "certificate-trust", "certificate-expiry", "certificate-chain"):
        finding = only(by_rule[rule])
        assert finding.outcome is Outcome.INCONCLUSIVE
        assert (finding.missing.phase, finding.missing.cause) == (Phase.UPGRADE, Cause.THROTTLED)


def test_clear_text_after_the_go_ahead_fails():
    step = WrongMode(spoken=Spoken.SMTP, first_bytes=b"500 what?\r\n")
    finding = only(RULE.check(view(endpoint(), session(step))))
    assert finding.outcome is Outcome.FAIL
    assert "500 what?" in finding.observed


@pytest.mark.parametrize(
    ("full", "phase", "cause"),
    [
        (REFUSED, Phase.CONNECT, Cause.PREREQUISITE),
        (session(upgrade=missing(Phase.UPGRADE, Cause.CLOSED)), Phase.UPGRADE, Cause.CLOSED),
        (
            session(
                before=missing(Phase.CAPABILITY, Cause.THROTTLED),
                upgrade=missing(Phase.CAPABILITY, Cause.THROTTLED),
            ),
            Phase.CAPABILITY,
            Cause.THROTTLED,
        ),
        (
            session(
                greeting=WrongMode(spoken=Spoken.HTTP, first_bytes=b"HTTP/1.1 400\r\n"),
                upgrade=missing(Phase.GREETING, Cause.PREREQUISITE),
            ),
            Phase.GREETING,
            Cause.PREREQUISITE,
        ),
    ],
)
def test_no_answer_to_the_command_is_inconclusive(full, phase, cause):
    finding = only(RULE.check(view(endpoint(), full)))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert (finding.missing.phase, finding.missing.cause) == (phase, cause)
