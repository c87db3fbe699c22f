"""The schema as messages a person can act on: place, text, expectation, what may be meant."""

from __future__ import annotations

import socket

import pytest
from jsonschema import Draft202012Validator

from mailtls.policy import shape
from mailtls.policy.document import parse
from mailtls.policy.shape import check, schema

GOOD = "{host: a.example, port: 25, mode: starttls"


def problems(text: str) -> list[str]:
    node, _ = parse(text.encode(), "p.yml")
    return [
        f"{p.location.line}:{p.location.column}-{p.location.end_column}: {p.message}"
        + (f" | {p.expected}" if p.expected else "")
        + (f" | {p.hint}" if p.hint else "")
        for p in check(node)[1]
    ]


def endpoint(more: str) -> str:
    return f"version: 1\nendpoints:\n  - {GOOD}, {more}}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", ["1:1-6: 'hello' is not valid here | a mapping"]),
        ("- a", ["1:1-2: a list is not valid here | a mapping"]),
        (
            "version: 1",
            ["1:1-2: missing key endpoints | the expected services, at least one"],
        ),
        ("version: 1\nendpoints: []", ["2:12-14: the list is empty | at least one entry"]),
        ("version: 1\nendpoints:\n", ["2:11-11: an empty value is not valid here | a list"]),
        (
            f"version: 2\nendpoints: [{GOOD}}}]",
            ["1:10-11: '2' is not valid here | 1"],
        ),
        (
            endpoint("prot: 1"),
            [
                "3:49-53: unknown key 'prot' | one of name, host, port, mode, protocol, role, "
                "addresses, identity, level, expect, tls, certificate, starttls, auth, capabilities "
                "| did you mean port?"
            ],
        ),
        (
            endpoint("level: eror"),
            [
                "3:56-60: 'eror' is not valid here | one of error, warning, note | did you mean error?"
            ],
        ),
        (
            endpoint("tls: {min_version: 1.5}"),
            ["3:68-71: '1.5' is not valid here | a TLS version: 1.2, \"1.2\" or TLSv1.2"],
        ),
        (
            endpoint("certificate: {days_left: 3.5}"),
            ["3:74-77: '3.5' is not valid here | a whole number from 0 to 3650"],
        ),
        (
            endpoint("certificate: {days_left: 9999}"),
            ["3:74-78: '9999' is not valid here | a whole number from 0 to 3650"],
        ),
        (
            endpoint("certificate: {days_left: 2026-13-01}"),
            ["3:74-84: '2026-13-01' is not valid here | a whole number from 0 to 3650"],
        ),
        (
            endpoint("tls: {versions: [1.2, 1.2]}"),
            ["3:65-75: the same value stands twice in this list"],
        ),
        (
            endpoint("certificate: {keys: [rsa]}"),
            [
                "3:70-73: 'rsa' is not valid here | a key type and least size, as rsa-2048, "
                "ecdsa-p256, ed25519"
            ],
        ),
        (
            endpoint("addresses: some"),
            ["3:60-64: 'some' is not valid here | all, any, ipv4, ipv6 or a list of IP literals"],
        ),
    ],
)
def test_each_mismatch_is_one_message(text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize("port", ["0", "65536", "x", "0587", "25.0", "1e3", "-1", "9" * 50, "''"])
def test_what_is_no_port_is_refused(port):
    text = f"version: 1\nendpoints:\n  - {{host: a, port: {port}, mode: starttls}}\n"

    assert [message.partition(" | ")[2] for message in problems(text)] == [
        "a whole number from 1 to 65535"
    ]


def test_every_problem_is_told_at_once_and_in_order():
    text = (
        "version: 1\nextra: 1\nendpoints:\n"
        "  - {host: a, port: x, mode: y}\n  - {port: 25}\n  - {host: b, port: 25, mode: starttls}\n"
    )

    assert [message.partition(":")[0] for message in problems(text)] == ["2", "4", "4", "5", "5"]


def test_hostile_text_is_shown_escaped_and_cut():
    message = problems(endpoint('level: "a\\r\\n::error::x"'))[0]

    assert "\r" not in message
    assert "::error" not in message
    assert len(problems(endpoint("level: " + "x" * 5000))[0]) < 300


def test_text_becomes_the_type_the_schema_asks_for():
    node, _ = parse(endpoint("name: 25, identity: no, certificate: {days_left: '7'}").encode(), "p")
    instance, found = check(node)

    assert not found
    assert instance["endpoints"][0]["port"] == 25
    assert instance["endpoints"][0]["name"] == "25"
    assert instance["endpoints"][0]["identity"] == "no"
    assert instance["endpoints"][0]["certificate"]["days_left"] == 7


def test_the_schema_is_a_schema_and_describes_every_key():
    Draft202012Validator.check_schema(schema())

    def described(part: dict[str, object], path: str) -> list[str]:
        missing = []
        for name, child in part.get("properties", {}).items():
            if "description" not in child and "$ref" not in child:
                missing.append(f"{path}.{name}")
            missing += described(child, f"{path}.{name}")
        return missing

    assert described(schema(), "") == []
    assert described(schema()["$defs"]["endpoint"], "endpoint") == []


def test_editors_that_read_yaml_types_agree_with_the_schema():
    """An editor's validator sees numbers where we see text."""
    instance = {
        "version": 1,
        "endpoints": [
            {
                "host": "a",
                "port": 25,
                "mode": "starttls",
                "tls": {"min_version": 1.2, "versions": ["TLSv1.2", 1.3]},
            }
        ],
    }

    assert list(Draft202012Validator(schema()).iter_errors(instance)) == []


def test_a_reference_to_somewhere_else_is_not_followed(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        there = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        monkeypatch.setattr(shape, "schema", lambda: {"$ref": there})
        shape._validator.cache_clear()
        try:
            with pytest.raises(Exception, match="all of it is in one file"):
                shape._validator()
        finally:
            shape._validator.cache_clear()
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_pattern_that_could_backtrack_is_refused(monkeypatch):
    monkeypatch.setattr(shape, "schema", lambda: {"pattern": r"(a)\1"})
    shape._validator.cache_clear()
    try:
        with pytest.raises(Exception, match='is not a "regex"'):
            problems("version: 1")
    finally:
        shape._validator.cache_clear()
