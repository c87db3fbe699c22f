"""What of the machine of the run keeps a single target from being tested, whatever its server does.

Here a refusal says nothing of a server: a loopback address inside a job's container is the container
itself, a service's label is a name in the network of its job alone, and a server that refuses this
client's address has been reached and not been seen.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address

from mailtls.evidence import Missing, SessionEvidence
from mailtls.pure import pure
from mailtls.rules.base import TargetView, is_literal
from mailtls.terms import Cause, Phase

# What servers and blocklists call it when they mean the client and not the message.
_LISTED = re.compile(
    r"\b(?:black|block|deny)[ -]?list|\b(?:dns[bw]l|rbl)\b|spamhaus|spamcop|barracuda|sorbs\b|uceprotect"
    r"|\breputation\b|\bclient host\b|\byour (?:ip|address|host|network)\b"
    r"|\bptr record|\breverse (?:dns|lookup)|\brdns\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(?![\w.:])"
)


@pure
class Gap:
    """Why a target cannot be tested from here, and what to do; `key` is the policy key it is about."""

    missing: Missing
    remedy: str
    key: str = "host"


def gap_of(view: TargetView, met: Missing | None) -> Gap | None:
    """Return the machine's part in `met`, why a target's connection or name came to nothing."""
    if met is None:
        return None
    if met.phase is Phase.RESOLVE:
        # Resolvers differ on a lone label: it does not exist, or they have no answer.
        return _label(view) if met.cause in {Cause.REFUSED, Cause.TIMED_OUT} else None
    refused = met.phase is Phase.CONNECT and met.cause is Cause.REFUSED
    return _own_container(view) if refused else None


def turned_away(view: TargetView) -> Gap | None:
    """Return that the server refuses this client by its address, in the server's own words."""
    session = view.session
    steps = (
        (session.greeting, session.before, session.greeting_after, session.after)
        if isinstance(session, SessionEvidence)
        else (session,)
    )
    said = [step for step in steps if isinstance(step, Missing) and _is_answer(step)]
    ours = next((step for step in said if _is_of_us(view, step.detail)), None)
    if ours is None:
        return None
    return Gap(
        missing=replace(ours, detail=f"this machine's address is refused: {ours.detail}"),
        remedy="run from an address that is on no blocklist and has a name of its own in DNS (hosted"
        " runners share theirs with everybody), have the server accept this one, or wait and"
        " take `--gentle` where it counts connections (a server may refuse a client by its"
        " address: RFC 5321 section 7.9)",
    )


def _is_answer(step: Missing) -> bool:
    """Return whether a step ended with a server's refusal, for good or for now."""
    spoke = step.phase not in {Phase.RESOLVE, Phase.CONNECT}
    return spoke and step.cause in {Cause.REFUSED, Cause.THROTTLED}


def _label(view: TargetView) -> Gap | None:
    host = view.resolved or view.endpoint.host
    if "." in host or is_literal(host):
        return None
    return Gap(
        missing=Missing(
            phase=Phase.RESOLVE,
            cause=Cause.UNREACHABLE,
            detail=f"{host} is a name without a domain, which cannot be looked up here",
        ),
        remedy="the label of a service container is a name inside its job's network alone: run the"
        " job in a container, or mailtls as an action or image in that job; on the machine"
        " itself write `host: localhost` and the port that `ports` maps, or lead there with"
        " `--connect-to`; for a server elsewhere write its full name",
    )


def _own_container(view: TargetView) -> Gap | None:
    if view.target is None or not view.in_bare_container or not is_loopback(view.target.address):
        return None
    return Gap(
        missing=Missing(
            phase=Phase.CONNECT,
            cause=Cause.UNREACHABLE,
            detail=f"{view.target.address} is this job's own container, and nothing listens there",
        ),
        remedy="name the service by its label (`host: mailpit`, with the container's own port), or"
        " run the container in the host's network (`--network host`); a server in this"
        " container itself has to be started before the check",
    )


def is_loopback(address: str) -> bool:
    """Return whether an address never leaves its machine (RFC 1122 section 3.2.1.3, RFC 4291 2.5.3)."""
    return ip_address(address).is_loopback


def _is_of_us(view: TargetView, said: str) -> bool:
    own = "" if view.target is None else view.target.address
    return bool(_LISTED.search(said)) or any(
        is_literal(found) and found != own for found in _ADDRESS.findall(said)
    )
