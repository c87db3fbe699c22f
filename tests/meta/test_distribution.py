"""The wheel and the source distribution: built, complete, and at work without the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
VERSION = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"]["version"]
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet")


def run(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def pip(*words: str | Path, cwd: Path) -> None:
    done = run(sys.executable, "-m", "pip", "--disable-pip-version-check", *words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the source distribution, built from what git tracks as a release builds it."""
    folder = tmp_path_factory.mktemp("sdist")
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=TREE).stdout.splitlines()
    copied = folder / "tree"
    for name in listed:
        if (TREE / name).is_file() and not (TREE / name).is_symlink():
            (copied / name).parent.mkdir(parents=True, exist_ok=True)
            (copied / name).write_bytes((TREE / name).read_bytes())
    build = "from setuptools import build_meta as b; print(b.build_sdist('../dist'))"
    (folder / "dist").mkdir()
    done = run(sys.executable, "-c", build, cwd=copied)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist" / f"mailtls-{VERSION}.tar.gz"


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """Give the wheel, built from the source distribution alone."""
    pip("wheel", *OFFLINE, "--wheel-dir", source.parent, source, cwd=source.parent)
    return source.parent / f"mailtls-{VERSION}-py3-none-any.whl"


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Give a folder with the wheel's content and nothing of the source tree."""
    folder = wheel.parent / "installed"
    pip("install", *OFFLINE, "--target", folder, wheel, cwd=wheel.parent)
    return folder


def test_the_source_distribution_can_be_read_and_built(source: Path) -> None:
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "src/mailtls/cli.py"} <= names
    assert not {name for name in names if name.startswith((".git/", ".venv", "dist/"))}


def test_the_wheel_has_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = TREE / "src" / "mailtls"
    kinds = {".py", ".json", ".md", ".typed"}
    wanted = {
        str(Path("mailtls") / path.relative_to(package))
        for path in package.rglob("*")
        if path.suffix in kinds or path.name == "py.typed"
    }
    assert {name for name in names if ".dist-info/" not in name} >= wanted
    manual = f"mailtls-{VERSION}.data/data/share/man/man1/mailtls.1"
    outside = {name for name in names if not name.startswith("mailtls/")}
    assert {name for name in outside if ".dist-info/" not in name} == {manual}


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (("--version",), 0, f"mailtls {VERSION}"),
        (("explain", "mode"), 0, "# mode"),
        (("demo", "--color", "never"), 1, "FAIL: "),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_the_installed_command_works(
    installed: Path, words: tuple[str, ...], code: int, shown: str
) -> None:
    command = installed / "bin" / "mailtls"
    done = run(sys.executable, command, *words, cwd=installed.parent, PYTHONPATH=str(installed))
    assert done.returncode == code, done.stderr
    assert shown in done.stdout


def test_the_installed_command_is_not_the_source_tree(installed: Path) -> None:
    where = "import mailtls; print(mailtls.__file__)"
    done = run(sys.executable, "-c", where, cwd=installed.parent, PYTHONPATH=str(installed))
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_the_version_stands_in_one_place_and_in_the_changelog() -> None:
    from mailtls import __version__

    changelog = (TREE / "CHANGELOG.md").read_text("utf-8")
    assert __version__ == VERSION
    assert "## [Unreleased]" in changelog
