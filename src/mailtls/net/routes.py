"""Where a connection really goes: `--connect-to HOST:PORT:HOST:PORT`, as curl's option, and `--proxy`.

The policy of production against a staging container: identity and server name stay those of the
policy, only the TCP connection goes elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from mailtls.probe.questions import Service
from mailtls.pure import pure

_HOST = r"(?:\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)"
_RULE = re.compile(rf"({_HOST}):(\d*):({_HOST}):(\d*)")
_LARGEST_PORT = 65535
_URL = re.compile(
    r"socks5://(?:(?P<user>[^:@/\s]*):(?P<password>[^:@/\s]*)@)?"
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>\d{1,5})/?"
)


@pure
class Detour:
    """One rule: an empty host or port matches every one, or is left as it is."""

    from_host: str
    from_port: int | None
    to_host: str
    to_port: int | None

    def matches(self, service: Service) -> bool:
        """Return whether the rule is for this service."""
        return self.from_host in ("", service.host) and self.from_port in (None, service.port)


def parse_detour(text: str) -> Detour:
    """Return the rule written as HOST:PORT:HOST:PORT; raises ValueError with what is wrong."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected HOST:PORT:HOST:PORT, IPv6 literals in brackets, not {text!r}")
    from_host, from_port, to_host, to_port = match.groups()
    return Detour(
        from_host=from_host.strip("[]").lower().rstrip("."),
        from_port=_port(from_port),
        to_host=to_host.strip("[]"),
        to_port=_port(to_port),
    )


def _port(text: str) -> int | None:
    if not text:
        return None
    port = int(text)
    if not 0 < port <= _LARGEST_PORT:
        raise ValueError(f"{text} is not a port: 1 to {_LARGEST_PORT}")
    return port


@pure
class Routes:
    """The rules in the order given; the first that matches decides."""

    detours: Sequence[Detour] = ()

    def __call__(self, service: Service) -> Service:
        """Return where connections to `service` go."""
        for detour in self.detours:
            if detour.matches(service):
                return Service(
                    host=detour.to_host or service.host,
                    port=detour.to_port if detour.to_port is not None else service.port,
                )
        return service


@pure
class SocksProxy:
    """Where the proxy is, and who we are there; `user` and `password` are "" where it asks nobody."""

    host: str
    port: int
    user: str
    password: str

    def __repr__(self) -> str:
        """Return the proxy without its password, for tracebacks."""
        return f"SocksProxy({self.host}:{self.port})"


def parse_proxy(text: str) -> SocksProxy:
    """Return the proxy of a URL; raises ValueError, in words that do not repeat a password."""
    match = _URL.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _LARGEST_PORT:
        raise ValueError("expected socks5://[USER:PASSWORD@]HOST:PORT")
    return SocksProxy(
        host=match["six"] or match["host"],
        port=int(match["port"]),
        user=unquote(match["user"] or ""),
        password=unquote(match["password"] or ""),
    )
