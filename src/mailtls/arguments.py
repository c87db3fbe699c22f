"""The words of the command line as values: each converter says what it expected instead."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from mailtls.net.routes import Detour, SocksProxy, parse_detour, parse_proxy
from mailtls.policy.hosts import normalize
from mailtls.pure import pure
from mailtls.terms import Level

if TYPE_CHECKING:
    from mailtls.delivery.credentials import Binding


@pure
class ReportFile:
    """One `--report FORMAT=PATH`."""

    format: str
    path: Path


@pure
class DnsServer:
    """One `--resolver ADDRESS[:PORT]` or `tls://ADDRESS[:PORT]`."""

    address: str
    port: int
    tls: bool


def number(least: float, most: float, kind: Callable[[str], float]) -> Callable[[str], float]:
    """Return a converter for numbers from `least` to `most`."""

    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not within {least:g} and {most:g}")
        return value

    return convert


def level(text: str) -> Level:
    """Return one `--fail-on`."""
    if text not in list(Level):
        near = get_close_matches(text, list(Level), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(Level)}, not {text!r}{hint}")
    return Level(text)


def report(formats: Sequence[str]) -> Callable[[str], ReportFile]:
    """Return a converter for `FORMAT=PATH` with one of the formats."""

    def convert(text: str) -> ReportFile:
        name, equals, path = text.partition("=")
        if not equals or not path or name not in formats:
            near = get_close_matches(name, formats, n=1)
            hint = f"; did you mean {near[0]}={path or 'PATH'}?" if near else ""
            raise argparse.ArgumentTypeError(
                f"expected FORMAT=PATH with one of {', '.join(formats)}, not {text!r}{hint}"
            )
        return ReportFile(format=name, path=Path(path))

    return convert


def detour(text: str) -> Detour:
    """Return one `--connect-to`."""
    try:
        return parse_detour(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def proxy(text: str) -> SocksProxy:
    """Return one `--proxy`."""
    try:
        return parse_proxy(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def binding(text: str) -> Binding:
    """Return one `--credential`."""
    from mailtls.delivery.credentials import parse_binding

    try:
        return parse_binding(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def domain(text: str) -> str:
    """Return one `--send-domain`, as A-labels."""
    try:
        return normalize(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a domain: {error}") from None


def resolver(text: str) -> DnsServer:
    """Return one `--resolver`."""
    scheme, separator, rest = text.rpartition("://")
    if separator and scheme != "tls":
        raise argparse.ArgumentTypeError(f"{scheme}:// is not supported: ADDRESS[:PORT] or tls://")
    address, port = rest, ""
    if rest.startswith("["):
        address, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        address, _, port = rest.partition(":")
    try:
        ipaddress.ip_address(address)
        number = int(port) if port else (853 if separator else 53)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected the IP address of a DNS server and an optional port, not {text!r}"
        ) from None
    return DnsServer(address=address, port=number, tls=bool(separator))
