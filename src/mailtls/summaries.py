"""What each address showed, from the evidence to what a report is built of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mailtls.book import EvidenceBook
from mailtls.evidence import SessionEvidence
from mailtls.policy.model import Policy
from mailtls.probe.questions import Service
from mailtls.report.build import TargetSummary
from mailtls.rules.base import TargetView
from mailtls.rules.proofs import proofs


def summaries(
    policy: Policy, book: EvidenceBook, routes: Callable[[Service], Service], now: datetime
) -> dict[str, list[TargetSummary]]:
    """Return the addresses of each endpoint, by its name; `routes` says where connections went."""
    return {
        endpoint.name: [
            _summary(
                TargetView(
                    endpoint=endpoint,
                    profile=policy.profile_of(endpoint),
                    target=target,
                    answers=book.answered(target),
                    unresolved=None,
                    now=now,
                ),
                address=target.address,
                port=routes(Service(host=target.host, port=target.port)).port,
            )
            for target in book.targets(endpoint)
        ]
        for endpoint in policy.endpoints
    }


def _summary(view: TargetView, *, address: str, port: int) -> TargetSummary:
    session = view.session
    return TargetSummary(
        address=address,
        port=port,
        connections=sum(each.attempts for each in view.answers.values()),
        session=session if isinstance(session, SessionEvidence) else None,
        proofs=proofs(view),
    )
