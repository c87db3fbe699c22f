"""The image, built once for a session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from image.container import Action

TREE = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def image() -> str:
    """Give the name of the image that the tree's Dockerfile builds now."""
    done = subprocess.run(
        [sys.executable, TREE / "tools" / "base.py", "image"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def action(image: str, tmp_path: Path) -> Action:
    """Give a step in a workspace that belongs to the hosted runner's user."""
    return Action(image, tmp_path)


@pytest.fixture
def action_of(image: str, tmp_path: Path) -> Callable[[int], Action]:
    """Give a function that makes a step in a workspace of a given user."""
    return lambda owner: Action(image, tmp_path, owner=owner)
