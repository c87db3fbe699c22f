"""The TCP connection to every address of the endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mailtls.evidence import Missing
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    passed,
)
from mailtls.rules.vantage import gap_of
from mailtls.terms import Cause, Phase

RELAY_PORT = 25


def check(view: TargetView) -> Iterable[Finding]:
    """Judge whether a connection was accepted; a session that stops later still had one."""
    session = view.session
    expected = f"port {view.endpoint.port} accepts a TCP connection"
    if not isinstance(session, Missing) or session.phase not in {Phase.RESOLVE, Phase.CONNECT}:
        yield passed("the port accepts connections", expected=expected, observed="connected")
    elif gap := gap_of(view, session):
        open_here = inconclusive(gap.missing, expected=expected, key=gap.key)
        yield replace(open_here, remedy=gap.remedy)
    elif session.cause is not Cause.REFUSED:
        silent = inconclusive(session, expected=expected, key="host")
        yield replace(silent, remedy=_advice(view, session))
    elif session.phase is Phase.RESOLVE:
        yield failed(
            f"DNS has no name {view.resolved or view.endpoint.host}",
            expected=expected,
            observed=session.detail,
            remedy="correct `host`, or publish the name's A and AAAA records"
            " (a name error is final: RFC 2308 section 2.1)",
            key="host",
        )
    else:
        yield failed(
            f"the connection to port {view.endpoint.port} is refused",
            expected=expected,
            observed=session.detail,
            remedy="start the service on this address and port, or correct `port`;"
            " for a port that is retired on purpose write `expect: closed`"
            " (a refusal is a TCP reset: RFC 9293 section 3.5.2)",
            key="port",
        )


def _advice(view: TargetView, session: Missing) -> str:
    """Return what may be this machine's part in a silence that one target alone does not prove."""
    if session.phase is Phase.RESOLVE:
        return (
            "look whether this machine can ask DNS at all; `--resolver` names another server"
            if session.cause is not Cause.MALFORMED
            else ""
        )
    if session.cause is Cause.TIMED_OUT and view.endpoint.port == RELAY_PORT:
        return (
            "look first whether outgoing port 25 is open here: hosted runners and most providers"
            " block it (see the rule runner); then whether the server is up"
        )
    if session.cause is Cause.UNREACHABLE and ":" in view.place.address:
        return (
            "run where IPv6 works (GitHub's hosted runners have none), or leave it out on purpose"
            " with `addresses: ipv4`"
        )
    return ""


RULE = Rule(
    id="reachable",
    title="Port not reachable",
    summary="Every address of the endpoint accepts a TCP connection on the port.",
    needs=needs_session,
    check=check,
)
