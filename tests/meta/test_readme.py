"""What the README shows is what the program prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).parents[2]


def test_the_generated_parts_of_the_readme_are_fresh() -> None:
    command = [sys.executable, "tools/readme.py"]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
