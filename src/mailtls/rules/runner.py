"""What the machine of the run cannot test, told once instead of at every address."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from mailtls.evidence import Missing, NotObserved, Observed
from mailtls.policy.model import AddressChoice
from mailtls.probe.questions import Service, Target
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, TargetView, needs_session, not_applicable, passed
from mailtls.rules.reachable import RELAY_PORT
from mailtls.rules.vantage import Gap, gap_of, turned_away
from mailtls.terms import Cause, Expect, Outcome, Phase

_SHOWN = 10
_SEVERAL = 2


def across(run: RunView) -> Iterable[Placed]:
    """Judge the machine by its own targets: a whole family or port silent beside others that answer."""
    if offline := _offline(run):
        yield _told(run.targets, offline)
        return
    no_ipv6, blocked = tuple(_without_ipv6(run)), tuple(_port_blocked(run))
    gaps = tuple(_single(run))
    if no_ipv6:
        yield _told(
            no_ipv6,
            Gap(
                missing=Missing(
                    phase=Phase.CONNECT,
                    cause=Cause.UNREACHABLE,
                    detail="this machine has no way to IPv6 addresses, and IPv4 addresses answered",
                ),
                remedy="run where IPv6 works (GitHub's hosted runners have none), or leave it out on"
                " purpose with `addresses: ipv4`; `--inconclusive warn` accepts the gap"
                " (reachability of both families: RFC 5321 section 5.2)",
                key="addresses",
            ),
        )
    if blocked:
        yield _told(
            blocked,
            Gap(
                missing=Missing(
                    phase=Phase.CONNECT, cause=Cause.TIMED_OUT, detail=_why_blocked(run, blocked)
                ),
                remedy="run on a machine with outgoing port 25 (cloud providers and GitHub's hosted"
                " runners block it), go through one with `--connect-to`, or check these"
                " endpoints in a job of their own; `--inconclusive warn` accepts the gap"
                " (port 25: RFC 5321 section 4.5.4.2)",
                key="port",
            ),
        )
    for views, gap in gaps:
        yield _told(views, gap)
    asked = [view for view in run.targets if view.endpoint.expect is Expect.REACHABLE]
    if asked and not no_ipv6 and not blocked and not gaps:
        yield Placed(endpoint=asked[0].endpoint, finding=_no_gap(run))


def _offline(run: RunView) -> Gap | None:
    """Return that nothing at all could be asked: of several hosts neither a name nor an address."""
    ended = [_ended(view) for view in run.targets]
    if len({view.place.host for view in run.targets}) < _SEVERAL:
        return None
    if all(end and end.phase is Phase.RESOLVE and end.cause is Cause.TIMED_OUT for end in ended):
        return Gap(
            missing=Missing(
                phase=Phase.RESOLVE,
                cause=Cause.UNREACHABLE,
                detail="not one name could be looked up: this machine cannot ask DNS",
            ),
            remedy="look at the machine's network and at its DNS server; `--resolver` names another",
        )
    if all(end and end.phase is Phase.CONNECT and end.cause is Cause.UNREACHABLE for end in ended):
        return Gap(
            missing=Missing(
                phase=Phase.CONNECT,
                cause=Cause.UNREACHABLE,
                detail="there is no way to any address: this machine has no network",
            ),
            remedy="look at the machine's network; `--proxy` goes by way of another machine",
        )
    return None


def _single(run: RunView) -> Iterable[tuple[tuple[TargetView, ...], Gap]]:
    """Return the gaps that targets have by themselves, the targets of one kind together."""
    kinds: dict[str, tuple[Gap, list[TargetView]]] = {}
    for view in run.targets:
        gap = gap_of(view, _ended(view)) or turned_away(view)
        if gap is not None:
            kinds.setdefault(gap.remedy, (gap, []))[1].append(view)
    for gap, views in kinds.values():
        yield tuple(views), gap


def _ended(view: TargetView) -> Missing | None:
    """Return why nothing was learnt of a target, None where something was."""
    if view.unresolved is not None:
        return view.unresolved
    ends = [seen.missing for seen in view.answers.values() if isinstance(seen, NotObserved)]
    if not ends or len(ends) < len(view.answers):
        return None
    return next((end for end in ends if end.cause is Cause.REFUSED), ends[0])


def _no_gap(run: RunView) -> Finding:
    known = {
        "IPv6": any(_answered(view) for view in run.targets if _version(view) == 6),  # noqa: PLR2004
        "port 25": any(_answered(view) for view in run.targets if _port(view) == RELAY_PORT),
    }
    reached = [name for name, is_reached in known.items() if is_reached]
    if not reached:
        return not_applicable("nothing is known that this machine cannot test")
    return passed(f"this machine reaches {' and '.join(reached)}", expected=_EXPECTED)


_EXPECTED = "a machine from which every address family and port can be tested"


def _told(blind: tuple[TargetView, ...], gap: Gap) -> Placed:
    sockets = list(dict.fromkeys(_socket(view.place) for view in blind))
    more = f" and {len(sockets) - _SHOWN} more" if len(sockets) > _SHOWN else ""
    return Placed(
        endpoint=blind[0].endpoint,
        finding=Finding(
            outcome=Outcome.INCONCLUSIVE,
            message=f"could not be tested from here: {gap.missing.detail}",
            expected=_EXPECTED,
            observed=f"not tested: {', '.join(sockets[:_SHOWN])}{more}",
            remedy=gap.remedy,
            key=gap.key,
            missing=gap.missing,
        ),
        explains=frozenset(view.place for view in blind),
    )


def _socket(place: Target) -> str:
    return str(Service(host=place.address or place.host, port=place.port))


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
    """Return the targets on port 25 that timed out, where it is not their servers that are down.

    No connection to port 25 got through, and a control did: another port of the same address
    answered, or, with several silent servers, any other port. Where nothing else is asked there is
    no control, and it takes several addresses.
    """
    of_relay = [view for view in run.targets if view.target and _port(view) == RELAY_PORT]
    others = [view for view in run.targets if view.target and _port(view) != RELAY_PORT]
    silent = [view for view in of_relay if _stopped(view) is Cause.TIMED_OUT]
    if not all(_stopped(view) in {Cause.TIMED_OUT, Cause.UNREACHABLE} for view in of_relay):
        return
    servers = {view.place for view in silent}
    addresses = {place.address for place in servers}
    controlled = len(servers) > 1 and any(map(_answered, others))
    if _beside(silent, others) or controlled or (not others and len(addresses) > 1):
        yield from silent


def _beside(silent: Iterable[TargetView], others: Iterable[TargetView]) -> bool:
    """Return whether another port of a silent address answered."""
    answered = {view.place.address for view in others if _answered(view)}
    return any(view.place.address in answered for view in silent)


def _why_blocked(run: RunView, blocked: tuple[TargetView, ...]) -> str:
    others = [view for view in run.targets if _port(view) != RELAY_PORT]
    if _beside(blocked, others):
        control = "other ports of the same address answered"
    elif others:
        control = "other ports answered"
    else:
        count = len({view.place.address for view in blocked})
        return (
            f"the connections to port 25 of all {count} addresses timed out, which is less likely"
            " the servers' doing than this machine's network, which blocks outgoing port 25"
        )
    return (
        f"every connection to port 25 timed out, and {control}: this machine's network blocks"
        " outgoing port 25"
    )


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
    summary="What this machine cannot test (IPv6, port 25, refused or hidden addresses) is told once.",
    needs=needs_session,
    across=across,
)
