"""`check --send`: what the workflow allows to be sent, and the deliveries with all they need of the run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from mailtls.book import EvidenceBook
from mailtls.delivery import arrival
from mailtls.delivery.credentials import Vault, open_vault
from mailtls.delivery.logins import Logins
from mailtls.delivery.run import run_deliveries
from mailtls.delivery.secrecy import Redactor
from mailtls.delivery.tools import Acceptable, FindTexts, MailboxTools
from mailtls.errors import UsageError
from mailtls.evidence import Observed, SessionEvidence, TlsFacts
from mailtls.flow import DeliveryEvidence, Withheld
from mailtls.policy.addresses import domain_of
from mailtls.policy.delivery import Delivery
from mailtls.policy.model import Endpoint, Policy
from mailtls.probe.questions import Service, Target
from mailtls.probe.reach import may_be_asked
from mailtls.probe.web import Web, service_of
from mailtls.pure import pure
from mailtls.rules import (
    certificate_expiry,
    certificate_issuer,
    certificate_name,
    certificate_pin,
    certificate_trust,
    mode,
    starttls_offered,
)
from mailtls.rules.base import Rule, TargetView, session_question
from mailtls.rules.demands import demand_of
from mailtls.sanitizer import clean
from mailtls.terms import Outcome, TlsVersion

PRIVILEGED = frozenset(
    {
        "discussion",
        "discussion_comment",
        "fork",
        "gollum",
        "issue_comment",
        "issues",
        "pull_request_target",
        "watch",
        "workflow_run",
    }
)
"""Events of GitHub that strangers set off and that run with the repository's secrets."""

_TRUSTED_BY = (
    mode.RULE,
    starttls_offered.RULE,
    certificate_trust.RULE,
    certificate_name.RULE,
    certificate_expiry.RULE,
    certificate_issuer.RULE,
    certificate_pin.RULE,
)
"""What a session has to pass before a login or a message goes over it, beside its TLS version."""

_FINE = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE})


@pure
class Sending:
    """What a run sends, with whose logins; `origin` says in the message who sends it."""

    deliveries: tuple[Delivery, ...]
    vault: Vault
    origin: str


def prepare(
    policy: Policy,
    options: argparse.Namespace,
    rules: Iterable[Rule],
    environment: MutableMapping[str, str],
) -> Sending | None:
    """Return what `--send` sends, None where no rule would judge it; logins leave `environment`.

    Raises UsageError, before a byte is sent, where the workflow does not allow what the policy asks.
    """
    vault = open_vault(options.credential, environment)
    if not any(rule.id.startswith("delivery-") for rule in rules):
        return None
    if not policy.deliveries:
        raise UsageError("--send: the policy has no deliveries among the chosen endpoints")
    _refuse_strangers(options, environment)
    for delivery in policy.deliveries:
        for name, service in _logins(policy, delivery):
            if not vault.is_bound(name, service.host, service.port):
                raise UsageError(
                    f"delivery {delivery.name}: the policy points the credential {name} at {service},"
                    f" and no --credential {name}={service} allows that"
                )
        for address in (delivery.send.sender, delivery.send.recipient):
            if options.send_domain and domain_of(address) not in options.send_domain:
                raise UsageError(
                    f"delivery {delivery.name}: the domain of {address} is none of those that"
                    f" --send-domain allows: {', '.join(options.send_domain)}"
                )
    return Sending(deliveries=policy.deliveries, vault=vault, origin=_origin(environment))


async def deliver(
    sending: Sending,
    policy: Policy,
    book: EvidenceBook,
    web: Web,
    *,
    texts: FindTexts,
    seconds: float,
) -> EvidenceBook:
    """Send every delivery as `web` reaches the network, and return the book with what became of them.

    `seconds` bounds one connection.
    """
    redact = Redactor(sending.vault.secrets)
    logins = Logins(sending.vault, web, redact)
    tools = MailboxTools(
        network=web.network,
        settings=web.settings,
        routes=web.routes,
        web=replace(web, allowed=may_be_met),
        endpoints={endpoint.name: endpoint for endpoint in policy.endpoints},
        targets=lambda endpoint: tuple(book.targets(endpoint)),
        question=session_question,
        acceptable=acceptable(policy, web.settings.now()),
        credential=logins.find,
        refused=logins.refused,
        texts=texts,
        clock=lambda: datetime.now(UTC),
        seconds=seconds,
    )
    evidence = await run_deliveries(
        sending.deliveries,
        tools,
        open_mailbox=arrival.prepare,
        origin=sending.origin,
        redact=redact,
    )
    _tell_withheld(evidence)
    return replace(book, deliveries=evidence)


