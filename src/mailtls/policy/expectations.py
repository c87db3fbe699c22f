"""The `tls` and `certificate` keys of one endpoint as expectations."""

from __future__ import annotations

import base64
import re
from dataclasses import field
from typing import Any

from mailtls.errors import Problem
from mailtls.policy.files import Read
from mailtls.policy.hosts import normalize
from mailtls.policy.model import (
    CA_BROWSER_FORUM,
    Anchors,
    CertificateExpectation,
    KeyMinimum,
    TlsExpectation,
)
from mailtls.policy.nodes import Keys, Node, PolicyDocument
from mailtls.policy.suites import negotiation
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import Level, TlsVersion
from mailtls.verdict import Route

_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)
_PRIVATE_KEY = b"PRIVATE KEY-----"
_SERVICE = re.compile(r"_[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")  # RFC 6335 section 5.1
_EDWARDS_BITS = {"ed25519": 256, "ed448": 456}


@pure
class Context:
    """One endpoint under construction: where it stands, and where its problems go."""

    document: PolicyDocument
    read: Read
    route: Route
    problems: list[Problem] = field(default_factory=list)

    @property
    def node(self) -> Node:
        """Return the endpoint's mapping."""
        node = self.document.root
        for step in self.route:
            if isinstance(node, Keys) and isinstance(step, str):
                node = node.entries[step].value
            else:
                node = node.items[step]  # type: ignore[union-attr, index]
        return node

    @property
    def keys(self) -> frozenset[str]:
        """Return the endpoint's keys, inherited ones included."""
        return frozenset(self.node.entries) if isinstance(self.node, Keys) else frozenset()

    def inherited(self, key: str) -> bool:
        """Return whether a key came from `defaults`."""
        return isinstance(self.node, Keys) and self.node.entries[key].inherited

    def error(self, key: Route, message: str, *, expected: str = "", hint: str = "") -> None:
        """Note an error at a key of the endpoint."""
        self._note(key, message, expected=expected, hint=hint, level=Level.ERROR)

    def warn(self, key: Route, message: str, *, hint: str = "") -> None:
        """Note a contradiction that the policy survives."""
        self._note(key, message, expected="", hint=hint, level=Level.WARNING)

    def _note(self, key: Route, message: str, *, expected: str, hint: str, level: Level) -> None:
        location = self.document.locate((*self.route, *key), into_defaults=True)
        self.problems.append(
            Problem(location=location, message=message, expected=expected, hint=hint, level=level)
        )


def tls(keys: dict[str, Any], context: Context) -> TlsExpectation:
    """Return what is expected of TLS."""
    least = version_of(keys["min_version"]) if "min_version" in keys else None
    exact = (
        tuple(sorted({version_of(each) for each in keys["versions"]}))
        if "versions" in keys
        else None
    )
    if least is not None and exact is not None and exact[0] < least:
        context.error(
            ("tls", "versions"),
            f"versions has {exact[0].label}, which min_version {least.label} forbids",
            expected="one of the two keys, or versions from min_version on",
        )
    return TlsExpectation(min_version=least, versions=exact, **negotiation(keys, context))


def version_of(text: str) -> TlsVersion:
    """Return a version that the schema let pass: SSLv3, 1.2, TLSv1.2, and 1 for 1.0."""
    number = text.removeprefix("TLSv")
    if number.startswith("SSLv"):
        return TlsVersion.SSL3 if number.endswith("3") else TlsVersion.SSL2
    minor = int(number.partition(".")[2] or "0")
    return TlsVersion(TlsVersion.TLS1_0 + minor)


def certificate(keys: dict[str, Any], context: Context) -> CertificateExpectation:
    """Return what is expected of the certificate."""
    pins = tuple(_pin(each) for each in keys["pins"]) if "pins" in keys else None
    trust = _anchors(keys.get("trust", "system"), context)
    if trust.label == "pinned" and pins is None:
        context.error(
            ("certificate", "trust"),
            "trust: pinned without pins trusts every certificate",
            expected="certificate.pins beside it",
        )
    return CertificateExpectation(
        trust=trust,
        names=_names(keys["names"], context) if "names" in keys else None,
        days_left=keys.get("days_left"),
        issuer=tuple(keys["issuer"]) if "issuer" in keys else None,
        keys=tuple(_key(each) for each in keys["keys"]) if "keys" in keys else None,
        pins=pins,
        complete_chain=True if keys.get("chain") == "complete" else None,
        lifetime_left=int(keys["lifetime_left"].rstrip("%")) if "lifetime_left" in keys else None,
        max_lifetime=_lifetime(keys["max_lifetime"]) if "max_lifetime" in keys else None,
        staple="staple" in keys,
        transparency="transparency" in keys,
        algorithms=tuple(keys["algorithms"]) if "algorithms" in keys else None,
        revocation="revocation" in keys,
    )


def _names(names: list[str], context: Context) -> tuple[str, ...]:
    found: list[str] = []
    for index, text in enumerate(names):
        try:
            found.append(_service(text) if text.startswith("_") else normalize(text))
        except ValueError as error:
            context.error(
                ("certificate", "names", index),
                f"{clean(text)!r} is not a name a certificate can be checked for: {clean(str(error))}",
                expected="a DNS name without wildcard, an IP literal, or _service.domain",
            )
    return tuple(found)


def _service(text: str) -> str:
    """Return the service of a domain that a certificate names in an SRV-ID (RFC 4985)."""
    service, _, domain = text.lower().partition(".")
    if not _SERVICE.fullmatch(service):
        raise ValueError("not a service and its domain, as _imaps.example.org (RFC 4985)")
    return f"{service}.{normalize(domain)}"


def _lifetime(text: str) -> int | str:
    return text if text == CA_BROWSER_FORUM else int(text.rstrip("d"))


def _key(text: str) -> KeyMinimum:
    kind, _, size = text.partition("-")
    bits = _EDWARDS_BITS.get(kind) or int(size.removeprefix("p"))
    return KeyMinimum(kind=kind, bits=bits)


def _pin(text: str) -> str:
    digest = text.removeprefix("sha256:")
    return digest.lower() if len(digest) == 64 else base64.b64decode(digest).hex()  # noqa: PLR2004 - hex digits of SHA-256


def _anchors(label: str, context: Context) -> Anchors:
    if label in ("system", "pinned"):
        return Anchors(label=label)
    key = ("certificate", "trust")
    location = context.document.locate((*context.route, *key), into_defaults=True)
    try:
        pem = context.read(location.file, label)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        context.error(
            key,
            f"the file {clean(label)!r} cannot be read: {reason}",
            expected="system, pinned, or a PEM file inside the repository",
        )
        return Anchors(label=label)
    if not _CERTIFICATE.search(pem):
        context.error(
            key, f"the file {clean(label)!r} holds no certificate", expected="PEM certificates"
        )
    if _PRIVATE_KEY in pem:
        context.error(
            key,
            f"the file {clean(label)!r} holds a private key",
            expected="certificates alone: what is trusted is public",
        )
    return Anchors(label=label, pem=pem)
