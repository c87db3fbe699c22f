"""What the machine of the run cannot test, told once instead of at every address."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from mailtls.evidence import Missing, NotObserved, Observed
from mailtls.policy.model import AddressChoice
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, TargetView, needs_session, not_applicable, passed
from mailtls.terms import Cause, Expect, Outcome, Phase

_RELAY_PORT = 25
_SHOWN = 10


def across(run: RunView) -> Iterable[Placed]:
    """Judge the machine by its own targets: a whole family or port silent beside others that answer."""
    no_ipv6, blocked = tuple(_without_ipv6(run)), tuple(_port_blocked(run))
    if no_ipv6:
        yield _told(
            no_ipv6,
            Missing(
                phase=Phase.CONNECT,
                cause=Cause.UNREACHABLE,
                detail="this machine has no way to IPv6 addresses, and IPv4 addresses answered",
            ),
            "run where IPv6 works (GitHub's hosted runners have none), or leave it out on purpose"
            " with `addresses: ipv4`; `--inconclusive warn` accepts the gap (reachability of both"
            " families: RFC 5321 section 5.2)",
            "addresses",
        )
    if blocked:
        yield _told(
            blocked,
            Missing(
                phase=Phase.CONNECT,
                cause=Cause.TIMED_OUT,
                detail="every connection to port 25 timed out, and other ports answered: this"
                " machine's network blocks outgoing port 25",
            ),
            "run on a machine with outgoing port 25 (cloud providers and GitHub's hosted runners"
            " block it), go through one with `--connect-to`, or check these endpoints in a job of"
            " their own; `--inconclusive warn` accepts the gap (port 25: RFC 5321 section 4.5.4.2)",
            "port",
        )
    asked = [view for view in run.targets if view.endpoint.expect is Expect.REACHABLE]
    if asked and not no_ipv6 and not blocked:
        yield Placed(endpoint=asked[0].endpoint, finding=_no_gap(run))


def _no_gap(run: RunView) -> Finding:
    known = {
        "IPv6": any(_answered(view) for view in run.targets if _version(view) == 6),  # noqa: PLR2004
        "port 25": any(_answered(view) for view in run.targets if _port(view) == _RELAY_PORT),
    }
    reached = [name for name, is_reached in known.items() if is_reached]
    if not reached:
        return not_applicable("nothing is known that this machine cannot test")
    return passed(f"this machine reaches {' and '.join(reached)}", expected=_EXPECTED)


_EXPECTED = "a machine from which every address family and port can be tested"


def _told(blind: tuple[TargetView, ...], missing: Missing, remedy: str, key: str) -> Placed:
    targets = [view.target for view in blind if view.target is not None]
    sockets = list(dict.fromkeys(_socket(t.address, t.port) for t in targets))
    more = f" and {len(sockets) - _SHOWN} more" if len(sockets) > _SHOWN else ""
    return Placed(
        endpoint=blind[0].endpoint,
        finding=Finding(
            outcome=Outcome.INCONCLUSIVE,
            message=f"could not be tested from here: {missing.detail}",
            expected=_EXPECTED,
            observed=f"not tested: {', '.join(sockets[:_SHOWN])}{more}",
            remedy=remedy,
            key=key,
            missing=missing,
        ),
        explains=frozenset(targets),
    )


def _socket(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _without_ipv6(run: RunView) -> Iterable[TargetView]:
    """Return the IPv6 targets, where none of them has a route and an IPv4 target answered."""
    of_six = [view for view in run.targets if _version(view) == 6]  # noqa: PLR2004
    others = [view for view in run.targets if _version(view) == 4]  # noqa: PLR2004
    answered = {view.endpoint.name for view in others if _answered(view)}
    if answered and all(_stopped(view) is Cause.UNREACHABLE for view in of_six):
        # Where any address is enough, the one that answered decides and nothing is left open.
        for view in of_six:
            optional = view.endpoint.addresses is AddressChoice.ANY
            if not (optional and view.endpoint.name in answered):
                yield view


def _port_blocked(run: RunView) -> Iterable[TargetView]:
    """Return the targets on port 25, where each timed out and a target on another port answered."""
    tried = [view for view in run.targets if view.target is not None and _stopped(view) is not None]
    of_relay = [view for view in run.targets if _port(view) == _RELAY_PORT]
    silent = [view for view in tried if _port(view) == _RELAY_PORT]
    timed_out = [view for view in silent if _stopped(view) is Cause.TIMED_OUT]
    unreachable = [view for view in silent if _stopped(view) is Cause.UNREACHABLE]
    others = any(_answered(view) for view in run.targets if _port(view) != _RELAY_PORT)
    if others and timed_out and len(timed_out) + len(unreachable) == len(of_relay):
        yield from timed_out


def _version(view: TargetView) -> int:
    return 0 if view.target is None else ip_address(view.target.address).version


def _port(view: TargetView) -> int:
    return 0 if view.target is None else view.target.port


def _answered(view: TargetView) -> bool:
    """Return whether a connection got through, accepted or refused by the other side."""
    return any(
        isinstance(seen, Observed)
        or seen.missing.phase not in {Phase.RESOLVE, Phase.CONNECT}
        or seen.missing.cause is Cause.REFUSED
        for seen in view.answers.values()
    )


def _stopped(view: TargetView) -> Cause | None:
    """Return why no connection of a target got through, None where one did or none was tried."""
    causes = [
        seen.missing.cause
        for seen in view.answers.values()
        if isinstance(seen, NotObserved) and seen.missing.cause is not Cause.PREREQUISITE
    ]
    return None if _answered(view) or not causes else causes[0]


RULE = Rule(
    id="runner",
    title="Not testable from this machine",
    summary="The machine of the run reaches both address families and port 25; gaps are told once.",
    needs=needs_session,
    across=across,
)
