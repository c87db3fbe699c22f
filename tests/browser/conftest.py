"""A browser for all tests here, and packages of npm that are loaded into its pages."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.browser import Browser

NPM = Path(__file__).parents[2] / "tools" / "npm"
AXE = ("axe-core", "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745")
MERMAID = ("mermaid", "12.3.0", "be0684e8d20bfc874df12c0f04927a5c482f57f2200eec54cca52a4583fd4040")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Give headless Chromium, started once."""
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the source of axe-core, which finds what keeps people from reading a page."""
    return _script(AXE, "axe.min.js")


@pytest.fixture(scope="session")
def mermaid() -> str:
    """Give the source of Mermaid."""
    return _script(MERMAID, "dist/mermaid.min.js")


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    """Give a function that writes a page and returns its address."""

    def write(text: str) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.html"
        path.write_text(text, encoding="utf-8")
        return path.as_uri()

    return write


def _script(package: tuple[str, str, str], name: str) -> str:
    done = subprocess.run([NPM, *package], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip(), name).read_text(encoding="utf-8")
