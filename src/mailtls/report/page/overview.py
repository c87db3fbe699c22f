"""The head of the page: the verdict, what the run was, and how each endpoint stands."""

from __future__ import annotations

from mailtls.report.findings import cost, groups, tally
from mailtls.report.model import Endpoint, Report
from mailtls.report.page.badges import anchors, badge
from mailtls.report.page.markup import Markup, cell, code, element, facts, join, row, section, table
from mailtls.report.rulegroups import shown, standings, worst
from mailtls.verdict import Standing

_CLAIMS = {
    Standing.PASS: "Every expectation of the policy was checked and holds.",
    Standing.FAIL: "At least one expectation of the policy does not hold.",
    Standing.INCONCLUSIVE: "Nothing failed, but something could not be determined.",
}
_SIGNS = {Standing.PASS: "ok", Standing.FAIL: "error", Standing.INCONCLUSIVE: "unknown"}


def verdict(report: Report) -> Markup:
    """Return the verdict, the counts behind it, and where and when it was found."""
    claim = _CLAIMS[report.standing]
    if report.standing is Standing.INCONCLUSIVE and report.tolerate_inconclusive:
        claim += " This was tolerated by --inconclusive warn; it is not a pass."
    files = dict.fromkeys(result.location.file for result in report.results)
    started = f"{report.started:%Y-%m-%d %H:%M:%S} UTC"
    return element(
        "header",
        element(
            "h1", "Mail transport security: ", badge(_SIGNS[report.standing], report.standing.value)
        ),
        element("p", claim, " ", element("strong", tally(report)), "."),
        facts(
            [
                ("Policy", join(map(code, files), ", ")),
                ("Checked", started),
                ("Cost", cost(report)),
                ("Fails at", f"{report.fail_on.value} or above"),
                ("Exit code", str(report.exit_code.value)),
                ("Made by", f"mailtls {report.version}"),
            ]
        ),
        class_=f"verdict {report.standing.value}",
    )


def endpoints(report: Report) -> Markup:
    """Return the table of endpoints: how each stands in each group of rules."""
    columns = shown(report)
    heads = ("State", "Endpoint", "Service", *columns, "Version", "Certificate")
    return section(
        "endpoints",
        "Endpoints",
        table(
            "Each endpoint of the policy, and the worst of each group of rules",
            heads,
            (_row(report, each, heads, columns) for each in report.endpoints),
        ),
    )


def _row(
    report: Report, endpoint: Endpoint, heads: tuple[str, ...], columns: tuple[str, ...]
) -> Markup:
    results = [result for result in report.results if result.endpoint == endpoint.name]
    state = worst(results)
    found = standings(report)
    days = [t.certificate.days_left for t in endpoint.targets if t.certificate]
    versions = sorted({t.tls_version for t in endpoint.targets if t.tls_version})
    addresses = [target.address for target in endpoint.targets]
    service = f"{endpoint.protocol.value} {endpoint.mode.value}"
    named = endpoint.name == f"{endpoint.host}:{endpoint.port}"
    where = "" if named else f"{endpoint.host}:{endpoint.port}"
    told = {group.endpoint for group in groups(report) if not group.quiet or group.waived}
    name = code(endpoint.name)
    if endpoint.name in told:
        name = element("a", name, href=f"#{anchors(report)[endpoint.name]}")
    cells = [
        cell(badge(state), order=_RANK[state]),
        cell(name, *(_small(text) for text in (where, ", ".join(addresses))), head=True),
        cell(service),
        *(
            cell(badge(word) if word else "", order=_RANK[word])
            for word in (found.get((endpoint.name, column), "") for column in columns)
        ),
        cell(", ".join(versions)),
        cell(f"{min(days)} days left" if days else "", order=min(days, default=_NEVER)),
    ]
    words = " ".join([endpoint.name, where, service, *addresses, *versions])
    return row(heads, cells, words, state=state)


_RANK = {
    word: rank
    for rank, word in enumerate(("error", "unknown", "warning", "note", "waived", "ok", ""))
}
_NEVER = 10**6


def _small(text: str) -> Markup:
    return element("small", text) if text else Markup("")
