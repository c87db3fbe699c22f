"""The `agreements` of a policy: which endpoints are declared to be the same in what."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from mailtls.errors import Problem
from mailtls.policy.model import Agreement, Aspect, Endpoint
from mailtls.policy.nodes import PolicyDocument
from mailtls.sanitizer import clean
from mailtls.terms import Expect
from mailtls.verdict import Route


def build_agreements(
    instances: Iterable[dict[str, Any]], endpoints: Iterable[Endpoint], document: PolicyDocument
) -> tuple[tuple[Agreement, ...], list[Problem]]:
    """Return the agreements and every error in them: unknown endpoints, closed ports, a name twice."""
    known = {endpoint.name: endpoint for endpoint in endpoints}
    agreements: list[Agreement] = []
    problems: list[Problem] = []

    def error(route: Route, message: str, expected: str, hint: str = "") -> None:
        problems.append(
            Problem(location=document.locate(route), message=message, expected=expected, hint=hint)
        )

    names: set[str] = set()
    for index, instance in enumerate(instances):
        route: Route = ("agreements", index)
        if instance["name"] in names:
            error(
                (*route, "name"),
                f"a second agreement named {clean(instance['name'])!r}",
                "a unique name",
            )
        names.add(instance["name"])
        for position, name in enumerate(instance["endpoints"]):
            at = (*route, "endpoints", position)
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {clean(near[0])}?" if near else ""
                error(at, f"no endpoint is named {clean(name)!r}", "the name of an endpoint", hint)
            elif known[name].expect is Expect.CLOSED:
                error(
                    at,
                    f"{clean(name)} has to be closed and cannot agree on anything",
                    "an endpoint that is expected to be reachable",
                )
        agreements.append(
            Agreement(
                name=instance["name"],
                endpoints=tuple(instance["endpoints"]),
                same=tuple(Aspect(each) for each in instance["same"]),
                route=route,
            )
        )
    return tuple(agreements), problems
