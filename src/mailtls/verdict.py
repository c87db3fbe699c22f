"""What the judge says: one verdict for each rule, endpoint and address, and the run's exit code."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from mailtls.evidence import Line
from mailtls.pure import pure
from mailtls.terms import Cause, Level, Outcome, Phase

Route = tuple[str | int, ...]
"""Where a value stands in the policy, as ("endpoints", 0, "tls", "min_version")."""


@pure
class Client:
    """What a common TLS client has to offer to see the same: names as OpenSSL's, else its defaults.

    `version` is a code point of TLS 1.0 to 1.3 or 0, `cipher` and `group` are names or ""; `among` is
    whether the group was one of many. `at_once` is whether it speaks TLS from the first byte whatever
    the endpoint's mode, as the server does.
    """

    version: int = 0
    cipher: str = ""
    group: str = ""
    among: bool = False
    at_once: bool = False


class Part(StrEnum):
    """What a handshake settles."""

    VERSION = "version"
    SUITE = "suite"
    GROUP = "group"


class Standpoint(StrEnum):
    """What a server was shown to do with a part; the strongest first."""

    NEGOTIATED = "negotiated"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@pure
class Proof:
    """Versions, suites or groups that one address was shown to take or to refuse, and how.

    Negotiated is what it chose of everything, accepted what it chose of a hello of ours. `by` is
    how it was shown, in words that complete "negotiated in", "accepted in" or "refused in".
    """

    part: Part
    standpoint: Standpoint
    names: tuple[str, ...]
    by: str


@pure
class Verdict:
    """The outcome of one rule; `address` is None where it is not of one address.

    `phase` and `cause` are set exactly where `outcome` is inconclusive. Text may hold words of the
    peer: it is cleaned by `sanitizer` when it is shown, not here. `remedy` is "" where there is none.
    `again` is the client that sees a finding again, None where no common client does.
    """

    rule: str
    endpoint: str
    address: str | None
    outcome: Outcome
    level: Level
    message: str
    expected: str
    observed: str
    remedy: str
    phase: Phase | None
    cause: Cause | None
    transcript: tuple[Line, ...]
    route: Route
    again: Client | None = None

    @property
    def order(self) -> tuple[str, str, str]:
        """Return the key reports sort by."""
        return (self.endpoint, self.rule, self.address or "")


@pure
class Location:
    """A span in a policy file; lines and columns count from 1, the end column is exclusive.

    `file` is as the user wrote it, or relative to the working directory.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class ExitCode(IntEnum):
    """The process exit codes of every command."""

    PASS = 0
    FAIL = 1
    ERROR = 2
    INCONCLUSIVE = 3


class Standing(StrEnum):
    """The verdict on a whole run."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


def standing(verdicts: Iterable[Verdict], *, fail_on: Level) -> Standing:
    """Return the run's verdict: a failure at `fail_on` or above wins over what is inconclusive."""
    inconclusive = False
    for verdict in verdicts:
        if verdict.outcome is Outcome.FAIL and verdict.level.at_least(fail_on):
            return Standing.FAIL
        inconclusive = inconclusive or verdict.outcome is Outcome.INCONCLUSIVE
    return Standing.INCONCLUSIVE if inconclusive else Standing.PASS


def exit_code(verdict: Standing, *, tolerate_inconclusive: bool) -> ExitCode:
    """Return the exit code of a run; `tolerate_inconclusive` is `--inconclusive warn`."""
    if verdict is Standing.FAIL:
        return ExitCode.FAIL
    if verdict is Standing.INCONCLUSIVE and not tolerate_inconclusive:
        return ExitCode.INCONCLUSIVE
    return ExitCode.PASS
