"""The container action: the runner's inputs as a command line, and the way down from root.

The runner starts the container as root, with its credentials in the environment and its socket and
command files mounted. `prepare` opens the files, becomes an unprivileged user, and executes the
command in a process that has neither; nothing is sent before. `resume` is that process.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import NoReturn, TextIO

from mailtls import handover
from mailtls.errors import UsageError
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.verdict import ExitCode

UNPRIVILEGED = 65532
"""The image's own user and group, for a workspace that belongs to root."""


class Kind(Enum):
    """How the text of an input becomes arguments."""

    COMMAND = auto()
    POLICY = auto()
    OPTION = auto()
    LINES = auto()
    FLAG = auto()
    SWITCH = auto()


@pure
class Input:
    """An input of `action.yml`; `option` is the command-line option it sets, or ""."""

    kind: Kind
    option: str = ""


INPUTS: Mapping[str, Input] = {
    "policy": Input(kind=Kind.POLICY),
    "command": Input(kind=Kind.COMMAND),
    "fail-on": Input(kind=Kind.OPTION, option="--fail-on"),
    "inconclusive": Input(kind=Kind.OPTION, option="--inconclusive"),
    "only": Input(kind=Kind.LINES, option="--only"),
    "reports": Input(kind=Kind.LINES, option="--report"),
    "send": Input(kind=Kind.FLAG, option="--send"),
    "credentials": Input(kind=Kind.LINES, option="--credential"),
    "send-domains": Input(kind=Kind.LINES, option="--send-domain"),
    "allow-privileged-trigger": Input(kind=Kind.FLAG, option="--allow-privileged-trigger"),
    "connect-to": Input(kind=Kind.LINES, option="--connect-to"),
    "resolver": Input(kind=Kind.OPTION, option="--resolver"),
    "proxy": Input(kind=Kind.OPTION, option="--proxy"),
    "ca-file": Input(kind=Kind.OPTION, option="--ca-file"),
    "timeout": Input(kind=Kind.OPTION, option="--timeout"),
    "per-host": Input(kind=Kind.OPTION, option="--per-host"),
    "summary": Input(kind=Kind.SWITCH),
    "annotations": Input(kind=Kind.SWITCH),
}

COMMANDS = ("check", "validate")
_PREFIX = "INPUT_"
_SWITCHES = {"": True, "true": True, "false": False}

# What the command may know of the runner. Everything else stays behind: tokens, secrets of other
# steps, and switches of Python and OpenSSL.
_KEPT = frozenset(
    {
        "CI",
        "FORCE_COLOR",
        "GITHUB_ACTIONS",
        "GITHUB_ACTOR",
        "GITHUB_EVENT_NAME",
        "GITHUB_REPOSITORY",
        "GITHUB_RUN_ID",
        "GITHUB_SERVER_URL",
        "GITHUB_WORKSPACE",
        "HOME",
        "LANG",
        "LC_ALL",
        "NO_COLOR",
        "PATH",
        "RUNNER_DEBUG",
        "RUNNER_ENVIRONMENT",
        "TERM",
        "TZ",
    }
)

# The descriptors of the command files, for the process that comes after.
_OUTPUT = "MAILTLS_OUTPUT_DESCRIPTOR"
_SUMMARY = "MAILTLS_SUMMARY_DESCRIPTOR"
# The descriptor of the logins, whose values never stand in that process's environment.
_LOGINS = "MAILTLS_LOGINS_DESCRIPTOR"
_LOGIN = "MAILTLS_"
_FILES = {_OUTPUT: "GITHUB_OUTPUT", _SUMMARY: "GITHUB_STEP_SUMMARY"}