def may_be_met(address: str) -> bool:
    """Return whether a policy's URL may lead there: never to where a cloud hands out credentials."""
    return may_be_asked(address, private=True)


def acceptable(policy: Policy, now: datetime) -> Acceptable:
    """Return the judge of sessions: the rules on mode, certificate and version, asked of this one."""

    def judge(endpoint: Endpoint, target: Target, session: SessionEvidence) -> str:
        seen = Observed(evidence=session, transcript=(), seconds=0.0, attempts=1)
        view = TargetView(
            endpoint=endpoint,
            profile=policy.profile_of(endpoint),
            target=target,
            answers={session_question(endpoint): seen},
            unresolved=None,
            now=now,
        )
        for rule in _TRUSTED_BY:
            for finding in rule.check(view):
                if finding.outcome not in _FINE:
                    return f"{finding.message} (see the rule {rule.id})"
        tls = view.tls
        forbidden = demand_of(endpoint, view.profile).forbidden
        if isinstance(tls, TlsFacts) and tls.version in forbidden:
            return f"{TlsVersion(tls.version).label} was negotiated (see the rule tls-version)"
        return ""

    return judge


def _refuse_strangers(options: argparse.Namespace, environment: Mapping[str, str]) -> None:
    event = environment.get("GITHUB_EVENT_NAME", "")
    if event not in PRIVILEGED:
        return
    if not options.allow_privileged_trigger:
        raise UsageError(
            f"--send is refused on the event {event}: strangers set it off, and it has the"
            " repository's secrets; --allow-privileged-trigger allows it"
        )
    if not options.send_domain:
        raise UsageError(
            f"--send on the event {event} needs --send-domain: a stranger's policy shall not choose"
            " who gets mail"
        )


def _logins(policy: Policy, delivery: Delivery) -> Iterator[tuple[str, Service]]:
    """Yield the credentials of a delivery, each with all places that the policy names for it."""
    endpoints = {endpoint.name: endpoint for endpoint in policy.endpoints}
    receive = delivery.receive
    if delivery.send.credential:
        for service in _places(endpoints[delivery.send.endpoint]):
            yield delivery.send.credential, service
    if receive is not None and receive.credential:
        if receive.endpoint:
            for service in _places(endpoints[receive.endpoint]):
                yield receive.credential, service
        else:
            yield receive.credential, service_of(urlsplit(receive.url))


def _places(endpoint: Endpoint) -> Iterator[Service]:
    """Yield what decides who gets a login at an endpoint: its host, its addresses, the name verified.

    A policy with addresses and an identity of its own would otherwise lead a login for one host to
    another, whose certificate is good for itself; so does one that names an address and lets whoever
    is on the way to it be verified by a name of its own.
    """
    yield Service(host=endpoint.host, port=endpoint.port)
    if endpoint.identity != endpoint.host:
        yield Service(host=endpoint.identity, port=endpoint.port)
    if isinstance(endpoint.addresses, tuple):
        for address in endpoint.addresses:
            yield Service(host=address, port=endpoint.port)


def _origin(environment: Mapping[str, str]) -> str:
    repository, run = environment.get("GITHUB_REPOSITORY"), environment.get("GITHUB_RUN_ID")
    if not repository or not run:
        return "a run outside a CI that names itself"
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{repository}/actions/runs/{run}"


def _tell_withheld(evidence: Mapping[str, DeliveryEvidence]) -> None:
    """Say on standard error which deliveries were not sent by our own decision."""
    for name, each in evidence.items():
        if isinstance(each.submission, Withheld):
            reason = clean(each.submission.detail)
            sys.stderr.write(f"mailtls: warning: {clean(name)} was not sent: {reason}\n")
