"""Everything that was seen in one run: addresses of names, and the answer to each question."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from mailtls.evidence import Missing, Observation, Resolved
from mailtls.policy.model import AddressChoice, Endpoint
from mailtls.probe.questions import Question, Service, Target
from mailtls.terms import Cause, Phase


def choose(
    service: Service, addresses: AddressChoice | tuple[str, ...], resolved: Resolved | Missing
) -> tuple[Target, ...] | Missing:
    """Return the targets of a service under an endpoint's `addresses`.

    A list of literals needs no name resolution. IPv4 or IPv6 alone, where the name has none of that
    kind, is an answer of the DNS: cause REFUSED.
    """
    if isinstance(addresses, tuple):
        return tuple(_target(service, address) for address in addresses)
    if isinstance(resolved, Missing):
        return resolved
    wanted = {AddressChoice.IPV4: (4,), AddressChoice.IPV6: (6,)}.get(addresses, (4, 6))
    chosen = [a for a in resolved.addresses if ipaddress.ip_address(a).version in wanted]
    if not chosen:
        return Missing(
            phase=Phase.RESOLVE,
            cause=Cause.REFUSED,
            detail=f"the name {service.host} has no {addresses.value} address",
        )
    return tuple(_target(service, address) for address in chosen)


def _target(service: Service, address: str) -> Target:
    return Target(host=service.host, port=service.port, address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBook:
    """The evidence of one run; `answers` holds what was asked and nothing else."""

    resolutions: Mapping[Service, Resolved | Missing]
    answers: Mapping[tuple[Target, Question], Observation]

    def targets(self, endpoint: Endpoint) -> tuple[Target, ...] | Missing:
        """Return an endpoint's targets, or why it has none."""
        service = Service(host=endpoint.host, port=endpoint.port)
        unknown = Missing(
            phase=Phase.RESOLVE,
            cause=Cause.PREREQUISITE,
            detail=f"the evidence does not hold the addresses of {endpoint.host}",
        )
        return choose(service, endpoint.addresses, self.resolutions.get(service, unknown))

    def of(self, target: Target) -> dict[Question, Observation]:
        """Return every answer of one target."""
        return {question: seen for (at, question), seen in self.answers.items() if at == target}

    @property
    def connections(self) -> int:
        """Return how many connections the run made."""
        return sum(observation.attempts for observation in self.answers.values())
