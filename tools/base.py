"""A stand-in for the image's base, so that the real Dockerfile builds where no image registry is.

`make` bootstraps Debian with its Python 3.13 under the name the Dockerfile's FROM uses, and fetches
the locked wheels for it; `image` builds the image on it; `test` runs the tests inside it. What is
made is kept in `$XDG_CACHE_HOME/mailtls-ci` and in the local image store, and made again when the
lock files or this file change. Standard library only; root, buildah and debootstrap are needed.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
LOCK = TREE / "requirements" / "dev.txt"
SUITE = "trixie"
IMAGE = "localhost/mailtls:test"
WHEELS = "/wheels"
# What the tests run; the image is built and run from outside, and needs none of it.
SERVERS = (
    "dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved postfix openssl gnutls-bin "
    "iproute2 microsocks zsh fish python3-dkim gsasl"
)

# The tree's shape needs git, the image a runtime, the handshake a user namespace,
# the validator and the browser's packages npm: none in a chroot.
NOT_INSIDE = (
    "--ignore=tests/meta",
    "--ignore=tests/image",
    "--ignore=tests/browser",
    # They install servers and filters of their own, by package clients the chroot has not.
    "--ignore=tests/e2e/test_other_servers.py",
    "--ignore=tests/e2e/test_politeness.py",
    "--ignore=tests/e2e/test_deliveries_others.py",
    "--ignore=tests/e2e/test_enumeration.py",
    "--ignore=tests/e2e/test_lmtp.py",
    "--ignore=tests/e2e/test_servers.py",
    "--ignore=tests/lab/test_lab_others.py",
    # It reads the manuals of the packages that the pages were written by.
    "--ignore=tests/e2e/test_fix_settings.py",
    # Bearer tokens are set up in the language of Dovecot 2.3.
    "--ignore=tests/e2e/test_deliveries_logins.py",
    "--ignore=tests/e2e/test_deliveries_postfix.py",
    "--deselect=tests/tls/test_flight.py::test_gnutls_accepts_rc4_3des_and_anonymous_suites",
    "--deselect=tests/report/test_sarif.py::test_github_takes_it_in",
)

# Pip's own settings that say where packages come from; a machine may need them, no file may name them.
PASSED = ("cert", "index-url", "extra-index-url", "trusted-host", "proxy", "timeout")


def base_name() -> str:
    """Return the image name that the Dockerfile builds on."""
    found = re.search(r"^ARG BASE=(\S+)$", (TREE / "Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        sys.exit("base: the Dockerfile has no `ARG BASE=`")
    return found.group(1)


def cache() -> Path:
    """Return the folder of what is made once and kept, outside of the repository."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "mailtls-ci"


def digest(*parts: bytes) -> str:
    """Return a short name for inputs that were used."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def run(*words: str | Path) -> str:
    """Return the standard output of a program that must succeed; its errors go to ours."""
    # The file lock of the image store and debootstrap's scripts want a closed standard input.
    done = subprocess.run(
        [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        sys.stderr.buffer.write(done.stdout)
        sys.exit(f"base: {words[0]} failed with {done.returncode}")
    return done.stdout.decode()


def exists(image: str) -> bool:
    """Return whether the local store has an image."""
    command = ["buildah", "inspect", "--type", "image", image]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def container(image: str) -> Iterator[str]:
    """Give the name of a new container of a local image, and remove it."""
    name = run("buildah", "from", "--pull=never", image).strip()
    try:
        yield name
    finally:
        run("buildah", "rm", name)


def execute(
    name: str,
    command: Sequence[str],
    *,
    mounts: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a command in a container on the host's network, with our output; return its exit code."""
    words = ["buildah", "run", "--isolation", "chroot"]
    words += [f"--volume={mount}" for mount in mounts]
    words += [f"--env={key}={value}" for key, value in (environment or {}).items()]
    sys.stdout.flush()
    return subprocess.run(
        [*words, name, "--", *command], stdin=subprocess.DEVNULL, check=False
    ).returncode


