"""Findings as trackers want them: one alert for each rule and endpoint, with an identity that lasts."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable
from urllib.parse import quote

from mailtls.pure import pure
from mailtls.report.findings import Finding, merge, observed
from mailtls.report.model import Report, Result
from mailtls.terms import Outcome


@pure
class Alert:
    """What one rule says of one endpoint, whatever it said of how many addresses; worst first.

    `fingerprint` is lower-case hex. It stays the same when a line moves, a serial number changes or
    an address is added: none of these is a new problem.
    """

    findings: tuple[Finding, ...]
    fingerprint: str

    @property
    def worst(self) -> Result:
        """Return the result that gives the alert its level and its place."""
        return self.findings[0].result

    @property
    def text(self) -> str:
        """Return all that is known, a paragraph for each finding."""
        return "\n\n".join("\n".join(sentences(finding)) for finding in self.findings)


def alerts(report: Report, outcomes: Iterable[Outcome]) -> tuple[Alert, ...]:
    """Return the alerts of the results that came out so, by endpoint and rule."""
    wanted = frozenset(outcomes)
    protocols = {endpoint.name: endpoint.protocol.value for endpoint in report.endpoints}
    together: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        if result.outcome in wanted:
            together.setdefault((result.endpoint, result.rule), []).append(result)
    return tuple(
        Alert(
            findings=merge(results),
            fingerprint=fingerprint(rule, endpoint, protocols.get(endpoint, "")),
        )
        for (endpoint, rule), results in together.items()
    )


def fingerprint(*parts: str) -> str:
    """Return a digest of text without a NUL, which parts it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def sentences(finding: Finding) -> list[str]:
    """Return the lines of a finding: where, what, expected, observed, fix or where it stopped."""
    result = finding.result
    lines = [f"{finding.place}: {result.message}"]
    if result.expected:
        lines.append(f"expected: {result.expected}")
    if seen := observed(result):
        lines.append(f"observed: {seen}")
    if result.outcome is Outcome.INCONCLUSIVE:
        lines.append(f"stopped in {result.phase}, {result.cause}")
    if result.remedy:
        lines.append(f"fix: {result.remedy}")
    return lines


def relative(file: str) -> str:
    """Return a policy's path as trackers compare it, without `./` and `..` where they can go."""
    return posixpath.normpath(file)


def uri(file: str) -> str:
    """Return a policy's path as a URI reference: relative, or a file URI where it is absolute."""
    path = relative(file)
    # A colon in the first segment would be read as the end of a scheme (RFC 3986 section 4.2).
    encoded = quote(path)
    return f"file://{encoded}" if path.startswith("/") else encoded
