"""Write, or check, the parts of README.md and of the site's pages that the program itself knows.

python tools/readme.py          exit 1 where a part is stale, naming it
python tools/readme.py --fix    rewrite the stale parts
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from mailtls.report.rulegroups import ORDER, group_of
from mailtls.rules import RULES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
SCHEMA = ROOT / "src" / "mailtls" / "policy" / "schema.json"

# What differs from run to run in the demo's output: days and dates, seconds, certificate digests.
VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\d(T[\d:]+Z)?|\b\d+(\.\d+)? (s|seconds|days)\b|\b[0-9a-f]{16,}\b"
)


def demo() -> str:
    """Return what `mailtls demo` prints, as a fenced block."""
    done = subprocess.run(
        [sys.executable, "-m", "mailtls", "demo", "--color", "never"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 1:
        raise SystemExit(f"mailtls demo ended with {done.returncode}, not 1:\n{done.stderr}")
    return f"```text\n{done.stdout.strip()}\n```"


def rules() -> str:
    """Return the rules by their groups, in the order of the reports."""
    rows = []
    for group in ORDER:
        links = [f"[`{r.id}`](docs/rules/{r.id}.md)" for r in RULES if group_of(r.id) == group]
        rows += [f"| {group} | {', '.join(links)} |"] if links else []
    return "\n".join(["| about | rules |", "|---|---|", *rows])


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with what it refers to put in its place; its own words win."""
    while "$ref" in node:
        target: Any = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def action() -> str:
    """Return the tables of the action's inputs and outputs."""
    declared = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    lines = ["| input | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {_flat(each)} |" for name, each in declared["inputs"].items()]
    lines += ["", "| output | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {_flat(each)} |" for name, each in declared["outputs"].items()]
    return "\n".join(lines)


def _flat(declared: dict[str, Any]) -> str:
    return " ".join(str(declared["description"]).split()).replace("|", "\\|")


def index() -> str:
    """Return the table of rules, with links as they stand in the site."""
    rows = [f"| [`{r.id}`](rules/{r.id}.md) | {r.summary} |" for r in RULES]
    return "\n".join(["| rule | what it decides |", "|---|---|", *rows])


def reference() -> str:
    """Return the policy's keys by the object they belong to, with what may stand behind each."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return "\n\n".join(_sections(schema, schema, ""))


def _sections(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[str]:
    node = _resolved(schema, node)
    required = set(node.get("required", ()))
    rows = []
    below = []
    for name, child in node.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        known = _resolved(schema, child)
        inner = _resolved(schema, known.get("items", known))
        if name == "defaults" and not path:
            value = "the keys of an endpoint"
        else:
            value = _value(schema, known)
            if "properties" in inner:
                below.append((inner, f"{here}[]" if "items" in known else here))
        mark = ", required" if name in required else ""
        meaning = known.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {value}{mark} | {meaning} |")
    title = f"### `{path}`" if path else "### The whole"
    yield "\n".join([title, "", "| key | value | meaning |", "|---|---|---|", *rows])
    for inner, here in below:
        yield from _sections(schema, inner, here)


def _value(schema: dict[str, Any], node: dict[str, Any]) -> str:
    """Return what a key takes, in words."""
    node = _resolved(schema, node)
    if "enum" in node and "expected" not in node:
        return ", ".join(f"`{each}`" for each in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if "expected" in node:
        return str(node["expected"]).replace("|", "\\|")
    if "anyOf" in node:
        return " or ".join(_value(schema, each) for each in node["anyOf"])
    match node.get("type"):
        case "array":
            inner = _resolved(schema, node.get("items", {}))
            return f"list: {_value(schema, inner)}" if "properties" not in inner else "list"
        case "integer":
            least, most = node.get("minimum"), node.get("maximum")
            return f"{least} to {most}" if most is not None else f"{least} or more"
        case "object":
            return "keys, see below"
        case kind:
            return {"string": "text", "boolean": "`true`, `false`"}.get(str(kind), "")


PARTS: tuple[tuple[Path, str, Callable[[], str]], ...] = (
    (README, "demo", demo),
    (README, "rules", rules),
    (README, "action", action),
    (DOCS / "policy.md", "reference", reference),
    (DOCS / "rule-index.md", "rules", index),
)


def stale(present: str, made: str) -> bool:
    """Return whether a part differs from what is made now in more than what is volatile."""
    return VOLATILE.sub("~", present.strip()) != VOLATILE.sub("~", made.strip())


def _span(path: Path, text: str, name: str) -> re.Match[str]:
    pattern = rf"(<!-- {name}:begin -->\n)(.*?)(<!-- {name}:end -->)"
    match = re.search(pattern, text, re.DOTALL)
    if match is None:
        raise SystemExit(f"{path.name} has no part {name}")
    return match


def main() -> int:
    """Check every part, or rewrite those that are stale."""
    wrong = []
    for path, name, make in PARTS:
        text = path.read_text(encoding="utf-8")
        match = _span(path, text, name)
        made = make()
        if not stale(match.group(2), made):
            continue
        wrong.append(f"{path.name}: the part {name}")
        if sys.argv[1:] == ["--fix"]:
            fresh = text[: match.start(2)] + made.strip() + "\n" + text[match.end(2) :]
            path.write_text(fresh, encoding="utf-8")
    if sys.argv[1:] == ["--fix"]:
        return 0
    for each in wrong:
        print(f"{each} is stale: run python tools/readme.py --fix")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
