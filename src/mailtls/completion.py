"""Completion for bash, zsh and fish, written from the parser, so that it knows what the program knows.

A script is a fixed text: it starts no program when a key is pressed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailtls.pure import pure

FILES = "files"
"""Stands for the names of files where words are listed."""

_OF_FILES = ("POLICY", "PEM", "FILE", "PATH")


@pure
class Argument:
    """An option, or, where `names` is empty, what stands alone; `words` may follow it.

    `takes` is the name of its value, "" for a switch; `words` are `(FILES,)` for any file's name.
    """

    names: tuple[str, ...]
    takes: str
    words: tuple[str, ...]
    help: str
    repeatable: bool


def arguments(parser: argparse.ArgumentParser, rules: Sequence[str]) -> tuple[Argument, ...]:
    """Return what a command takes; `rules` are the ids of the rules."""
    return tuple(
        _argument(action, rules)
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to them
        if not isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    )


def commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the commands of the program by name."""
    (action,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
    return dict(action.choices)


def script(shell: str, parser: argparse.ArgumentParser, rules: Sequence[str]) -> str:
    """Return the completion of the program for a shell: bash, zsh or fish."""
    known = {
        name: (each.description or "", arguments(each, rules))
        for name, each in commands(parser).items()
    }
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](known)
    return "".join(f"{line}\n" for line in lines)


_Known = Mapping[str, tuple[str, tuple[Argument, ...]]]


def _argument(action: argparse.Action, rules: Sequence[str]) -> Argument:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest
    takes = "" if action.nargs == 0 else metavar
    words: tuple[str, ...] = ()
    if action.choices is not None:
        words = tuple(map(str, action.choices))
    elif takes in ("RULE", "ID"):
        words = tuple(rules)
    elif "|" in takes and takes.islower():
        words = tuple(takes.split("|"))
    elif takes in _OF_FILES:
        words = (FILES,)
    return Argument(
        names=tuple(action.option_strings),
        takes=takes,
        words=words,
        help=(action.help or "").replace("%%", "%"),
        repeatable=isinstance(action, argparse._AppendAction),  # noqa: SLF001
    )


def _bash(known: _Known) -> Iterator[str]:
    yield from (
        "# Completion of mailtls for bash.",
        "_mailtls() {",
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
        "    local command='' word",
        "    # Bash takes `=` for a word of its own.",
        "    if [[ $current == = ]]; then current=; elif [[ $before == = ]]; then",
        "        before=${COMP_WORDS[COMP_CWORD-2]}",
        "    fi",
        '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        f"        case $word in {'|'.join(known)}) command=$word; break ;; esac",
        "    done",
        "    COMPREPLY=()",
        '    case "$command $before" in',
    )
    for name, (_, found) in known.items():
        for each in found:
            if each.names and each.takes:
                pattern = "|".join(f'"{name} {option}"' for option in each.names)
                yield f"        {pattern}) {_reply(each.words)} return ;;"
    yield "    esac"
    yield '    case "$command" in'
    words = " ".join([*known, "--version", "--help"])
    yield f'        "") {_reply(words.split())} ;;'
    for name, (_, found) in known.items():
        options = [option for each in found for option in each.names]
        alone = next((each.words for each in found if not each.names), ())
        yield f"        {name})"
        yield f"            if [[ $current == -* ]]; then {_reply(options)}"
        yield f"            else {_reply(alone)} fi ;;"
    yield from ("    esac", "}", "complete -F _mailtls mailtls")


def _reply(words: Iterable[str]) -> str:
    listed = list(words)
    if listed == [FILES]:
        return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current");'
    if not listed:
        return ":;"
    return f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(listed)}" -- "$current");'


def _zsh(known: _Known) -> Iterator[str]:
    yield from ("#compdef mailtls", "# Completion of mailtls for zsh.", "_mailtls() {")
    yield "    local context state state_descr line"
    yield "    typeset -A opt_args"
    yield "    local -a commands"
    yield "    commands=("
    for name, (said, _) in known.items():
        yield f"        {_quoted(f'{name}:{said}')}"
    yield from (
        "    )",
        "    _arguments -C '(- *)--version[print the version and exit]' \\",
        "        '(- *)'{-h,--help}'[show the help and exit]' \\",
        "        '1:command:->command' '*::argument:->argument'",
        "    case $state in",
        "        command) _describe -t commands command commands ;;",
        "        argument) case $line[1] in",
    )
    for name, (_, found) in known.items():
        specs = " ".join(spec for each in found for spec in _zsh_specs(each))
        yield f"            {name}) _arguments {specs} ;;"
    yield from (
        "        esac ;;",
        "    esac",
        "}",
        'if [[ $funcstack[1] == _mailtls ]]; then _mailtls "$@"; else compdef _mailtls mailtls; fi',
    )


def _zsh_specs(argument: Argument) -> Iterator[str]:
    words = "_files" if argument.words == (FILES,) else f"({' '.join(argument.words)})"
    value = f":{argument.takes.replace(':', ' ')}:{words if argument.words else ' '}"
    if not argument.names:
        yield _quoted(f"1{value}")
        return
    said = "".join(f"\\{c}" if c in "[]:" else c for c in argument.help)
    for name in argument.names:
        alone = "*" if argument.repeatable else f"({' '.join(argument.names)})"
        equals = "=" if argument.takes and name.startswith("--") else ""
        yield _quoted(f"{alone}{name}{equals}[{said}]{value if argument.takes else ''}")


def _fish(known: _Known) -> Iterator[str]:
    yield "# Completion of mailtls for fish."
    yield "complete -c mailtls -f"
    top = "-n __fish_use_subcommand"
    yield f"complete -c mailtls {top} -l version -d 'print the version and exit'"
    yield f"complete -c mailtls {top} -s h -l help -d 'show the help and exit'"
    for name, (said, _) in known.items():
        yield f"complete -c mailtls {top} -a {name} -d {_fish_quoted(said)}"
    for name, (_, found) in known.items():
        seen = f"complete -c mailtls -n '__fish_seen_subcommand_from {name}'"
        for each in found:
            yield f"{seen} {_fish_spec(each)}"


def _fish_spec(argument: Argument) -> str:
    files = argument.words == (FILES,)
    words = "" if files or not argument.words else f" -a '{' '.join(argument.words)}'"
    if not argument.names:
        return "-F" if files else words.strip()
    names = " ".join(
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in argument.names
    )
    value = "" if not argument.takes else " -r -F" if files else " -x"
    return f"{names}{value}{words} -d {_fish_quoted(argument.help)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
