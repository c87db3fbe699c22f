"""Each certificate that was met, once, with the endpoints that serve it: the soonest to expire first."""

from __future__ import annotations

from datetime import datetime

from mailtls.pure import pure
from mailtls.report.model import Certificate, Report, Result
from mailtls.report.rulegroups import remaining, worst

_EXPIRY = "certificate-expiry"


@pure
class Expiry:
    """A leaf certificate and the names of the endpoints that served it, in the report's order.

    `standing` is what the rule about its validity comes to at them, as in `rulegroups`.
    """

    certificate: Certificate
    endpoints: tuple[str, ...]
    standing: str

    @property
    def not_before(self) -> datetime:
        """Return when it becomes valid, in UTC."""
        return datetime.fromisoformat(self.certificate.not_before)

    @property
    def not_after(self) -> datetime:
        """Return when it expires, in UTC."""
        return datetime.fromisoformat(self.certificate.not_after)

    def left(self, now: datetime) -> str:
        """Return how long it is valid yet, in words: "80 days left", "expired 1 day ago"."""
        if now < self.not_before:
            return f"not valid before {self.not_before:%Y-%m-%d}"
        return remaining(self.certificate.days_left)


def expiries(report: Report) -> tuple[Expiry, ...]:
    """Return every leaf certificate of the run by its digest."""
    judged: dict[tuple[str, str | None], list[Result]] = {}
    for result in report.results:
        if result.rule == _EXPIRY:
            judged.setdefault((result.endpoint, result.address), []).append(result)
    met: dict[str, tuple[Certificate, list[str], list[Result]]] = {}
    for endpoint in report.endpoints:
        for target in endpoint.targets:
            if target.certificate is not None:
                _, names, results = met.setdefault(
                    target.certificate.sha256, (target.certificate, [], [])
                )
                names.append(endpoint.name)
                results += judged.get((endpoint.name, target.address), [])
    found = [
        Expiry(
            certificate=certificate,
            endpoints=tuple(dict.fromkeys(names)),
            standing=worst(results),
        )
        for certificate, names, results in met.values()
    ]
    return tuple(sorted(found, key=lambda each: (each.not_after, each.endpoints)))
