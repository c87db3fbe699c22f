"""The `tls` keys that name suites, groups and features: names become code points."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mailtls.policy.profiles import load_profile
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import (
    CURVES_TLS12,
    GROUPS_TLS13,
    group_by_name,
    group_name,
    groups,
    suite_by_name,
    suite_name,
    suites,
)
from mailtls.verdict import Route

# One curve, two code points: RFC 8734 gives the brainpool curves new ones in TLS 1.3.
_TWINS = {0x1A: 0x1F, 0x1B: 0x20, 0x1C: 0x21}


class Notes(Protocol):
    """Where the problems of an endpoint go."""

    def error(self, key: Route, message: str, *, expected: str = "", hint: str = "") -> None:
        """Note an error at a key of the endpoint."""

    def warn(self, key: Route, message: str, *, hint: str = "") -> None:
        """Note a contradiction that the policy survives."""


@pure
class _Kind:
    """What a name may stand for: how it is looked up, and what else it could have been."""

    what: str
    expected: str
    code_of: Callable[[str], int | None]
    names: Callable[[], Iterable[str]]


def negotiation(keys: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Return the fields of a TlsExpectation that these keys give, problems noted."""
    found: dict[str, Any] = {
        "profile": load_profile(keys["profile"]) if "profile" in keys else None,
        "min_dh_bits": keys.get("min_dh_bits"),
        "secure_renegotiation": "renegotiation" in keys,
        "no_compression": "compression" in keys,
        "extended_master_secret": "extended_master_secret" in keys,
        "alpn": tuple(keys.get("alpn", ())),
    }
    for key in ("ciphers", "forbid_ciphers"):
        found[key] = _codes(keys, key, _SUITES, notes)
    for key in ("groups", "require_groups"):
        found[key] = _codes(keys, key, _GROUPS, notes)
    _contradictions(keys, found, notes)
    if found["groups"] is not None:
        found["groups"] += tuple(_TWINS[code] for code in found["groups"] if code in _TWINS)
    return found


def _suite_names() -> Iterable[str]:
    for suite in suites().values():
        yield suite.name
        if suite.openssl_name:
            yield suite.openssl_name


_SUITES = _Kind(
    what="cipher suite",
    expected="a name as TLS_AES_128_GCM_SHA256 or ECDHE-RSA-AES128-GCM-SHA256",
    code_of=suite_by_name,
    names=_suite_names,
)
_GROUPS = _Kind(
    what="group",
    expected="a name as x25519, P-256 or X25519MLKEM768",
    code_of=group_by_name,
    names=lambda: groups().values(),
)


def _codes(keys: dict[str, Any], key: str, kind: _Kind, notes: Notes) -> tuple[int, ...] | None:
    if key not in keys:
        return None
    found: dict[int, None] = {}
    for index, text in enumerate(keys[key]):
        code = kind.code_of(text)
        if code is None:
            by_lower = {name.lower(): name for name in kind.names()}
            close = difflib.get_close_matches(text.lower(), by_lower, n=1)
            notes.error(
                ("tls", key, index),
                f"{clean(text)!r} is no {kind.what} that is known",
                expected=kind.expected,
                hint=f"did you mean {by_lower[close[0]]}?" if close else "",
            )
        else:
            found[code] = None
    return tuple(found)


def _contradictions(keys: dict[str, Any], found: dict[str, Any], notes: Notes) -> None:
    allowed = found["ciphers"]
    for index, text in enumerate(keys.get("forbid_ciphers", ())):
        if allowed is not None and suite_by_name(text) in allowed:
            notes.error(
                ("tls", "forbid_ciphers", index),
                f"{clean(text)} is in ciphers, which allows it",
                expected="each suite in one of the two keys",
            )
    for key in ("ciphers", "forbid_ciphers"):
        for code in found[key] or ():
            if suites()[code].min_version is TlsVersion.SSL2:
                notes.error(
                    ("tls", key),
                    f"{suite_name(code)} is of SSL 2.0, which tls-version judges",
                    expected="suites of SSLv3 and later",
                )
    if allowed and not any(suites()[c].min_version is TlsVersion.TLS1_3 for c in allowed):
        notes.warn(
            ("tls", "ciphers"),
            "ciphers names no suite of TLS 1.3, so a server that accepts TLS 1.3 fails",
            hint="add the suites of TLS 1.3, as TLS_AES_128_GCM_SHA256, where they are meant",
        )
    for index, text in enumerate(keys.get("require_groups", ())):
        code = group_by_name(text)
        if code is not None:
            _required(code, found["groups"], ("tls", "require_groups", index), notes)


def _required(code: int, allowed: tuple[int, ...] | None, key: Route, notes: Notes) -> None:
    if code not in {*CURVES_TLS12, *GROUPS_TLS13}:
        notes.error(
            key,
            f"{group_name(code)} is a group that mailtls cannot ask for",
            expected=_GROUPS.expected,
        )
    elif allowed is not None and code not in allowed:
        notes.error(
            key,
            f"{group_name(code)} is not in groups, which forbids it",
            expected="a group that groups allows",
        )
