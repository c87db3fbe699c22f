"""Inference, contradictions, and what a schema cannot express."""

from __future__ import annotations

import pytest

from mailtls.errors import PolicyError, Problem
from mailtls.policy.load import load_text
from mailtls.policy.model import AddressChoice, Endpoint
from mailtls.terms import WELL_KNOWN_PORTS, Level, Protocol, Role


def nothing(_beside: str, name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", name)


def load(*endpoints: str) -> tuple[tuple[Endpoint, ...], list[str]]:
    text = "version: 1\nendpoints:\n" + "".join(f"  - {{{each}}}\n" for each in endpoints)
    policy, _, warnings = load_text(text.encode(), "p.yml", nothing)
    return policy.endpoints, [shown(warning) for warning in warnings]


def errors(*endpoints: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(*endpoints)
    return [shown(problem) for problem in caught.value.problems]


def shown(problem: Problem) -> str:
    hint = f" | {problem.hint}" if problem.hint else ""
    return f"{problem.location.line}:{problem.location.column}: {problem.message}{hint}"


@pytest.mark.parametrize("known", WELL_KNOWN_PORTS.values(), ids=lambda known: str(known.port))
def test_a_well_known_port_tells_the_protocol_and_agrees_with_its_mode(known):
    (endpoint,), warnings = load(f"host: a, port: {known.port}, mode: {known.mode}")

    assert endpoint.protocol is known.protocol
    assert endpoint.name == f"a:{known.port}"
    assert warnings == []


def test_another_port_needs_its_protocol_written():
    assert errors("host: a, port: 2525, mode: starttls") == [
        "3:21: port 2525 is no well-known mail port: its protocol must be written"
    ]
    (endpoint,), warnings = load("host: a, port: 2525, mode: starttls, protocol: smtp")
    assert endpoint.protocol is Protocol.SMTP
    assert warnings == []


@pytest.mark.parametrize(
    ("keys", "role"),
    [
        ("port: 25, mode: starttls", Role.RELAY),
        ("port: 587, mode: starttls", Role.SUBMISSION),
        ("port: 2525, mode: starttls, protocol: smtp", Role.SUBMISSION),
        ("port: 2525, mode: starttls, protocol: smtp, role: relay", Role.RELAY),
        ("port: 993, mode: implicit", None),
    ],
)
def test_the_role_follows_the_port_unless_written(keys, role):
    (endpoint,), _ = load(f"host: a, {keys}")

    assert endpoint.role is role


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        (
            "port: 465, mode: starttls",
            "3:32: port 465 is for smtp with implicit TLS (RFC 8314 section 7), and the policy says "
            "starttls | mode: implicit, or port 25 or 587",
        ),
        (
            "port: 587, mode: implicit",
            "3:32: port 587 is for smtp with STARTTLS (RFC 8314 section 7), and the policy says "
            "implicit | mode: starttls, or port 465",
        ),
        (
            "port: 4190, mode: implicit",
            "3:33: port 4190 is for sieve with STARTTLS (RFC 8314 section 7), and the policy says "
            "implicit | mode: starttls",
        ),
        (
            "port: 993, mode: implicit, protocol: smtp",
            "3:52: port 993 is registered for imap, not smtp | check port and protocol: they belong "
            "together",
        ),
        (
            "port: 587, mode: starttls, role: relay",
            "3:48: role relay on port 587, which is registered for message submission (RFC 6409) | "
            "public mail exchangers listen on port 25",
        ),
        (
            "port: 25, mode: starttls, expect: closed, tls: {min_version: 1.2}",
            "3:57: tls is never judged where the port must be closed",
        ),
    ],
)
def test_a_contradiction_is_a_warning_at_the_word(keys, warning):
    endpoints, warnings = load(f"host: a, {keys}")

    assert len(endpoints) == 1
    assert warnings == [warning]


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        (
            "host: 127.1, port: 25, mode: starttls",
            "3:12: '127.1' is not a host: neither a DNS name nor an IP literal in its usual form",
        ),
        (
            "host: a, port: 25, mode: starttls, identity: b_c",
            "3:51: 'b_c' is not a host: an underscore: host names have letters, digits and hyphens "
            "(RFC 1123)",
        ),
        (
            "host: a, port: 993, mode: implicit, role: relay",
            "3:48: role is of SMTP endpoints, and this one speaks imap",
        ),
        (
            "host: a, port: 25, mode: starttls, addresses: [192.0.2.1, b]",
            "3:64: 'b' is not an IP address",
        ),
        (
            "host: 192.0.2.1, port: 25, mode: starttls, addresses: [192.0.2.2]",
            "3:61: the host is the address 192.0.2.1 itself",
        ),
        (
            "host: 192.0.2.1, port: 25, mode: starttls, addresses: ipv6",
            "3:60: the host is the address 192.0.2.1 itself",
        ),
        (
            "host: '::1', port: 25, mode: starttls, addresses: ipv4",
            "3:56: the host is the address ::1 itself",
        ),
    ],
)
def test_what_the_schema_cannot_refuse_is_refused(keys, error):
    assert errors(keys) == [error]


def test_two_endpoints_of_one_name_are_refused_at_the_second():
    assert errors("host: a, port: 25, mode: starttls", "host: A., port: 25, mode: starttls") == [
        "4:5: a second endpoint named 'a:25': the first is on line 3 | "
        "add a name key to tell them apart"
    ]


def test_hosts_and_addresses_have_one_form():
    (endpoint,), _ = load(
        "host: '[2001:DB8::1]', port: 25, mode: starttls, identity: Mail.Example."
    )
    (listed,), _ = load("host: a, port: 25, mode: starttls, addresses: ['::1', '0::1', 10.0.0.1]")

    assert (endpoint.host, endpoint.name) == ("2001:db8::1", "[2001:db8::1]:25")
    assert endpoint.identity == "mail.example"
    assert endpoint.addresses is AddressChoice.ALL
    assert listed.addresses == ("::1", "10.0.0.1")


def test_written_keys_are_known():
    (endpoint,), _ = load("host: a, port: 25, mode: starttls, tls: {min_version: 1.2}, level: note")

    assert endpoint.written >= {"mode", "tls.min_version", "level"}
    assert endpoint.level is Level.NOTE
    assert "certificate" not in endpoint.written
