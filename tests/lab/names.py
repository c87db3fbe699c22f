"""Names for the lab's addresses without /etc/hosts: a real DNS server, and `--connect-to` lists."""

from __future__ import annotations

import ipaddress
import socketserver
import threading
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL = 60
UDP_SIZE = 512  # bytes, where the query announces no more (RFC 1035 section 4.2.1)


class Failure(Enum):
    """A name that has no answer, and the way in which it has none."""

    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    SILENT = "silent"


Table = Mapping[str, Sequence[str] | Failure]
"""Name to its records: addresses, or `TYPE data` as in a zone file. A name left out is NXDOMAIN."""


def connect_to(endpoints: Iterable[tuple[str, int, str]]) -> list[str]:
    """Return `--connect-to` options which lead each (host, port) to the same port of an address."""
    return [
        word
        for host, port, address in endpoints
        for word in ("--connect-to", f"{host}:{port}:{address}:{port}")
    ]


def _rdata(text: str) -> dns.rdata.Rdata:
    try:
        kind = "A" if ipaddress.ip_address(text).version == 4 else "AAAA"
    except ValueError:
        kind, _, text = text.partition(" ")
    return dns.rdata.from_text("IN", kind, text)


class NameServer:
    """A DNS server over UDP and TCP on one loopback port, as a context manager.

    `queries` lists what was asked, as (name, type, "udp" or "tcp"), for tests that count.
    """

    def __init__(self, table: Table, *, address: str = "127.0.0.1") -> None:
        self._records: dict[dns.name.Name, list[dns.rdata.Rdata] | Failure] = {
            dns.name.from_text(name): found
            if isinstance(found, Failure)
            else [_rdata(text) for text in found]
            for name, found in table.items()
        }
        self.queries: list[tuple[str, str, str]] = []
        self.address = address
        self._servers = self._bind(address)
        self.port: int = self._servers[0].server_address[1]
        self._threads = [
            threading.Thread(target=s.serve_forever, args=(0.05,)) for s in self._servers
        ]

    @property
    def option(self) -> str:
        """The server as `--resolver` takes it."""
        return f"{self.address}:{self.port}"

    def _bind(self, address: str) -> list[socketserver.BaseServer]:
        handlers = _handlers(self)
        while True:
            tcp = _Tcp((address, 0), handlers[0])
            try:
                return [tcp, _Udp(tcp.server_address, handlers[1])]
            except OSError:  # the port TCP was given is taken for UDP: ask for another
                tcp.server_close()

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """Return the reply to one query, or None where the table says silence."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if len(query.question) != 1:
            return None
        asked = query.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        self.queries.append((asked.name.to_text(omit_final_dot=True), kind, transport))
        reply = dns.message.make_response(query, recursion_available=True)
        failure = self._fill(reply, asked.name, asked.rdtype)
        if failure is Failure.SILENT:
            return None
        if failure is not None:
            reply.set_rcode(dns.rcode.from_text(failure.name))
        if transport == "tcp":
            return reply.to_wire()
        try:
            return reply.to_wire(max_size=max(query.payload, UDP_SIZE))
        except dns.exception.TooBig:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            return reply.to_wire()

    def _fill(
        self, reply: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> Failure | None:
        while True:
            found = self._records.get(name, Failure.NXDOMAIN)
            if isinstance(found, Failure):
                return found
            alias = [r for r in found if r.rdtype == dns.rdatatype.CNAME]
            wanted = alias or [r for r in found if r.rdtype == kind]
            if wanted:
                reply.answer.append(dns.rrset.from_rdata_list(name, TTL, wanted))
            if not alias or kind == dns.rdatatype.CNAME or len(reply.answer) > 16:
                return None
            name = alias[0].target

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True


class _Udp(socketserver.UDPServer):
    pass


def _handlers(
    server: NameServer,
) -> tuple[type[socketserver.BaseRequestHandler], type[socketserver.BaseRequestHandler]]:
    class Tcp(socketserver.StreamRequestHandler):
        timeout = 5.0

        def handle(self) -> None:
            # Each message follows its length in two bytes (RFC 1035 section 4.2.2).
            try:
                while len(size := self.rfile.read(2)) == 2:
                    wire = self.rfile.read(int.from_bytes(size))
                    reply = server.answer(wire, "tcp")
                    if reply is not None:
                        self.wfile.write(len(reply).to_bytes(2) + reply)
            except OSError:  # the client went away, or stayed without a word
                return

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            reply = server.answer(wire, "udp")
            if reply is not None:
                sock.sendto(reply, self.client_address)

    return Tcp, Udp
