"""Whole policies: bases, defaults, warnings, and any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.errors import PolicyError
from mailtls.policy.load import load_policy, load_text
from mailtls.policy.model import Policy
from mailtls.terms import Role

MINIMAL = b"version: 1\nendpoints:\n  - {host: smtp.example.com, port: 587, mode: starttls}\n"


def folder_of(files: dict[str, str]):
    def read(_beside: str, name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[name].encode()

    return read


def load(text: str, **files: str):
    return load_text(text.encode(), "p.yml", folder_of({f"{k}.yml": v for k, v in files.items()}))


def errors(text: str, **files: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(text, **files)
    return [
        f"{p.location.file}:{p.location.line}:{p.location.column}: {p.message}"
        for p in caught.value.problems
    ]


def test_the_smallest_policy_loads_from_a_file(tmp_path):
    path = tmp_path / "mailtls.yml"
    path.write_bytes(MINIMAL)

    policy, document, warnings = load_policy(path)

    assert [endpoint.name for endpoint in policy.endpoints] == ["smtp.example.com:587"]
    assert policy.profile.name == "bcp195"
    assert warnings == ()
    assert document.locate(("endpoints", 0, "mode")).column == 47


BASE = """\
version: 1
defaults: {certificate: {days_left: 30}, mode: starttls}
endpoints:
  - {host: base.example, port: 25}
"""


def test_a_base_gives_what_the_file_leaves_out_and_lists_replace():
    alone = load("version: 1\nextends: base.yml\n", base=BASE)[0]
    own = load(
        "extends: base.yml\ndefaults: {certificate: {days_left: 7}}\n"
        "endpoints:\n  - {host: own.example, port: 587}\n",
        base=BASE,
    )[0]

    assert [endpoint.host for endpoint in alone.endpoints] == ["base.example"]
    assert [endpoint.host for endpoint in own.endpoints] == ["own.example"]
    assert own.endpoints[0].certificate.days_left == 7


def test_what_is_inherited_is_located_in_the_endpoint_and_what_is_wrong_in_its_own_text():
    _, document, _ = load("extends: base.yml\nendpoints:\n  - {host: a, port: 25}\n", base=BASE)
    place = document.locate(("endpoints", 0, "certificate", "days_left"))
    assert (place.file, place.line) == ("p.yml", 3)

    wrong = BASE.replace("30", "x")
    assert errors("extends: base.yml\nendpoints:\n  - {host: a, port: 25}\n", base=wrong) == [
        "base.yml:2:37: 'x' is not valid here"
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "p.yml:1:10: the base file a.yml cannot be read: No such file or directory"),
        ({"a": "extends: a.yml"}, "a.yml:1:10: a.yml extends itself in the end"),
        (
            {"a": "extends: b.yml", "b": "extends: a.yml"},
            "b.yml:1:10: a.yml extends itself in the end",
        ),
        (
            {"a": "a: ["},
            "a.yml:1:5: not valid YAML: did not find expected node content at the end of the file",
        ),
        (
            {chr(97 + n): f"extends: {chr(98 + n)}.yml" for n in range(8)},
            "e.yml:1:10: more than 5 files extend each other",
        ),
    ],
)
def test_a_base_that_cannot_be_used_is_told_where_it_is_named(files, message):
    assert errors("extends: a.yml", **files) == [message]


def test_an_error_in_defaults_is_told_once():
    text = (
        "version: 1\ndefaults: {level: eror}\n"
        "endpoints:\n  - {host: a, port: 25, mode: starttls}\n  - {host: b, port: 25, mode: starttls}\n"
    )

    assert errors(text) == ["p.yml:2:19: 'eror' is not valid here"]


def test_a_wrong_meaning_in_defaults_is_told_once():
    text = "version: 1\ndefaults: {identity: a_b, tsl: {}}\nendpoints:\n" + "".join(
        f"  - {{host: {name}, port: 25, mode: starttls}}\n" for name in "ab"
    )

    assert errors(text) == [
        "p.yml:2:22: 'a_b' is not a host: an underscore: host names have letters, digits and hyphens "
        "(RFC 1123)",
        "p.yml:2:27: unknown key 'tsl'",
    ]


def test_text_shape_and_meaning_are_told_in_one_run():
    text = """\
version: 1
endpoints:
  - {host: a_b, port: 25, mode: starttls}
  - {host: b, port: 25, mode: starttls, mode: implicit}
  - {host: c, port: 25, mode: starttls, prot: smtp}
  - {host: d, port: &x 25, mode: starttls, identity: *x}
  - {host: e, port: 2525, mode: starttls}
"""

    assert errors(text) == [
        "p.yml:3:12: 'a_b' is not a host: an underscore: host names have letters, digits and hyphens "
        "(RFC 1123)",
        "p.yml:4:41: duplicate key 'mode': it stands on line 4 already",
        "p.yml:5:41: unknown key 'prot'",
        "p.yml:6:21: an anchor (&x): write the value out",
        "p.yml:6:54: an alias (*x): write the value out",
        "p.yml:7:21: port 2525 is no well-known mail port: its protocol must be written",
    ]


def test_defaults_cannot_multiply_a_small_file_into_a_large_policy():
    names = ", ".join("a" * 1000)
    text = f"version: 1\ndefaults: {{certificate: {{names: [{names}]}}}}\nendpoints:\n"

    assert errors(text + "  - {host: a, port: 25, mode: starttls}\n" * 60) == [
        "p.yml:2:1: defaults add more than 50000 values to the endpoints"
    ]
    assert len(load(text + "  - {host: a, port: 25, mode: starttls}\n")[0].endpoints) == 1


def test_warnings_come_with_the_errors_and_alone():
    text = "version: 1\nendpoints:\n  - {host: a, port: 465, mode: starttls}\n"
    _, _, warnings = load(text)

    assert [warning.location.line for warning in warnings] == [3]
    assert len(errors(text + "  - {host: 127.1, port: 25, mode: starttls}\n")) == 2


def outcome(data: bytes) -> object:
    try:
        policy, _, _ = load_text(data, "p.yml", folder_of({}))
    except PolicyError as error:
        return error.problems
    return policy


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_policy_or_problems(data):
    result = outcome(data)

    assert isinstance(result, Policy) or result


_WORDS = st.sampled_from(  # the words and signs that mean something in a policy
    [
        "version",
        "endpoints",
        "host",
        "port",
        "mode",
        "tls",
        "certificate",
        "trust",
        "names",
        "keys",
        "pins",
        "defaults",
        "extends",
        "1",
        "25",
        "starttls",
        "implicit",
        "a.example",
        "::1",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "-",
        "'x'",
        '"y"',
        "#",
        "&",
        "*",
        "!",
        "|",
        ">",
        "\n",
        "\t",
    ]
)


@given(
    st.integers(0, len(MINIMAL)),
    st.integers(0, 12),
    st.lists(_WORDS, max_size=6).map(" ".join),
)
@settings(max_examples=300, deadline=None)
def test_any_mutated_policy_is_a_policy_or_problems(at, cut, inserted):
    result = outcome(MINIMAL[:at] + inserted.encode() + MINIMAL[at + cut :])

    assert isinstance(result, Policy) or result


def test_a_role_in_defaults_is_of_the_smtp_endpoints():
    policy, _, _ = load(
        "version: 1\ndefaults: {role: relay}\nendpoints:\n"
        "  - {host: a, port: 25, mode: starttls}\n  - {host: a, port: 993, mode: implicit}\n"
    )

    assert [endpoint.role for endpoint in policy.endpoints] == [Role.RELAY, None]
