"""Every example works as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mailtls.action import INPUTS
from mailtls.commands import run
from mailtls.policy.load import load_policy

EXAMPLES = Path(__file__).parents[2] / "examples"
POLICIES = sorted((EXAMPLES / "policies").glob("*.yml"))
WORKFLOWS = sorted((EXAMPLES / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_every_policy_loads_without_a_warning(path):
    policy, _, warnings = load_policy(path)

    assert policy.endpoints
    assert warnings == ()


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_every_policy_has_a_plan(path, capsys):
    assert run(["plan", str(path)], output=None, summary=None) == 0
    assert "to each address" in capsys.readouterr().out


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_workflow_gives_the_action_inputs_it_knows(path):
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    ours = [step for step in steps if step.get("uses", "").startswith("mailtls/mailtls@")]

    assert ours
    for step in ours:
        assert set(step.get("with", {})) <= INPUTS.keys()


def test_the_readme_names_every_example():
    text = (EXAMPLES / "README.md").read_text()

    for path in (*POLICIES, *WORKFLOWS):
        assert f"({path.parent.name}/{path.name})" in text


def test_the_workflow_and_the_policy_of_the_readme_are_real():
    readme = (EXAMPLES.parent / "README.md").read_text()
    blocks = [block.partition("```")[0] for block in readme.split("```yaml\n")[1:]]
    loaded = [yaml.safe_load(block) for block in blocks]

    assert any(each and "endpoints" in each for each in loaded)
    assert any(each and "jobs" in each for each in loaded)
