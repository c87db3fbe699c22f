"""Rules in the groups that a reader looks for, and how each group stands for an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from mailtls.report.model import Endpoint, Report, Result
from mailtls.terms import Outcome

OTHER = "other"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "connection": ("reachable", "closed", "protocol", "mode", "runner"),
    "STARTTLS": ("starttls-*", "auth-before-tls"),
    "service": ("auth-mechanisms", "capabilities"),
    "names": ("mx", "srv", "dane", "mta-sts", "tls-rpt"),
    "TLS": ("tls-*",),
    "several endpoints": ("address-agreement", "certificate-agreement", "agreement"),
    "certificate": ("certificate-*",),
    "drift": ("drift",),
    "delivery": ("delivery-*",),
    "client": ("client-*",),
    "policy": ("waiver", "policy-weakened"),
}
"""Each group's rules, or what their ids begin with; the first group that has a rule counts."""

ORDER = (
    *("connection", "STARTTLS", "service", "TLS", "certificate", "several endpoints", "names"),
    *("drift", "delivery", "client", "policy", OTHER),
)


WORDS = ("error", "unknown", "warning", "note", "waived", "ok", "")
"""How a rule, a group or an endpoint stands, the heaviest first; "" where nothing was judged."""


@cache
def group_of(rule: str) -> str:
    """Return the group of a rule."""
    for name, members in GROUPS.items():
        if any(_is(rule, member) for member in members):
            return name
    return OTHER


def _is(rule: str, member: str) -> bool:
    return rule.startswith(member[:-1]) if member.endswith("*") else rule == member


def shown(report: Report) -> tuple[str, ...]:
    """Return the groups that anything was judged in, in the order of the wire."""
    judged = {
        group_of(result.rule)
        for result in report.results
        if result.outcome is not Outcome.NOT_APPLICABLE
    }
    return tuple(name for name in ORDER if name in judged)


def standings(report: Report) -> dict[tuple[str, str], str]:
    """Return the worst of each endpoint and group that anything was judged in."""
    together: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        together.setdefault((result.endpoint, group_of(result.rule)), []).append(result)
    found = {key: worst(results) for key, results in together.items()}
    return {key: word for key, word in found.items() if word}


def noted(endpoint: Endpoint) -> dict[str, str]:
    """Return what stands beside a group: the versions negotiated, and what the certificate has left."""
    versions = sorted({t.tls_version for t in endpoint.targets if t.tls_version})
    days = [each.certificate.days_left for each in endpoint.targets if each.certificate]
    return {"TLS": ", ".join(versions), "certificate": remaining(min(days)) if days else ""}


def remaining(days_left: int) -> str:
    """Return the days of a certificate in words; they are rounded down, so that -1 is the last day."""
    if days_left >= 0:
        return f"{_days(days_left)} left"
    return f"expired {_days(-days_left - 1)} ago" if days_left < -1 else "expired today"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def worst(results: Iterable[Result]) -> str:
    """Return how some results stand together."""
    return heaviest(map(_word, results))


def heaviest(words: Iterable[str]) -> str:
    """Return the heaviest of some words, "" where there is none."""
    return min(words, key=WORDS.index, default="")


def _word(result: Result) -> str:
    match result.outcome:
        case Outcome.FAIL:
            return result.level.value
        case Outcome.INCONCLUSIVE:
            return "unknown"
        case Outcome.WAIVED:
            return "waived"
        case Outcome.PASS:
            return "ok"
        case Outcome.NOT_APPLICABLE:
            return ""
