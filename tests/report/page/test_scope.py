"""What a green report does not say."""

from __future__ import annotations

from dataclasses import replace

from mailtls.report.page.scope import scope
from mailtls.terms import Outcome
from report.page.dom import parse
from report.reports import NAMES, mixed, report, verdict


def page(made):
    return parse(scope(made).text)


def points(made):
    return [each.text for each in page(made).all("strong")]


def test_green_does_not_claim_more_than_was_seen():
    assert points(report([verdict()])) == [
        "The message end to end.",
        "Who sent a message.",
        "Other clients, places and times.",
        "What the policy does not ask.",
    ]
    text = page(report([verdict()])).text
    assert "one hop" in text
    assert "SPF, DKIM and DMARC" in text
    assert (
        "Of 3 endpoints at 3 addresses, asked of the live servers, from this machine, at the time of the run: 1 check holds."
        in text
    )


def test_what_holds_is_listed_by_endpoint():
    details = [each.text for each in page(mixed()).all("details")]

    assert details[0] == f"{NAMES[0]}: 1 check holdsmode TLSv1.3 is accepted at 192.0.2.1"
    assert details[1].startswith(NAMES[2])


def test_what_was_not_reached_and_not_determined_is_named():
    made = mixed()
    first, second, third = made.endpoints
    silent = replace(first, targets=(replace(first.targets[0], tls_version=None),))
    text = page(replace(made, endpoints=(silent, replace(second, targets=()), third))).text

    assert f"nothing inside TLS is known: {first.name} at 192.0.2.1, {second.name}." in text
    assert "2 checks got no answer" in text


def test_a_port_that_has_to_be_closed_is_not_missed():
    made = report([verdict(rule="closed")])
    endpoints = tuple(replace(each, targets=()) for each in made.endpoints)
    text = page(replace(made, endpoints=endpoints)).text

    assert NAMES[0] not in text.partition("Not proved")[2]
    assert NAMES[1] in text.partition("Not proved")[2]


def test_rules_without_a_meaning_are_told_with_their_reason():
    made = report([verdict(), verdict(rule="mode", outcome=Outcome.NOT_APPLICABLE, message="so")])

    assert f"1 rule without a meaning heremode {NAMES[0]} at 192.0.2.1: so" in page(made).text
