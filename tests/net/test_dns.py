"""Names to addresses, against a real DNS dialogue on loopback and the system's own resolver."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import dns.asyncresolver
import dns.message
import dns.nameserver
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from mailtls.evidence import Missing, Resolved
from mailtls.net import dns as under_test
from mailtls.net.dns import ServerResolver, SystemResolver, sort_addresses
from mailtls.terms import Cause, Phase

ZONE = {
    "both.test.": ["A 192.0.2.2", "A 192.0.2.1", "AAAA 2001:db8::1"],
    "six.test.": ["AAAA 2001:db8::2"],
    "empty.test.": [],
    "text.test.": ['TXT "two " "strings"', 'TXT "another"'],
    "many.test.": [f"A 10.0.{n // 250}.{n % 250 + 1}" for n in range(65)],
}


@contextlib.contextmanager
def dns_server(rcode: int | None = None) -> Iterator[int]:
    """Answer from ZONE over UDP on a free port; `rcode` answers everything with an error."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, client = server.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            response = dns.message.make_response(query)
            records = ZONE.get(question.name.to_text())
            if rcode is not None:
                response.set_rcode(rcode)
            elif records is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            else:
                kind = dns.rdatatype.to_text(question.rdtype)
                found = [text.partition(" ")[2] for text in records if text.split()[0] == kind]
                if found:
                    response.answer.append(
                        dns.rrset.from_text(question.name, 60, "IN", kind, *found)
                    )
            server.sendto(response.to_wire(), client)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", server.getsockname())
        thread.join()
        server.close()


def ask(host: str, rcode: int | None = None) -> Resolved | Missing:
    with dns_server(rcode) as port:
        return asyncio.run(ServerResolver("127.0.0.1", port, tls=False).addresses(host))


def test_every_address_is_found_ipv4_first():
    assert ask("both.test") == Resolved(addresses=("192.0.2.1", "192.0.2.2", "2001:db8::1"))


def test_one_empty_kind_is_fine():
    assert ask("six.test") == Resolved(addresses=("2001:db8::2",))


@pytest.mark.parametrize(
    ("host", "rcode", "cause"),
    [
        ("nowhere.test", None, Cause.REFUSED),
        ("empty.test", None, Cause.REFUSED),
        ("many.test", None, Cause.MALFORMED),
        ("both.test", dns.rcode.SERVFAIL, Cause.UNREACHABLE),
        ("both.test", dns.rcode.REFUSED, Cause.UNREACHABLE),
        ("label-over-63-" + "x" * 60 + ".test", None, Cause.UNREACHABLE),
    ],
)
def test_no_address_has_a_cause(host, rcode, cause):
    answer = ask(host, rcode)

    assert isinstance(answer, Missing)
    assert (answer.phase, answer.cause) == (Phase.RESOLVE, cause)


def test_a_silent_server_is_a_time_out(monkeypatch):
    monkeypatch.setattr(under_test, "LIFETIME", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = ServerResolver("127.0.0.1", silent.getsockname()[1], tls=False)

        answer = asyncio.run(resolver.addresses("both.test"))

    assert isinstance(answer, Missing)
    assert answer.cause is Cause.TIMED_OUT


def texts(name: str, rcode: int | None = None) -> tuple[str, ...] | Missing:
    with dns_server(rcode) as port:
        return asyncio.run(ServerResolver("127.0.0.1", port, tls=False).texts(name))


def test_the_strings_of_a_text_are_joined():
    found = texts("text.test")
    assert isinstance(found, tuple)
    assert set(found) == {"two strings", "another"}


@pytest.mark.parametrize("name", ["nowhere.test", "both.test"])
def test_a_name_may_have_no_text(name):
    assert texts(name) == ()


@pytest.mark.parametrize(
    ("name", "rcode"),
    [("text.test", dns.rcode.SERVFAIL), ("label-over-63-" + "x" * 60 + ".test", None)],
)
def test_a_text_that_cannot_be_asked_for_is_missing(name, rcode):
    found = texts(name, rcode)
    assert isinstance(found, Missing)
    assert found.cause is Cause.UNREACHABLE


def test_a_text_that_nobody_answers_for_is_a_time_out(monkeypatch):
    monkeypatch.setattr(under_test, "LIFETIME", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = ServerResolver("127.0.0.1", silent.getsockname()[1], tls=False)
        found = asyncio.run(resolver.texts("text.test"))
    assert isinstance(found, Missing)
    assert found.cause is Cause.TIMED_OUT


def test_the_system_is_asked_for_texts_at_the_servers_it_is_set_up_with(monkeypatch):
    with dns_server() as port:
        real = dns.asyncresolver.Resolver

        def configured(*_: object, **__: object) -> dns.asyncresolver.Resolver:
            resolver = real(configure=False)
            resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
            return resolver

        monkeypatch.setattr(dns.asyncresolver, "Resolver", configured)
        found = asyncio.run(SystemResolver().texts("text.test"))
    assert isinstance(found, tuple)
    assert "another" in found


def test_a_system_without_dns_servers_cannot_be_asked_for_texts(monkeypatch):
    def unset(*_: object, **__: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.asyncresolver, "Resolver", unset)
    found = asyncio.run(SystemResolver().texts("text.test"))
    assert isinstance(found, Missing)
    assert found.cause is Cause.UNREACHABLE


def test_the_system_knows_localhost():
    answer = asyncio.run(SystemResolver().addresses("localhost"))

    assert isinstance(answer, Resolved)
    assert set(answer.addresses) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (socket.EAI_NONAME, Cause.REFUSED),
        (socket.EAI_AGAIN, Cause.TIMED_OUT),
        (socket.EAI_FAIL, Cause.UNREACHABLE),
    ],
)
def test_the_systems_errors_have_causes(monkeypatch, number, cause):
    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "words of the system")

    monkeypatch.setattr(socket, "getaddrinfo", fails)

    answer = asyncio.run(SystemResolver().addresses("mail.example.test"))

    assert isinstance(answer, Missing)
    assert (answer.phase, answer.cause) == (Phase.RESOLVE, cause)


def test_a_system_that_thinks_too_long_is_a_time_out(monkeypatch):
    release = threading.Event()

    def waits(*_: object, **__: object) -> list[object]:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", waits)
    monkeypatch.setattr(under_test, "LIFETIME", 0.1)

    answer = asyncio.run(SystemResolver().addresses("mail.example.test"))
    release.set()

    assert isinstance(answer, Missing)
    assert answer.cause is Cause.TIMED_OUT


def test_addresses_are_canonical_distinct_and_sorted():
    assert sort_addresses(["2001:DB8:0::1", "10.0.0.9", "fe80::1%eth0", "9.9.9.9", "10.0.0.9"]) == (
        "9.9.9.9",
        "10.0.0.9",
        "2001:db8::1",
        "fe80::1",
    )
