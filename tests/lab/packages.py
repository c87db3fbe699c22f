"""Servers that cannot be installed beside the others: unpacked into a cache folder, once.

Python servers of a fixed, vulnerable version come from a locked requirement; Debian packages that
conflict with Postfix are downloaded and not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.process import LabError, require

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def cache() -> Path:
    """Return the folder that outlives a test session; it is open to the servers' own users."""
    return Path(os.environ.get("MAILTLS_LAB_CACHE", "/var/cache/mailtls-lab"))


def python_server(name: str) -> Path:
    """Return the folder with the packages of `requirements/lab-<name>.txt`."""
    locked = REQUIREMENTS / f"lab-{name}.txt"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--requirement",
        str(locked),
        "--target",
    ]
    return _unpacked(f"python-{name}", lambda folder: _run([*install, str(folder)]))


def debian(*packages: str) -> Path:
    """Return the folder with the unpacked files of Debian packages."""
    apt, dpkg = require("apt-get", "apt"), require("dpkg-deb", "dpkg")

    def unpack(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as downloads:
            _run([apt, "download", "-o", "APT::Sandbox::User=root", *packages], cwd=Path(downloads))
            for archive in sorted(Path(downloads).glob("*.deb")):
                _run([dpkg, "--extract", str(archive), str(folder)])

    return _unpacked(f"debian-{packages[0]}", unpack)


def _unpacked(name, fill) -> Path:
    folder = cache() / name
    if folder.exists():
        return folder
    cache().mkdir(parents=True, exist_ok=True)
    # Filled under another name, so that an interrupted start leaves nothing that looks complete.
    work = Path(tempfile.mkdtemp(dir=cache(), prefix=f"{name}."))
    try:
        fill(work)
        work.chmod(0o755)
        work.rename(folder)
    except OSError:
        if not folder.exists():  # another session was faster
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _run(argv: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv[:4])} failed:\n{done.stdout}{done.stderr}")
