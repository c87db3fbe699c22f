"""Results as a person reads them: one finding for what several addresses share, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mailtls.pure import pure
from mailtls.report.certificates import served
from mailtls.report.model import Endpoint, Report, Result
from mailtls.terms import Cause, Level, Outcome

_TOLD = frozenset({Outcome.FAIL, Outcome.INCONCLUSIVE})
_FIRST = ("reachable", "closed", "protocol", "mode", "starttls-offered")
_NOUNS = {
    Outcome.PASS: "passed",
    Outcome.INCONCLUSIVE: "could not be determined",
    Outcome.WAIVED: "waived",
}


@pure
class Finding:
    """One thing to tell: the result, and every address it was seen at (empty for none).

    `certificates` are those it is about, in a line each.
    """

    result: Result
    addresses: tuple[str, ...]
    certificates: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Return the endpoint, and the addresses, in words."""
        if not self.addresses:
            return self.result.endpoint
        return f"{self.result.endpoint} at {', '.join(self.addresses)}"


@pure
class Group:
    """The findings of one endpoint.

    `behind` are those that could not be judged because of one of the `findings`, or for the same
    reason as one: their rules are told in a line, since mending the finding answers them. `waived` are told in a line each.
    `checked` is whether any rule came to a verdict: an endpoint without one is not in order.
    """

    endpoint: str
    findings: tuple[Finding, ...]
    behind: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    checked: bool

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Return the rules behind the findings."""
        return tuple(dict.fromkeys(finding.result.rule for finding in self.behind))

    @property
    def quiet(self) -> bool:
        """Return whether there is nothing to tell."""
        return not self.findings and not self.behind


def groups(report: Report) -> tuple[Group, ...]:
    """Return the findings of each endpoint, in the order of the policy's lines."""
    by_endpoint: dict[str, list[Result]] = {each.name: [] for each in report.endpoints}
    for result in report.results:
        by_endpoint.setdefault(result.endpoint, []).append(result)
    endpoints = {each.name: each for each in report.endpoints}
    made = [_group(name, results, endpoints.get(name)) for name, results in by_endpoint.items()]
    first = {
        name: min((r.location.line for r in results), default=0)
        for name, results in by_endpoint.items()
    }
    return tuple(sorted(made, key=lambda group: (first[group.endpoint], group.endpoint)))


def _group(name: str, results: Sequence[Result], endpoint: Endpoint | None) -> Group:
    told = [result for result in results if result.outcome in _TOLD]
    causes = [result for result in told if result.cause is not Cause.PREREQUISITE]
    behind = [result for result in told if result.cause is Cause.PREREQUISITE]
    if not causes:
        causes, behind = behind, []
    causes, repeated = _tellers(causes)
    behind += repeated
    return Group(
        endpoint=name,
        findings=tuple(
            replace(each, certificates=served(each.result.rule, each.addresses, endpoint))
            for each in merge(causes)
        ),
        behind=merge(behind),
        waived=merge(result for result in results if result.outcome is Outcome.WAIVED),
        checked=any(result.outcome is not Outcome.NOT_APPLICABLE for result in results),
    )


def _tellers(results: Iterable[Result]) -> tuple[list[Result], list[Result]]:
    """Return the results to tell, and those that repeat the gap of one of them.

    A server that stays silent leaves every rule open for the same reason.
    """
    tellers: dict[tuple[object, ...], Result] = {}
    repeated: list[Result] = []
    for result in sorted(results, key=_forwardness):
        open_for = (result.address, result.phase, result.cause, result.message)
        gap = open_for if result.outcome is Outcome.INCONCLUSIVE else (id(result),)
        if tellers.setdefault(gap, result) is not result:
            repeated.append(result)
    return list(tellers.values()), repeated


def _forwardness(result: Result) -> int:
    """Return how early on the wire a rule looks, for those that look first."""
    return _FIRST.index(result.rule) if result.rule in _FIRST else len(_FIRST)


def merge(results: Iterable[Result]) -> tuple[Finding, ...]:
    """Return one finding for the results that differ in the address alone, worst first."""
    merged: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        judged = (result.endpoint, result.rule, result.outcome, result.level, result.location)
        said = (result.message, result.expected, result.observed, result.remedy)
        merged.setdefault((*judged, *said, result.phase, result.cause), []).append(result)
    findings = [
        Finding(result=same[0], addresses=tuple(r.address for r in same if r.address is not None))
        for same in merged.values()
    ]
    return tuple(sorted(findings, key=weight))


def observed(result: Result) -> str:
    """Return what was observed, "" where an unanswered question's message has said it."""
    said = result.outcome is Outcome.INCONCLUSIVE and result.observed in result.message
    return "" if said else result.observed


def weight(finding: Finding) -> tuple[int, int, int, str]:
    """Return the order of telling: failures first, heavier levels first, then by line."""
    result = finding.result
    order = list(Level).index(result.level)
    return (result.outcome is not Outcome.FAIL, order, result.location.line, result.rule)


def tally(report: Report) -> str:
    """Return the counts in words: "3 failed, 1 could not be determined, 14 passed".

    What failed below the level that fails the run is counted by its level: "2 warnings".
    """
    failed = [result for result in report.results if result.outcome is Outcome.FAIL]
    counted = sum(report.fails(result) for result in failed)
    parts = [f"{counted} failed"] if counted else []
    for level in Level:
        below = sum(result.level is level and not report.fails(result) for result in failed)
        parts += [f"{below} {level.value}{'' if below == 1 else 's'}"] if below else []
    parts += [
        f"{report.count(outcome)} {_NOUNS[outcome]}"
        for outcome in (Outcome.INCONCLUSIVE, Outcome.WAIVED, Outcome.PASS)
        if report.count(outcome) or outcome is Outcome.PASS
    ]
    return ", ".join(parts)


def cost(report: Report) -> str:
    """Return what the run cost: "12 connections, 1.8 s"."""
    noun = "connection" if report.connections == 1 else "connections"
    return f"{report.connections} {noun}, {report.seconds:.1f} s"
