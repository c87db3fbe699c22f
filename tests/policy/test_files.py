"""Which files a policy may be made of."""

from __future__ import annotations

import os

import pytest

from mailtls.errors import PolicyError, UsageError
from mailtls.policy.files import (
    DEFAULT_NAMES,
    ROOTS_LIMIT,
    enclosing,
    find_policy,
    read_policy,
    reader,
)


def test_default_names_are_looked_for_in_order(tmp_path):
    (tmp_path / ".github").mkdir()
    for name in reversed(DEFAULT_NAMES):
        (tmp_path / name).write_text("x")
        assert str(find_policy(tmp_path)) == name


def test_no_policy_names_what_was_looked_for(tmp_path):
    with pytest.raises(UsageError, match=r"mailtls\.yml, mailtls\.yaml, \.github/mailtls\.yml"):
        find_policy(tmp_path)


def test_what_is_not_a_readable_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "fifo")

    for name, reason in [
        ("none.yml", "No such file or directory"),
        (".", "Is a directory"),
        ("fifo", "it is not a regular file"),
    ]:
        with pytest.raises(PolicyError) as caught:
            read_policy(tmp_path / name)
        assert reason in caught.value.problems[0].message


def test_files_outside_the_root_are_not_read(tmp_path):
    root = tmp_path / "repository"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("outside")
    (root / "inside").write_text("inside")
    (root / "link").symlink_to(tmp_path / "secret")
    read = reader(root)

    assert read(str(root / "sub" / "p.yml"), "../inside") == b"inside"
    for name in ("../secret", "link", str(tmp_path / "secret"), "/etc/hostname"):
        with pytest.raises(ValueError, match="outside"):
            read(str(root / "p.yml"), name)


def test_the_root_is_the_repository_or_the_working_directory(tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    (repository / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    assert enclosing(repository / "sub" / "p.yml") == tmp_path
    (repository / ".git").mkdir()
    assert enclosing(repository / "sub" / "p.yml") == repository
    monkeypatch.chdir("/")
    assert enclosing(tmp_path / "p.yml").samefile("/")
    monkeypatch.chdir(repository)
    assert enclosing(tmp_path / "p.yml") == tmp_path


def test_a_circle_of_links_is_told(tmp_path):
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises((OSError, ValueError), match=r"circle|symbolic links"):
        reader(tmp_path)(str(tmp_path / "p.yml"), "loop")


def test_a_named_file_is_read_whole_or_refused(tmp_path):
    (tmp_path / "roots.pem").write_bytes(b"x" * ROOTS_LIMIT)
    (tmp_path / "large.pem").write_bytes(b"x" * (ROOTS_LIMIT + 1))
    read = reader(tmp_path)

    assert len(read(str(tmp_path / "p.yml"), "roots.pem")) == ROOTS_LIMIT
    with pytest.raises(ValueError, match="larger than 4096 KiB"):
        read(str(tmp_path / "p.yml"), "large.pem")
