"""The step summary: Markdown with the verdict first, a table of endpoints, details of each finding.

Text of strangers stands in <code> or <pre> only, where GitHub looks for no mention and no issue in
the finished HTML, with every character that Markdown or HTML gives a meaning written as an entity. The runner drops a summary of more than 1 MiB whole, so it is cut before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailtls.report.expiries import expiries
from mailtls.report.findings import Finding, cost, groups, observed, tally
from mailtls.report.mermaid import ROWS, fenced, timeline
from mailtls.report.model import Endpoint, Report, Result
from mailtls.report.rulegroups import heaviest, noted, shown, standings
from mailtls.report.sequence import deliveries
from mailtls.report.sources import address
from mailtls.terms import Outcome
from mailtls.verdict import Standing

BYTE_LIMIT = 900 * 1024
TRANSCRIPT_LINES = 40

_VERDICTS = {
    Standing.PASS: "## mailtls: pass",
    Standing.FAIL: "## mailtls: fail",
    Standing.INCONCLUSIVE: "## mailtls: inconclusive",
}
_WORDS = {
    "error": "**fail**",
    "warning": "**warning**",
    "note": "note",
    "unknown": "**?**",
    "waived": "waived",
    "ok": "ok",
    "": "",
}
_MEANING = frozenset("&<>\"'|[]()*_`@#:/\\~!{}$")
# GFM's extended autolinks begin so, without a scheme (section 6.9 of its specification).
_WWW = re.compile(r"(www)\.", re.IGNORECASE)
_CUT = "\n\nThis summary was cut: the reports have the rest.\n"


def render(report: Report) -> str:
    """Return the summary, at most `BYTE_LIMIT` bytes."""
    parts, ending = [_head(report)], _ending(report)
    size = len(parts[0].encode()) + len(ending.encode())
    for part in _details(report):
        size += len(part.encode())
        if size > BYTE_LIMIT - len(_CUT):
            parts.append(_CUT)
            break
        parts.append(part)
    return "".join([*parts, ending])


def escape(text: str) -> str:
    """Return text as it may stand in a summary: nothing in it is markup, a link or a mention."""
    entities = "".join(f"&#{ord(char)};" if char in _MEANING else char for char in text)
    return _WWW.sub(r"\1&#46;", entities)


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else ""


def _head(report: Report) -> str:
    lines = [_VERDICTS[report.standing], "", f"{tally(report)} ({cost(report)})", ""]
    if report.standing is Standing.INCONCLUSIVE and report.tolerate_inconclusive:
        lines += ["Tolerated by `inconclusive: warn`; this is not a pass.", ""]
    columns = shown(report)
    heads = ["", "endpoint", *columns]
    lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    worst = standings(report)
    head = "\n".join(lines) + "\n"
    for endpoint in report.endpoints:
        words = {column: worst.get((endpoint.name, column), "") for column in columns}
        row = _row(endpoint, words)
        if len(head.encode()) + len(row.encode()) > BYTE_LIMIT // 2:
            rest = "| " * (len(heads) - 2)
            return f"{head}| | further endpoints are in the reports {rest}|\n\n"
        head += row
    return head + "\n"


def _row(endpoint: Endpoint, words: Mapping[str, str]) -> str:
    state = _WORDS[heaviest(words.values())] or "not checked"
    beside = noted(endpoint)
    cells = [
        ", ".join(filter(None, [_WORDS[worst], beside.get(column, "") if worst else ""]))
        for column, worst in words.items()
    ]
    name = f"{_code(endpoint.name)} {endpoint.protocol.value} {endpoint.mode.value}"
    return f"| {' | '.join([state, name, *cells])} |\n"


def _details(report: Report) -> Iterator[str]:
    for group in groups(report):
        for finding in group.findings:
            yield _detail(finding)
        if group.behind:
            rules = ", ".join(group.unjudged)
            yield f"Behind it, at {_code(group.endpoint)}, could not be judged: {rules}.\n\n"
        for finding in group.waived:
            said = f"{_code(finding.place)}: {_code(finding.result.message)}"
            yield f"Waived: <b>{finding.result.rule}</b> {said}\n\n"
    yield from deliveries(report, _code)


def _ending(report: Report) -> str:
    """Return what stands below the findings however many there are: the expiries and the claim."""
    chart = timeline(report)
    hidden = len(expiries(report)) - ROWS
    parts = ["\n### Certificates\n\n", fenced(chart), "\n"] if chart else []
    if hidden > 0:
        parts.append(f"The {hidden} that expire later are in the reports.\n\n")
    parts.append(
        "\nA pass means that the transport of these hops was as the policy says, seen from this "
        "runner at this time. Transport TLS protects one hop, not the message end to end, and "
        "replaces none of SPF, DKIM and DMARC.\n"
    )
    return "".join(parts)


def _detail(finding: Finding) -> str:
    result = finding.result
    failed = result.outcome is Outcome.FAIL
    word = result.level.value if failed else "inconclusive"
    where = f"{result.location.file}:{result.location.line}"
    lines = [
        f"<details><summary>{word} <b>{result.rule}</b> {_code(finding.place)}: "
        f"{_code(result.message)}</summary>",
        "",
        f"- policy line: {_code(where)} {_code(result.excerpt.text.strip())}",
    ]
    if result.expected:
        lines.append(f"- expected: {_code(result.expected)}")
    if seen := observed(result):
        lines.append(f"- observed: {_code(seen)}")
    if failed:
        lines += [f"- certificate: {_code(each)}" for each in finding.certificates]
    else:
        lines.append(f"- stopped: in {result.phase}, {result.cause}")
    if result.remedy:
        lines.append(f"- fix: {_code(result.remedy)}")
    if result.reproduce:
        lines.append(f"- see it again: {_code(result.reproduce)}")
    links = [f"[{result.source}]({address(result.source)})"] if result.source else []
    links += [f"[about {result.rule}]({result.docs_url})"] if result.docs_url else []
    if links:
        lines.append(f"- more: {', '.join(links)}")
    lines += _transcript(result)
    return "\n".join([*lines, "", "</details>", ""]) + "\n"


def _transcript(result: Result) -> list[str]:
    lines = [escape(line) for line in result.transcript[:TRANSCRIPT_LINES]]
    hidden = len(result.transcript) - len(lines)
    lines += [f"({hidden} more lines are in the reports)"] if hidden > 0 else []
    return ["", f"<pre>{'<br>'.join(lines)}</pre>"] if lines else []
