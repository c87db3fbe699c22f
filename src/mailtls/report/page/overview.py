"""The head of the page: the verdict, what the run was, and how each endpoint stands."""

from __future__ import annotations

from collections.abc import Mapping

from mailtls.report.findings import cost, groups, tally
from mailtls.report.model import Endpoint, Report
from mailtls.report.page.badges import anchors, badge
from mailtls.report.page.markup import Markup, cell, code, element, facts, join, row, section, table
from mailtls.report.rulegroups import WORDS, heaviest, noted, shown, standings
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
    heads = ("State", "Endpoint", "Service", *(name[0].upper() + name[1:] for name in columns))
    known = {endpoint.name: endpoint for endpoint in report.endpoints}
    found, names = standings(report), anchors(report)
    rows: list[Markup] = []
    for group in groups(report):
        endpoint = known.get(group.endpoint)
        if endpoint is not None:
            words = {column: found.get((endpoint.name, column), "") for column in columns}
            told = not group.quiet or group.waived
            rows.append(_row(endpoint, heads, words, names[endpoint.name] if told else ""))
    caption = "Each endpoint of the policy, and the worst of each group of rules"
    return section("endpoints", "Endpoints", table(caption, heads, rows))


def _row(
    endpoint: Endpoint, heads: tuple[str, ...], standing: Mapping[str, str], anchor: str
) -> Markup:
    beside = noted(endpoint)
    addresses = [target.address for target in endpoint.targets]
    service = f"{endpoint.protocol.value} {endpoint.mode.value}"
    named = endpoint.name == f"{endpoint.host}:{endpoint.port}"
    where = "" if named else f"{endpoint.host}:{endpoint.port}"
    name = code(endpoint.name)
    if anchor:
        name = element("a", name, href=f"#{anchor}")
    state = heaviest(standing.values())
    cells = [
        cell(badge(state), order=WORDS.index(state)),
        cell(name, *(_small(text) for text in (where, ", ".join(addresses))), head=True),
        cell(service),
    ]
    for column, word in standing.items():
        content = (badge(word), _small(beside.get(column, ""))) if word else ()
        cells.append(cell(*content, order=WORDS.index(word)))
    return row(heads, cells, state=state)


def _small(text: str) -> Markup:
    return element("small", text) if text else Markup("")
