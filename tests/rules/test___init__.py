from __future__ import annotations

from pathlib import Path

import pytest

from mailtls.errors import UsageError
from mailtls.rules import RULES, select

PAGES = Path(__file__).parents[2] / "docs" / "rules"
HEADINGS = [
    "What it checks",
    "Why it matters",
    "How it is measured",
    "Policy key",
    "Example",
    "How to fix",
    "References",
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_module_and_a_page_of_its_name(rule):
    judges = rule.across or rule.check
    assert judges.__module__ == f"mailtls.rules.{rule.id.replace('-', '_')}"
    text = (PAGES / f"{rule.id}.md").read_text()
    assert text.startswith(f"# {rule.id}\n")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert "```yaml\nversion: 1\n" in text
    assert rule.summary.endswith(".")
    assert len(rule.title) <= 40


def test_no_page_is_an_orphan_of_these_rules():
    assert {rule.id for rule in RULES} <= {page.stem for page in PAGES.glob("*.md")}


def test_ids_select_in_the_rules_own_order():
    assert [rule.id for rule in select(RULES, ["mode", "reachable"])] == ["reachable", "mode"]
    assert select(RULES, ()) == RULES


def test_an_unknown_id_is_an_error_with_a_suggestion():
    with pytest.raises(UsageError, match="did you mean certificate-expiry"):
        select(RULES, ["certificate-expiri"])
    with pytest.raises(UsageError, match=r"no rule 'xyzzy'$"):
        select(RULES, ["xyzzy"])
