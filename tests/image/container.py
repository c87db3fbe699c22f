"""Start a container as the workflow runner does, and read its command files as the runner does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# No systemd and no crun here: a container needs a runtime and a cgroup driver that do without.
# Host limits below the engine's defaults would make it refuse; the runner's own are far above.
_PODMAN = ("podman", "--runtime=runc", "--cgroup-manager=cgroupfs", "run", "--rm")
_LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=host")

# What the runner gives every container action beside its inputs. The tokens are canaries.
TOKENS = {
    "ACTIONS_RUNTIME_TOKEN": "canary-runtime-token",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-identity-token",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://identity.invalid/canary",
    "GITHUB_TOKEN": "canary-github-token",
    "DEPLOY_PASSWORD": "canary-of-another-step",
}
_ENVIRONMENT = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_OUTPUT": "/github/file_commands/output",
    "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
    "GITHUB_WORKSPACE": "/github/workspace",
    "HOME": "/github/home",
    **TOKENS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a container ended, and what it left for the runner."""

    code: int
    out: str
    err: str
    outputs: Mapping[str, str]
    summary: str


def command(image: str, *words: str, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command line that runs `image` on the host's network."""
    return [*_PODMAN, *_LIMITS, *options, image, *words]


def inside(image: str, script: str) -> str:
    """Return what a shell script prints in the image."""
    done = subprocess.run(
        command(image, "-c", script, options=("--entrypoint=/bin/sh",)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


class Action:
    """One step that uses the action, with a workspace and command files on this machine."""

    def __init__(self, image: str, folder: Path, *, owner: int = 1001) -> None:
        self.image = image
        self.workspace = folder / "workspace"
        self.files = folder / "file_commands"
        home = folder / "home"
        for part in (self.workspace, self.files, home):
            part.mkdir()
            os.chown(part, owner, owner)
        for name in ("output", "summary"):
            (self.files / name).touch(0o600)
            os.chown(self.files / name, owner, owner)
        self._mounts = (
            f"--volume={self.workspace}:/github/workspace",
            f"--volume={self.files}:/github/file_commands",
            f"--volume={home}:/github/home",
        )

    def command(
        self,
        inputs: Mapping[str, str],
        *,
        user: str = "",
        environment: Mapping[str, str],
        more: tuple[str, ...] = (),
    ) -> list[str]:
        """Return the command line of the step; `more` are options of the container."""
        given = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
        variables = {**_ENVIRONMENT, **environment, **given}
        options = (
            *self._mounts,
            "--workdir=/github/workspace",
            *(f"--env={name}={value}" for name, value in variables.items()),
            *((f"--user={user}",) if user else ()),
            *more,
        )
        return command(self.image, options=options)

    def run(
        self,
        inputs: Mapping[str, str],
        *,
        user: str = "",
        more: tuple[str, ...] = (),
        **environment: str,
    ) -> Run:
        """Run the step to its end; `more` are options of the container."""
        done = subprocess.run(
            self.command(inputs, user=user, environment=environment, more=more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(
            code=done.returncode,
            out=done.stdout,
            err=done.stderr,
            outputs=outputs((self.files / "output").read_text()),
            summary=(self.files / "summary").read_text(),
        )


def outputs(text: str) -> dict[str, str]:
    """Read a file of outputs by the runner's grammar; a line that breaks it is an error there too.

    (actions/runner, FileCommandManager: a line is NAME=VALUE where `=` comes before `<<`, else
    NAME<<DELIMITER up to the line that is the delimiter alone; the last of a name wins.)
    """
    found: dict[str, str] = {}
    lines = iter(text.removesuffix("\n").split("\n") if text else ())
    for line in lines:
        name, equals, value = line.partition("=")
        key, opens, delimiter = line.partition("<<")
        if equals and len(name) < len(key):
            found[name] = value
        elif opens and key and delimiter:
            held = []
            while (inner := next(lines)) != delimiter:
                held.append(inner)
            found[key] = "\n".join(held)
        else:
            raise ValueError(line)
    return found
