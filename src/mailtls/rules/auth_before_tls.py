"""Whether a login is offered before TLS, where a client would send its password in clear."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Capabilities, Missing
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    not_applicable,
    passed,
)
from mailtls.rules.upgrades import NOT_FOR_IMPLICIT, before_tls, logins, trap
from mailtls.terms import Mode, Protocol

_EXPECTED = "no login offered before TLS"
# RFC 4616 and the LOGIN of old clients carry the password as it is.
_PASSWORD_IN_CLEAR = frozenset({"PLAIN", "LOGIN"})


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the capabilities that the server listed before TLS."""
    if view.endpoint.mode is Mode.IMPLICIT:
        yield not_applicable(NOT_FOR_IMPLICIT, key="mode")
        return
    before = before_tls(view)
    if isinstance(before, Missing):
        yield inconclusive(before, expected=_EXPECTED, key="mode")
        return
    ways = _exposed(view.endpoint.protocol, before)
    if not ways:
        yield passed(_EXPECTED, expected=_EXPECTED, observed="none", key="mode")
        return
    yield failed(
        f"a login is offered before TLS{trap(view)}",
        expected=_EXPECTED,
        observed="offered before TLS: " + ", ".join(ways),
        remedy="offer logins after TLS alone (RFC 8314 section 4.1, RFC 4954 section 4,"
        f" RFC 9051 section 11.1). {servers.fix(view, servers.Topic.ENFORCE)}",
        key="mode",
    )


def _exposed(protocol: Protocol, before: Capabilities) -> tuple[str, ...]:
    ways = logins(protocol, before)
    if protocol is not Protocol.IMAP:
        return ways
    # RFC 9051 section 6.2.2: other mechanisms may be listed beside LOGINDISABLED.
    return tuple(way for way in ways if way.startswith("the ") or way in _PASSWORD_IN_CLEAR)


RULE = Rule(
    id="auth-before-tls",
    title="Login offered before TLS",
    summary="No login is offered on a connection that is still in clear.",
    needs=needs_session,
    check=check,
)
