"""A port that has to be closed, as that of a retired service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mailtls.evidence import Missing
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import PortQuestion, Question
from mailtls.rules.base import Finding, Rule, TargetView, failed, inconclusive, passed
from mailtls.rules.vantage import gap_of
from mailtls.terms import Cause, Expect, Phase


def needs(_endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of a bare connection."""
    return (PortQuestion(),)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge whether the connection was refused; silence may be a filter as well as a fault."""
    answer = view.ask(PortQuestion())
    expected = f"port {view.endpoint.port} refuses connections"
    if not isinstance(answer, Missing):
        yield failed(
            f"port {view.endpoint.port} accepts connections and is declared closed",
            expected=expected,
            observed="connected",
            remedy="stop the listener on this address (Postfix: the service's line in master.cf;"
            " Dovecot: `port = 0` in its `inet_listener`) or reject it in the firewall with a reset;"
            " where the service is wanted again, take out `expect: closed`"
            " (cleartext services are to be retired: RFC 8314 section 4.1)",
            key="expect",
            question=PortQuestion(),
        )
    elif gap := gap_of(view, answer):
        open_here = inconclusive(
            gap.missing, expected=expected, key=gap.key, question=PortQuestion()
        )
        yield replace(open_here, remedy=gap.remedy)
    elif answer.phase is Phase.CONNECT and answer.cause is Cause.REFUSED:
        yield passed("the port is closed", expected=expected, observed=answer.detail, key="expect")
    else:
        yield inconclusive(answer, expected=expected, key="expect", question=PortQuestion())


RULE = Rule(
    id="closed",
    title="Port not closed",
    summary="A port declared closed refuses connections on every address.",
    needs=needs,
    check=check,
    expect=Expect.CLOSED,
)
