"""The step summary: Markdown with the verdict first, a table of endpoints, details of each finding.

Text of strangers stands in <code> or <pre> only, where GitHub looks for no mention and no issue in
the finished HTML, with every character that Markdown or HTML gives a meaning written as an entity. The runner drops a summary of more than 1 MiB whole, so it is cut before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailtls.report.findings import Finding, Group, cost, groups, tally
from mailtls.report.model import Endpoint, Report
from mailtls.terms import Outcome
from mailtls.verdict import Standing

BYTE_LIMIT = 900 * 1024
TRANSCRIPT_LINES = 40

_VERDICTS = {
    Standing.PASS: "## mailtls: pass",
    Standing.FAIL: "## mailtls: fail",
    Standing.INCONCLUSIVE: "## mailtls: inconclusive",
}
_MEANING = frozenset("&<>\"'|[]()*_`@#:/\\~!{}$")
# GFM's extended autolinks begin so, without a scheme (section 6.9 of its specification).
_WWW = re.compile(r"(www)\.", re.IGNORECASE)
_CUT = "\n\nThis summary was cut: the reports have the rest.\n"


def render(report: Report) -> str:
    """Return the summary, at most `BYTE_LIMIT` bytes."""
    parts = [_head(report)]
    size = len(parts[0].encode())
    for part in _details(report):
        size += len(part.encode())
        if size > BYTE_LIMIT - len(_CUT):
            parts.append(_CUT)
            break
        parts.append(part)
    return "".join(parts)


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
    lines += [
        "| | endpoint | TLS | certificate | findings |",
        "|---|---|---|---|---|",
    ]
    found = {group.endpoint: group for group in groups(report)}
    head = "\n".join(lines) + "\n"
    for endpoint in report.endpoints:
        row = _row(endpoint, found[endpoint.name])
        if len(head.encode()) + len(row.encode()) > BYTE_LIMIT // 2:
            return head + "| | further endpoints are in the reports | | | |\n\n"
        head += row
    return head + "\n"


def _row(endpoint: Endpoint, group: Group) -> str:
    failed = any(finding.result.outcome is Outcome.FAIL for finding in group.findings)
    word = "**fail**" if failed else "**?**"
    if group.quiet:
        word = "ok" if group.checked else "not checked"
    versions = ", ".join(sorted({t.tls_version for t in endpoint.targets if t.tls_version}))
    days = [t.certificate.days_left for t in endpoint.targets if t.certificate]
    left = f"{min(days)} days left" if days else ""
    rules = ", ".join(dict.fromkeys(finding.result.rule for finding in group.findings))
    name = f"{_code(endpoint.name)} {endpoint.protocol.value} {endpoint.mode.value}"
    return f"| {word} | {name} | {versions} | {left} | {rules} |\n"


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
    yield (
        "\nA pass means that the transport of these hops was as the policy says, seen from this "
        "runner at this time. Transport TLS protects one hop, not the message end to end, and "
        "replaces none of SPF, DKIM and DMARC.\n"
    )


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
    if failed:
        lines.append(f"- observed: {_code(result.observed)}")
        lines += [f"- certificate: {_code(each)}" for each in finding.certificates]
        lines.append(f"- fix: {_code(result.remedy)}")
    else:
        lines.append(f"- stopped: in {result.phase}, {result.cause}")
    if result.docs_url:
        lines.append(f"- [about {result.rule}]({result.docs_url})")
    shown = result.transcript[:TRANSCRIPT_LINES]
    if shown:
        rows = "<br>".join(escape(line) for line in shown)
        lines += ["", f"<pre>{rows}</pre>"]
    return "\n".join([*lines, "", "</details>", ""]) + "\n"
