"""All that was observed in one run: what names resolved to, and the answer to each question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from ipaddress import ip_address

from mailtls.evidence import Missing, Observation, Resolved
from mailtls.flow import DeliveryEvidence
from mailtls.policy.model import Endpoint
from mailtls.probe.questions import VERSIONS, Question, Service, Target, select_addresses
from mailtls.pure import pure
from mailtls.terms import Cause, Phase


@pure
class EvidenceBook:
    """The evidence of a run. A host that is a literal needs no entry in `resolutions`.

    They are by service, not by name: a connection may be led elsewhere for one port of a host.
    `deliveries` are by name; one that the run did not send has no entry. `carrying` counts the
    connections they took, to servers, mailboxes and interfaces.
    `in_container` is whether a container of a CI's job asked, whose loopback addresses are its own;
    `led` has the name that was resolved in the place of a host's own.
    """

    resolutions: Mapping[Service, Resolved | Missing]
    answers: Mapping[tuple[Target, Question], Observation]
    deliveries: Mapping[str, DeliveryEvidence] = field(default_factory=dict)
    carrying: int = 0
    in_container: bool = False
    led: Mapping[Service, str] = field(default_factory=dict)

    def targets(self, endpoint: Endpoint) -> list[Target]:
        """Return the addresses of an endpoint to be asked, in the order they were resolved."""
        return [
            Target(host=endpoint.host, port=endpoint.port, address=address)
            for address in self._addresses(endpoint)
        ]

    def unresolved(self, endpoint: Endpoint) -> Missing | None:
        """Return why an endpoint has no target, or None where it has one."""
        if self._addresses(endpoint):
            return None
        resolution = self._resolution(endpoint)
        if isinstance(resolution, Missing):
            return resolution
        kind = {4: "IPv4 address", 6: "IPv6 address"}.get(_version(endpoint), "address")
        return Missing(
            phase=Phase.RESOLVE,
            cause=Cause.UNREACHABLE,
            detail=f"{endpoint.host} has no {kind}",
        )

    def answered(self, target: Target) -> dict[Question, Observation]:
        """Return every answer of one target."""
        return {question: seen for (at, question), seen in self.answers.items() if at == target}

    @property
    def connections(self) -> int:
        """Return how many connections the run made."""
        return self.carrying + sum(seen.attempts for seen in self.answers.values())

    def _addresses(self, endpoint: Endpoint) -> tuple[str, ...]:
        if isinstance(endpoint.addresses, tuple):
            return endpoint.addresses
        resolution = self._resolution(endpoint)
        if isinstance(resolution, Missing):
            return ()
        return select_addresses(resolution.addresses, endpoint.addresses)

    def _resolution(self, endpoint: Endpoint) -> Resolved | Missing:
        recorded = self.resolutions.get(Service(host=endpoint.host, port=endpoint.port))
        if recorded is not None:
            return recorded
        try:
            ip_address(endpoint.host)
        except ValueError:
            return Missing(
                phase=Phase.RESOLVE,
                cause=Cause.PREREQUISITE,
                detail=f"the evidence does not say what {endpoint.host} resolves to",
            )
        return Resolved(addresses=(endpoint.host,))


def _version(endpoint: Endpoint) -> int:
    if isinstance(endpoint.addresses, tuple):
        return 0
    return VERSIONS.get(endpoint.addresses, 0)
