"""The starttls, auth and capabilities keys as expectations."""

from __future__ import annotations

import pytest

from mailtls.errors import PolicyError
from mailtls.policy.load import load_text
from mailtls.policy.model import Boundary, Endpoint, Offered, StarttlsExpectation


def load(keys: str, port: int = 587) -> tuple[Endpoint, list[str]]:
    text = f"version: 1\nendpoints:\n  - {{host: a, port: {port}, mode: starttls, {keys}}}\n"
    policy, _, warnings = load_text(text.encode(), "p.yml", lambda *_: b"")
    return policy.endpoints[0], [problem.message for problem in warnings]


def error(keys: str) -> str:
    with pytest.raises(PolicyError) as caught:
        load(keys)
    (problem,) = caught.value.problems
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{problem.location.column}: {problem.message}; {problem.expected}{hint}"


def test_nothing_said_leaves_it_to_the_role():
    endpoint, _ = load("name: a")
    assert endpoint.starttls == StarttlsExpectation(enforced=None, boundary=Boundary.ACTIVE)
    assert endpoint.auth == endpoint.capabilities == Offered(require=None, forbid=None)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_enforced_is_a_boolean(text, value):
    endpoint, warnings = load(f"starttls: {{enforced: {text}, boundary: passive}}")
    assert endpoint.starttls == StarttlsExpectation(enforced=value, boundary=Boundary.PASSIVE)
    assert warnings == []


def test_a_relay_that_is_to_demand_tls_is_a_contradiction():
    endpoint, warnings = load("starttls: {enforced: true}", port=25)
    assert endpoint.starttls.enforced is True
    assert warnings == ["a publicly referenced relay must not demand STARTTLS (RFC 3207 section 4)"]


def test_names_are_compared_in_upper_case_and_once():
    endpoint, _ = load("auth: {require: [plain, PLAIN], forbid: [Login]}")
    assert endpoint.auth == Offered(require=("PLAIN",), forbid=("LOGIN",))
    endpoint, _ = load("capabilities: {require: [8bitmime], forbid: [VRFY]}")
    assert endpoint.capabilities == Offered(require=("8BITMIME",), forbid=("VRFY",))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("starttls: {enforced: yes}", "63: 'yes' is not valid here; true or false"),
        (
            "starttls: {boundary: activ}",
            "63: 'activ' is not valid here; one of active, passive (did you mean active?)",
        ),
        (
            "starttls: {enforce: true}",
            "53: unknown key 'enforce'; one of enforced, boundary (did you mean enforced?)",
        ),
        ("auth: {require: []}", "58: the list is empty; at least one entry"),
        (
            "auth: {require: [PLAIN LOGIN]}",
            "59: 'PLAIN LOGIN' is not valid here;"
            " the name of a SASL mechanism, as PLAIN or SCRAM-SHA-256",
        ),
        (
            "capabilities: {forbid: [SIZE 10]}",
            "66: 'SIZE 10' is not valid here; one capability's name, as 8BITMIME",
        ),
        (
            "auth: {require: [PLAIN], forbid: [LOGIN, plain]}",
            "83: PLAIN is both required and forbidden; a name in one of the two lists",
        ),
    ],
)
def test_mistakes_are_told_at_their_place(keys, message):
    assert error(keys) == message
