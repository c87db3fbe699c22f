"""Write, or check, the parts of README.md that the program itself knows.

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

from mailtls.rules import RULES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
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
    """Return the rows of the rule table."""
    rows = [f"| [`{r.id}`](docs/rules/{r.id}.md) | {r.summary} |" for r in RULES]
    return "\n".join(["| rule | what it decides |", "|---|---|", *rows])


def keys() -> str:
    """Return the table of policy keys, from the schema's own descriptions."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    rows = [f"| `{path}` | {text} |" for path, text in _described(schema, schema, "")]
    return "\n".join(["| key | meaning |", "|---|---|", *rows])


def _described(
    schema: dict[str, Any], node: dict[str, Any], path: str
) -> Iterator[tuple[str, str]]:
    while "$ref" in node:
        target: Any = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    for name, child in node.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, child.get("description", "").replace("|", "\\|").replace("\n", " ")
        if path == "" and name == "defaults":
            continue  # the same keys as an endpoint's
        inner = child.get("items", child)
        yield from _described(schema, inner, f"{here}[]" if "items" in child else here)


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


PARTS: dict[str, Callable[[], str]] = {"demo": demo, "rules": rules, "keys": keys, "action": action}


def stale(text: str, name: str, made: str) -> bool:
    """Return whether a part of `text` differs from `made` in more than what is volatile."""
    present = _span(text, name).group(2).strip()
    return VOLATILE.sub("~", present) != VOLATILE.sub("~", made.strip())


def _span(text: str, name: str) -> re.Match[str]:
    pattern = rf"(<!-- {name}:begin -->\n)(.*?)(<!-- {name}:end -->)"
    match = re.search(pattern, text, re.DOTALL)
    if match is None:
        raise SystemExit(f"README.md has no part {name}")
    return match


def main() -> int:
    """Check every part, or rewrite those that are stale."""
    text = README.read_text(encoding="utf-8")
    wrong = []
    for name, make in PARTS.items():
        made = make()
        if stale(text, name, made):
            wrong.append(name)
            match = _span(text, name)
            text = text[: match.start(2)] + made.strip() + "\n" + text[match.end(2) :]
    if wrong and sys.argv[1:] == ["--fix"]:
        README.write_text(text, encoding="utf-8")
        return 0
    for name in wrong:
        print(f"README.md: the part {name} is stale: run python tools/readme.py --fix")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
