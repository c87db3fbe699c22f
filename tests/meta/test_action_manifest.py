"""action.yml, the code behind it and its documentation say the same."""

from pathlib import Path

import pytest
import yaml

from mailtls.action import INPUTS
from mailtls.report import FORMATS

TREE = Path(__file__).parents[2]
MANIFEST = yaml.safe_load((TREE / "action.yml").read_text(encoding="utf-8"))
README = (TREE / "README.md").read_text(encoding="utf-8")
ENTRYPOINT_LINES = 40


def test_declares_the_inputs_that_are_read() -> None:
    assert list(MANIFEST["inputs"]) == list(INPUTS)


def test_leaves_every_default_to_the_command() -> None:
    # The runner sends "" for an input that was not given; a default here would hide the policy's.
    assert not [name for name, said in MANIFEST["inputs"].items() if set(said) != {"description"}]


def test_declares_an_output_for_each_report() -> None:
    reports = [name for name in MANIFEST["outputs"] if name.startswith("report-")]
    assert sorted(reports) == sorted(f"report-{name}" for name in FORMATS)


def test_has_no_expression() -> None:
    # One in a description keeps the runner from loading the action at all.
    assert "${{" not in (TREE / "action.yml").read_text(encoding="utf-8")


def test_builds_the_dockerfile_and_passes_nothing_by_arguments() -> None:
    assert MANIFEST["runs"] == {"using": "docker", "image": "Dockerfile"}


@pytest.mark.parametrize("name", [*MANIFEST["inputs"], *MANIFEST["outputs"]])
def test_the_readme_names_every_input_and_output(name: str) -> None:
    assert f"`{name}`" in README


def test_the_entry_point_decides_nothing() -> None:
    assert len((TREE / "entrypoint.py").read_text().splitlines()) <= ENTRYPOINT_LINES
