from __future__ import annotations

import pytest

from mailtls.delivery.credentials import (
    Binding,
    Credential,
    open_vault,
    parse_binding,
)
from mailtls.errors import UsageError
from mailtls.flow import Withheld, WithheldKind
from mailtls.probe.questions import Service

SMTP = Binding(name="SMTP", service=Service(host="smtp.example.com", port=587))


def test_a_binding_names_a_credential_a_host_and_a_port():
    assert parse_binding("SMTP=SMTP.example.com.:587") == SMTP
    assert parse_binding("A_1=[2001:db8::1]:993").service == Service(host="2001:db8::1", port=993)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SMTP",
        "SMTP=smtp.example.com",
        "=smtp.example.com:587",
        "smtp=smtp.example.com:587",
        "SMTP=smtp.example.com:0",
        "SMTP=smtp.example.com:65536",
        "SMTP=:587",
        "SMTP=2001:db8::1:587",
        "SMTP=smtp example:587",
        "SMTP=*:587",
    ],
)
def test_what_is_no_binding_is_refused(text):
    with pytest.raises(ValueError):
        parse_binding(text)


def test_a_password_comes_from_the_environment_and_leaves_it():
    environment = {
        "MAILTLS_SMTP_USERNAME": "probe",
        "MAILTLS_SMTP_PASSWORD": "canary\n",
        "MAILTLS_OTHER_PASSWORD": "stays",
    }
    found = open_vault([SMTP], environment).for_service("SMTP", "smtp.example.com", 587)
    assert isinstance(found, Credential)
    assert found.username == "probe"
    assert found.password is not None
    assert found.password.reveal() == "canary"
    assert "canary" not in repr(found)
    assert environment == {"MAILTLS_OTHER_PASSWORD": "stays"}


@pytest.mark.parametrize("key", ["USERNAME", "PASSWORD"])
def test_a_value_that_is_no_text_is_a_mistake_and_not_shown(key):
    values = {"USERNAME": "probe", "PASSWORD": "canary"} | {key: "canary\udcff"}
    environment = {f"MAILTLS_SMTP_{each}": value for each, value in values.items()}
    with pytest.raises(UsageError) as caught:
        open_vault([SMTP], environment)
    assert f"MAILTLS_SMTP_{key} is not UTF-8" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert environment == {}


def test_a_token_may_be_given_or_granted():
    environment = {
        "MAILTLS_SMTP_USERNAME": "probe",
        "MAILTLS_SMTP_TOKEN_URL": "https://login.example.com/token",
        "MAILTLS_SMTP_CLIENT_ID": "id",
        "MAILTLS_SMTP_CLIENT_SECRET": "canary-client",
        "MAILTLS_SMTP_REFRESH_TOKEN": "canary-refresh",
        "MAILTLS_SMTP_SCOPE": "mail",
    }
    vault = open_vault([SMTP], environment)
    found = vault.for_service("SMTP", "smtp.example.com", 587)
    assert isinstance(found, Credential)
    assert found.grant is not None
    assert found.grant.token_url == "https://login.example.com/token"
    assert found.grant.scope == "mail"
    assert sorted(secret.reveal() for secret in vault.secrets) == [
        "canary-client",
        "canary-refresh",
    ]
    token = {"MAILTLS_SMTP_USERNAME": "probe", "MAILTLS_SMTP_TOKEN": "canary-token"}
    given = open_vault([SMTP], token).for_service("SMTP", "smtp.example.com", 587)
    assert isinstance(given, Credential)
    assert given.token is not None
    assert given.grant is None


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("SMTP", "smtp.example.org", 587),
        ("SMTP", "smtp.example.com", 465),
        ("INBOX", "smtp.example.com", 587),
    ],
)
def test_a_credential_is_for_no_other_service(name, host, port):
    environment = {"MAILTLS_SMTP_USERNAME": "probe", "MAILTLS_SMTP_PASSWORD": "canary"}
    vault = open_vault([SMTP], environment)
    assert not vault.is_bound(name, host, port)
    assert vault.for_service(name, host, port) == Withheld(
        kind=WithheldKind.UNUSABLE,
        detail=f"the workflow does not bind the credential {name} to {host}:{port}",
    )


ABSENT = [
    {},
    {"MAILTLS_SMTP_USERNAME": "probe", "MAILTLS_SMTP_PASSWORD": ""},
    {"MAILTLS_SMTP_PASSWORD": "canary"},
    {"MAILTLS_SMTP_USERNAME": "probe", "MAILTLS_SMTP_CLIENT_ID": "id"},
]


@pytest.mark.parametrize("values", ABSENT)
@pytest.mark.parametrize(
    "event",
    [
        {"GITHUB_EVENT_NAME": "pull_request"},
        {"GITHUB_EVENT_NAME": "push", "GITHUB_ACTOR": "dependabot[bot]"},
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
    ],
)
def test_where_a_ci_gives_no_secrets_an_absent_one_is_no_fault(values, event):
    found = open_vault([SMTP], values | event).for_service("SMTP", "smtp.example.com", 587)
    assert isinstance(found, Withheld)
    assert found.kind is WithheldKind.NO_CREDENTIAL
    assert "pull requests from forks" in found.detail


@pytest.mark.parametrize("values", ABSENT)
@pytest.mark.parametrize("event", [{}, {"GITHUB_EVENT_NAME": "push", "GITHUB_ACTOR": "octocat"}])
def test_elsewhere_an_absent_secret_leaves_the_question_open(values, event):
    found = open_vault([SMTP], values | event).for_service("SMTP", "smtp.example.com", 587)
    assert isinstance(found, Withheld)
    assert found.kind is WithheldKind.UNUSABLE
    assert "MAILTLS_SMTP_PASSWORD" in found.detail
