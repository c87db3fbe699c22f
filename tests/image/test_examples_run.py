"""Every example workflow, and the repository's own, played as the runner plays it: on real servers.

The step that uses the action is run in the image with the inputs as they stand in the file; names
that would be public or service labels lead to servers on loopback, whose root the image trusts.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from image.container import Action, Run, command
from lab import postfix
from lab.process import PATIENCE, require
from lab.site import site

if TYPE_CHECKING:
    from lab.loopback import Subnet
    from lab.pki import Pki

TREE = Path(__file__).parents[2]
EXAMPLES = TREE / "examples"
MINIMAL = EXAMPLES / "policies" / "minimal.yml"
HOSTS = ("smtp.example.com", "imap.example.com")


def steps(path: Path, uses: str) -> list[dict[str, Any]]:
    """Return the inputs of each step that uses the action."""
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
    every = (step for job in jobs for step in job.get("steps", ()))
    found = [step for step in every if step.get("uses", "").startswith(uses)]
    assert found, f"{path.name} uses no {uses}"
    return [dict(step.get("with", {})) for step in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What stands around an example: its policy in the workspace, where its names lead, the event."""

    policy: Path
    names: tuple[str, ...]
    ports: tuple[int, ...] = ()
    event: str = "push"


PLAYS: Mapping[str, Play] = {
    # Without the secrets, as a fork has it: everything but the test message is checked.
    "delivery.yml": Play(
        policy=EXAMPLES / "policies" / "delivery.yml", names=HOSTS, event="pull_request"
    ),
    "gate.yml": Play(policy=MINIMAL, names=HOSTS),
    "staging.yml": Play(policy=MINIMAL, names=("mailpit",), ports=(1025,)),
}


@pytest.fixture(scope="module")
def served(lab_folder: Path, pki: Pki, subnet: Subnet) -> Iterator[str]:
    """Give the address of servers with a certificate for the names of the examples."""
    address = subnet.address()
    identity = pki.issue(*HOSTS)
    more = [postfix.submission(address, identity, port=1025)]
    with site(lab_folder / "examples", address, identity, more=more):
        yield address


@pytest.fixture(scope="module")
def roots(lab_folder: Path, pki: Pki) -> Path:
    """Give a folder of trusted roots as Debian lays it out."""
    folder = lab_folder / "roots"
    folder.mkdir(mode=0o755)
    (folder / "lab.pem").write_bytes(pki.ca_file.read_bytes())
    subprocess.run([require("openssl", "openssl"), "rehash", folder], check=True)
    return folder


def played(action: Action, inputs: Mapping[str, Any], play: Play, address: str, roots: Path) -> Run:
    (action.workspace / "mailtls.yml").write_bytes(play.policy.read_bytes())
    return action.run(
        {name: str(value) for name, value in inputs.items()},
        more=(
            *(f"--add-host={name}:{address}" for name in play.names),
            f"--volume={roots}:/etc/ssl/certs:ro",
        ),
        GITHUB_EVENT_NAME=play.event,
    )


def test_every_example_is_played() -> None:
    assert PLAYS.keys() == {path.name for path in (EXAMPLES / "workflows").glob("*.yml")}


@pytest.mark.parametrize("name", PLAYS)
def test_an_example_passes_on_healthy_servers(
    name: str, action_of: Callable[[int], Action], served: str, roots: Path
) -> None:
    for inputs in steps(EXAMPLES / "workflows" / name, "mailtls/mailtls@"):
        run = played(action_of(1001), inputs, PLAYS[name], served, roots)
        assert run.code == 0, run.out + run.err
        assert run.outputs["verdict"] == "pass"
        assert run.summary.startswith("## mailtls: pass\n")


def test_the_gitlab_component_writes_what_it_hands_over(
    action: Action, served: str, roots: Path
) -> None:
    spec, jobs = yaml.safe_load_all((TREE / "templates" / "mailtls.yml").read_text("utf-8"))
    (job,) = jobs.values()
    (script,) = job["script"]
    for name, declared in spec["spec"]["inputs"].items():
        script = script.replace(f"$[[ inputs.{name} ]]", declared["default"])
    (action.workspace / "mailtls.yml").write_bytes(MINIMAL.read_bytes())
    options = (
        "--entrypoint=/bin/sh",
        f"--volume={action.workspace}:/builds",
        "--workdir=/builds",
        "--env=GITLAB_CI=true",
        f"--volume={roots}:/etc/ssl/certs:ro",
        *(f"--add-host={name}:{served}" for name in HOSTS),
    )
    done = subprocess.run(
        command(action.image, "-c", script, options=options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    handed = job["artifacts"]["reports"].values()
    assert all((action.workspace / name).stat().st_size > 0 for name in handed)


@contextmanager
def lab(address: str, folder: Path) -> Iterator[None]:
    """Run the servers as the repository's own workflow does."""
    server = subprocess.Popen(
        [sys.executable, TREE / "tools" / "lab.py", address, folder],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        subprocess.run(
            [
                "timeout",
                str(PATIENCE),
                "sh",
                "-c",
                f"until test -e '{folder}/ready'; do sleep 0.1; done",
            ],
            check=True,
        )
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0


def test_the_repositorys_own_workflow_sees_what_holds_and_what_does_not(
    action: Action, subnet: Subnet
) -> None:
    own = steps(TREE / ".github" / "workflows" / "ci.yml", "$/")
    folder = action.workspace / "lab"
    with lab(subnet.address(), folder):
        lines = (folder / "connect-to.txt").read_text()
        runs = []
        for inputs in own:
            given = {name: str(value) for name, value in inputs.items()}
            assert given.pop("connect-to") == "${{ steps.lab.outputs.connect-to }}"
            (action.files / "output").write_text("")
            runs.append(action.run({**given, "connect-to": lines}))

    assert [run.outputs["verdict"] for run in runs] == ["pass", "fail"], runs[0].out + runs[1].out
    assert {"::error file=lab/drifted.yml,line=5", "::error file=lab/drifted.yml,line=6"} <= {
        line.partition(",endLine")[0] for line in runs[1].out.splitlines()
    }
