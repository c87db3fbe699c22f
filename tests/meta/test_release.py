"""What the release workflow leaves to a script, and what the workflow itself must and must not do."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

TREE = Path(__file__).parents[2]
WORKFLOWS = sorted((TREE / ".github" / "workflows").glob("*.yml"))
DIGEST = "sha256:" + "0a" * 32
IMAGE = f"ghcr.io/mailtls/mailtls@{DIGEST}"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n\n### Added\n\n- A thing.\n\n## [1.2.2] - 2026-01-01\n\n- Old.\n"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", TREE / "tools" / "release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = loaded()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a tree that is ready to be released as 1.2.3."""
    (tmp_path / "src" / "mailtls").mkdir(parents=True)
    (tmp_path / "src" / "mailtls" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_a_tree_that_is_ready_passes(tree):
    release.check(tree, "1.2.3")


@pytest.mark.parametrize(
    ("version", "file", "text", "reason"),
    [
        ("1.2", "CHANGELOG.md", CHANGELOG, "no version"),
        ("1.2.3; rm -rf /", "CHANGELOG.md", CHANGELOG, "no version"),
        ("1.2.4", "CHANGELOG.md", CHANGELOG, "pyproject.toml says 1.2.3"),
        ("1.2.3", "src/mailtls/__init__.py", '__version__ = "1.2.2"\n', "does not say 1.2.3"),
        ("1.2.3", "CHANGELOG.md", "## [Unreleased]\n\n- A thing.\n", "no section [1.2.3]"),
        (
            "1.2.3",
            "CHANGELOG.md",
            "## [1.2.3] - 2026-01-31\n\n## [1.2.2] - x\n",
            "no section [1.2.3]",
        ),
    ],
)
def test_a_tree_that_is_not_ready_says_why(tree, version, file, text, reason):
    (tree / file).write_text(text)
    with pytest.raises(release.ReleaseError, match=re.escape(reason)):
        release.check(tree, version)


def test_the_notes_are_the_section_alone():
    assert release.notes(CHANGELOG, "1.2.3") == "### Added\n\n- A thing.\n"


def test_the_action_of_a_release_runs_one_image_by_digest():
    manifest = (TREE / "action.yml").read_text("utf-8")
    made = yaml.safe_load(release.pinned(manifest, IMAGE))
    assert made["runs"] == {"using": "docker", "image": f"docker://{IMAGE}"}
    assert {**made, "runs": None} == {**yaml.safe_load(manifest), "runs": None}


@pytest.mark.parametrize(
    "image",
    [
        "",
        "ghcr.io/mailtls/mailtls:1.2.3",
        f"mailtls@{DIGEST}",
        f"ghcr.io/a/b@{DIGEST}0",
        f"{IMAGE}\n",
    ],
)
def test_no_other_image_can_be_written(image):
    with pytest.raises(release.ReleaseError, match="no image by digest"):
        release.pinned((TREE / "action.yml").read_text("utf-8"), image)


def test_a_manifest_that_is_pinned_already_is_not_pinned_again():
    once = release.pinned((TREE / "action.yml").read_text("utf-8"), IMAGE)
    with pytest.raises(release.ReleaseError, match="exactly one line"):
        release.pinned(once, IMAGE)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_permission_that_no_job_asks_for(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert isinstance(job["permissions"], dict)
        assert "uses" in job or job["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_of_others_is_named_by_commit_with_its_version_beside_it(path):
    used = re.findall(r"^\s*(?:- )?uses: (.+)$", path.read_text("utf-8"), re.MULTILINE)
    foreign = [each for each in used if not each.startswith("$/")]
    assert not [each for each in foreign if not re.fullmatch(r"\S+@[0-9a-f]{40} # v[\d.]+", each)]
