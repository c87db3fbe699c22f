"""From expectations to questions: equal questions to one service are one, asked once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailtls.policy.model import AddressChoice, Endpoint, Policy
from mailtls.probe.questions import HelloQuestion, Question, Service
from mailtls.rules.base import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question to the addresses of one service, and the (endpoint, rule) pairs that ask it."""

    service: Service
    addresses: AddressChoice | tuple[str, ...]
    question: Question
    askers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be asked, sessions first; each `Ask` costs one connection to each address."""

    asks: tuple[Ask, ...]


def build_plan(policy: Policy, rules: Sequence[Rule]) -> Plan:
    """Return the distinct questions that decide every rule for every endpoint."""
    askers: dict[tuple[Service, AddressChoice | tuple[str, ...], Question], list[tuple[str, str]]]
    askers = {}
    for endpoint in policy.endpoints:
        for rule, question in _needs(endpoint, policy, rules):
            key = (Service(host=endpoint.host, port=endpoint.port), endpoint.addresses, question)
            askers.setdefault(key, []).append((endpoint.name, rule.id))
    asks = [
        Ask(service=service, addresses=addresses, question=question, askers=tuple(pairs))
        for (service, addresses, question), pairs in askers.items()
    ]
    # Raw hellos follow the session: its greeting says whether they have anything to learn.
    asks.sort(key=lambda ask: isinstance(ask.question, HelloQuestion))
    return Plan(asks=tuple(asks))


def _needs(
    endpoint: Endpoint, policy: Policy, rules: Sequence[Rule]
) -> Iterable[tuple[Rule, Question]]:
    for rule in rules:
        for question in rule.needs(endpoint, policy.profile):
            yield rule, question
