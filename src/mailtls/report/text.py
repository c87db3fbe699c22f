"""What a person reads in a terminal: one line for each endpoint in order, a block for each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailtls.report.annotations import of_report
from mailtls.report.columns import wrap
from mailtls.report.excerpt import narrow
from mailtls.report.findings import Finding, Group, cost, groups, observed, tally
from mailtls.report.logs import Log, fold, marks
from mailtls.report.model import Endpoint, Excerpt, Report
from mailtls.report.style import Style
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location, Standing

_INDENT = " " * 12
# Two spaces before the number of a line, a space, a bar and a space behind it, two marks of a cut.
_GUTTER = 11

_RED, _YELLOW, _GREEN, _BLUE, _BOLD, _DIM = "31", "33", "32", "34", "1", "2"
_LEVEL_COLORS = {Level.ERROR: _RED, Level.WARNING: _YELLOW, Level.NOTE: _BLUE}
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_STANDINGS = {
    Standing.PASS: ("PASS", _GREEN),
    Standing.FAIL: ("FAIL", _RED),
    Standing.INCONCLUSIVE: ("INCONCLUSIVE", _YELLOW),
}
_CLAIM = "transport of these hops, seen from here, now; not the message end to end"


PLAIN = Style()


def render(report: Report, style: Style = PLAIN) -> str:
    """Return the report for a person: what is in order in a line, what is not in full, the count."""
    endpoints = {endpoint.name: endpoint for endpoint in report.endpoints}
    moment = int(report.started.timestamp())
    lines: list[str] = []
    for number, group in enumerate(groups(report)):
        endpoint = endpoints.get(group.endpoint)
        if not group.quiet:
            told = block(group, style)
            lines += ["", *fold(style.log, number, group.endpoint, told, moment), ""]
        elif not style.quiet and endpoint is not None:
            lines += passing(endpoint, group, style)
        lines += waived(group, style)
    lines += _flows(report, style)
    lines += ["", *marks(style.log, of_report(report)), ""]
    lines += _ending(report, style)
    tidy = "\n".join(lines).strip("\n")
    while "\n\n\n" in tidy:
        tidy = tidy.replace("\n\n\n", "\n\n")
    return tidy + "\n"


def passing(endpoint: Endpoint, group: Group, style: Style = PLAIN) -> list[str]:
    """Return the line of an endpoint in order: addresses, version, days of the certificate."""
    if not group.checked:
        head = f"{style.paint('--', _YELLOW)}    {endpoint.name}  "
        return [*_spread(head, "nothing was checked", style, _DIM)]
    facts = [f"{endpoint.protocol.value} {endpoint.mode.value}"]
    if len(endpoint.targets) > 1:
        facts.append(f"{len(endpoint.targets)} addresses")
    versions = sorted({t.tls_version for t in endpoint.targets if t.tls_version})
    days = [t.certificate.days_left for t in endpoint.targets if t.certificate]
    facts += versions
    if days:
        facts.append(f"certificate {min(days)} days")
    if group.waived:
        facts.append(f"{len(group.waived)} waived")
    head = f"{style.paint('ok', _GREEN)}    {endpoint.name}  "
    return [*_spread(head, ", ".join(facts), style, _DIM)]


def block(group: Group, style: Style = PLAIN) -> list[str]:
    """Return the lines of an endpoint's findings."""
    lines: list[str] = []
    for finding in group.findings:
        lines += [*_finding(finding, style), ""]
    if group.behind:
        lines += labelled("unjudged:", ", ".join(group.unjudged), style)
    return lines


def waived(group: Group, style: Style = PLAIN) -> list[str]:
    """Return the lines of what is waived: it stays in sight, also where the rest is quiet."""
    return [
        line
        for finding in group.waived
        for line in wrap(
            f"waived[{finding.result.rule}] {finding.place}: {finding.result.message} "
            f"({finding.result.location.file}:{finding.result.location.line})",
            style.width,
            rest=_INDENT,
        )
    ]


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    result, paint = finding.result, style.paint
    failed = result.outcome is Outcome.FAIL
    word = result.level.value if failed else "inconclusive"
    color = _LEVEL_COLORS[result.level] if failed else _YELLOW
    head = f"{paint(f'{word}[{result.rule}]', color, _BOLD)} "
    yield from _spread(head, result.message, style, _BOLD)
    yield from excerpt_lines(result.location, result.excerpt, style)
    yield from labelled("where:", finding.place, style)
    if result.expected:
        yield from labelled("expected:", result.expected, style)
    if seen := observed(result):
        yield from labelled("observed:", seen, style)
    if not failed:
        yield from labelled("stopped:", f"in {result.phase}, {result.cause}", style)
    if result.remedy:
        yield from labelled("fix:", result.remedy, style)
    page = "" if style.log is Log.PLAIN else result.docs_url
    if failed or page:
        yield from labelled("more:", page or f"mailtls explain {result.rule}", style)
    if style.verbose:
        yield from (f"     | {line}" for line in result.transcript)
        if result.reproduce:
            # Whole, so that it can be copied.
            yield f"  $ {result.reproduce}"


def excerpt_lines(location: Location, excerpt: Excerpt, style: Style) -> Iterator[str]:
    """Yield file:line:column and the line with carets below its span."""
    yield f"  --> {location.file}:{location.line}:{location.column}"
    if excerpt.text:
        number = str(location.line)
        gutter = " " * len(number)
        shown = narrow(excerpt, style.width - len(number) - _GUTTER)
        yield f"  {style.paint(f'{number} |', _BLUE)} {shown.text}"
        yield f"  {style.paint(f'{gutter} |', _BLUE)} {' ' * shown.start}{'^' * shown.width}"


def colored(level: Level, style: Style) -> str:
    """Return the word of a level in its colour."""
    return style.paint(level.value, _LEVEL_COLORS[level], _BOLD)


def labelled(label: str, text: str, style: Style) -> Iterator[str]:
    """Yield a labelled text within the width."""
    yield from wrap(text, style.width, first=f"  {label:<10}", rest=_INDENT)


def _spread(head: str, text: str, style: Style, *codes: str) -> Iterator[str]:
    """Yield `text` in the given colours behind `head`, which may have its own, within the width."""
    plain = _COLOR.sub("", head)
    first, *more = [*wrap(text, style.width, first=plain, rest=_INDENT)] or [plain]
    yield f"{head}{style.paint(first[len(plain) :], *codes)}"
    yield from (f"{_INDENT}{style.paint(line[len(_INDENT) :], *codes)}" for line in more)


def _flows(report: Report, style: Style) -> Iterator[str]:
    """Yield the way of each test message in words: it says more than that a rule passed."""
    for flow in report.flows:
        if style.quiet and flow.proved:
            continue
        word = style.paint("way", _GREEN if flow.proved else _YELLOW)
        yield ""
        yield f"{word}   {flow.name}"
        for sentence in flow.words:
            yield from wrap(sentence, style.width, first=" " * 6, rest=" " * 8)


def _ending(report: Report, style: Style) -> Iterator[str]:
    word, color = _STANDINGS[report.standing]
    yield ""
    head = f"{style.paint(word, color, _BOLD)}: "
    yield from _spread(head, f"{tally(report)} ({cost(report)})", style)
    if report.standing is Standing.PASS:
        yield from _spread(" " * 6, _CLAIM, style, _DIM)
    if report.standing is Standing.INCONCLUSIVE and report.tolerate_inconclusive:
        yield from _spread(" " * 6, "tolerated by --inconclusive warn: this is not a pass", style)
