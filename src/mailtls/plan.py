"""From a policy and the rules to the distinct questions, before anything is contacted."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.policy.model import AddressChoice, Policy
from mailtls.probe.folding import Call, Family, connections, fold, most_connections
from mailtls.probe.questions import (
    HelloQuestion,
    KindQuestion,
    Question,
    RevocationQuestion,
    Service,
    SessionQuestion,
)
from mailtls.pure import pure
from mailtls.rules import select
from mailtls.rules.base import Rule


@pure
class Ask:
    """One question to the chosen addresses of a service, with every (endpoint name, rule id) that asked."""

    service: Service
    addresses: AddressChoice | tuple[str, ...]
    question: Question
    askers: tuple[tuple[str, str], ...]


@pure
class Plan:
    """All asks of a run: services in the policy's order, the full session first within each.

    Two asks of one question differ in their addresses; where these overlap the runner asks once.
    """

    asks: tuple[Ask, ...]

    def connections(self, service: Service) -> int:
        """Return the connections one address of a service gets, retries aside."""
        return connections(self._folded(service))

    def least_connections(self, service: Service) -> int:
        """Return the least it gets, which is where the session shows what it can of other questions."""
        asked = [ask.question for ask in self.asks if ask.service == service]
        kind = any(isinstance(each, KindQuestion) for each in asked)
        group = any(
            isinstance(each, HelloQuestion) and each.offer.spared_by is not None for each in asked
        )
        return self.connections(service) - kind - group

    def most_connections(self, service: Service) -> int:
        """Return the most it gets, which is where the server does not read long hellos."""
        return most_connections(self._folded(service))

    def _folded(self, service: Service) -> tuple[Call | Family, ...]:
        asked = (ask.question for ask in self.asks if ask.service == service)
        return fold(each for each in asked if not isinstance(each, RevocationQuestion))

    @property
    def services(self) -> tuple[Service, ...]:
        """Return the distinct services, in the policy's order."""
        return tuple(dict.fromkeys(ask.service for ask in self.asks))


def build_plan(policy: Policy, rules: Iterable[Rule], *, only_rules: Iterable[str] = ()) -> Plan:
    """Return the plan of a policy under `rules`, or under those of them named in `only_rules`.

    Raises UsageError for an id in `only_rules` that no rule has.
    """
    chosen = select(rules, only_rules)
    askers: dict[
        tuple[Service, Question, AddressChoice | tuple[str, ...]], dict[tuple[str, str], None]
    ] = {}
    for endpoint in policy.endpoints:
        service = Service(host=endpoint.host, port=endpoint.port)
        for rule in chosen:
            if rule.expect is not endpoint.expect:
                continue
            for question in rule.needs(endpoint, policy.profile_of(endpoint)):
                key = (service, question, endpoint.addresses)
                askers.setdefault(key, {})[endpoint.name, rule.id] = None
    asks = [
        Ask(service=service, addresses=addresses, question=question, askers=tuple(who))
        for (service, question, addresses), who in askers.items()
    ]
    order = {service: index for index, service in enumerate(dict.fromkeys(a.service for a in asks))}
    asks.sort(key=lambda ask: (order[ask.service], not isinstance(ask.question, SessionQuestion)))
    return Plan(asks=tuple(asks))
