"""The second stage of a run: whether the CAs still stand by the certificates that sessions saw.

It follows URLs of certificates whose path OpenSSL has verified, and no others: what a stranger puts
into a certificate leads nowhere. A certificate's OCSP responders are asked before its lists, which
may be large, and nobody after one that settles it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from mailtls.book import EvidenceBook
from mailtls.evidence import (
    CertificateFacts,
    Line,
    Missing,
    Observation,
    Observed,
    SessionEvidence,
    TlsFacts,
)
from mailtls.plan import Plan
from mailtls.probe.errands import Errands
from mailtls.probe.questions import Question, RevocationQuestion, Target
from mailtls.probe.reach import is_private
from mailtls.probe.web import Web, split
from mailtls.pure import pure
from mailtls.revocations import (
    CertificateStatus,
    Medium,
    NoStatus,
    RevocationEvidence,
    Statement,
    Status,
    doubt,
)
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase
from mailtls.tls import certificates, crl, ocsp

URLS_TRIED = 3
"""URLs of each medium that are asked for one certificate; CAs name one or two."""

RESPONSE_LIMIT = 64 * 1024
"""Bytes of an OCSP response; with a responder's certificate it has about two thousand."""

LIST_LIMIT = 16 * 1024 * 1024
"""Bytes of a revocation list; CAs with many certificates cut theirs into parts below that."""


@pure
class _Link:
    """A certificate of a path and its issuer; `private` is whether the server's own address is."""

    certificate: CertificateFacts
    issuer: bytes
    private: bool


@pure
class _Found:
    """What was learned of one link, and how."""

    status: CertificateStatus
    lines: tuple[Line, ...]


async def ask_revocation(
    plan: Plan, book: EvidenceBook, web: Web, *, seconds: float
) -> EvidenceBook:
    """Return the book with answers to the plan's `RevocationQuestion`s, where a path was verified.

    `seconds` bounds the stage as a whole.
    """
    asked = {each.question for each in plan.asks if isinstance(each.question, RevocationQuestion)}
    paths = {
        (target, question): _links(seen, private=is_private(target.address))
        for (target, session), seen in book.answers.items()
        for question in asked
        if question.session == session
    }
    desk = _Desk(Errands(web, deadline=time.monotonic() + seconds), web)
    links = tuple(dict.fromkeys(link for path in paths.values() for link in path))
    found = dict(zip(links, await asyncio.gather(*map(desk.check, links)), strict=True))
    answers: dict[tuple[Target, Question], Observation] = {
        key: _observed(found[link] for link in path) for key, path in paths.items() if path
    }
    return replace(book, answers={**book.answers, **answers})


def _links(seen: Observation, *, private: bool) -> tuple[_Link, ...]:
    """Return the certificates of a verified path but its anchor, each with its issuer."""
    match seen:
        case Observed(evidence=SessionEvidence(tls=TlsFacts() as tls)):
            unsent = map(certificates.parse, tls.path.unsent)
            known = {facts.sha256: facts for facts in (*tls.chain, *unsent)}
            path = [known[each] for each in tls.path.verified]
            return tuple(
                _Link(certificate=facts, issuer=issuer.der, private=private)
                for facts, issuer in pairwise(path)
            )
        case _:
            return ()


def _observed(found: Iterable[_Found]) -> Observed:
    parts = tuple(found)
    return Observed(
        evidence=RevocationEvidence(certificates=tuple(each.status for each in parts)),
        transcript=tuple(line for each in parts for line in each.lines),
        seconds=0.0,
        attempts=0,
    )


class _Desk:
    """Asks for the status of links, until one statement settles it."""

    def __init__(self, errands: Errands, web: Web) -> None:
        self._errands = errands
        self._now = web.settings.now()

    async def check(self, link: _Link) -> _Found:
        statements: list[Statement] = []
        lines: list[Line] = []
        facts = link.certificate
        sources = [(Medium.OCSP, url) for url in _usable(facts.ocsp_urls)]
        sources += [(Medium.CRL, url) for url in _usable(facts.crl_urls)]
        for medium, url in sources:
            says = await self._ask(link, medium, url)
            statements.append(Statement(medium=medium, url=url, says=says))
            words = says.status if isinstance(says, Status) else says.detail
            lines.append(Line(side="*", text=clean(f"{medium.value} {url}: {words}")))
            if isinstance(says, Status) and not doubt(says, self._now):
                break
        status = CertificateStatus(
            subject=facts.subject, sha256=facts.sha256, statements=tuple(statements)
        )
        return _Found(status=status, lines=tuple(lines))

    async def _ask(self, link: _Link, medium: Medium, url: str) -> Status | NoStatus:
        facts, responder = link.certificate, medium is Medium.OCSP
        asked = ocsp.request_url(url, facts.der, link.issuer) if responder else url
        if asked is None:
            return _unread("the certificate could not be named in a request")
        limit = RESPONSE_LIMIT if responder else LIST_LIMIT
        body = await self._errands.fetch(asked, limit, private=link.private)
        if isinstance(body, Missing):
            return NoStatus(phase=body.phase, cause=body.cause, detail=body.detail)
        if responder:
            read = ocsp.read(body, facts.der, link.issuer, self._now)
        else:
            # Megabytes take a while to read: not in the loop that the other answers wait for.
            read = await asyncio.to_thread(crl.read, body, facts.der, link.issuer, facts.crl_urls)
        return _unread(read) if isinstance(read, str) else read


def _usable(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first URLs that can be asked; ldap, as Windows' CAs name it too, cannot."""
    return tuple(dict.fromkeys(url for url in urls if split(url) is not None))[:URLS_TRIED]


def _unread(detail: str) -> NoStatus:
    return NoStatus(phase=Phase.GREETING, cause=Cause.MALFORMED, detail=detail)
