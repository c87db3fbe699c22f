"""What a report says of every address of every endpoint, from the evidence of a run."""

from __future__ import annotations

from datetime import datetime

from mailtls.book import EvidenceBook
from mailtls.evidence import SessionEvidence
from mailtls.net.routes import Routes
from mailtls.policy.model import Policy
from mailtls.probe.questions import Service
from mailtls.report.build import TargetSummary
from mailtls.rules.base import TargetView
from mailtls.rules.proofs import proofs


def summaries(
    policy: Policy, book: EvidenceBook, routes: Routes, now: datetime
) -> dict[str, list[TargetSummary]]:
    """Return the addresses of each endpoint by its name, and what was seen of each."""
    found: dict[str, list[TargetSummary]] = {}
    for endpoint in policy.endpoints:
        found[endpoint.name] = []
        for target in book.targets(endpoint):
            view = TargetView(
                endpoint=endpoint,
                profile=policy.profile_of(endpoint),
                target=target,
                answers=book.answered(target),
                unresolved=None,
                now=now,
            )
            session = view.session
            found[endpoint.name].append(
                TargetSummary(
                    address=target.address,
                    port=routes(Service(host=target.host, port=target.port)).port,
                    connections=sum(each.attempts for each in view.answers.values()),
                    session=session if isinstance(session, SessionEvidence) else None,
                    proofs=proofs(view),
                )
            )
    return found
