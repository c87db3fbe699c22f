"""The policy's waivers: what they accept, and whether they are still needed.

A waiver accepts a failure. What could not be determined is no failure and stays what it is: to
accept what nobody has seen is not what a reason can be given for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches

from mailtls.policy.model import Endpoint, Policy, Profile, Waiver, named
from mailtls.probe.questions import Question
from mailtls.rules.base import Finding, Rule, TargetView
from mailtls.terms import Level, Outcome
from mailtls.verdict import Verdict

NOTICE_DAYS = 14
"""Days before its end in which a waiver is announced: time for one more release or renewal."""

_END = "mend what it covers and delete the waiver, or set a later `until` after another review"


def settle(
    policy: Policy, verdicts: Iterable[Verdict], asked: Collection[str], now: datetime
) -> tuple[Verdict, ...]:
    """Return the verdicts with waived failures marked, and those of this rule where it is asked.

    `asked` are the ids of the run's rules; `now` is aware. A waiver of a rule that was not asked is
    not judged.
    """
    today = now.astimezone(UTC).date()
    judged = tuple(verdicts)
    about = [waiver for waiver in policy.waivers if waiver.rule in asked]
    settled = tuple(_settled(verdict, about, today) for verdict in judged)
    if RULE.id not in asked:
        return settled
    names = [endpoint.name for endpoint in policy.endpoints]
    return (
        *settled,
        # Behind a lapsed waiver another one may be in force: what that one accepts is not open again.
        *(_judged(w, names, settled if w.until < today else judged, today) for w in about),
    )


def _covers(waiver: Waiver, verdict: Verdict) -> bool:
    return waiver.rule == verdict.rule and named(verdict.endpoint, waiver.endpoint)


def _settled(verdict: Verdict, waivers: Iterable[Waiver], today: date) -> Verdict:
    """Return a failure as waived, or with the word that its waiver lapsed; anything else as it is."""
    mine = [waiver for waiver in waivers if _covers(waiver, verdict)]
    if verdict.outcome is not Outcome.FAIL or not mine:
        return verdict
    last = max(mine, key=lambda waiver: waiver.until)
    if last.until < today:
        message = f"{verdict.message} (the waiver lapsed on {last.until}: {last.reason})"
        return replace(verdict, message=message)
    message = f"{verdict.message} (waived until {last.until}: {last.reason})"
    return replace(verdict, outcome=Outcome.WAIVED, message=message)


def _judged(
    waiver: Waiver, names: Sequence[str], verdicts: Iterable[Verdict], today: date
) -> Verdict:
    covered = [name for name in names if named(name, waiver.endpoint)]
    about = [verdict for verdict in verdicts if _covers(waiver, verdict)]
    failures = [verdict for verdict in about if verdict.outcome is Outcome.FAIL]
    unknown = any(verdict.outcome is Outcome.INCONCLUSIVE for verdict in about)
    left = (waiver.until - today).days
    said = f"the waiver of {waiver.rule} for {waiver.endpoint}"
    count = "1 failure" if len(failures) == 1 else f"{len(failures) or 'no'} failures"
    in_force = Verdict(
        rule=RULE.id,
        endpoint=next((each.endpoint for each in failures), (*covered, waiver.endpoint)[0]),
        address=None,
        outcome=Outcome.PASS,
        level=Level.WARNING,
        message=f"{said} is in force for {left} days",
        expected="waivers that are in force and needed",
        observed=f"until {waiver.until}; it covers {count}",
        remedy="",
        phase=None,
        cause=None,
        transcript=(),
        route=(*waiver.route, "until"),
    )

    def failed(message: str, remedy: str, key: str = "until") -> Verdict:
        route = (*waiver.route, key)
        return replace(in_force, outcome=Outcome.FAIL, message=message, remedy=remedy, route=route)

    if not covered:
        return failed(
            f"no endpoint is named {waiver.endpoint}, and the waiver of {waiver.rule} waives nothing",
            f"delete the waiver, or correct `endpoint`{_meant(waiver.endpoint, names)}",
            "endpoint",
        )
    if left < 0 and failures:
        again = "counts" if len(failures) == 1 else "count"
        return failed(f"{said} lapsed on {waiver.until}: {count} {again} again", _END)
    if left < 0 or not (failures or unknown):
        lapsed = f" lapsed on {waiver.until} and" if left < 0 else ""
        return failed(f"{said}{lapsed} matches no failure", "delete the waiver", "rule")
    if left <= NOTICE_DAYS:
        when = {0: "at the end of today (UTC)", 1: "in 1 day"}.get(left, f"in {left} days")
        return failed(f"{said} lapses {when}, on {waiver.until}", _END)
    return in_force


def _meant(pattern: str, names: Sequence[str]) -> str:
    near = get_close_matches(pattern, names, n=1)
    return f": did you mean {near[0]}?" if near else ""


def needs(_endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of a rule that judges verdicts: no evidence of its own."""
    return ()


def check(_view: TargetView) -> Iterable[Finding]:
    """Return nothing for a single target: `settle` judges the run, when all else is judged."""
    return ()


RULE = Rule(
    id="waiver",
    title="Waiver lapsed or not needed",
    summary="Every waiver of the policy is in force, not about to lapse, and still needed.",
    needs=needs,
    check=check,
)
