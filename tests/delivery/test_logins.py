"""A login is bound, its grant is used once, and one that was refused is not tried again."""

from __future__ import annotations

import asyncio
from unittest.mock import sentinel

import pytest

from mailtls.delivery import logins as logins_module
from mailtls.delivery.credentials import Binding, Credential, open_vault
from mailtls.delivery.logins import Logins
from mailtls.delivery.secrecy import Redactor, Secret
from mailtls.evidence import Missing, Reply
from mailtls.flow import RefusalKind, Refused, Stage, Withheld
from mailtls.probe.questions import Service
from mailtls.terms import Cause, Phase

SMTP = Binding(name="SMTP", service=Service(host="smtp.example.com", port=587))
REFUSED = Refused(
    stage=Stage.AUTH,
    reply=Reply(code="535", lines=("no",)),
    kind=RefusalKind.AUTHENTICATION,
)
PASSWORD = {"USERNAME": "probe", "PASSWORD": "canary-value"}
GRANT = {
    "USERNAME": "probe",
    "TOKEN_URL": "https://login.example.com/token",
    "CLIENT_ID": "id",
    "CLIENT_SECRET": "canary-client",
}


def logins_of(values, redact=None):
    environment = {f"MAILTLS_SMTP_{key}": value for key, value in values.items()}
    return Logins(open_vault([SMTP], environment), sentinel.web, redact or Redactor([]))


def found(logins, *, host="smtp.example.com"):
    return asyncio.run(logins.find("SMTP", host, 587))


@pytest.fixture
def granted(monkeypatch):
    """Give the answers of the token endpoint, and count how often it is asked."""
    answers, asked = [], []

    async def fetch(grant, web):
        asked.append((grant.client_id, web))
        return answers.pop(0)

    monkeypatch.setattr(logins_module, "fetch_token", fetch)
    return answers, asked


def test_a_password_is_given_to_its_service_alone():
    logins = logins_of(PASSWORD)
    assert isinstance(found(logins), Credential)
    assert isinstance(found(logins, host="evil.example.com"), Withheld)


def test_after_a_refusal_it_is_not_given_out_again():
    logins = logins_of(PASSWORD)
    assert isinstance(found(logins), Credential)
    logins.refused("SMTP", REFUSED)
    assert found(logins) is REFUSED
    assert isinstance(found(logins, host="evil.example.com"), Withheld)


def test_a_grant_gives_its_token_once_and_the_redactor_knows_it(granted):
    answers, asked = granted
    answers.append(Secret("canary-token"))
    redact = Redactor([])
    logins = logins_of(GRANT, redact)
    first, second = found(logins), found(logins)
    assert isinstance(first, Credential)
    assert first.token is not None
    assert first.token.reveal() == "canary-token"
    assert second is first
    assert asked == [("id", sentinel.web)]
    assert redact("a canary-token b") == "a *** b"


@pytest.mark.parametrize(
    "answer", [REFUSED, Missing(phase=Phase.CONNECT, cause=Cause.REFUSED, detail="closed")]
)
def test_a_grant_that_gives_nothing_is_not_asked_twice(granted, answer):
    answers, asked = granted
    answers.append(answer)
    logins = logins_of(GRANT)
    assert found(logins) is answer
    assert found(logins) is answer
    assert len(asked) == 1


def test_a_token_of_the_environment_needs_no_grant(granted):
    _, asked = granted
    credential = found(logins_of({**GRANT, "TOKEN": "canary-token"}))
    assert isinstance(credential, Credential)
    assert asked == []
