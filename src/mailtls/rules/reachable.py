"""The TCP connection to every address of the endpoint."""

from __future__ import annotations

from collections.abc import Iterable

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
from mailtls.terms import Cause, Phase


def check(view: TargetView) -> Iterable[Finding]:
    """Judge whether a connection was accepted; a session that stops later still had one."""
    session = view.session
    expected = f"port {view.endpoint.port} accepts a TCP connection"
    if not isinstance(session, Missing) or session.phase not in {Phase.RESOLVE, Phase.CONNECT}:
        yield passed("the port accepts connections", expected=expected, observed="connected")
    elif session.cause is not Cause.REFUSED:
        yield inconclusive(session, expected=expected, key="host")
    elif session.phase is Phase.RESOLVE:
        yield failed(
            f"DNS has no name {view.endpoint.host}",
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


RULE = Rule(
    id="reachable",
    title="Port not reachable",
    summary="Every address of the endpoint accepts a TCP connection on the port.",
    needs=needs_session,
    check=check,
)
