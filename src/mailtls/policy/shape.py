"""A document against the schema: text becomes typed values, and every mismatch a problem.

The messages are ours, with the position, the offending text, what is expected and what may be
meant: a validator's own words show whole instances and know no lines.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mailtls.errors import Problem
from mailtls.policy.nodes import Items, Keys, Node, Scalar
from mailtls.sanitizer import clean
from mailtls.verdict import Location

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

Value = Any
"""A typed instance of the schema: str, int, list or dict."""

# What mail programs call either mode, so that the word alone does not say which.
_CALLED_SSL = frozenset({"ssl", "tls", "ssl/tls", "smtps", "imaps", "pop3s", "tls/ssl"})
_BOTH_MODES = (
    "implicit where TLS starts at once (465, 993, 995), starttls where a command starts it"
    " (25, 587, 143, 110)"
)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,9}")


@cache
def schema() -> dict[str, Any]:
    """Return the policy's JSON Schema (draft 2020-12)."""
    text = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check(node: Node) -> tuple[Value, list[Problem]]:
    """Return the typed instance of a document and everything the schema has against it."""
    instance = _convert(node, schema())
    problems = [
        problem for error in _validator().iter_errors(instance) for problem in _explain(error, node)
    ]
    distinct = dict.fromkeys(problems)
    return instance, sorted(distinct, key=lambda p: (p.location.line, p.location.column, p.message))


def sound_endpoints(instance: Value, *, alone: bool) -> dict[int, dict[str, Any]]:
    """Return the endpoints that can be looked into further, by their place in the list.

    `alone` judges each by itself, and without unknown keys, so that what is wrong with the
    shape of one does not hide what is wrong with the meaning of the rest.
    """
    endpoints = instance.get("endpoints") if isinstance(instance, dict) else None
    if not isinstance(endpoints, list):
        return {}
    if not alone:
        return dict(enumerate(endpoints))
    known = schema()["$defs"]["endpoint"]["properties"]
    sound = {}
    for place, each in enumerate(endpoints):
        kept = {key: each[key] for key in each if key in known} if isinstance(each, dict) else each
        if _validator().is_valid({"version": 1, "endpoints": [kept]}):
            sound[place] = kept
    return sound


@cache
def _validator() -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator, RegexOptions

    # A pattern of the schema meets text of anybody's: its time must be linear in that.
    return Draft202012Validator(schema(), pattern_options=RegexOptions(), retriever=_outside)


def _outside(uri: str) -> NoReturn:
    raise LookupError(f"the schema refers to {uri}, and all of it is in one file")


def _part(error: ValidationError) -> dict[str, Any]:
    """Return the part of the schema that an error is of."""
    part: Any = schema()
    for step in error.schema_path[:-1]:
        part = part[step]
    return _resolve(part) if isinstance(part, dict) else {}


def _resolve(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        target: Any = schema()
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def _convert(node: Node, part: dict[str, Any]) -> Value:
    """Return the value of a node as the type that its schema asks for, text where it does not fit."""
    part = _resolve(part)
    for choice in part.get("anyOf", ()):
        if (choice.get("type") == "array") == isinstance(node, Items):
            part = choice
            break
    match node:
        case Scalar(text=text):
            if part.get("type") == "integer" and _INTEGER.fullmatch(text):
                return int(text)
            return text
        case Items(items=items):
            return [_convert(item, part.get("items", {})) for item in items]
        case Keys(entries=entries):
            known = part.get("properties", {})
            return {key: _convert(each.value, known.get(key, {})) for key, each in entries.items()}


def _node_at(node: Node, path: Iterator[str | int]) -> Node:
    for step in path:
        if isinstance(node, Keys) and isinstance(step, str):
            node = node.entries[step].value
        elif isinstance(node, Items) and isinstance(step, int):
            node = node.items[step]
    return node


def _explain(error: ValidationError, root: Node) -> Iterator[Problem]:
    node = _node_at(root, iter(error.instance_path))
    part, keyword = _part(error), error.schema_path[-1]
    if keyword == "additionalProperties" and isinstance(node, Keys):
        known = list(part.get("properties", {}))
        for name, entry in node.entries.items():
            if name not in known and not entry.inherited:
                yield Problem(
                    location=entry.key.location,
                    message=f"unknown key {_quoted(name)}",
                    expected=f"one of {', '.join(known)}",
                    hint=_meant(name, known),
                )
        return
    where = _opening(node.location)
    if keyword == "required" and isinstance(node, Keys):
        for name in part["required"]:
            if name not in node.entries:
                described = _resolve(part["properties"][name]).get("description", "")
                yield Problem(location=where, message=f"missing key {name}", expected=described)
        return
    if keyword == "uniqueItems":
        yield Problem(location=where, message="the same value stands twice in this list")
        return
    if keyword == "minItems":
        yield Problem(location=where, message="the list is empty", expected="at least one entry")
        return
    choices = part.get("enum", ())
    yield Problem(
        location=where,
        message=f"{_found(node)} is not valid here",
        expected=_expected(part),
        hint=_meant(node.text, choices) if isinstance(node, Scalar) else "",
    )


def _opening(location: Location) -> Location:
    """Return a span that ends on the line it starts on."""
    if location.line == location.end_line:
        return location
    return Location(
        file=location.file,
        line=location.line,
        column=location.column,
        end_line=location.line,
        end_column=location.column + 1,
    )


def _quoted(text: str) -> str:
    return repr(clean(text, 80))


def _found(node: Node) -> str:
    match node:
        case Scalar(text=""):
            return "an empty value"
        case Scalar(text=text):
            return _quoted(text)
        case Items():
            return "a list"
        case Keys():
            return "a mapping"


def _expected(part: dict[str, Any]) -> str:
    if "expected" in part:
        return str(part["expected"])
    if "enum" in part:
        return "one of " + ", ".join(part["enum"])
    if part.get("type") == "integer":
        return f"a whole number from {part['minimum']} to {part['maximum']}"
    names = {"object": "a mapping", "array": "a list", "string": "text"}
    return names.get(str(part.get("type")), "")


def _meant(text: str, known: list[str] | tuple[str, ...]) -> str:
    if text.lower() in _CALLED_SSL and "implicit" in known:
        return _BOTH_MODES
    close = difflib.get_close_matches(text.lower(), known, n=1)
    return f"did you mean {close[0]}?" if close else ""
