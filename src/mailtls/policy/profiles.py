"""Published guidelines as data: one file for each profile, pinned by the version in its name.

Suites stand in a file in one of two ways: `suite_kinds` gives each kind that the guideline speaks
against its level, and leaves TLS 1.3 alone; `allowed_suites` and `warned_suites` are lists, and every
suite outside them is an error. Groups likewise: `refused_groups`, or `allowed_groups` and
`warned_groups`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mailtls.policy.model import Graded, Profile
from mailtls.terms import Level, TlsVersion
from mailtls.tls.codepoints import SuiteKind, group_by_name, groups, suite_by_name, suites

DEFAULT = "bcp195"
_FOLDER = Path(__file__).with_name("profiles")

CodeOf = Callable[[str], int | None]


@cache
def load_profile(name: str) -> Profile:
    """Return a profile by name; raises KeyError where there is none."""
    file = _FOLDER / f"{name}.json"
    if file not in _FOLDER.iterdir():
        raise KeyError(name)
    data = json.loads(file.read_text(encoding="utf-8"))
    by_label = {version.label: version for version in TlsVersion}
    kinds = {SuiteKind(kind): Level(level) for kind, level in data.get("suite_kinds", {}).items()}
    relay = {SuiteKind(kind): Level(level) for kind, level in data.get("relay_kinds", {}).items()}
    return Profile(
        name=name,
        source=data["source"],
        versions=tuple(
            Graded(code=by_label[label], level=Level(level))
            for label, level in data["versions"].items()
        ),
        required_version=by_label[data["required_version"]],
        rsa_bits=data["rsa_bits"],
        curves=tuple(data["curves"]),
        signature_hashes=tuple(data["signature_hashes"]),
        suites=_by_kind(kinds) if kinds else _outside(_graded_suites(), _suites(data)),
        relay_suites=_on_a_relay(kinds, relay),
        groups=_groups(data),
        dh_bits=data["dh_bits"],
        renegotiation=_level(data, "renegotiation"),
        compression=_level(data, "compression"),
        master_secret=_level(data, "master_secret"),
    )


def _level(data: Mapping[str, Any], key: str) -> Level | None:
    return Level(data[key]) if key in data else None


def _graded_suites() -> Iterable[int]:
    """Return the suites that can be chosen from SSLv3 on; those of SSL 2.0 fall with their version."""
    return (
        suite.code
        for suite in suites().values()
        if suite.code and suite.min_version is not TlsVersion.SSL2
    )


def _by_kind(kinds: Mapping[SuiteKind, Level]) -> tuple[Graded, ...]:
    ranks = {level: rank for rank, level in enumerate(Level)}
    found = []
    for code in _graded_suites():
        suite = suites()[code]
        levels = [kinds[kind] for kind in suite.kinds if kind in kinds]
        if levels and suite.min_version is not TlsVersion.TLS1_3:
            found.append(Graded(code=code, level=min(levels, key=ranks.__getitem__)))
    return tuple(found)


def _on_a_relay(
    kinds: Mapping[SuiteKind, Level], relay: Mapping[SuiteKind, Level]
) -> tuple[Graded, ...]:
    """Return the suites that weigh otherwise: those of a kind in `relay` that no other error is."""
    errors = {k for k, level in kinds.items() if level is Level.ERROR and k not in relay}
    return tuple(
        Graded(code=graded.code, level=level)
        for graded in _by_kind(kinds)
        for kind, level in relay.items()
        if kind in suites()[graded.code].kinds and not suites()[graded.code].kinds & errors
    )


def _suites(data: Mapping[str, Any]) -> dict[int, Level | None]:
    return _listed(data, "suites", suite_by_name)


def _groups(data: Mapping[str, Any]) -> tuple[Graded, ...]:
    if "refused_groups" in data:
        refused = [_code(group_by_name, name) for name in data["refused_groups"]]
        return tuple(Graded(code=code, level=Level.ERROR) for code in refused)
    return _outside(groups(), _listed(data, "groups", group_by_name))


def _listed(data: Mapping[str, Any], what: str, code_of: CodeOf) -> dict[int, Level | None]:
    found: dict[int, Level | None] = {}
    for name in data[f"allowed_{what}"]:
        found[_code(code_of, name)] = None
    for name in data.get(f"warned_{what}", ()):
        found[_code(code_of, name)] = Level.WARNING
    return found


def _code(code_of: CodeOf, name: str) -> int:
    code = code_of(name)
    assert code is not None, f"a profile names {name}"
    return code


def _outside(codes: Iterable[int], listed: Mapping[int, Level | None]) -> tuple[Graded, ...]:
    levels = {code: listed.get(code, Level.ERROR) for code in codes}
    return tuple(
        Graded(code=code, level=level) for code, level in levels.items() if level is not None
    )
