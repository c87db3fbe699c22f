"""The command's start: quick where nothing is asked, late with its imports."""

from __future__ import annotations

import gc
import subprocess
import sys

from mailtls import __version__
from mailtls.cli import COLLECT_AFTER, main


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mailtls {__version__}\n"


def test_the_version_costs_no_import_of_the_program():
    code = (
        "import sys; before = set(sys.modules); from mailtls.cli import main; main(['--version']);"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = done.stdout.splitlines()[1]

    for heavy in ("argparse", "yaml", "cryptography", "OpenSSL", "jsonschema_rs", "asyncio", "ssl"):
        assert f"'{heavy}'" not in imported
    assert imported.count("'mailtls") == 2


def test_what_is_made_during_a_start_is_not_looked_through_for_garbage(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(gc, "set_threshold", asked.append)

    assert main(["explain", "mode"]) == 0
    assert capsys.readouterr().out
    assert asked == [COLLECT_AFTER]


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "mailtls", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"mailtls {__version__}\n"
