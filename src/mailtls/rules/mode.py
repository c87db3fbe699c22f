"""Whether the port starts TLS as declared, and what it speaks where it does not."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import (
    SPOKEN_PROTOCOLS,
    HandshakeRefused,
    Missing,
    Reply,
    Skipped,
    Spoken,
    TlsFacts,
    WrongMode,
)
from mailtls.policy.model import Endpoint
from mailtls.rules import servers
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
from mailtls.sanitizer import clean_bytes
from mailtls.terms import WELL_KNOWN_PORTS, Mode, Protocol, Role

_SHOWN = 60
"""Bytes of a stranger's first words that are shown; a greeting's product name is within them."""

_NAMES = {
    Protocol.SMTP: "SMTP",
    Protocol.LMTP: "LMTP",
    Protocol.IMAP: "IMAP",
    Protocol.POP3: "POP3",
    Protocol.SIEVE: "ManageSieve",
}
_TLS_WORDS = {Mode.STARTTLS: "in clear with STARTTLS", Mode.IMPLICIT: "with implicit TLS"}


def words(protocol: Protocol) -> str:
    """Return a protocol's name as people write it."""
    return _NAMES[protocol]


_RECORD_HEAD = 5
"""Type, version and length (RFC 8446 section 5.1)."""


def bytes_seen(seen: WrongMode) -> str:
    """Return the proof of what a port speaks: its first line made safe, a TLS record's head in hex."""
    if seen.spoken is Spoken.IMPLICIT_TLS:
        return f"a record that begins {seen.first_bytes[:_RECORD_HEAD].hex(' ')}"
    first_line = seen.first_bytes.partition(b"\r\n")[0]
    return clean_bytes(first_line, _SHOWN) or "no bytes"


def port_of(protocol: Protocol, mode: Mode, role: Role | None) -> int | None:
    """Return the assigned port of a service, or None where there is none (RFC 8314 section 7)."""
    ports = [
        known.port
        for known in WELL_KNOWN_PORTS.values()
        if known.protocol is protocol and known.mode is mode
    ]
    if not ports:
        return None
    # SMTP with STARTTLS has two: 25 between relays, 587 for submission (RFC 6409 section 3.1).
    return min(ports) if role is Role.RELAY else max(ports)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the first bytes of the port: a greeting in clear, or TLS."""
    endpoint = view.endpoint
    expected = f"{words(endpoint.protocol)} {_TLS_WORDS[endpoint.mode]}"
    session = view.session
    if isinstance(session, Missing):
        yield inconclusive(behind(session), expected=expected, key="mode")
        return
    first = session.greeting if endpoint.mode is Mode.STARTTLS else session.tls
    match first:
        case WrongMode(spoken=Spoken.SILENCE):
            yield inconclusive(wrong_mode(session, first), expected=expected, key="mode")
        case WrongMode():
            yield _wrong(view, first, expected)
        case Missing():
            yield inconclusive(first, expected=expected, key="mode")
        case Reply() | TlsFacts() | HandshakeRefused():
            said = "a greeting in clear" if isinstance(first, Reply) else "TLS"
            yield passed(
                "the port is in the declared mode", expected=expected, observed=said, key="mode"
            )
        case Skipped(reason=reason):
            yield inconclusive(unread(reason), expected=expected, key="mode")


def _wrong(view: TargetView, seen: WrongMode, expected: str) -> Finding:
    endpoint = view.endpoint
    other_mode = Mode.IMPLICIT if endpoint.mode is Mode.STARTTLS else Mode.STARTTLS
    spoken_mode = (
        other_mode
        if seen.spoken is Spoken.IMPLICIT_TLS
        or SPOKEN_PROTOCOLS.get(seen.spoken) is endpoint.protocol
        else None
    )
    return failed(
        f"port {endpoint.port} speaks {seen.spoken.value}, not {expected}",
        expected=expected,
        observed=f"{seen.spoken.value}: {bytes_seen(seen)}",
        remedy=_remedy(view, seen, spoken_mode),
        key="port" if spoken_mode is None else "mode",
    )


def _remedy(view: TargetView, seen: WrongMode, spoken_mode: Mode | None) -> str:
    endpoint = view.endpoint
    port = _other_port(endpoint)
    edits = []
    if spoken_mode:
        edits.append(f"`mode: {spoken_mode}`")
    elif seen.spoken in SPOKEN_PROTOCOLS:
        edits.append(f"`protocol: {SPOKEN_PROTOCOLS[seen.spoken]}`")
    if port:
        edits.append(f"`port: {port}`")
    edit = " or ".join(edits) or "the right `host` and `port`"
    topic = servers.Topic.CLEAR if endpoint.mode is Mode.STARTTLS else servers.Topic.IMPLICIT
    return (
        f"write {edit} in the policy where the server is right (RFC 8314 section 3; ports:"
        f" section 7); where it is wrong, {topic.value}: {servers.fix(view, topic)}"
    )


def _other_port(endpoint: Endpoint) -> int | None:
    port = port_of(endpoint.protocol, endpoint.mode, endpoint.role)
    return None if port == endpoint.port else port


RULE = Rule(
    id="mode",
    title="Another TLS mode",
    summary="The port starts TLS as declared: by STARTTLS after a greeting in clear, or at once.",
    needs=needs_session,
    check=check,
)
