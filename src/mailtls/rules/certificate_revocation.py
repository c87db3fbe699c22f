"""Whether the CAs still stand by the certificate and its intermediates, where the policy asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailtls.evidence import CertificateFacts, Missing, TlsFacts
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question, RevocationQuestion
from mailtls.revocations import (
    CertificateStatus,
    NoStatus,
    RevocationEvidence,
    Statement,
    Status,
    doubt,
)
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    not_applicable,
    passed,
    session_question,
)
from mailtls.rules.issuing import NO_ANCHOR, PINNED
from mailtls.terms import Cause, Phase

_KEY = "certificate.revocation"
_EXPECTED = "no certificate between the server and its trust anchor is revoked"

SHORT_LIVED = timedelta(days=7)
"""Longest lifetime of certificates that public CAs need not be able to revoke (TLS BR section 7.1.2.11.2)."""

_UNVERIFIED = Missing(
    phase=Phase.HANDSHAKE,
    cause=Cause.PREREQUISITE,
    detail="no path to a trust anchor was found, and the URLs of an unverified certificate are not"
    " followed (see the rule certificate-trust)",
)


def needs(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of the session, and of the CAs' word on what it shows."""
    if endpoint.certificate.revocation:
        yield session_question(endpoint)
        yield _question(endpoint)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge each certificate of the verified path but its anchor."""
    endpoint = view.endpoint
    if not endpoint.certificate.revocation:
        return
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=_EXPECTED, key=_KEY)
    elif endpoint.certificate.trust.label == PINNED:
        yield not_applicable("trust is by pin: no CA is relied on", key=_KEY)
    elif not tls.path.verified:
        missing = _UNVERIFIED if tls.path.judged else NO_ANCHOR
        yield inconclusive(missing, expected=_EXPECTED, key=_KEY)
    elif len(tls.path.verified) == 1:
        yield not_applicable("the certificate is a trust anchor itself", key=_KEY)
    else:
        evidence = view.ask(_question(endpoint))
        if isinstance(evidence, Missing):
            yield inconclusive(evidence, expected=_EXPECTED, key=_KEY)
            return
        assert isinstance(evidence, RevocationEvidence)
        yield from _judge(view, tls, evidence)


def _question(endpoint: Endpoint) -> RevocationQuestion:
    return RevocationQuestion(session=session_question(endpoint))


def _judge(view: TargetView, tls: TlsFacts, evidence: RevocationEvidence) -> Iterable[Finding]:
    observed: list[str] = []
    open_ones: list[Missing] = []
    faults: list[Finding] = []
    for each in evidence.certificates:
        who = _who(tls, each)
        settled = _settled(each, view.now)
        if settled is None and not each.statements:
            if _is_short_lived(tls.chain[0], each):
                observed.append(f"{who} is short-lived, and names no one to ask")
            else:
                faults.append(_nobody_to_ask(view, who))
        elif settled is None:
            open_ones.append(_why(who, each, view.now))
        elif settled.status == "revoked":
            faults.append(_revoked(view, who, each, settled))
        else:
            observed.append(f"{who}: {_dates(settled)}")
    if faults:
        yield from faults
    elif open_ones:
        missing = open_ones[0]
        yield inconclusive(missing, expected=_EXPECTED, key=_KEY, question=_question(view.endpoint))
    else:
        yield passed(
            "nothing is revoked", expected=_EXPECTED, observed="; ".join(observed), key=_KEY
        )


def _who(tls: TlsFacts, each: CertificateStatus) -> str:
    leaf = each.sha256 == tls.chain[0].sha256
    return "the certificate" if leaf else f"the intermediate {each.subject}"


def _settled(each: CertificateStatus, now: datetime) -> Status | None:
    return next(
        (s.says for s in each.statements if isinstance(s.says, Status) and not doubt(s.says, now)),
        None,
    )


def _is_short_lived(leaf: CertificateFacts, each: CertificateStatus) -> bool:
    return each.sha256 == leaf.sha256 and leaf.not_after - leaf.not_before <= SHORT_LIVED


def _why(who: str, each: CertificateStatus, now: datetime) -> Missing:
    """Return why none of the statements counts, with phase and cause of the last of them."""
    last = each.statements[-1].says
    told = "; ".join(_told(statement, now) for statement in each.statements)
    phase = last.phase if isinstance(last, NoStatus) else Phase.GREETING
    cause = last.cause if isinstance(last, NoStatus) else Cause.MALFORMED
    return Missing(phase=phase, cause=cause, detail=f"whether {who} is revoked: {told}")


def _told(statement: Statement, now: datetime) -> str:
    says = statement.says
    words = says.detail if isinstance(says, NoStatus) else doubt(says, now)
    return f"{statement.medium.value} {statement.url}: {words}"


def _revoked(view: TargetView, who: str, each: CertificateStatus, status: Status) -> Finding:
    when = "" if status.revoked_at is None else f" on {status.revoked_at:%Y-%m-%d}"
    given = status.reason not in {"", "unspecified"}
    why = f" ({status.reason})" if given else " (no reason given)"
    source = next(s for s in each.statements if s.says is status)
    return failed(
        f"{who} is revoked{when}{why}",
        expected=_EXPECTED,
        observed=f"revoked by the {source.medium.value} {source.url}, {_dates(status)}",
        remedy="replace it at once, with a new key where the old one may be known to others"
        f" (reasons: RFC 5280 section 5.3.1). {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
        question=_question(view.endpoint),
    )


def _nobody_to_ask(view: TargetView, who: str) -> Finding:
    return failed(
        f"{who} names no revocation list and no OCSP responder, so that nobody can learn of its"
        " revocation",
        expected=_EXPECTED,
        observed="neither cRLDistributionPoints nor an OCSP URL by http or https",
        remedy="have it issued with a distribution point (RFC 5280 section 4.2.1.13), or where the CA"
        " publishes nothing take out `revocation`."
        f" {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
    )


def _dates(status: Status) -> str:
    until = "" if status.next_update is None else f" until {_iso(status.next_update)}"
    return f"{status.status} as of {_iso(status.this_update)}{until}"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


RULE = Rule(
    id="certificate-revocation",
    title="Certificate revoked",
    summary="Neither the certificate nor an intermediate is revoked by its CA.",
    needs=needs,
    check=check,
)
