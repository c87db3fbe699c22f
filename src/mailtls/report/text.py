"""What a person reads in a terminal: one line for each endpoint in order, a block for each other."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from mailtls.report.findings import Finding, Group, cost, groups, tally
from mailtls.report.model import Endpoint, Excerpt, Report
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location, Standing

WIDTH = 80

_RED, _YELLOW, _GREEN, _BLUE, _BOLD, _DIM = "31", "33", "32", "34", "1", "2"
_LEVEL_COLORS = {Level.ERROR: _RED, Level.WARNING: _YELLOW, Level.NOTE: _BLUE}
_STANDINGS = {
    Standing.PASS: ("PASS", _GREEN),
    Standing.FAIL: ("FAIL", _RED),
    Standing.INCONCLUSIVE: ("INCONCLUSIVE", _YELLOW),
}
_CLAIM = "transport of these hops, seen from here, now; not the message end to end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """ANSI colours, or none."""

    on: bool

    def __call__(self, text: str, *codes: str) -> str:
        """Return `text` in the given colours."""
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.on else text


def render(
    report: Report, *, color: bool = False, quiet: bool = False, verbose: bool = False
) -> str:
    """Return the report for a terminal; `quiet` leaves out what is in order, `verbose` adds transcripts."""
    paint = Paint(on=color)
    endpoints = {endpoint.name: endpoint for endpoint in report.endpoints}
    lines: list[str] = []
    for group in groups(report):
        endpoint = endpoints.get(group.endpoint)
        if not group.quiet:
            lines += ["", *_block(group, paint, verbose=verbose), ""]
        elif not quiet and endpoint is not None:
            lines.append(passing(endpoint, paint, checked=group.checked))
        lines += waived(group)
    lines += _flows(report, paint, quiet=quiet)
    lines += _ending(report, paint)
    tidy = "\n".join(lines).strip("\n")
    while "\n\n\n" in tidy:
        tidy = tidy.replace("\n\n\n", "\n\n")
    return tidy + "\n"


def passing(endpoint: Endpoint, paint: Paint, *, checked: bool) -> str:
    """Return the one line of an endpoint in order: addresses, version, days of the certificate."""
    if not checked:
        return f"{paint('--', _YELLOW)}    {endpoint.name}  {paint('nothing was checked', _DIM)}"
    facts = [f"{endpoint.protocol.value} {endpoint.mode.value}"]
    if len(endpoint.targets) > 1:
        facts.append(f"{len(endpoint.targets)} addresses")
    versions = sorted({t.tls_version for t in endpoint.targets if t.tls_version})
    days = [t.certificate.days_left for t in endpoint.targets if t.certificate]
    facts += versions
    if days:
        facts.append(f"certificate {min(days)} days")
    return f"{paint('ok', _GREEN)}    {endpoint.name}  {paint(', '.join(facts), _DIM)}"


def block(group: Group) -> list[str]:
    """Return the lines of an endpoint's findings, uncoloured."""
    return _block(group, Paint(on=False), verbose=False)


def _block(group: Group, paint: Paint, *, verbose: bool) -> list[str]:
    lines: list[str] = []
    for finding in group.findings:
        lines += [*_finding(finding, paint, verbose=verbose), ""]
    if group.behind:
        lines += list(_wrap("unjudged:", ", ".join(group.unjudged)))
    return lines


def waived(group: Group) -> list[str]:
    """Return the lines of what is waived: it stays in sight, also where the rest is quiet."""
    return [
        line
        for finding in group.waived
        for line in textwrap.wrap(
            f"waived[{finding.result.rule}] {finding.place}: {finding.result.message} "
            f"({finding.result.location.file}:{finding.result.location.line})",
            WIDTH,
            subsequent_indent=" " * 12,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _finding(finding: Finding, paint: Paint, *, verbose: bool) -> Iterator[str]:
    result = finding.result
    failed = result.outcome is Outcome.FAIL
    word = result.level.value if failed else "inconclusive"
    color = _LEVEL_COLORS[result.level] if failed else _YELLOW
    head = paint(f"{word}[{result.rule}]", color, _BOLD)
    yield f"{head} {paint(result.message, _BOLD)}"
    yield from excerpt_lines(result.location, result.excerpt, paint)
    yield from _wrap("where:", finding.place)
    if result.expected:
        yield from _wrap("expected:", result.expected)
    if failed:
        yield from _wrap("observed:", result.observed)
    else:
        yield from _wrap("stopped:", f"in {result.phase}, {result.cause}")
    if result.remedy:
        yield from _wrap("fix:", result.remedy)
    if failed:
        yield from _wrap("more:", f"mailtls explain {result.rule}")
    if verbose:
        yield from (f"     | {line}" for line in result.transcript)
        if result.reproduce:
            # Whole, so that it can be copied.
            yield f"  $ {result.reproduce}"


def excerpt_lines(location: Location, excerpt: Excerpt, paint: Paint) -> Iterator[str]:
    """Yield file:line:column and the line with carets below its span."""
    yield f"  --> {location.file}:{location.line}:{location.column}"
    if excerpt.text:
        number = str(location.line)
        gutter = " " * len(number)
        yield f"  {paint(f'{number} |', _BLUE)} {excerpt.text}"
        yield f"  {paint(f'{gutter} |', _BLUE)} {' ' * excerpt.start}{'^' * excerpt.width}"


def _wrap(label: str, text: str) -> Iterator[str]:
    """Yield a labelled text within the width; a word is never broken, it may be an address."""
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {label:<10}",
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _flows(report: Report, paint: Paint, *, quiet: bool) -> Iterator[str]:
    """Yield the way of each test message in words: it says more than that a rule passed."""
    for flow in report.flows:
        if quiet and flow.proved:
            continue
        word = paint("way", _GREEN if flow.proved else _YELLOW)
        yield ""
        yield f"{word}   {flow.name}"
        for sentence in flow.words:
            yield from textwrap.wrap(
                sentence,
                WIDTH,
                initial_indent=" " * 6,
                subsequent_indent=" " * 8,
                break_long_words=False,
                break_on_hyphens=False,
            )


def _ending(report: Report, paint: Paint) -> Iterator[str]:
    word, color = _STANDINGS[report.standing]
    yield ""
    yield f"{paint(word, color, _BOLD)}: {tally(report)} ({cost(report)})"
    if report.standing is Standing.PASS:
        yield paint(f"      {_CLAIM}", _DIM)
    if report.standing is Standing.INCONCLUSIVE and report.tolerate_inconclusive:
        yield "      tolerated by --inconclusive warn: this is not a pass"
