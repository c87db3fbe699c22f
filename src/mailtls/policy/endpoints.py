"""From a typed instance to endpoints: inference, and the checks that a schema cannot express."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailtls.errors import Problem
from mailtls.policy.expectations import Context, certificate, tls
from mailtls.policy.files import Read
from mailtls.policy.hosts import is_literal, normalize
from mailtls.policy.merge import dotted
from mailtls.policy.model import AddressChoice, Endpoint
from mailtls.policy.nodes import PolicyDocument
from mailtls.policy.offers import offered, starttls, warn_of_relay
from mailtls.probe.questions import Service
from mailtls.sanitizer import clean
from mailtls.terms import (
    WELL_KNOWN_PORTS,
    Expect,
    Level,
    Mode,
    Protocol,
    Role,
    WellKnownPort,
)
from mailtls.verdict import Route

_SUBMISSION_PORTS = frozenset({465, 587})
_RELAY_PORT = 25


def build_endpoints(
    instances: Mapping[int, dict[str, Any]], document: PolicyDocument, read: Read
) -> tuple[tuple[Endpoint, ...], list[Problem]]:
    """Return the endpoints and every problem with them, errors and warnings, in the file's order.

    `instances` are the endpoints that the schema lets pass, by their place in the list.
    """
    problems: list[Problem] = []
    endpoints: list[Endpoint] = []
    names: dict[str, int] = {}
    for index, instance in instances.items():
        route = ("endpoints", index)
        context = Context(document=document, read=read, route=route, problems=problems)
        endpoint = _endpoint(instance, context)
        if endpoint is None:
            continue
        if endpoint.name in names:
            first = document.locate(("endpoints", names[endpoint.name])).line
            key = ("name",) if "name" in instance else ()
            context.error(
                key,
                f"a second endpoint named {clean(endpoint.name)!r}: the first is on line {first}",
                expected="a unique name",
                hint="add a name key to tell them apart",
            )
        names.setdefault(endpoint.name, index)
        endpoints.append(endpoint)
    problems.sort(key=lambda p: (p.location.line, p.location.column))
    return tuple(endpoints), problems


def _endpoint(instance: dict[str, Any], context: Context) -> Endpoint | None:
    host = _host(instance["host"], ("host",), context)
    identity = _host(instance.get("identity", instance["host"]), ("identity",), context)
    port = instance["port"]
    known = WELL_KNOWN_PORTS.get(port)
    protocol = _protocol(instance, known, context)
    addresses = _addresses(instance.get("addresses", "all"), host, context)
    tls_expectation = tls(instance.get("tls", {}), context)
    certificate_expectation = certificate(instance.get("certificate", {}), context)
    upgrade = starttls(instance.get("starttls", {}))
    auth = offered("auth", instance.get("auth", {}), context)
    capabilities = offered("capabilities", instance.get("capabilities", {}), context)
    if host is None or identity is None or protocol is None:
        return None
    mode = Mode(instance["mode"])
    _warn_of_contradictions(instance, mode, protocol, known, context)
    role = _role(instance, port, protocol, context)
    if mode is Mode.STARTTLS:
        warn_of_relay(upgrade, role, context)
    return Endpoint(
        name=instance.get("name", str(Service(host=host, port=port))),
        host=host,
        port=port,
        mode=mode,
        protocol=protocol,
        role=role,
        addresses=addresses,
        identity=identity,
        level=Level(instance.get("level", Level.ERROR)),
        expect=Expect(instance.get("expect", Expect.REACHABLE)),
        tls=tls_expectation,
        certificate=certificate_expectation,
        route=context.route,
        written=dotted(context.node),
        starttls=upgrade,
        auth=auth,
        capabilities=capabilities,
    )


def _host(text: str, key: Route, context: Context) -> str | None:
    try:
        return normalize(text)
    except ValueError as error:
        if key == ("identity",) and "identity" not in context.keys:
            return None  # it is the host, whose problem is told already
        context.error(
            key,
            f"{clean(text)!r} is not a host: {clean(str(error))}",
            expected="a DNS name (IDNA accepted) or an IP literal",
        )
        return None


def _protocol(
    instance: dict[str, Any], known: WellKnownPort | None, context: Context
) -> Protocol | None:
    if "protocol" in instance:
        return Protocol(instance["protocol"])
    if known is not None:
        return known.protocol
    context.error(
        ("port",),
        f"port {instance['port']} is no well-known mail port: its protocol must be written",
        expected="protocol: one of smtp, lmtp, imap, pop3, sieve",
    )
    return None


def _role(instance: dict[str, Any], port: int, protocol: Protocol, context: Context) -> Role | None:
    if protocol is not Protocol.SMTP:
        # In `defaults` a role is meant for those endpoints that can have one.
        if "role" in instance and not context.inherited("role"):
            context.error(
                ("role",),
                f"role is of SMTP endpoints, and this one speaks {protocol.value}",
                expected="no role",
            )
        return None
    if "role" not in instance:
        return Role.RELAY if port == _RELAY_PORT else Role.SUBMISSION
    role = Role(instance["role"])
    if role is Role.RELAY and port in _SUBMISSION_PORTS:
        context.warn(
            ("role",),
            f"role relay on port {port}, which is registered for message submission (RFC 6409)",
            hint="public mail exchangers listen on port 25",
        )
    return role


def _addresses(
    value: str | list[str], host: str | None, context: Context
) -> AddressChoice | tuple[str, ...]:
    if isinstance(value, str):
        choice = AddressChoice(value)
        lacking = AddressChoice.IPV4 if host is not None and ":" in host else AddressChoice.IPV6
        if host is not None and is_literal(host) and choice is lacking:
            context.error(("addresses",), f"the host is the address {host} itself", expected="all")
        return choice
    found: list[str] = []
    for index, text in enumerate(value):
        try:
            address = normalize(text)
        except ValueError:
            address = ""
        if not is_literal(address):
            context.error(
                ("addresses", index),
                f"{clean(text)!r} is not an IP address",
                expected="IPv4 or IPv6 literals",
            )
        elif host is not None and is_literal(host) and address != host:
            context.error(
                ("addresses", index), f"the host is the address {host} itself", expected=host
            )
        elif address not in found:
            found.append(address)
    return tuple(found)


def _warn_of_contradictions(
    instance: dict[str, Any],
    mode: Mode,
    protocol: Protocol,
    known: WellKnownPort | None,
    context: Context,
) -> None:
    if instance.get("expect") == Expect.CLOSED:
        for key in ("tls", "certificate", "starttls", "auth", "capabilities"):
            if key in context.keys and not context.inherited(key):
                context.warn((key,), f"{key} is never judged where the port must be closed")
        return
    if known is None:
        return
    if protocol is not known.protocol:
        context.warn(
            ("protocol",),
            f"port {known.port} is registered for {known.protocol.value}, not {protocol.value}",
            hint="check port and protocol: they belong together",
        )
        return
    if mode is not known.mode:
        usual = [w for w in WELL_KNOWN_PORTS.values() if (w.protocol, w.mode) == (protocol, mode)]
        better = " or ".join(str(each.port) for each in usual)
        spoken = "implicit TLS" if known.mode is Mode.IMPLICIT else "STARTTLS"
        context.warn(
            ("mode",),
            f"port {known.port} is for {protocol.value} with {spoken} (RFC 8314 section 7), "
            f"and the policy says {mode.value}",
            hint=f"mode: {known.mode.value}" + (f", or port {better}" if better else ""),
        )
