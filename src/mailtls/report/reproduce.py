"""A shell command that shows a finding again with a common client, `openssl s_client`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from mailtls.policy.hosts import is_literal
from mailtls.policy.model import Endpoint, Policy
from mailtls.probe.questions import Service
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Mode, TlsVersion
from mailtls.verdict import Client, Verdict

_VERSIONS = {
    TlsVersion.TLS1_0: "-tls1",
    TlsVersion.TLS1_1: "-tls1_1",
    TlsVersion.TLS1_2: "-tls1_2",
    TlsVersion.TLS1_3: "-tls1_3",
}
_LEGACY = frozenset({TlsVersion.TLS1_0, TlsVersion.TLS1_1})
# What shows more of what a rule looks at.
_EXTRA = {
    "certificate-chain": ("-showcerts",),
    "certificate-staple": ("-status",),
    "certificate-revocation": ("-status",),
}


class Again:
    """The commands for the verdicts of one run; `ports` are those that connections really went to."""

    def __init__(self, policy: Policy, ports: Mapping[tuple[str, str], int]) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in policy.endpoints}
        self._ports = ports

    def __call__(self, verdict: Verdict) -> str:
        """Return the command for a verdict, "" where no common client sees the same.

        What waits for another finding has none either: that one's command shows the cause.
        """
        endpoint = self._endpoints.get(verdict.endpoint)
        if endpoint is None or verdict.again is None or verdict.cause is Cause.PREREQUISITE:
            return ""
        port = self._ports.get((verdict.endpoint, verdict.address or ""), endpoint.port)
        return command(endpoint, verdict.address, port, verdict.rule, verdict.again)


_CERTIFICATE_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def command(endpoint: Endpoint, address: str | None, port: int, rule: str, client: Client) -> str:
    """Return the command, each word quoted for a POSIX shell and safe to show."""
    asked = Service(host=address or endpoint.host, port=port)
    words = ["openssl", "s_client", "-connect", str(asked)]
    words += (
        ["-noservername"] if is_literal(endpoint.identity) else ["-servername", endpoint.identity]
    )
    if endpoint.mode is Mode.STARTTLS and not client.at_once:
        words += ["-starttls", endpoint.protocol.value]
    words += _offer(client)
    words += _groups(client, rule)
    if rule == "certificate-name":
        kind = "-verify_ip" if is_literal(endpoint.identity) else "-verify_hostname"
        words += [kind, endpoint.identity]
    if rule == "tls-alpn":
        words += ["-alpn", ",".join(endpoint.tls.alpn)]
    words += _EXTRA.get(rule, ())
    return shlex.join(clean(word) for word in words)


def _offer(client: Client) -> list[str]:
    words = [_VERSIONS[TlsVersion(client.version)]] if client.version else []
    if client.version in _LEGACY:
        # OpenSSL 3 does not speak these above security level 0, whatever the suite.
        words += ["-cipher", f"{client.cipher or 'ALL'}:@SECLEVEL=0"]
    elif client.version == TlsVersion.TLS1_3 and client.cipher:
        words += ["-ciphersuites", client.cipher]
    elif client.cipher:
        words += ["-cipher", f"{client.cipher}:@SECLEVEL=0"]
    return words


def _groups(client: Client, rule: str) -> list[str]:
    """Return the group where it matters: where it was asked for alone, or is the finding itself."""
    if not client.group or (client.among and rule != "tls-group"):
        return []
    if client.among and client.version < TlsVersion.TLS1_3:
        # Below TLS 1.3 an ECDSA certificate needs its own curve among them (RFC 8422 section 5.1).
        others = (curve for curve in _CERTIFICATE_CURVES if curve != client.group)
        return ["-groups", ":".join((client.group, *others))]
    return ["-groups", client.group]
