"""The example of a rule's page, carried out: its policy, evidence of a server, and what is printed.

Nothing is contacted and nothing varies: hosts, dates and fingerprints are those of `factories`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from factories import (
    HOST,
    NOW,
    fallen_back,
    implicit_session,
    injected,
    seen,
    session,
    upgraded,
)
from mailtls.book import EvidenceBook
from mailtls.evidence import (
    Evidence,
    HelloEvidence,
    Missing,
    NotObserved,
    Observation,
    PortEvidence,
    Resolved,
    SessionEvidence,
)
from mailtls.flow import DeliveryEvidence
from mailtls.judge import judge
from mailtls.net.routes import Routes
from mailtls.plan import Plan, build_plan
from mailtls.policy.load import load_text
from mailtls.policy.model import Policy
from mailtls.probe.questions import (
    FallbackQuestion,
    HelloQuestion,
    InjectionQuestion,
    KindQuestion,
    Offer,
    PortQuestion,
    Question,
    Service,
    SessionQuestion,
    Target,
    UpgradeQuestion,
)
from mailtls.report import text
from mailtls.report.build import build
from mailtls.report.flow import flows_of
from mailtls.report.model import RuleInfo
from mailtls.rules import RULES, mode, select
from mailtls.rules.base import session_question
from mailtls.summaries import summaries
from mailtls.terms import Level, Mode, TlsVersion
from mailtls.tls.codepoints import group_by_name, suite_by_name, suite_name
from mailtls.tls.extensions import ExtensionType
from tls_views import GOOD_SUITE, alert, answered

PAGES = Path(__file__).parents[1] / "src" / "mailtls" / "pages"
FEATURES = (ExtensionType.RENEGOTIATION_INFO, ExtensionType.EXTENDED_MASTER_SECRET)
FILE = "mailtls.yml"

_EXAMPLE = re.compile(
    r"(?P<head>.*^## Example\n.*?^```yaml\n)(?P<policy>.*?)"
    r"(?P<between>^```\n(?:(?!^## ).)*?^```text\n)(?P<output>.*?)(?P<tail>^```\n.*)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The TLS library of a server, as far as a raw hello can tell; it follows the client's order."""

    versions: tuple[TlsVersion, ...] = (TlsVersion.TLS1_2, TlsVersion.TLS1_3)
    suites: tuple[str, ...] = (GOOD_SUITE, "TLS_AES_256_GCM_SHA384")
    groups: tuple[str, ...] = ("x25519",)
    features: tuple[int, ...] = FEATURES
    compression: int = 0

    def answer(self, offer: Offer) -> HelloEvidence:
        """Return the choice from an offer, or the alert where nothing is common."""
        versions = set(offer.versions) & set(self.versions)
        mine = {suite_by_name(name) for name in self.suites}
        suites = [code for code in offer.suites if code in mine]
        known = {group_by_name(name) for name in self.groups}
        groups = [code for code in offer.groups if code in known]
        if not versions:
            return alert("protocol_version")
        if not suites or not groups:
            return alert("handshake_failure")
        return answered(
            suite_name(suites[0]),
            version=max(versions),
            group=groups[0],
            extensions=self.features,
            compression=self.compression if offer.compression else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What one address answers, at `port` alone where one is given; sound where nothing is said.

    `session` is the full session, or why there is none; `answers` are those to the kinds of
    question that `Stack` does not answer.
    """

    host: str = HOST
    address: str = "192.0.2.1"
    port: int | None = None
    session: SessionEvidence | Missing | None = None
    stack: Stack = Stack()
    answers: Mapping[type[Question], Evidence] = field(default_factory=dict)

    def serves(self, service: Service) -> bool:
        return self.host == service.host and self.port in (None, service.port)

    def answer(self, question: Question) -> Evidence | Missing:
        """Return the answer to one question; one that a page's example must not need has none."""
        if type(question) in self.answers:
            return self.answers[type(question)]
        match question:
            case PortQuestion():
                return PortEvidence()
            case SessionQuestion(mode=mode):
                healthy = implicit_session() if mode is Mode.IMPLICIT else session()
                return self.session or healthy
            case HelloQuestion(offer=offer) | KindQuestion(hello=HelloQuestion(offer=offer)):
                return self.stack.answer(offer)
            case UpgradeQuestion():
                return upgraded()
            case InjectionQuestion():
                return injected()
            case FallbackQuestion():
                return fallen_back()
            case _:
                raise AssertionError(f"no answer to {question}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page cut at its example."""

    head: str
    policy: str
    between: str
    output: str
    tail: str

    def with_output(self, output: str) -> str:
        return self.head + self.policy + self.between + output + self.tail


def cut(page: str) -> Page:
    """Return a page cut at the first policy of its Example and the output behind it."""
    found = _EXAMPLE.fullmatch(page)
    if found is None:
        raise ValueError("the section Example has no policy (yaml) with an output (text) behind it")
    return Page(**found.groupdict())


def printed(
    rule: str,
    policy_text: str,
    servers: Sequence[Server],
    delivery: DeliveryEvidence | None = None,
) -> str:
    """Return the command and what it prints of a policy whose servers are these.

    With `delivery` the policy's one test message is sent, and that became of it. Beside the rule
    those are asked that the policy waives.
    """
    policy, document, warnings = load_text(policy_text.encode(), FILE, _read)
    asked = [*dict.fromkeys((*(waiver.rule for waiver in policy.waivers), rule))]
    rules = select(RULES, asked)
    # As `gather` does: a delivery goes to addresses that the probe finds.
    plan = build_plan(policy, rules if delivery is None else (*rules, mode.RULE))
    book = _book(plan, servers)
    if delivery is not None:
        (declared,) = policy.deliveries
        book = replace(book, deliveries={declared.name: delivery})
    report = build(
        policy=policy,
        verdicts=judge(policy, rules, book, NOW),
        targets=summaries(policy, book, Routes(detours=()), NOW),
        locate=document.locate,
        excerpt=document.excerpt,
        rules=[
            RuleInfo(id=each.id, title=each.title, summary=each.summary, help="", docs_url="")
            for each in rules
        ],
        started=NOW,
        seconds=0.1,
        connections=_connections(policy, plan, book),
        fail_on=Level.ERROR,
        tolerate_inconclusive=False,
        version="",
        problems=warnings,
    )
    report = replace(report, flows=flows_of(policy, book.deliveries))
    return f"{_command(asked, policy)}\n{text.render(report)}"


def _command(rules: Sequence[str], policy: Policy) -> str:
    """Return the command line; a test message is sent with logins bound to their servers."""
    head = " ".join(["$ mailtls check", *(f"--rule {rule}" for rule in rules)])
    words = []
    endpoints = {each.name: each for each in policy.endpoints}
    for delivery in policy.deliveries:
        words.append("--send")
        for side in (delivery.send, delivery.receive):
            if side is not None and side.credential:
                at = endpoints[side.endpoint]
                words.append(f"--credential {side.credential}={at.host}:{at.port}")
    return " \\\n    ".join([" ".join([head, *words[:1]]), *words[1:]])


def _read(*_: object) -> NoReturn:
    raise AssertionError("the policy of a page names no other file")


def _book(plan: Plan, servers: Sequence[Server]) -> EvidenceBook:
    resolutions = {}
    answers: dict[tuple[Target, Question], Observation] = {}
    for ask in plan.asks:
        at = [each for each in servers if each.serves(ask.service)]
        resolutions[ask.service] = Resolved(addresses=tuple(each.address for each in at))
        for each in at:
            target = Target(host=each.host, port=ask.service.port, address=each.address)
            answers[target, ask.question] = seen(each.answer(ask.question))
    return EvidenceBook(resolutions=resolutions, answers=answers)


def _connections(policy: Policy, plan: Plan, book: EvidenceBook) -> int:
    """Return what the plan costs; an address without a session has cost one connection."""
    count = 0
    for endpoint in policy.endpoints:
        whole = plan.connections(Service(host=endpoint.host, port=endpoint.port))
        for target in book.targets(endpoint):
            full = book.answered(target).get(session_question(endpoint))
            count += 1 if isinstance(full, NotObserved) else whole
    return count
