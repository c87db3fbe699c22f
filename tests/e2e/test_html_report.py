"""The HTML report of real servers: what it says of versions is what openssl s_client finds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from e2e.run import mailtls, write_policy
from lab import oracle
from lab.fleet import Fleet
from report.page.dom import Node, parse

VERSIONS: dict[str, oracle.Version] = {
    "TLSv1.0": "TLSv1",
    "TLSv1.1": "TLSv1.1",
    "TLSv1.2": "TLSv1.2",
    "TLSv1.3": "TLSv1.3",
}
TAKEN = {"negotiated": True, "accepted": True, "refused": False}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Fleet], Node]:
    """Give a function that checks a fleet, once, and returns the page."""
    made: dict[int, Node] = {}

    def page(fleet: Fleet) -> Node:
        if id(fleet) not in made:
            made[id(fleet)] = checked(fleet)
        return made[id(fleet)]

    def checked(fleet: Fleet) -> Node:
        folder = tmp_path_factory.mktemp("page")
        endpoints = [
            {"name": f"{e.host}:{e.port}", "host": e.host, "port": e.port, "mode": e.mode}
            for e in fleet.endpoints
        ]
        policy = write_policy(folder, endpoints, ca_file=fleet.ca_file)
        run = mailtls("check", policy.name, "--format", "html", *fleet.connect_to, cwd=folder)
        assert run.out, run.err
        return parse(run.out)

    return page


def matrix(node: Node) -> dict[str, dict[str, str]]:
    """Return the words of each version, by the target's name."""
    (table,) = node.one("section", id="handshakes").all("table")
    heads = [each.text for each in table.all("th", scope="col")]
    rows = {}
    for row in table.one("tbody").all("tr"):
        name = row.one("th").one("code").text
        cells = [each.text.split()[-1] for each in row.all("td")]
        rows[name] = dict(zip(heads[1:7], cells, strict=False))
    return rows


@pytest.mark.parametrize("which", ["healthy", "drifted"])
def test_what_is_accepted_and_refused_is_what_openssl_finds(which, page, request):
    fleet: Fleet = request.getfixturevalue(which)
    rows = matrix(page(fleet))
    compared = 0
    for endpoint in fleet.endpoints:
        for version, flag in VERSIONS.items():
            said = rows.get(f"{endpoint.host}:{endpoint.port}", {}).get(version, "")
            if said not in TAKEN:
                continue
            seen = oracle.s_client(
                endpoint.address,
                endpoint.port,
                starttls=endpoint.starttls,
                servername=endpoint.host,
                version=flag,
                weak=True,
            )
            assert seen.completed == TAKEN[said], (endpoint, version, said, seen.transcript)
            compared += 1

    assert compared >= 2 * len(rows) > 0


def test_each_line_to_see_a_finding_again_reaches_the_server(drifted, page):
    node = page(drifted)
    commands = {each.text for each in node.all("code", class_="command")}

    assert len(commands) >= len({endpoint.host for endpoint in drifted.endpoints}) // 2
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command], input="", capture_output=True, text=True, check=False, timeout=30
        )
        assert "CONNECTED(" in done.stdout, (command, done.stderr)
