"""The documentation's site: it builds offline, asks nobody for anything, and what it shows is sound."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from mailtls.policy.load import load_policy

TREE = Path(__file__).parents[2]
PAGES = sorted((TREE / "docs").glob("*.md"))
SOURCES = [*PAGES, *sorted((TREE / "docs" / "rules").glob("*.md"))]
PARTS = ("h2", "h3", "p", "ul", "ol", "li", "pre", "table", "tr", "code", "strong")
# Attributes by which a page makes a browser fetch something.
_FETCHES = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Fetched(HTMLParser):
    """Collects the addresses that a page makes a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") not in ("stylesheet", "preload", "icon"):
            return
        if address := values.get(_FETCHES.get(tag, "")):
            self.found.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the built site; a link that leads nowhere or a page outside of the menu fails the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=TREE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


def test_a_browser_asks_nobody_else(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        reader = Fetched()
        reader.feed(page.read_text("utf-8"))
        assert not [each for each in reader.found if re.match(r"(?:[a-z]+:)?//", each)], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", style.read_text("utf-8")), style


def test_every_page_can_be_reached(site: Path) -> None:
    linked = (site / "index.html").read_text("utf-8") + (site / "rule-index/index.html").read_text()
    for page in (TREE / "docs").rglob("*.md"):
        if page.name != "index.md":
            assert f"{page.stem}/" in linked, page


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_site_reads_markdown_as_its_author_saw_it(site: Path, path: Path) -> None:
    # Python-Markdown ends a list at a fence in it, and has no list without an empty line before.
    name = path.relative_to(TREE / "docs").with_suffix("")
    page = site / ("" if name.name == "index" else name) / "index.html"
    shown = page.read_text("utf-8").partition('role="main"')[2].partition("<footer")[0]
    meant = MarkdownIt().enable("table").render(path.read_text("utf-8"))
    assert shape(shown) == shape(meant)


def shape(html: str) -> dict[str, int]:
    """Return how many of each part a page has."""
    return {tag: len(re.findall(rf"<{tag}[ >]", html)) for tag in PARTS}


def test_a_rules_example_is_shown_as_code(site: Path) -> None:
    page = (site / "rules" / "mode" / "index.html").read_text("utf-8")
    assert "<pre><code" in page
    assert "error[mode]" in page


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for path in [*PAGES, TREE / "README.md"]:
        parts = re.findall(
            rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        found += [(f"{path.name}-{number}", part) for number, part in enumerate(parts, start=1)]
    return found


@pytest.mark.parametrize(("name", "text"), blocks("yaml"), ids=lambda value: value[:30])
def test_every_yaml_block_is_yaml_and_every_policy_is_one(
    name: str, text: str, tmp_path: Path
) -> None:
    loaded: Any = yaml.safe_load(text)
    if isinstance(loaded, dict) and "endpoints" in loaded:
        (tmp_path / "mailtls.yml").write_text(text)
        policy, _, warnings = load_policy(tmp_path / "mailtls.yml")
        assert policy.endpoints, name
        assert not warnings


def test_the_profiles_of_the_page_are_those_there_are() -> None:
    text = (TREE / "docs" / "policy.md").read_text("utf-8")
    section = text.partition("## Profiles\n")[2].partition("\n## ")[0]
    there = {path.stem for path in (TREE / "src/mailtls/policy/profiles").glob("*.json")}
    assert there == set(re.findall(r"^\| `([a-z0-9.-]+)`", section, re.MULTILINE))


def test_the_well_known_ports_of_the_page_are_those_there_are() -> None:
    from mailtls.terms import WELL_KNOWN_PORTS

    text = (TREE / "docs" / "policy.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)`.*? \| `(\w+)` \|$", text, re.MULTILINE)
    assert {int(port): (protocol, mode) for port, protocol, mode in rows} == {
        port: (known.protocol, known.mode) for port, known in WELL_KNOWN_PORTS.items()
    }
