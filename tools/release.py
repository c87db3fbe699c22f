"""The steps of a release that a script can get wrong: checked, and tested, instead of in a workflow.

python tools/release.py check VERSION   the tree is that version, and the changelog has its section
python tools/release.py notes VERSION   print that section
python tools/release.py pin IMAGE       write the image, by digest, into action.yml
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_IMAGE = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")
_LINE = "  image: Dockerfile\n"


class ReleaseError(Exception):
    """The tree cannot be released as it is; the message says why."""


def notes(changelog: str, version: str) -> str:
    """Return the changelog's section of a version, without its heading; raises ReleaseError."""
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n"
    match = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if match is None or not match[1].strip():
        raise ReleaseError(f"CHANGELOG.md has no section [{version}] with a date and entries")
    return match[1].strip() + "\n"


def check(tree: Path, version: str) -> None:
    """Raise ReleaseError unless the tree is ready to be released as `version`."""
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version of the form 1.2.3")
    project = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if project != version:
        raise ReleaseError(f"pyproject.toml says {project}, not {version}")
    package = (tree / "src" / "mailtls" / "__init__.py").read_text("utf-8")
    if f'__version__ = "{version}"' not in package:
        raise ReleaseError(f"src/mailtls/__init__.py does not say {version}")
    notes((tree / "CHANGELOG.md").read_text("utf-8"), version)


def pinned(manifest: str, image: str) -> str:
    """Return the action's manifest with the image by digest; raises ReleaseError.

    A tag would let other code run under a pinned commit of the action.
    """
    if not _IMAGE.fullmatch(image):
        raise ReleaseError(f"{image!r} is no image by digest, as registry/name@sha256:...")
    if manifest.count(_LINE) != 1:
        raise ReleaseError("action.yml does not build the Dockerfile in exactly one line")
    return manifest.replace(_LINE, f"  image: docker://{image}\n")


def main(words: list[str]) -> int:
    """Do what the first word says."""
    try:
        match words:
            case ["check", version]:
                check(TREE, version)
            case ["notes", version]:
                print(notes((TREE / "CHANGELOG.md").read_text("utf-8"), version), end="")
            case ["pin", image]:
                path = TREE / "action.yml"
                path.write_text(pinned(path.read_text("utf-8"), image), "utf-8")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
