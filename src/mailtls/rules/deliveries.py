"""What the rules about deliveries share: each delivery with its endpoint and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailtls.evidence import Line, Missing
from mailtls.flow import DeliveryEvidence, Submitted, Withheld, WithheldKind
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.pure import pure
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, TargetView, inconclusive, not_applicable
from mailtls.terms import Cause, Phase

if TYPE_CHECKING:
    from mailtls.policy.delivery import Delivery

_NOT_ASKED = Withheld(kind=WithheldKind.NOT_ASKED, detail="the run does not send; --send does")
_UNSENT = DeliveryEvidence(
    submission=_NOT_ASKED, arrival=_NOT_ASKED, sent_transcript=(), received_transcript=()
)


@pure
class Flow:
    """One delivery: `sender` is the endpoint it leaves by, `reader` the one it is read at.

    `reader` is the sending endpoint where the message is not read by a mail protocol.
    """

    delivery: Delivery
    sender: Endpoint
    reader: Endpoint
    evidence: DeliveryEvidence
    view: TargetView | None

    def placed(
        self,
        finding: Finding,
        *,
        at: Endpoint,
        key: tuple[str, ...] = (),
        transcript: tuple[Line, ...] = (),
    ) -> Placed:
        """Return a finding at one of the two endpoints, located at a key of the delivery."""
        return Placed(
            endpoint=at,
            finding=finding,
            view=self.view if at is self.sender else None,
            route=(*self.delivery.route, *key),
            transcript=transcript,
        )


def flows(run: RunView) -> Iterable[Flow]:
    """Yield the deliveries of a run; one that was not sent has the reason as its evidence."""
    endpoints = {endpoint.name: endpoint for endpoint in run.policy.endpoints}
    for delivery in run.policy.deliveries:
        evidence = run.deliveries.get(delivery.name, _UNSENT)
        sender = endpoints[delivery.send.endpoint]
        reads_at = delivery.receive.endpoint if delivery.receive is not None else ""
        yield Flow(
            delivery=delivery,
            sender=sender,
            reader=endpoints.get(reads_at, sender),
            evidence=evidence,
            view=_view(run, sender, evidence),
        )


def withheld(said: Withheld, name: str, *, expected: str) -> Finding:
    """Return the finding where the program did not go on by itself, but for what is not offered.

    A run that does not send, and a login that is not there, leave nothing to judge. A session that
    did not pass has its own rules; what is behind it stays open.
    """
    if said.kind in {WithheldKind.NOT_ASKED, WithheldKind.NO_CREDENTIAL}:
        return not_applicable(f"{name}: {said.detail}")
    missing = Missing(phase=Phase.AFTER_TLS, cause=Cause.PREREQUISITE, detail=said.detail)
    return inconclusive(missing, expected=expected)


def needs_nothing(_endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of a rule that asks no question of the probe: a delivery is no probe."""
    return ()


def _view(run: RunView, sender: Endpoint, evidence: DeliveryEvidence) -> TargetView | None:
    if not isinstance(evidence.submission, Submitted):
        return None
    address = evidence.submission.address
    views = (view for view in run.of(sender) if view.target and view.target.address == address)
    return next(views, None)