def base() -> str:
    """Return the local name of the stand-in, made first where it is missing."""
    stamp = digest(Path(__file__).read_bytes(), platform.machine().encode())
    image = f"localhost/mailtls-base:{stamp}"
    if not exists(image):
        root = cache() / f"{SUITE}-{stamp}"
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        packages = "--include=python3,python3-venv,ca-certificates"
        (cache() / "debootstrap.log").write_text(
            run("debootstrap", "--variant=minbase", packages, SUITE, root)
        )
        # The build installs from the wheels it is handed, and reaches no index.
        (root / "etc" / "pip.conf").write_text(
            f"[global]\nno-index = true\nfind-links = {WHEELS}\ndisable-pip-version-check = true\n"
        )
        (root / "usr" / "bin" / "python").symlink_to("python3")
        shutil.rmtree(root / "var" / "cache" / "apt" / "archives", ignore_errors=True)
        new = run("buildah", "from", "scratch").strip()
        run("buildah", "add", "--quiet", new, root, "/")
        run("buildah", "config", "--cmd", "python3", new)
        run("buildah", "commit", "--quiet", "--rm", new, image)
        shutil.rmtree(root)
    run("buildah", "tag", image, f"localhost/{base_name()}")
    return image


def pip_settings() -> tuple[dict[str, str], list[str]]:
    """Return this machine's pip settings as environment variables, and the files they name."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in PASSED and "file://" not in value:
            settings[f"PIP_{name.upper().replace('-', '_')}"] = ast.literal_eval(value)
    files = [value for value in settings.values() if value.startswith("/")]
    return settings, [f"{file}:{file}:ro" for file in files if Path(file).is_file()]


def wheels() -> Path:
    """Return the folder of the locked wheels for the base's Python, fetched first where missing."""
    stand_in = base()
    folder = cache() / f"wheels-{digest(LOCK.read_bytes(), stand_in.encode())}"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        settings, files = pip_settings()
        mounts = [*files, f"{LOCK}:/dev.txt:ro", f"{partial}:{WHEELS}"]
        fetch = "python3 -m venv /venv && /venv/bin/pip download --quiet --require-hashes "
        fetch += f"--only-binary :all: --no-deps --dest {WHEELS} --requirement /dev.txt"
        environment = {"PIP_CONFIG_FILE": "/dev/null", **settings}
        with container(stand_in) as name:
            code = execute(name, ["sh", "-c", fetch], mounts=mounts, environment=environment)
        if code:
            sys.exit(f"base: the wheels could not be fetched ({code})")
        partial.rename(folder)
    return folder


def image() -> str:
    """Build the image of the tree's Dockerfile on the stand-in; return its local name."""
    handed = wheels()
    words = ["buildah", "build", "--isolation", "chroot", "--pull=never", "--quiet"]
    run(*words, f"--volume={handed}:{WHEELS}:ro", "--tag", IMAGE, TREE)
    return IMAGE


def tested(arguments: Sequence[str]) -> int:
    """Run all tests but those of the tree's shape and of the image, under the base's Python."""
    handed = wheels()
    stand_in = f"localhost/mailtls-tests:{digest(handed.name.encode(), SERVERS.encode())}"
    if not exists(stand_in):
        # No service may start, and the archive's own user cannot be become in a chroot.
        install = "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; "
        install += "chmod 755 /usr/sbin/policy-rc.d; export DEBIAN_FRONTEND=noninteractive; "
        install += "apt-get -qq -o APT::Sandbox::User=root update && "
        install += "apt-get -qq -o APT::Sandbox::User=root install --yes --no-install-recommends "
        install += f"{SERVERS} > /dev/null && python3 -m venv /venv && /venv/bin/pip install "
        install += "--quiet --require-hashes --only-binary :all: --no-deps --requirement /dev.txt"
        mounts = [f"{LOCK}:/dev.txt:ro", f"{handed}:{WHEELS}:ro"]
        with container(base()) as name:
            if code := execute(name, ["sh", "-c", install], mounts=mounts):
                return code
            run("buildah", "commit", "--quiet", name, stand_in)
    command = ["/venv/bin/python", "-m", "pytest", "-p", "no:cacheprovider"]
    command += ["--numprocesses", "auto", *NOT_INSIDE]
    with container(stand_in) as name:
        run("buildah", "config", "--workingdir", "/tree", name)
        return execute(
            name,
            [*command, *arguments],
            mounts=[f"{TREE}:/tree:ro"],
            environment={
                "PYTHONPATH": "/tree/src",
                "PYTHONDONTWRITEBYTECODE": "1",
                "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis",  # noqa: S108 - in the container
                "HOME": "/root",
                "PATH": "/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            },
        )


def main() -> int:
    """Do what the first argument says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("step", choices=("make", "image", "test"))
    arguments, rest = parser.parse_known_args()
    if arguments.step == "test":
        return tested(rest)
    print(image() if arguments.step == "image" else wheels())
    return 0


if __name__ == "__main__":
    sys.exit(main())
