"""How GitHub's runner reads a step: commands in its output, and the env-file grammar.

Written from the behaviour of the runner (ActionCommand.TryParse, TryParseV2 and
EnvFileKeyValuePairs): version 2 commands stand at a line's start after white space, version 1
commands anywhere in a line; a line ends at CR LF, LF or CR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMANDS = frozenset(
    [
        "add-mask",
        "add-matcher",
        "add-path",
        "debug",
        "echo",
        "endgroup",
        "error",
        "group",
        "internal-set-repo-path",
        "notice",
        "remove-matcher",
        "save-state",
        "set-env",
        "set-output",
        "stop-commands",
        "warning",
    ]
)
# .NET's Char.IsWhiteSpace
WHITE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    properties: dict[str, str]
    data: str


def commands(output: str) -> list[Command]:
    found = []
    for line in re.split(r"\r\n|\n|\r", output):
        command = _version_2(line) or _version_1(line)
        if command is not None:
            found.append(command)
    return found


def _unescape(text: str, table: list[tuple[str, str]]) -> str:
    for escaped, plain in table:
        text = re.sub(re.escape(escaped), lambda _, p=plain: p, text, flags=re.IGNORECASE)
    return text


_DATA = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]
_PROPERTY = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
_VERSION_1 = [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")]


def _version_2(line: str) -> Command | None:
    text = line.lstrip(WHITE)
    if not text.startswith("::"):
        return None
    end = text.find("::", 2)
    if end < 0:
        return None
    name, _, rest = text[2:end].partition(" ")
    if name.lower() not in COMMANDS:
        return None
    properties = {}
    for pair in rest.strip().split(","):
        key, equals, value = pair.partition("=")
        if equals:
            properties[key.strip()] = _unescape(value, _PROPERTY)
    return Command(name.lower(), properties, _unescape(text[end + 2 :], _DATA))


def _version_1(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, rest = line[start + 3 : end].partition(" ")
    if name.lower() not in COMMANDS:
        return None
    properties = {
        pair.partition("=")[0]: _unescape(pair.partition("=")[2], _VERSION_1)
        for pair in rest.split(";")
        if "=" in pair
    }
    return Command(name.lower(), properties, _unescape(line[end + 1 :], _VERSION_1))


def env_file(text: str) -> dict[str, str]:
    """Read names and values; raises ValueError where the runner fails the step."""
    values: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            values[line[:equals]] = line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            if not name or not delimiter:
                raise ValueError("invalid format")
            body = []
            for inner in lines:
                if inner == delimiter:
                    break
                body.append(inner)
            else:
                raise ValueError("matching delimiter not found")
            values[name] = "\n".join(body)
        else:
            raise ValueError("invalid format")
    return values
