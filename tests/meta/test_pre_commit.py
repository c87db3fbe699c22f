"""The hook for pre-commit: it is one, it runs on the policies, and it stops a commit of a wrong one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mailtls.policy.files import DEFAULT_NAMES

TREE = Path(__file__).parents[2]
HOOKS = TREE / ".pre-commit-hooks.yaml"
GOOD = "version: 1\nendpoints:\n  - {host: smtp.example.com, port: 587, mode: starttls}\n"


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def git(*words: str, cwd: Path) -> None:
    subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)


def test_the_hook_is_declared_as_pre_commit_wants_it() -> None:
    done = run("validate-manifest", HOOKS, cwd=TREE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hook_reads_each_default_name_and_no_other_file() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    for name in DEFAULT_NAMES:
        assert re.search(hook["files"], name), name
    for name in ("README.md", "src/mailtls.yml", "mailtls.yml.orig", "xmailtls.yml"):
        assert not re.search(hook["files"], name), name


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [(GOOD, 0, "Passed"), (GOOD.replace("port", "prot"), 1, "did you mean port?")],
)
def test_the_hook_lets_a_sound_policy_through_and_stops_another(
    tmp_path: Path, text: str, code: int, said: str
) -> None:
    (tmp_path / "mailtls.yml").write_text(text)
    # The command of this tree stands in for the environment that pre-commit would install.
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    entry = f"{sys.executable} -m {hook['entry']}"
    local = {"repo": "local", "hooks": [{**hook, "language": "system", "entry": entry}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [local]}))
    git("init", "--quiet", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)

    done = run("run", "--all-files", "--color", "never", cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
