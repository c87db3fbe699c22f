"""Write, or check, the outputs in the rules' pages: each is what the page's own policy leads to.

python tools/pages.py          exit 1 where an output is stale, naming the page
python tools/pages.py --fix    rewrite the stale outputs

The servers that the policies meet are in tests/page_servers.py, what becomes of test messages in
tests/page_deliveries.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from page_deliveries import DELIVERIES
from page_runs import PAGES, cut, printed
from page_servers import SERVERS


def main(arguments: Sequence[str]) -> int:
    """Check every page that has servers, or rewrite those that are stale."""
    fix = list(arguments) == ["--fix"]
    stale = False
    for rule, servers in SERVERS.items():
        path = PAGES / f"{rule}.md"
        page = cut(path.read_text(encoding="utf-8"))
        made = printed(rule, page.policy, servers, DELIVERIES.get(rule))
        if made == page.output:
            continue
        if fix:
            path.write_text(page.with_output(made), encoding="utf-8")
        else:
            stale = True
            print(f"{rule}: the output is stale: run python tools/pages.py --fix")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
