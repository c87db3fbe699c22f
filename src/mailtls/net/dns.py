"""Names to addresses: the system's resolver, or a DNS server of the user's choice.

An authoritative "does not exist" is an answer (cause REFUSED); everything else that gives no
address is a failure to ask. There is no happy eyeballs: every address is a target of its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from mailtls.evidence import Missing, Resolved
from mailtls.terms import Cause, Phase

if TYPE_CHECKING:
    import dns.asyncresolver

ADDRESS_LIMIT = 64
"""More addresses than any mail name has; a longer list is a fault or an attack, not a fleet."""

LIFETIME = 10.0
"""Seconds for one name, all retries of the resolver included."""


class Resolver(Protocol):
    """Anything that finds what DNS says of a name."""

    async def addresses(self, host: str) -> Resolved | Missing:
        """Return every A and AAAA address of `host`."""
        ...

    async def texts(self, name: str) -> tuple[str, ...] | Missing:
        """Return the TXT records of `name`, none where it does not exist."""
        ...


def sort_addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return distinct addresses in canonical form, IPv4 first, then by number."""
    parsed = {ipaddress.ip_address(address.partition("%")[0]) for address in addresses}
    return tuple(str(address) for address in sorted(parsed, key=lambda a: (a.version, int(a))))


def missing(cause: Cause, detail: str) -> Missing:
    """Return why a name gave no address."""
    return Missing(phase=Phase.RESOLVE, cause=cause, detail=detail)


def _checked(host: str, addresses: tuple[str, ...]) -> Resolved | Missing:
    if not addresses:
        return missing(Cause.REFUSED, f"the name {host} has no address")
    if len(addresses) > ADDRESS_LIMIT:
        return missing(
            Cause.MALFORMED, f"the name {host} has {len(addresses)} addresses, over {ADDRESS_LIMIT}"
        )
    return Resolved(addresses=addresses)


class SystemResolver:
    """The resolver the machine is set up with, so that hosts files and service names count."""

    async def addresses(self, host: str) -> Resolved | Missing:
        """Ask getaddrinfo, in a thread of its own that cannot hold up the end of the program."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[str, ...] | Missing] = loop.create_future()

        def settle(result: tuple[str, ...] | Missing) -> None:
            if not answer.done():
                answer.set_result(result)

        def ask() -> None:
            result = _getaddrinfo(host)
            try:
                loop.call_soon_threadsafe(settle, result)
            except RuntimeError:
                return  # the loop ended while the system's resolver was still thinking

        threading.Thread(target=ask, daemon=True).start()
        try:
            async with asyncio.timeout(LIFETIME):
                result = await answer
        except TimeoutError:
            return missing(Cause.TIMED_OUT, f"no answer to the name {host} within {LIFETIME:.0f} s")
        return result if isinstance(result, Missing) else _checked(host, result)

    async def texts(self, name: str) -> tuple[str, ...] | Missing:
        """Ask the servers of /etc/resolv.conf: getaddrinfo knows addresses alone."""
        import dns.asyncresolver
        import dns.resolver

        try:
            resolver = dns.asyncresolver.Resolver()
        except (dns.resolver.NoResolverConfiguration, OSError):
            return missing(Cause.UNREACHABLE, f"no DNS server is set up to ask for {name}")
        resolver.lifetime = LIFETIME
        return await _texts(resolver, name)


def _getaddrinfo(host: str) -> tuple[str, ...] | Missing:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return missing(Cause.REFUSED, f"the name {host} does not exist or has no address")
        if error.errno == socket.EAI_AGAIN:
            return missing(Cause.TIMED_OUT, f"the resolver could not be asked for {host}")
        return missing(Cause.UNREACHABLE, f"the resolver failed on {host}")
    except (OSError, UnicodeError):
        return missing(Cause.UNREACHABLE, f"the resolver failed on {host}")
    return sort_addresses(str(entry[4][0]) for entry in found)


class ServerResolver:
    """A DNS server given by address, asked over UDP with TCP where needed, or over TLS (RFC 7858)."""

    def __init__(self, address: str, port: int, *, tls: bool) -> None:
        self._address = address
        self._port = port
        self._tls = tls

    def _resolver(self) -> dns.asyncresolver.Resolver:
        import dns.asyncresolver
        import dns.nameserver

        resolver = dns.asyncresolver.Resolver(configure=False)
        server: dns.nameserver.Nameserver = (
            dns.nameserver.DoTNameserver(self._address, self._port)
            if self._tls
            else dns.nameserver.Do53Nameserver(self._address, self._port)
        )
        resolver.nameservers = [server]
        resolver.lifetime = LIFETIME
        return resolver

    async def addresses(self, host: str) -> Resolved | Missing:
        """Ask for A and AAAA; one empty kind is fine, two are a name without an address."""
        import dns.exception
        import dns.resolver

        resolver = self._resolver()
        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                answer = await resolver.resolve(
                    f"{host}.", kind, raise_on_no_answer=False, search=False
                )
            except dns.resolver.NXDOMAIN:
                return missing(Cause.REFUSED, f"the name {host} does not exist (NXDOMAIN)")
            except dns.resolver.LifetimeTimeout:
                return missing(Cause.TIMED_OUT, f"the DNS server did not answer for {host}")
            except dns.resolver.NoNameservers:
                return missing(Cause.UNREACHABLE, f"the DNS server failed on {host} (SERVFAIL)")
            except (dns.exception.DNSException, OSError, ValueError):
                return missing(Cause.UNREACHABLE, f"the DNS server could not be asked for {host}")
            if answer.rrset is not None:
                found += [str(record.address) for record in answer]
        return _checked(host, sort_addresses(found))

    async def texts(self, name: str) -> tuple[str, ...] | Missing:
        """Ask the server for TXT."""
        return await _texts(self._resolver(), name)


async def _texts(resolver: dns.asyncresolver.Resolver, name: str) -> tuple[str, ...] | Missing:
    """Return the TXT records of a name, the strings of each joined (RFC 7208 section 3.3)."""
    import dns.exception
    import dns.resolver

    try:
        answer = await resolver.resolve(f"{name}.", "TXT", raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return ()
    except dns.resolver.LifetimeTimeout:
        return missing(Cause.TIMED_OUT, f"no answer to the name {name} within {LIFETIME:.0f} s")
    except (dns.exception.DNSException, OSError, ValueError):
        return missing(Cause.UNREACHABLE, f"DNS could not be asked for {name}")
    if answer.rrset is None:
        return ()
    return tuple(b"".join(record.strings).decode("latin-1") for record in answer.rrset)
