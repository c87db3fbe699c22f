"""What is not in order: for each finding its line, what was expected and seen, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import east_asian_width

from mailtls.report.findings import Finding, Group, groups
from mailtls.report.model import Excerpt, Report, Result
from mailtls.report.page.badges import anchors, badge, standing
from mailtls.report.page.markup import Markup, code, element, facts, join, link, prose, section
from mailtls.report.sources import address
from mailtls.terms import Outcome

_WORDS = {"error": "error", "unknown": "could not be determined"}


def findings(report: Report) -> Markup:
    """Return the findings by endpoint, in the order of the policy's lines."""
    names = anchors(report)
    told = [group for group in groups(report) if not group.quiet or group.waived]
    if not told:
        return section("findings", "Findings", element("p", "There are none."))
    return section("findings", "Findings", *(_group(each, names[each.endpoint]) for each in told))


def _group(group: Group, anchor: str) -> Markup:
    parts = [_finding(each) for each in (*group.findings, *group.waived)]
    if group.behind:
        count = len(group.unjudged)
        verb = "1 rule waits" if count == 1 else f"{count} rules wait"
        summary = element("summary", f"{verb} for this to be mended, and could not be judged")
        rules = join(map(code, group.unjudged), ", ")
        parts.append(element("details", summary, element("p", rules)))
    heading = element("h3", code(group.endpoint), id=anchor)
    return element("div", heading, *parts, class_="group", data_group=True)


def _finding(finding: Finding) -> Markup:
    result = finding.result
    state = standing(result)
    heading = element(
        "h4",
        badge(state, _WORDS.get(state, "")),
        " ",
        code(result.rule),
        " ",
        prose(result.message),
    )
    return element(
        "article",
        heading,
        _excerpt(result),
        facts(_facts(finding)),
        *_transcript(result),
        class_=f"finding {state}",
        data_row=result.endpoint,
        data_state=state,
    )


def _facts(finding: Finding) -> Iterator[tuple[str, Markup | str]]:
    result = finding.result
    if finding.addresses:
        yield "Address", join(map(code, finding.addresses), ", ")
    yield "Expected", prose(result.expected)
    if result.outcome is Outcome.INCONCLUSIVE:
        yield "Stopped", f"in {result.phase}, {result.cause}"
    else:
        yield "Observed", result.observed
        yield "Certificate", join(finding.certificates, element("br"))
    yield "Fix", prose(result.remedy)
    if result.reproduce:
        yield "See it again", element("code", result.reproduce, class_="command")
    links = [(result.source, address(result.source)), (f"about {result.rule}", result.docs_url)]
    yield "More", join((link(words, to) for words, to in links if words and to), ", ")


def _excerpt(result: Result) -> Markup:
    location, excerpt = result.location, result.excerpt
    where = code(f"{location.file}:{location.line}:{location.column}")
    if not excerpt.text:
        return element("p", where, class_="place")
    before, span, after = _parted(excerpt)
    number = element("span", f"{location.line} ", aria_hidden="true", class_="number")
    line = element("code", number, before, element("mark", span), after)
    return element("p", where, line, class_="place")


def _parted(excerpt: Excerpt) -> tuple[str, str, str]:
    """Return an excerpt's line before, in and behind its span, which is counted in columns."""
    edges = (excerpt.start, excerpt.start + excerpt.width)
    column = 0
    cuts: list[int] = []
    for index, character in enumerate(excerpt.text):
        while len(cuts) < len(edges) and column >= edges[len(cuts)]:
            cuts.append(index)
        column += 2 if east_asian_width(character) in "WF" else 1
    first, last = [*cuts, len(excerpt.text), len(excerpt.text)][:2]
    return excerpt.text[:first], excerpt.text[first:last], excerpt.text[last:]


def _transcript(result: Result) -> Iterator[Markup]:
    if result.transcript:
        noun = "line" if len(result.transcript) == 1 else "lines"
        summary = element("summary", f"Transcript, {len(result.transcript)} {noun}")
        lines = (element("li", code(line)) for line in result.transcript)
        yield element("details", summary, element("ol", *lines, class_="transcript"))
