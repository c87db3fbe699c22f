"""The shape of the tree: tests beside sources, pages beside rules, sizes, words that must not stand."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from mailtls.rules import RULES

TREE = Path(__file__).parents[2]
SOURCE = TREE / "src" / "mailtls"
TESTS = TREE / "tests"
MODULES = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))

# Modules without a test module of their own, and where they are tested instead.
_VALUES = "plain values, met in every other test"
_CONNECTIONS = "one connection is one dialogue: tests/probe/test_perform.py holds it whole"
TESTED_ELSEWHERE: dict[str, str] = {
    "arguments.py": "the converters of the options: tests/test_options.py",
    "delivery/mailbox/imap_session.py": "one session is a mailbox: tests/delivery/mailbox/test_imap.py",
    "delivery/mechanism.py": "a contract, which mypy checks",
    "delivery/tools.py": _VALUES,
    "means.py": "what check is given, and refuses: tests/test_commands.py",
    "refusals.py": "each refusal as a user meets it: tests/test_commands.py",
    "engine.py": "the contract of the engines, which mypy checks",
    "evidence.py": _VALUES,
    "flow.py": _VALUES,
    "policy/delivery.py": _VALUES,
    "policy/model.py": _VALUES,
    "probe/attempt.py": _CONNECTIONS,
    "probe/hello.py": _CONNECTIONS,
    "probe/mail.py": "what the walk says: tests/probe/test_upgrade.py",
    "probe/questions.py": _VALUES,
    "probe/session.py": _CONNECTIONS,
    "probe/steps.py": _CONNECTIONS,
    "tls/openssl.py": "the parts of tls/session.py that touch pyOpenSSL: tests/tls/test_session.py",
}

# Folders of tests that mirror no part of the source.
OF_THE_WHOLE = {"browser", "e2e", "fuzz", "image", "lab", "meta"}

LARGE = 250
LARGEST = 400
# Modules over LARGE lines, and why they are one.
ONE_PIECE = {
    "evidence.py": "the vocabulary every stage shares; its classes refer to one another",
}

HEADINGS = (
    "What it checks",
    "Why it matters",
    "How it is measured",
    "Policy key",
    "Example",
    "How to fix",
    "References",
)


def listed(*patterns: str) -> list[Path]:
    """Return the files of the tree that are or would be committed."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=TREE, capture_output=True, check=True).stdout
    return [TREE / name for name in names.decode().split("\0") if name and (TREE / name).is_file()]


def mirrored(module: Path) -> Path:
    return TESTS / module.parent / f"test_{module.name}"


def test_every_module_has_its_tests() -> None:
    named = [m for m in MODULES if m.name not in ("__init__.py", "__main__.py")]
    bare = {str(module) for module in named if not mirrored(module).exists()}
    assert bare == TESTED_ELSEWHERE.keys()


def test_every_test_module_has_its_source() -> None:
    known = {mirrored(module) for module in MODULES}
    tests = [path for path in TESTS.rglob("test_*.py") if path.parent.name not in OF_THE_WHOLE]
    assert not {str(path.relative_to(TESTS)) for path in tests if path not in known}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_can_be_read_in_one_go(module: Path) -> None:
    lines = len((SOURCE / module).read_text(encoding="utf-8").splitlines())
    assert lines <= LARGEST
    assert (lines > LARGE) == (str(module) in ONE_PIECE), f"{lines} lines"


def test_every_rule_has_its_page_and_every_page_its_rule() -> None:
    pages = {path.stem for path in (TREE / "docs" / "rules").glob("*.md")} - {"README"}
    assert pages == {rule.id for rule in RULES}


def test_every_rule_is_named_after_its_module() -> None:
    modules = {path.stem for path in (SOURCE / "rules").glob("*.py")}
    assert {rule.id.replace("-", "_") for rule in RULES} <= modules


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_rules_page_has_its_headings_in_order(rule: str) -> None:
    tokens = MarkdownIt().parse((TREE / "docs" / "rules" / f"{rule}.md").read_text("utf-8"))
    headings = [
        (token.tag, tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    assert headings[0] == ("h1", rule)
    assert tuple(text for tag, text in headings if tag == "h2") == HEADINGS


def test_no_file_names_a_package_index() -> None:
    # In pieces, for this file is one of the tree.
    names = ("pypi", "pythonhosted", "npmjs", "debian")
    found = re.compile("|".join(rf"\b{name}\.org\b" for name in names))
    texts = ((path, path.read_bytes().decode("utf-8", "replace")) for path in listed())
    assert not [str(path.relative_to(TREE)) for path, text in texts if found.search(text)]


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(?:TODO|FIXME|XXX)\b|pytest\.mark\.(?:skip|xfail)|pytest\.skip\(")
    paths = [
        path for path in listed("*.py", "*.sh", "Makefile", ".ci/run") if path.name != __name__
    ]
    texts = ((path, path.read_text(encoding="utf-8")) for path in paths if path != Path(__file__))
    assert not [str(path.relative_to(TREE)) for path, text in texts if words.search(text)]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_says_what_it_is(module: Path) -> None:
    assert ast.get_docstring(ast.parse((SOURCE / module).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["build.txt", "dev.txt", "runtime.txt"])
def test_every_locked_requirement_has_hashes_and_no_address(name: str) -> None:
    text = (TREE / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    pinned = re.compile(r"[a-z0-9.-]+==[^ ]+ (?:; .+ )?\\\n +--hash=sha256:[0-9a-f]{64}")
    assert entries
    assert not [entry.splitlines()[0] for entry in entries if not pinned.match(entry)]


def test_the_image_and_the_tests_lock_the_same_versions() -> None:
    def pins(name: str) -> set[str]:
        text = (TREE / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^[a-z0-9.-]+==[^ ;]+", text, re.MULTILINE))

    assert pins("runtime.txt") | pins("build.txt") <= pins("dev.txt")
