"""What a run may send: the workflow's word against the policy's, before a byte is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import NOW, TARGET, endpoint, leaf, path, policy, session, tls
from mailtls.delivery.credentials import Credential
from mailtls.errors import UsageError
from mailtls.options import build_parser
from mailtls.policy.delivery import Receive, Via
from mailtls.rules import RULES, mode
from mailtls.sending import PRIVILEGED, acceptable, may_be_met, prepare
from mailtls.terms import TlsVersion
from rules.test_deliveries import DELIVERY, READER, SENDER

LOGIN = replace(DELIVERY, send=replace(DELIVERY.send, credential="SMTP"))
BOUND = "--credential=SMTP=mail.example.org:587"
VALUES = {"MAILTLS_SMTP_USERNAME": "probe", "MAILTLS_SMTP_PASSWORD": "canary"}


def prepared(*words, delivery=LOGIN, environment=None, rules=RULES, sender=SENDER):
    options = build_parser(("text",)).parse_args(["check", "--send", *words])
    declared = replace(policy(sender, READER), deliveries=(delivery,) if delivery else ())
    return prepare(declared, options, rules, {**VALUES} if environment is None else environment)


def refused(*words, **changes):
    with pytest.raises(UsageError) as caught:
        prepared(*words, **changes)
    return str(caught.value)


def test_what_the_workflow_binds_is_sent():
    sending = prepared(BOUND)
    assert sending.deliveries == (LOGIN,)
    assert isinstance(sending.vault.for_service("SMTP", "mail.example.org", 587), Credential)


@pytest.mark.parametrize(
    "bound",
    [
        "--send",
        "--credential=SMTP=mail.example.com:587",
        "--credential=SMTP=mail.example.org:465",
        "--credential=INBOX=mail.example.org:587",
    ],
)
def test_a_login_that_the_policy_points_elsewhere_is_refused(bound):
    message = refused(bound)
    assert "points the credential SMTP at mail.example.org:587" in message
    assert "--credential SMTP=mail.example.org:587" in message


@pytest.mark.parametrize(
    ("receive", "place"),
    [
        ({"credential": "INBOX"}, "mail.example.org:993"),
        (
            {
                "via": Via.MAILPIT,
                "endpoint": "",
                "url": "https://box.example/api",
                "credential": "INBOX",
            },
            "box.example:443",
        ),
        (
            {
                "via": Via.MAILPIT,
                "endpoint": "",
                "url": "https://box.example:8025",
                "credential": "INBOX",
            },
            "box.example:8025",
        ),
    ],
)
def test_the_mailboxes_login_is_bound_as_well(receive, place):
    assert isinstance(LOGIN.receive, Receive)
    delivery = replace(LOGIN, receive=replace(LOGIN.receive, **receive))
    assert f"the credential INBOX at {place}" in refused(BOUND, delivery=delivery)
    assert prepared(BOUND, f"--credential=INBOX={place}", delivery=delivery)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"addresses": ("192.0.2.66",)}, "192.0.2.66:587"),
        ({"addresses": ("2001:db8::66",)}, "[2001:db8::66]:587"),
        ({"identity": "evil.example.net"}, "evil.example.net:587"),
    ],
)
def test_a_policy_leads_no_login_elsewhere_by_address_or_identity(changes, place):
    sender = endpoint(**changes)
    assert f"the credential SMTP at {place}" in refused(BOUND, sender=sender)
    assert prepared(BOUND, f"--credential=SMTP={place}", sender=sender)


def test_where_the_workflow_names_an_address_it_names_who_may_be_met_there_too():
    """Whoever is on the way to it has a certificate for a name of their own."""
    sender = endpoint(host="192.0.2.1", identity="evil.example.net")
    bound = "--credential=SMTP=192.0.2.1:587"
    assert "the credential SMTP at evil.example.net:587" in refused(bound, sender=sender)
    assert prepared(bound, "--credential=SMTP=evil.example.net:587", sender=sender)
    assert prepared(bound, sender=endpoint(host="192.0.2.1", identity="192.0.2.1"))
    listed = endpoint(host="192.0.2.1", identity="192.0.2.1", addresses=("192.0.2.1",))
    assert prepared(bound, sender=listed)


@pytest.mark.parametrize("lacking", ["example.com", "b.example.org", "org"])
def test_addresses_are_of_the_domains_that_the_workflow_allows(lacking):
    assert "is none of those that --send-domain allows" in refused(
        BOUND, f"--send-domain={lacking}"
    )
    assert prepared(BOUND, f"--send-domain={lacking}", "--send-domain=example.org")


def test_nothing_is_sent_that_no_rule_judges():
    assert prepared(rules=[mode.RULE]) is None


def test_a_policy_without_deliveries_has_nothing_to_send():
    assert "no deliveries" in refused(delivery=None)


@pytest.mark.parametrize("event", sorted(PRIVILEGED))
def test_an_event_that_strangers_set_off_sends_nothing(event):
    environment = {**VALUES, "GITHUB_EVENT_NAME": event}
    assert f"refused on the event {event}" in refused(BOUND, environment=environment)
    assert "needs --send-domain" in refused(
        BOUND, "--allow-privileged-trigger", environment=environment
    )
    assert prepared(
        BOUND,
        "--allow-privileged-trigger",
        "--send-domain=example.org",
        environment=environment,
    )


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "pull_request", ""])
def test_other_events_send(event):
    assert prepared(BOUND, environment={**VALUES, "GITHUB_EVENT_NAME": event})


def test_a_refused_run_still_takes_the_logins_out_of_the_environment():
    environment = {**VALUES, "GITHUB_EVENT_NAME": "workflow_run"}
    refused(BOUND, environment=environment)
    assert environment == {"GITHUB_EVENT_NAME": "workflow_run"}


def test_the_message_says_which_run_sends_it():
    environment = {
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "7",
    }
    assert prepared(BOUND, environment=environment).origin == (
        "https://github.example/o/r/actions/runs/7"
    )
    assert prepared(BOUND).origin == "a run outside a CI that names itself"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("172.18.0.2", True),
        ("192.0.2.1", True),
        ("169.254.169.254", False),
        ("168.63.129.16", False),
        ("fd00:ec2::254", False),
    ],
)
def test_a_policys_url_leads_to_containers_and_not_to_metadata_services(address, allowed):
    assert may_be_met(address) is allowed


def judged(evidence, declared=None):
    declared = declared or endpoint()
    return acceptable(policy(declared), NOW)(declared, TARGET, evidence)


def test_a_session_that_every_rule_passes_is_acceptable():
    assert judged(session()) == ""


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (tls(leaf(dns_names=("other.example.org",))), "certificate-name"),
        (tls(leaf(), version=TlsVersion.TLS1_1), "tls-version"),
        (tls(path=path(problem=None, judged=False)), "certificate-trust"),
    ],
)
def test_a_session_that_a_rule_fails_is_not(facts, rule):
    assert f"(see the rule {rule})" in judged(session(facts))
