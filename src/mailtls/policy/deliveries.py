"""The `deliveries` of a policy: what is sent through which endpoint, and where it has to arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from mailtls.errors import Problem
from mailtls.policy.addresses import normalize_address
from mailtls.policy.delivery import Delivery, FlowExpectation, Receive, Send, Via
from mailtls.policy.expectations import version_of
from mailtls.policy.hosts import normalize
from mailtls.policy.model import Endpoint
from mailtls.policy.nodes import PolicyDocument
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import Expect, Protocol
from mailtls.verdict import Route

DEFAULT_WITHIN = 60.0
LONGEST_WITHIN = 3600.0
"""Seconds; a job of the hosted runners ends after hours, and greylisting within one."""

_PROTOCOLS = {Via.IMAP: Protocol.IMAP, Via.POP3: Protocol.POP3}
_OPEN = frozenset({Via.MAILPIT, Via.MAILDEV})
"""Mail catchers that may be asked without a login."""

_SECONDS = {"s": 1.0, "m": 60.0}


def build_deliveries(
    instances: Iterable[Mapping[str, Any]],
    endpoints: Iterable[Endpoint],
    document: PolicyDocument,
) -> tuple[tuple[Delivery, ...], list[Problem]]:
    """Return the deliveries and every error in them."""
    known = {endpoint.name: endpoint for endpoint in endpoints}
    problems: list[Problem] = []
    deliveries: list[Delivery] = []
    names: set[str] = set()
    for index, instance in enumerate(instances):
        builder = _Builder(
            instance=instance,
            known=known,
            document=document,
            route=("deliveries", index),
            problems=problems,
        )
        if instance["name"] in names:
            builder.error(
                ("name",), f"a second delivery named {clean(instance['name'])!r}", "a unique name"
            )
        names.add(instance["name"])
        deliveries.append(builder.build())
    return tuple(deliveries), problems


@pure
class _Builder:
    """One delivery in the making; what is wrong goes to `problems`."""

    instance: Mapping[str, Any]
    known: Mapping[str, Endpoint]
    document: PolicyDocument
    route: Route
    problems: list[Problem]

    def error(self, key: Route, message: str, expected: str, hint: str = "") -> None:
        place = self.document.locate((*self.route, *key))
        problem = Problem(location=place, message=message, expected=expected, hint=hint)
        self.problems.append(problem)

    def build(self) -> Delivery:
        receive = self.instance.get("receive")
        return Delivery(
            name=self.instance["name"],
            send=self._send(self.instance["send"]),
            receive=None if receive is None else self._receive(receive),
            expect=self._expect(self.instance.get("expect", {}), received=receive is not None),
            route=self.route,
        )

    def _send(self, keys: Mapping[str, Any]) -> Send:
        self._endpoint(("send", "endpoint"), keys["endpoint"], Protocol.SMTP)
        return Send(
            endpoint=keys["endpoint"],
            sender=self._address("from", keys["from"]),
            recipient=self._address("to", keys["to"]),
            credential=keys.get("credential", ""),
            require_tls=keys.get("require_tls") == "true",
        )

    def _receive(self, keys: Mapping[str, Any]) -> Receive:
        via = Via(keys["via"])
        wanted = ("endpoint",) if via in _PROTOCOLS else ("url",)
        needed = wanted if via in _OPEN else (*wanted, "credential")
        allowed = {*wanted, "inbox"} if via is Via.MAILSLURP else {*wanted}
        for key in ("endpoint", "url", "inbox"):
            if key in keys and key not in allowed:
                self.error(("receive", key), f"{key} has no meaning with via: {via}", f"no {key}")
        for key in needed:
            if key not in keys:
                self.error(("receive", "via"), f"via: {via} needs {key}", f"the key {key}")
        if via in _PROTOCOLS and "endpoint" in keys:
            self._endpoint(("receive", "endpoint"), keys["endpoint"], _PROTOCOLS[via])
        if via not in _PROTOCOLS and "url" in keys:
            self._url(keys["url"], secret="credential" in keys)
        return Receive(
            via=via,
            endpoint=keys.get("endpoint", ""),
            url=keys.get("url", ""),
            inbox=keys.get("inbox", ""),
            credential=keys.get("credential", ""),
            within=self._seconds("receive", keys) or DEFAULT_WITHIN,
            keep=keys.get("keep") == "true",
        )

    def _expect(self, keys: Mapping[str, Any], *, received: bool) -> FlowExpectation:
        if keys and not received:
            self.error(
                ("expect",),
                "expect is judged by the message as received, and this delivery receives nothing",
                "the key receive",
            )
        version = keys.get("min_version")
        return FlowExpectation(
            hops_tls="hops" in keys,
            hosts=tuple(each.lower() for each in keys.get("hosts", ())),
            min_version=None if version is None else version_of(version),
            authentication=tuple(keys.get("authentication", {}).items()),
            within=self._seconds("expect", keys),
        )

    def _endpoint(self, key: Route, name: str, protocol: Protocol) -> None:
        endpoint = self.known.get(name)
        expected = f"the name of a reachable {protocol} endpoint"
        if endpoint is None:
            near = get_close_matches(name, self.known, n=1)
            hint = f"did you mean {clean(near[0])}?" if near else ""
            self.error(key, f"no endpoint is named {clean(name)!r}", expected, hint)
        elif endpoint.protocol is not protocol:
            self.error(key, f"{clean(name)} speaks {endpoint.protocol}", expected)
        elif endpoint.expect is Expect.CLOSED:
            self.error(key, f"{clean(name)} has to be closed", expected)

    def _address(self, key: str, text: str) -> str:
        try:
            return normalize_address(text)
        except ValueError as error:
            self.error(
                ("send", key),
                f"{clean(text)!r} is not an address to send with: {clean(str(error))}",
                "a mail address, as probe@example.com",
            )
            return text

    def _url(self, text: str, *, secret: bool) -> None:
        key = ("receive", "url")
        expected = "an http or https URL without user, query and fragment"
        try:
            parts = urlsplit(text)
            normalize(parts.hostname or "")
            port = parts.port
        except ValueError:
            self.error(key, f"{clean(text)!r} is not a usable URL", expected)
            return
        extra = "@" in parts.netloc or parts.query or parts.fragment
        plain = text.isascii() and text.isprintable() and " " not in text
        if parts.scheme not in ("http", "https") or extra or not plain or port == 0:
            self.error(key, f"{clean(text)!r} is not a usable URL", expected)
        elif secret and parts.scheme == "http":
            self.error(key, "a credential is never sent over http", "an https URL")

    def _seconds(self, part: str, keys: Mapping[str, Any]) -> float | None:
        text = keys.get("within")
        if text is None:
            return None
        seconds = float(text[:-1]) * _SECONDS[text[-1]]
        if seconds > LONGEST_WITHIN:
            self.error((part, "within"), f"{clean(text)} is more than an hour", "at most 60m")
        return seconds
