"""Whether the leaf carries timestamps of Certificate Transparency logs (RFC 6962)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from mailtls.evidence import CertificateFacts, HelloEvidence, Missing, ServerAnswer
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    passed,
)
from mailtls.rules.control import control_question, needs_control
from mailtls.terms import Cause, Phase

if TYPE_CHECKING:
    from mailtls.tls.timestamps import Timestamp

_KEY = "certificate.transparency"
_SHORT = timedelta(days=180)
_FEW, _MANY = 2, 3


def needed(leaf: CertificateFacts) -> int:
    """Return how many logs browsers ask for: two up to 180 days of lifetime, else three."""
    return _FEW if leaf.not_after - leaf.not_before <= _SHORT else _MANY


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the session, and of the hello of TLS 1.2 that other rules ask as well."""
    return needs_control(endpoint, profile) if endpoint.certificate.transparency else ()


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the timestamps in the certificate, the staple and the handshake, counted by log."""
    if not view.endpoint.certificate.transparency:
        return
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected="timestamps of transparency logs", key=_KEY)
        return
    from mailtls.tls.timestamps import ACCEPTED, embedded, stapled

    leaf = tls.chain[0]
    least = needed(leaf)
    expected = f"signed timestamps of at least {least} transparency logs"
    found = (embedded(leaf.der), stapled(tls.staple), _in_handshake(view, leaf))
    stamps = [each for part in found if part is not None for each in part]
    good = [each for each in stamps if each.algorithm in ACCEPTED and each.at <= view.now]
    logs = {each.log for each in good}
    observed = _observed(stamps, len(logs))
    if len(logs) >= least:
        yield passed(
            f"timestamps of {len(logs)} logs", expected=expected, observed=observed, key=_KEY
        )
        return
    if None in found:
        unread = Missing(
            phase=Phase.HANDSHAKE,
            cause=Cause.MALFORMED,
            detail="the list of timestamps could not be read",
        )
        yield inconclusive(unread, expected=expected, key=_KEY)
        return
    yield failed(
        f"the certificate has timestamps of {len(logs)} transparency logs, of {least} needed",
        expected=expected,
        observed=observed,
        remedy="have it issued by a public CA that logs what it issues (RFC 6962 section 3);"
        " a private CA has no log: take out `transparency`."
        f" {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
    )


def _in_handshake(view: TargetView, leaf: CertificateFacts) -> tuple[Timestamp, ...] | None:
    """Return what a handshake of TLS 1.2 carried for this leaf; in TLS 1.3 it is encrypted."""
    evidence = view.ask(control_question(view.endpoint, view.profile))
    match evidence:
        case HelloEvidence(answer=ServerAnswer(certificates=(first, *_)) as answer):
            # Timestamps of another certificate, as of the other kind of key, say nothing of this one.
            from mailtls.tls.timestamps import shaken

            return shaken(answer.timestamps) if first == leaf.der else ()
        case _:
            return ()


def _observed(stamps: list[Timestamp], logs: int) -> str:
    if not stamps:
        return "no timestamp"
    listed = ", ".join(
        f"{each.log[:16]} at {each.at:%Y-%m-%d} ({each.algorithm or 'not signed'})"
        for each in stamps[:10]
    )
    return f"{len(stamps)} timestamps, {logs} logs: {listed}"


RULE = Rule(
    id="certificate-transparency",
    title="Certificate not logged",
    summary="The certificate carries timestamps of enough Certificate Transparency logs.",
    needs=needs,
    check=check,
)
