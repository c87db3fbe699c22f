"""The examples of the rules' pages are carried out: what a page shows is what the command prints."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import page_runs
from mailtls.rules import RULES
from page_deliveries import DELIVERIES
from page_runs import PAGES, Page, Server, cut, printed
from page_servers import SERVERS

TREE = Path(__file__).parents[2]
IDS = [rule.id for rule in RULES]
PAGE = "# x\n\n## Example\nA server:\n\n```yaml\nversion: 1\n```\n\n```text\nsaid\n```\n\n## How to fix\n"
SHORT, LONG = 40, 100


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", TREE / "tools" / "pages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page_of(rule: str) -> str:
    return (PAGES / f"{rule}.md").read_text("utf-8")


def test_every_rule_has_its_servers() -> None:
    assert sorted(SERVERS) == sorted(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_the_example_of_a_page_prints_what_the_page_shows(rule: str) -> None:
    page = cut(page_of(rule))
    assert page.output == printed(rule, page.policy, SERVERS[rule], DELIVERIES.get(rule))


@pytest.mark.parametrize("rule", IDS)
def test_the_example_of_a_page_shows_the_rule_at_work(rule: str) -> None:
    heads = re.findall(
        r"^(?:error|warning|inconclusive)\[(.+?)\] ", cut(page_of(rule)).output, re.MULTILINE
    )
    assert heads
    assert set(heads) == {rule}


@pytest.mark.parametrize("rule", IDS)
def test_a_page_can_be_read_in_one_go(rule: str) -> None:
    assert SHORT <= len(page_of(rule).splitlines()) <= LONG


def test_a_page_is_cut_at_its_example_and_put_together_again() -> None:
    page = cut(PAGE)
    assert (page.policy, page.output) == ("version: 1\n", "said\n")
    assert page.with_output("said\n") == PAGE
    assert cut(page.with_output("more\n")).output == "more\n"


@pytest.mark.parametrize("language", ["yaml", "text"])
def test_a_page_without_a_whole_example_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="section Example"):
        cut(PAGE.replace(f"```{language}\n", "```\n"))


def test_an_output_in_another_section_is_not_the_examples() -> None:
    with pytest.raises(ValueError, match="section Example"):
        cut(PAGE.replace("```\n\n```text", "```\n\n## How to fix\n```text"))


def test_sound_servers_have_nothing_to_show() -> None:
    policy = cut(page_of("tls-version")).policy
    assert "error[" not in printed("tls-version", policy, (Server(),))
    assert printed("tls-version", policy, (Server(),)).count("PASS: 1 passed") == 1


def test_the_tool_names_a_stale_page_and_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = loaded()
    page: Page = cut(page_of("mode"))
    stale = tmp_path / "mode.md"
    stale.write_text(page.with_output("nothing\n"))
    monkeypatch.setattr(tool, "PAGES", tmp_path)
    monkeypatch.setattr(tool, "SERVERS", {"mode": SERVERS["mode"]})

    assert tool.main([]) == 1
    assert capsys.readouterr().out.startswith("mode: the output is stale")
    assert tool.main(["--fix"]) == 0
    assert stale.read_text() == page_of("mode")
    assert tool.main([]) == 0
    assert capsys.readouterr().out == ""


def test_the_pages_are_those_of_the_documentation() -> None:
    assert page_runs.PAGES.samefile(TREE / "docs" / "rules")
