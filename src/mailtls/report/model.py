"""What every report is made of: plain values whose text is safe to show on one line.

Text has been through `sanitizer`; each format adds its own escaping on top. `build` makes these
from verdicts and evidence.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from mailtls.pure import pure
from mailtls.terms import Cause, Level, Mode, Outcome, Phase, Protocol, Role
from mailtls.verdict import ExitCode, Location, Part, Standing, Standpoint


@pure
class Excerpt:
    """The policy line a finding is about; `start` and `width` mark its span, in characters."""

    text: str
    start: int
    width: int


@pure
class Certificate:
    """A leaf certificate in brief. Times are ISO 8601 in UTC, `days_left` whole days, rounded down.

    `names` are the first 50 of `names_count` DNS names and addresses; `key` reads "RSA 2048" or
    "ECDSA P-256"; digests are lower-case hex.
    """

    subject: str
    names: tuple[str, ...]
    names_count: int
    issuer: str
    not_before: str
    not_after: str
    days_left: int
    key: str
    signature: str
    sha256: str
    spki_sha256: str
    serial: str


@pure
class Proof:
    """What an address was shown to take or to refuse: the first 12 of `count` names, and how."""

    part: Part
    standpoint: Standpoint
    names: tuple[str, ...]
    count: int
    by: str


@pure
class Target:
    """One address as it was met; the TLS fields are None where there was no handshake.

    `proofs` are what handshakes showed, what was negotiated first.
    """

    address: str
    connections: int
    tls_version: str | None
    cipher: str | None
    group: str | None
    certificate: Certificate | None
    proofs: tuple[Proof, ...]


@pure
class Endpoint:
    """One endpoint of the policy and its addresses."""

    name: str
    host: str
    port: int
    protocol: Protocol
    mode: Mode
    role: Role | None
    targets: tuple[Target, ...]


@pure
class Result:
    """One verdict with all a reader needs beside it.

    `title` is the rule's, `docs_url` its page or "". `transcript` lines begin with "C: ", "S: " or
    "*: ". `reproduce` is a shell command that shows the same, "" where there is none; `source` is
    the document that says so, as "RFC 8996 section 5", or "".
    """

    rule: str
    title: str
    docs_url: str
    endpoint: str
    address: str | None
    outcome: Outcome
    level: Level
    message: str
    expected: str
    observed: str
    remedy: str
    reproduce: str
    source: str
    phase: Phase | None
    cause: Cause | None
    transcript: tuple[str, ...]
    location: Location
    excerpt: Excerpt


class Mark(StrEnum):
    """What is known of one arrow of a message's way."""

    TLS = "tls"
    CLEAR = "clear"
    UNKNOWN = "unknown"
    LOCAL = "local"


@pure
class Arrow:
    """One arrow of a message's way: `version` and `cipher` are "" where they are not known.

    `proof` is "seen" by this program, "recorded" by a host that is trusted, or "claimed".
    """

    sender: str
    receiver: str
    mark: Mark
    version: str
    cipher: str
    proof: str

    @property
    def proved(self) -> bool:
        """Return whether the arrow rests on more than a stranger's word, and is known to be safe."""
        return self.proof != "claimed" and self.mark in {Mark.TLS, Mark.LOCAL}


@pure
class Flow:
    """The way of one test message that was accepted; `words` say it in sentences.

    `proved` is whether the whole way to the mailbox is.
    """

    name: str
    arrows: tuple[Arrow, ...]
    words: tuple[str, ...]
    proved: bool


@pure
class RuleInfo:
    """A rule as a reader looks it up: `summary` is a sentence, `help` its page in Markdown.

    `docs_url` is where the page is published, or "".
    """

    id: str
    title: str
    summary: str
    help: str
    docs_url: str


@pure
class Notice:
    """A contradiction the policy survives, as `errors.Problem` of level warning."""

    location: Location
    message: str
    expected: str
    hint: str
    level: Level


@pure
class Report:
    """A whole run. `started` is aware and in UTC, `seconds` is wall time.

    `endpoints` are sorted by name, `results` by endpoint, rule and address; `rules`
    has every rule that was asked, and at least those of the results; `flows` are in the policy's order.
    """

    version: str
    started: datetime
    seconds: float
    standing: Standing
    exit_code: ExitCode
    fail_on: Level
    tolerate_inconclusive: bool
    connections: int
    endpoints: tuple[Endpoint, ...]
    results: tuple[Result, ...]
    rules: tuple[RuleInfo, ...]
    notices: tuple[Notice, ...]
    flows: tuple[Flow, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Return how many results have this outcome."""
        return sum(result.outcome is outcome for result in self.results)

    def fails(self, result: Result) -> bool:
        """Return whether this result makes the run fail: a failure at `fail_on` or above."""
        return result.outcome is Outcome.FAIL and result.level.at_least(self.fail_on)

    @property
    def days_left(self) -> int | None:
        """Return the least `days_left` of all leaf certificates, or None where none was seen."""
        return min(
            (
                target.certificate.days_left
                for endpoint in self.endpoints
                for target in endpoint.targets
                if target.certificate is not None
            ),
            default=None,
        )
