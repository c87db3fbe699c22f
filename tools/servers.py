"""Run the default policy against real servers as they are installed, and write docs/servers.md.

Root; Debian's packages, npm and the Python packages of requirements/lab-*.txt.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from e2e import survey
from lab.loopback import Subnet
from lab.pki import Pki
from lab.process import workspace

PAGE = Path(__file__).resolve().parent.parent / "docs" / "servers.md"


def main() -> int:
    """Write the page."""
    with workspace() as lab, Subnet() as subnet, tempfile.TemporaryDirectory() as folder:
        pki = Pki(lab / "pki")
        with survey.started(lab / "survey", pki, subnet) as servers:
            run = survey.surveyed(Path(folder), pki, servers)
    found = survey.cells(run)
    for cell in sorted(found ^ survey.expected()):
        print(f"{'unexplained' if cell in found else 'not seen'}: {cell}", file=sys.stderr)
    PAGE.write_text(survey.page(found, survey.versions()), "utf-8")
    return int(found != survey.expected())


if __name__ == "__main__":
    sys.exit(main())
