"""Servers that cannot be installed beside the others: unpacked into a cache folder, once.

Python servers of a fixed, vulnerable version come from a locked requirement; Debian packages that
conflict with Postfix are downloaded and not installed.
"""

from __future__ import annotations

import gzip
import os
import re
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


def node(name: str, exact: str) -> Path:
    """Return the folder with an npm package of an exact version, and its dependencies."""
    install = [
        require("npm", "npm, with nodejs 20 or later"),
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
        exact,
        "--prefix",
    ]
    return _unpacked(f"node-{name}", lambda folder: _run([*install, str(folder)], cwd=folder))


def debian(*packages: str) -> Path:
    """Return the folder with the unpacked files of Debian packages and of what they lack here.

    Installing is only simulated: apt names what would come along on this machine.
    """
    apt, dpkg, tar = (
        require(program, package)
        for program, package in (("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar"))
    )

    def unpack(folder: Path) -> None:
        # A merged /usr: what a package still has below /lib lies below /usr/lib, as installed.
        for name in ("bin", "lib", "sbin"):
            (folder / "usr" / name).mkdir(parents=True)
            (folder / name).symlink_to(f"usr/{name}")
        simulated = _run([apt, "install", "--simulate", "--no-install-recommends", *packages])
        lacking = re.findall(r"^Inst (\S+)", simulated, re.MULTILINE)
        with tempfile.TemporaryDirectory() as downloads:
            wanted = sorted({*packages, *lacking})
            _run([apt, "download", "-o", "APT::Sandbox::User=root", *wanted], cwd=Path(downloads))
            for archive in sorted(Path(downloads).glob("*.deb")):
                unpacked = archive.with_suffix(".tar")
                _run(["sh", "-c", '"$0" --fsys-tarfile "$1" > "$2"', dpkg, archive, unpacked])
                _run([tar, "-C", folder, "--keep-directory-symlink", "-xf", unpacked])

    return _unpacked(f"debian-{packages[0]}", unpack)


def version(package: str) -> str:
    """Return the version of a package of Debian that a server here runs, installed or unpacked."""
    known = f"usr/share/doc/{package}/changelog.Debian.gz"
    for root in (*sorted(cache().glob("debian-*")), Path("/")):
        for file in (root / known, root / known.replace(".Debian", "")):
            if file.exists():
                first = gzip.decompress(file.read_bytes()).decode().partition(")")[0]
                return first.partition("(")[2]
    raise LabError(f"no changelog of {package} names its version")


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


def _run(argv: list[str | Path], cwd: Path | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(map(str, argv[:4]))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
