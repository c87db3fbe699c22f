"""A route leads to the words that were written."""

from __future__ import annotations

import pytest

from mailtls.policy.document import parse
from mailtls.policy.nodes import PolicyDocument
from mailtls.verdict import Location

POLICY = b"""\
version: 1
endpoints:
  - {host: a, port: 25}
  - host: b
    tls:
      min_version: "1.2"
      versions: [1.2,
        1.3]
"""


@pytest.mark.parametrize(
    ("route", "span"),
    [
        (("version",), (1, 10, 11)),
        (("endpoints",), (2, 1, 10)),
        (("endpoints", 0), (3, 5, 24)),
        (("endpoints", 0, "port"), (3, 21, 23)),
        (("endpoints", 0, "mode"), (3, 5, 24)),
        (("endpoints", 1), (4, 5, 12)),
        (("endpoints", 1, "tls"), (5, 5, 8)),
        (("endpoints", 1, "tls", "min_version"), (6, 20, 25)),
        (("endpoints", 1, "tls", "versions"), (7, 7, 15)),
        (("endpoints", 1, "tls", "versions", 1), (8, 9, 12)),
        (("endpoints", 9), (2, 1, 10)),
        (("nowhere", 1), (1, 1, 11)),
    ],
)
def test_a_route_leads_to_the_value_or_its_nearest_ancestor(route, span):
    node, lines = parse(POLICY, "p.yml")
    document = PolicyDocument(root=node, sources={"p.yml": lines})
    line, column, end = span

    found = document.locate(route)

    assert found == Location(file="p.yml", line=line, column=column, end_line=line, end_column=end)
    assert document.excerpt(found) == POLICY.decode().splitlines()[line - 1]


def test_a_line_that_is_not_there_has_no_excerpt():
    document = PolicyDocument(root=parse(b"a: 1", "p.yml")[0], sources={})
    place = Location(file="p.yml", line=7, column=1, end_line=7, end_column=1)

    assert document.excerpt(place) == ""
