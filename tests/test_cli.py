"""The command's start: quick where nothing is asked, late with its imports."""

from __future__ import annotations

import subprocess
import sys

from mailtls import __version__
from mailtls.cli import main


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


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "mailtls", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"mailtls {__version__}\n"
