"""Which application protocol answers, once the declared mode is the one that is spoken.

`mode` judges the first bytes of the port; this rule judges the greeting behind them. So another
mail protocol in clear on a STARTTLS port fails both (its mode could be right and its protocol is
not), what speaks inside TLS on an implicit port fails this rule alone, and where the mode is wrong
there is no greeting to judge.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import SPOKEN_PROTOCOLS, Missing, Reply, Skipped, Spoken, WrongMode
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    passed,
)
from mailtls.rules.causes import behind, unread, wrong_mode
from mailtls.rules.mode import bytes_seen, port_of, words
from mailtls.terms import Cause, Mode, Phase


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the greeting that came in the declared mode."""
    endpoint = view.endpoint
    key = "protocol" if "protocol" in endpoint.written else "port"
    expected = f"a greeting of {words(endpoint.protocol)}"
    session = view.session
    if isinstance(session, Missing):
        yield inconclusive(behind(session), expected=expected, key=key)
        return
    inside = endpoint.mode is Mode.IMPLICIT
    greeting = session.greeting_after if inside else session.greeting
    match greeting:
        case Reply(code=code):
            yield passed(
                f"{words(endpoint.protocol)} greets", expected=expected, observed=code, key=key
            )
        case WrongMode(spoken=Spoken.SILENCE) if inside:
            silence = Missing(
                phase=Phase.AFTER_TLS,
                cause=Cause.TIMED_OUT,
                detail="the server stayed silent after the handshake",
            )
            yield inconclusive(silence, expected=expected, key=key)
        case WrongMode(spoken=spoken) if inside or spoken in SPOKEN_PROTOCOLS:
            yield _another(view, greeting, expected=expected, key=key)
        case WrongMode():
            yield inconclusive(wrong_mode(session, greeting), expected=expected, key=key)
        case Missing():
            # A handshake that failed is the cause, not the greeting it prevented.
            tls = view.tls
            cause = tls if isinstance(tls, Missing) else greeting
            yield inconclusive(cause, expected=expected, key=key)
        case Skipped(reason=reason):
            tls = view.tls
            cause = tls if isinstance(tls, Missing) else unread(reason)
            yield inconclusive(cause, expected=expected, key=key)


def _another(view: TargetView, seen: WrongMode, *, expected: str, key: str) -> Finding:
    endpoint = view.endpoint
    spoken = seen.spoken.value.removesuffix(" in clear")
    other = SPOKEN_PROTOCOLS.get(seen.spoken)
    edits = [f"`protocol: {other}`"] if other else []
    port = port_of(endpoint.protocol, endpoint.mode, endpoint.role)
    if port not in {None, endpoint.port}:
        edits.append(f"`port: {port}`")
    edit = " or ".join(edits) or "the right `host` and `port`"
    return failed(
        f"port {endpoint.port} speaks {spoken}, not {words(endpoint.protocol)}",
        expected=expected,
        observed=f"{spoken}: {bytes_seen(seen)}",
        remedy=f"write {edit}, or start {words(endpoint.protocol)} on this port of the server"
        " (ports are assigned to protocols: RFC 6335 section 3, RFC 8314 section 7)",
        key=key,
    )


RULE = Rule(
    id="protocol",
    title="Another protocol",
    summary="The service that greets in the declared mode speaks the declared mail protocol.",
    needs=needs_session,
    check=check,
)
