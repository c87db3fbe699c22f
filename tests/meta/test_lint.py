"""Workflows, manifest, image and scripts by the checkers made for them; all work offline."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TREE = Path(__file__).parents[2]
SCHEMA = "src/mailtls/policy/schema.json"


def checked(*words: str) -> str:
    """Run a checker that came with the locked requirements; return its complaint, or ""."""
    program = Path(sys.executable).with_name(words[0])
    done = subprocess.run(
        [program, *words[1:]], cwd=TREE, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def files(*patterns: str) -> list[str]:
    found = [str(path.relative_to(TREE)) for pattern in patterns for path in TREE.glob(pattern)]
    assert found
    return sorted(found)


@pytest.mark.parametrize(
    "words",
    [
        ("hadolint", "Dockerfile"),
        ("zizmor", "--offline", "--no-progress", "--quiet", "."),
        ("yamllint", "--strict", "."),
        ("check-jsonschema", "--check-metaschema", SCHEMA),
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"),
        ("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"),
    ],
    ids=" ".join,
)
def test_has_nothing_to_complain_about(words: tuple[str, ...]) -> None:
    assert checked(*words) == ""


def test_workflows_follow_their_schema() -> None:
    schema = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
    assert checked(*schema, *files(".github/workflows/*.yml", "examples/workflows/*.yml")) == ""


def test_the_component_follows_gitlabs_schema_once_its_inputs_are_in_place(tmp_path: Path) -> None:
    spec, job = yaml.safe_load_all((TREE / "templates" / "mailtls.yml").read_text("utf-8"))
    inputs = spec["spec"]["inputs"]
    text = yaml.safe_dump(job, width=1000)
    named = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text))
    assert named == inputs.keys()
    for name in named:
        text = text.replace(f"$[[ inputs.{name} ]]", inputs[name]["default"])
    (tmp_path / "job.yml").write_text(text)
    schema = ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci")
    assert checked(*schema, str(tmp_path / "job.yml")) == ""


def test_shell_scripts_hold() -> None:
    assert checked("shellcheck", ".ci/run", "tools/npm", "tools/packages", "tools/sarif") == ""
