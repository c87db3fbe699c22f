"""A running server that is asked by mailtls' own questions, one by one, and by openssl s_client."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from factories import endpoint
from mailtls.evidence import HelloEvidence, Observation, Observed, ServerAnswer
from mailtls.policy.model import Endpoint, Profile, TlsExpectation
from mailtls.policy.profiles import load_profile
from mailtls.probe.attempt import Attempt
from mailtls.probe.perform import perform
from mailtls.probe.questions import HelloQuestion, Offer, Question, SessionQuestion, Target
from mailtls.rules.base import Finding, Rule, TargetView, hello_question
from mailtls.terms import Mode
from probe.peers import network, settings

NAME = "mail.example.test"
BCP195 = load_profile("bcp195")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server that speaks TLS from the first byte.

    `inside` runs a call where the server can be reached, such as in its own network namespace.
    """

    address: str
    port: int
    inside: Callable[[Callable[[], Observation]], Observation] = lambda call: call()
    answers: dict[Question, Observation] = field(default_factory=dict)

    def openssl(self, *options: str) -> bool:
        """Return whether s_client completes a handshake with these options alone."""
        where = f"{self.address}:{self.port}"
        done = subprocess.run(
            ["openssl", "s_client", "-connect", where, "-servername", NAME, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
            env={"OPENSSL_CONF": "/dev/null"},
        ).stdout
        return b"Cipher is (NONE)" not in done and b"Cipher is " in done

    def each(self, asked: dict[object, tuple[str, ...]]) -> set[object]:
        """Return the keys whose options s_client completes a handshake with."""
        with ThreadPoolExecutor(4) as pool:
            done = dict(
                zip(asked, pool.map(lambda o: self.openssl(*o), asked.values()), strict=True)
            )
        return {key for key, accepted in done.items() if accepted}

    def ask(self, question: Question) -> Observation:
        """Ask one question as the program does, and an equal one no more."""
        if question in self.answers:
            return self.answers[question]
        attempt = Attempt(
            question=question,
            target=Target(host=NAME, port=self.port, address=self.address),
            port=self.port,
            settings=settings(),
            # Some of these servers never say a word inside TLS: nobody waits for it.
            deadline=time.monotonic() + (3 if isinstance(question, SessionQuestion) else 20),
            on_progress=lambda: None,
        )
        self.answers[question] = self.inside(lambda: asyncio.run(perform(attempt, network())))
        return self.answers[question]

    def chosen(self, offer: Offer) -> ServerAnswer | None:
        """Return what a raw hello is answered with, None for a refusal."""
        seen = self.ask(hello_question(self.endpoint, offer))
        assert isinstance(seen, Observed), seen
        assert isinstance(seen.evidence, HelloEvidence)
        answer = seen.evidence.answer
        return answer if isinstance(answer, ServerAnswer) else None

    @property
    def endpoint(self) -> Endpoint:
        """The server as a policy would have it."""
        return endpoint(host=NAME, identity=NAME, port=self.port, mode=Mode.IMPLICIT)

    def findings(
        self, rule: Rule, profile: Profile = BCP195, tls: TlsExpectation | None = None
    ) -> list[Finding]:
        """Return what a rule says, asking no more than it needs."""
        of = replace(self.endpoint, tls=tls or TlsExpectation())
        answers = {question: self.ask(question) for question in rule.needs(of, profile)}
        assert sum(isinstance(q, HelloQuestion) for q in answers) <= 7
        view = TargetView(
            endpoint=of,
            profile=profile,
            target=Target(host=NAME, port=self.port, address=self.address),
            answers=answers,
            unresolved=None,
            now=datetime.now(UTC),
        )
        return list(rule.check(view))
