from __future__ import annotations

import pytest

from mailtls.errors import PolicyError
from mailtls.policy.load import load_text
from mailtls.policy.model import Aspect

ENDPOINTS = """\
version: 1
endpoints:
  - {name: a, host: a.example.org, port: 993, mode: implicit}
  - {name: b, host: b.example.org, port: 993, mode: implicit}
  - {name: retired, host: c.example.org, port: 110, mode: starttls, expect: closed}
agreements:
"""


def load(agreements):
    def read(_beside: str, name: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", name)

    return load_text((ENDPOINTS + agreements).encode(), "p.yml", read)


def errors(agreements):
    with pytest.raises(PolicyError) as caught:
        load(agreements)
    return [(p.location.line, p.location.column, p.message, p.hint) for p in caught.value.problems]


def test_an_agreement_has_its_endpoints_aspects_and_place():
    policy, document, warnings = load(
        "  - {name: stores, endpoints: [a, b], same: [issuer, groups]}\n"
    )
    (agreement,) = policy.agreements
    assert agreement.name == "stores"
    assert agreement.endpoints == ("a", "b")
    assert agreement.same == (Aspect.ISSUER, Aspect.GROUPS)
    assert document.locate(agreement.route).line == 7
    assert warnings == ()


def test_every_mistake_is_reported_where_it_stands():
    assert errors(
        "  - {name: x, endpoints: [a, bb], same: [names]}\n"
        "  - {name: x, endpoints: [a, retired], same: [names]}\n"
    ) == [
        (7, 30, "no endpoint is named 'bb'", "did you mean b?"),
        (8, 12, "a second agreement named 'x'", ""),
        (8, 30, "retired has to be closed and cannot agree on anything", ""),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "  - {name: x, endpoints: [a], same: [names]}\n",
        "  - {name: x, endpoints: [a, a], same: [names]}\n",
        "  - {name: x, endpoints: [a, b], same: []}\n",
        "  - {name: x, endpoints: [a, b], same: [name]}\n",
        "  - {name: x, endpoints: [a, b]}\n",
        "  []\n",
    ],
)
def test_what_compares_nothing_is_an_error(wrong):
    assert len(errors(wrong)) == 1


def test_an_endpoint_with_a_fault_is_not_called_unknown():
    text = ENDPOINTS.replace("b.example.org", '"b b"')
    with pytest.raises(PolicyError) as caught:
        load_text(
            (text + "  - {name: x, endpoints: [a, b], same: [names]}\n").encode(),
            "p.yml",
            lambda *_: b"",
        )
    assert [p.location.line for p in caught.value.problems] == [4]
