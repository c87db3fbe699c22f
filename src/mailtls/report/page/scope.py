"""What the run proved, and what it did not: a green report must not be read as more than it is."""

from __future__ import annotations

from collections.abc import Iterator

from mailtls.report.findings import groups, merge
from mailtls.report.model import Report, Result
from mailtls.report.page.markup import Content, Markup, code, element, join, prose, section
from mailtls.terms import Outcome

_CLOSED = "closed"


def scope(report: Report) -> Markup:
    """Return what holds, and what nobody should conclude from it."""
    return section(
        "scope",
        "What was proved, and what was not",
        element("h3", "Proved"),
        *_proved(report),
        element("h3", "Not proved"),
        element("ul", *(element("li", *said) for said in _open(report))),
    )


def _proved(report: Report) -> Iterator[Markup]:
    passed = report.count(Outcome.PASS)
    targets = sum(len(endpoint.targets) for endpoint in report.endpoints)
    yield element(
        "p",
        f"Of {_number(len(report.endpoints), 'endpoint')} at {_number(targets, 'address')}, asked of"
        f" the live servers, from this machine, at the time of the run: {_holds(passed)}.",
    )
    held: dict[str, list[Result]] = {}
    for result in report.results:
        if result.outcome is Outcome.PASS:
            held.setdefault(result.endpoint, []).append(result)
    for group in groups(report):
        if group.endpoint in held:
            yield _held(group.endpoint, held[group.endpoint])


def _held(endpoint: str, results: list[Result]) -> Markup:
    found = sorted(merge(results), key=lambda finding: finding.result.rule)
    lines = (
        element("li", code(each.result.rule), " ", prose(each.result.message), _at(each.addresses))
        for each in found
    )
    summary = element("summary", code(endpoint), f": {_holds(len(results))}")
    return element("details", summary, element("ul", *lines))


def _holds(count: int) -> str:
    return f"{_number(count, 'check')} {'holds' if count == 1 else 'hold'}"


def _at(addresses: tuple[str, ...]) -> Markup:
    return element("small", " at ", ", ".join(addresses)) if addresses else Markup("")


def _open(report: Report) -> Iterator[tuple[Content, ...]]:
    yield (
        element("strong", "The message end to end."),
        " Transport TLS protects one hop: the connection to these servers. A server that hands a"
        " message on may do so in clear, and it reads the message itself.",
    )
    yield (
        element("strong", "Who sent a message."),
        " SPF, DKIM and DMARC are other means to another end, and none of them is replaced.",
    )
    yield (
        element("strong", "Other clients, places and times."),
        " What is said here was seen from this machine, at the addresses its names had then.",
    )
    yield (
        element("strong", "What the policy does not ask."),
        " Nothing was tried that no expectation needs.",
    )
    unknown = report.count(Outcome.INCONCLUSIVE)
    if unknown:
        yield (
            element("strong", "What could not be determined."),
            f" {_number(unknown, 'check')} got no answer that says anything: see the ",
            element("a", "findings", href="#findings"),
            ".",
        )
    silent = list(_silent(report))
    if silent:
        yield (
            element("strong", "Targets without a TLS session."),
            " Of these nothing inside TLS is known: ",
            join(map(code, silent), ", "),
            ".",
        )
    unmeant = merge(each for each in report.results if each.outcome is Outcome.NOT_APPLICABLE)
    if unmeant:
        lines = (
            element("li", code(each.result.rule), " ", each.place, ": ", each.result.message)
            for each in unmeant
        )
        yield (
            element(
                "details",
                element("summary", f"{_number(len(unmeant), 'rule')} without a meaning here"),
                element("ul", *lines),
            ),
        )


def _silent(report: Report) -> Iterator[str]:
    """Yield the targets without a session, but for those that the policy wants closed."""
    closed = {result.endpoint for result in report.results if result.rule == _CLOSED}
    for endpoint in report.endpoints:
        if endpoint.name in closed:
            continue
        if not endpoint.targets:
            yield endpoint.name
        for target in endpoint.targets:
            if target.tls_version is None:
                yield f"{endpoint.name} at {target.address}"


def _number(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"
