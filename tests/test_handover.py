"""What root leaves behind: values in memory, and files that the command may write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtls import handover


def test_values_are_kept_in_memory_and_forgotten_when_read() -> None:
    descriptor = handover.remember({"MAILTLS_SMTP_PASSWORD": "canary\udcff\u00e9"})
    assert os.get_inheritable(descriptor)
    assert handover.recall(descriptor) == {"MAILTLS_SMTP_PASSWORD": "canary\udcff\u00e9"}
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_file_is_made_for_its_owner(tmp_path: Path) -> None:
    owner = os.getuid() + 1
    handover.give_file(tmp_path, "report.json", os.getuid(), os.getgid())
    assert not (tmp_path / "report.json").exists()  # who owns the folder needs no help
    handover.give_file(tmp_path, "report.json", owner, os.getgid())
    assert (tmp_path / "report.json").stat().st_uid == owner


def test_nothing_outside_the_workspace_and_behind_no_link(tmp_path: Path) -> None:
    owner, elsewhere = os.getuid() + 1, tmp_path / "elsewhere"
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    elsewhere.write_text("kept")
    (workspace / "link").symlink_to(elsewhere)
    os.link(elsewhere, workspace / "second-name")
    for name in ("../elsewhere", "../new", "link", "second-name"):
        handover.give_file(workspace, name, owner, os.getgid())
    assert elsewhere.stat().st_uid == os.getuid()
    assert not (tmp_path / "new").exists()
