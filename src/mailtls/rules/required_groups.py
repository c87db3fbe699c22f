"""Whether each group that the policy requires is accepted: one hello for each, offering it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailtls.evidence import AlertAnswer, ClosedAnswer, Missing, ServerAnswer, TlsFacts
from mailtls.policy.model import Endpoint
from mailtls.probe.questions import Offer
from mailtls.rules import servers
from mailtls.rules.base import Finding, TargetView, failed, hello_question, inconclusive
from mailtls.rules.control import doubtful, of_the_hello
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import CURVES_TLS12, GROUPS_TLS13, group_by_name, group_name

_KEY = "tls.require_groups"


def required_hellos(endpoint: Endpoint) -> dict[int, Offer]:
    """Return the hello for each required group: in TLS 1.3, below it, or in both where it is of both."""
    wanted = endpoint.tls.require_groups or ()
    return {code: replace(_hello(code), spared_by=code) for code in wanted}


def _hello(code: int) -> Offer:
    label = f"the group {group_name(code)}"
    legacy = offers.groups_only((code,), TlsVersion.TLS1_2)
    if code not in GROUPS_TLS13:
        return replace(legacy, label=label)
    modern = offers.groups_only((code,))
    if code not in CURVES_TLS12:
        return replace(modern, label=label)
    return replace(
        modern,
        label=label,
        versions=(*legacy.versions, *modern.versions),
        suites=modern.suites + legacy.suites,
    )


def check_required(view: TargetView) -> Iterator[Finding]:
    """Yield a finding for each required group that is refused, or that cannot be told."""
    session = view.tls
    for code, offer in required_hellos(view.endpoint).items():
        if isinstance(session, TlsFacts) and group_by_name(session.group) == code:
            continue
        name = group_name(code)
        question = hello_question(view.endpoint, offer)
        evidence = view.hello(offer)
        match evidence if isinstance(evidence, Missing) else evidence.answer:
            case Missing() as missing:
                yield inconclusive(
                    missing, expected=f"{name} accepted", key=_KEY, question=question
                )
            case ServerAnswer(group=group) if group == code:
                continue
            case ServerAnswer(group=0):
                yield inconclusive(
                    unnamed(), expected=f"{name} accepted", key=_KEY, question=question
                )
            case ServerAnswer(group=group):
                yield _absent(view, offer, name, f"{group_name(group)} chosen instead")
            case AlertAnswer() | ClosedAnswer() as answer:
                gap = of_the_hello(offer, answer) or doubtful(view, answer)
                gap = _unsure(view, session, offer) or gap
                if gap is None:
                    yield _absent(view, offer, name, _refusal(answer))
                else:
                    yield inconclusive(
                        gap, expected=f"{name} accepted", key=_KEY, question=question
                    )


def _unsure(view: TargetView, session: TlsFacts | Missing, offer: Offer) -> Missing | None:
    """Return why a refusal does not count, None where it does."""
    if isinstance(session, Missing):
        return session
    modern = min(session.version, max(offer.versions)) >= TlsVersion.TLS1_3
    return None if modern else signed_by_ecdsa(view)


def unnamed() -> Missing:
    """Return why an answer to a hello about groups that names none decides nothing."""
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=Cause.MALFORMED,
        detail="the server answered a hello without a key share and named no group"
        " (RFC 8446 section 4.1.4)",
    )


def signed_by_ecdsa(view: TargetView) -> Missing | None:
    """Return why a refused curve below TLS 1.3 tells nothing where the certificate is ECDSA."""
    served = view.served
    if isinstance(served, Missing):
        return served
    if served.chain[0].key.kind != "ecdsa":
        return None
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=Cause.PREREQUISITE,
        detail="the certificate is ECDSA: below TLS 1.3 the curve of its key has to be offered too"
        " (RFC 8422 section 5.1), so a refusal does not tell of others",
    )


def _refusal(answer: AlertAnswer | ClosedAnswer) -> str:
    if isinstance(answer, AlertAnswer):
        return f"refused with the alert {answer.name}"
    return "refused without an alert"


def _absent(view: TargetView, offer: Offer, name: str, observed: str) -> Finding:
    return failed(
        f"the server does not accept the group {name}",
        expected=f"{name} accepted",
        observed=observed,
        remedy=f"offer {name}; a group that the TLS library does not know needs a newer one (hybrids"
        f" with ML-KEM: OpenSSL 3.5, GnuTLS 3.8.9). {servers.fix(view, servers.Topic.GROUPS)}",
        key=_KEY,
        question=hello_question(view.endpoint, offer),
    )