def inputs(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs that were given, trimmed; the runner sends "" for one that was not.

    Raises `UsageError` for a name that is not an input: the runner itself only warns of it.
    """
    given: dict[str, str] = {}
    for key, value in sorted(environment.items()):
        # The runner upper-cases the name and keeps its hyphens.
        name = key.removeprefix(_PREFIX).lower()
        if not key.startswith(_PREFIX):
            continue
        if name not in INPUTS:
            near = difflib.get_close_matches(name, INPUTS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(INPUTS)}"
            raise UsageError(f"unknown input {name}{hint}")
        if value.strip():
            given[name] = value.strip()
    return given


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Return the command line that the inputs stand for.

    Every value is joined to its option, and the policy follows `--`, so that none is read as an
    option. Raises `UsageError` for an unknown input, command or switch.
    """
    given = inputs(environment)
    command = given.get("command", COMMANDS[0])
    if command not in COMMANDS:
        raise UsageError(f"input command: expected {' or '.join(COMMANDS)}, not {command}")
    words = [command]
    if _switch(given, "annotations"):
        words.append("--format=github")
    for name, text in given.items():
        declared = INPUTS[name]
        if declared.kind is Kind.OPTION:
            words.append(f"{declared.option}={text}")
        elif declared.kind is Kind.LINES:
            lines = (line.strip() for line in text.splitlines())
            words += [f"{declared.option}={line}" for line in lines if line]
        elif declared.kind is Kind.FLAG and _switch(given, name):
            words.append(declared.option)
    return [*words, "--", given["policy"]] if "policy" in given else words


def scrub(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of the runner's environment the command may see."""
    return {name: value for name, value in environment.items() if name in _KEPT}


def prepare(entrypoint: str, environment: Mapping[str, str]) -> NoReturn:
    """Open the command files, drop privileges, and execute `entrypoint` again with its arguments.

    The process that sends the first byte is a new one: what `os.environ` forgets stays readable
    in `/proc/self/environ`, what `execve` was not given does not. Logins go there in memory.
    """
    try:
        words = arguments(environment)
        wanted = {_OUTPUT: True, _SUMMARY: _switch(inputs(environment), "summary")}
    except UsageError as error:
        sys.exit(_refuse(str(error)))
    kept = scrub(environment)
    for variable, name in _FILES.items():
        path = environment.get(name, "")
        if path and wanted[variable]:
            descriptor = _append(path, name)
            if descriptor is not None:
                kept[variable] = str(descriptor)
    if logins := {name: value for name, value in environment.items() if name.startswith(_LOGIN)}:
        kept[_LOGINS] = str(handover.remember(logins))
    if os.geteuid() == 0:
        workspace = Path.cwd()
        owner = workspace.stat().st_uid or UNPRIVILEGED
        for word in words:
            option, _, report = word.partition("=")
            if option == INPUTS["reports"].option:
                handover.give_file(workspace, report.partition("=")[2], owner, UNPRIVILEGED)
        drop_privileges(owner)
    os.execve(sys.executable, [sys.executable, "-I", entrypoint, *words], kept)  # noqa: S606 - no shell


def resume(
    main: Callable[..., int], words: Sequence[str], environment: MutableMapping[str, str]
) -> int:
    """Run `main` with the files and logins that `prepare` opened; return its exit code.

    Logins are set in `environment`, for the command to take out again.
    """
    if (descriptor := environment.pop(_LOGINS, None)) is not None:
        environment.update(handover.recall(int(descriptor)))
    output, summary = (_inherited(environment.get(variable)) for variable in _FILES)
    code = main(words, output=output, summary=summary)
    for stream in (output, summary):
        if stream is not None:
            stream.close()
    return code


def drop_privileges(user: int) -> None:
    """Become `user` for good, with the image's own group alone.

    The workspace's group is not taken over: on the hosted runners it is the group that may write
    to the container engine's socket, which is mounted here too and is as good as root.
    """
    os.setgroups([])
    os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
    os.setresuid(user, user, user)


def _switch(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "")
    if text.lower() not in _SWITCHES:
        raise UsageError(f"input {name}: expected true or false, not {text}")
    return _SWITCHES[text.lower()]


def _append(path: str, name: str) -> int | None:
    """Return an inheritable descriptor that appends, or None and a word why not."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError as error:
        # The verdict is worth more than its copy: the exit code still says it.
        print(f"mailtls: warning: {name} cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201 - before the command's own output exists
        return None
    os.set_inheritable(descriptor, True)
    return descriptor


def _inherited(descriptor: str | None) -> TextIO | None:
    # One "\n" as written: the runner splits the files there and nowhere else.
    return os.fdopen(int(descriptor), "a", encoding="utf-8", newline="\n") if descriptor else None


def _refuse(message: str) -> int:
    # The runner reads `%` as the start of an escape in a command's text.
    print(f"::error title=mailtls::{clean(message).replace('%', '%25')}")  # noqa: T201 - before the command's own output exists
    return ExitCode.ERROR
