"""A policy file as values: parse, extend, check by the schema, then by what a schema cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mailtls.errors import PolicyError, Problem
from mailtls.policy.agreements import build_agreements
from mailtls.policy.document import parse_leniently
from mailtls.policy.endpoints import build_endpoints
from mailtls.policy.files import Read, enclosing, read_policy, reader
from mailtls.policy.merge import apply_defaults, inherited_count, over
from mailtls.policy.model import Agreement, Policy
from mailtls.policy.nodes import Keys, Node, PolicyDocument, Scalar
from mailtls.policy.profiles import DEFAULT, load_profile
from mailtls.policy.shape import check, sound_endpoints
from mailtls.policy.waivers import build_waivers, misdated
from mailtls.sanitizer import clean
from mailtls.terms import Level

if TYPE_CHECKING:
    from mailtls.policy.delivery import Delivery

EXTENDS_LIMIT = 5
"""Longest chain of base files: an organisation, a department, a team and two to spare."""

INHERITED_LIMIT = 50_000
"""Most values that `defaults` may add, all endpoints together: a thousand endpoints with fifty each.

Both factors fit in a small file; unbounded, one of 20 KiB takes a quarter of a minute.
"""


def load_policy(
    path: Path, *, root: Path | None = None
) -> tuple[Policy, PolicyDocument, tuple[Problem, ...]]:
    """Return a policy, its document and its warnings; raises PolicyError with every error at once.

    `root` bounds the files it may name: by default the repository it is in, or the working directory.
    """
    data = read_policy(path)
    return load_text(data, str(path), reader(root or enclosing(path)))


def load_text(
    data: bytes, file: str, read: Read
) -> tuple[Policy, PolicyDocument, tuple[Problem, ...]]:
    """Return a policy from its bytes; `read` gives the files it names. Raises PolicyError."""
    sources: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    merged = _extended(data, file, read, sources, problems)
    if inherited_count(merged) > INHERITED_LIMIT:
        place = PolicyDocument(root=merged, sources=sources).locate(("defaults",))
        message = f"defaults add more than {INHERITED_LIMIT} values to the endpoints"
        problems.append(Problem(location=place, message=message, expected="shorter defaults"))
        raise PolicyError(problems)
    root = apply_defaults(merged)
    document = PolicyDocument(root=root, sources=sources)
    instance, misshapen = check(root)
    told = {problem.location for problem in problems}
    misshapen += misdated(instance, document)
    problems += [problem for problem in misshapen if problem.location not in told]
    sound = sound_endpoints(instance, alone=bool(problems))
    endpoints, meant = build_endpoints(sound, document, read)
    agreements: tuple[Agreement, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    if not problems and len(endpoints) == len(sound):  # else a faulty one would seem unknown
        agreements, unmet = build_agreements(instance.get("agreements", ()), endpoints, document)
        problems += unmet
        if sent := instance.get("deliveries"):
            from mailtls.policy.deliveries import build_deliveries

            deliveries, undeliverable = build_deliveries(sent, endpoints, document)
            problems += undeliverable
    problems += meant
    if any(problem.level is Level.ERROR for problem in problems):
        raise PolicyError(sorted(dict.fromkeys(problems), key=_place))
    profile = load_profile(instance.get("profile", DEFAULT))
    policy = Policy(
        profile=profile,
        endpoints=endpoints,
        agreements=agreements,
        deliveries=deliveries,
        waivers=build_waivers(instance.get("waivers", ())),
    )
    return policy, document, tuple(dict.fromkeys(problems))


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.location.file, problem.location.line, problem.location.column)


def _extended(
    data: bytes,
    file: str,
    read: Read,
    sources: dict[str, tuple[str, ...]],
    problems: list[Problem],
) -> Node:
    """Return the tree of a file on top of that of its base, and of its base's base."""
    node, lines, refused = parse_leniently(data, file)
    problems += refused
    sources[file] = lines
    entry = node.entries.get("extends") if isinstance(node, Keys) else None
    if entry is None or not isinstance(entry.value, Scalar) or not entry.value.text:
        return node  # nothing to extend, or nothing that the schema lets pass
    name = entry.value
    base = _beside(file, name.text)
    if base in sources:
        raise PolicyError([_problem(name, f"{clean(name.text)} extends itself in the end")])
    if len(sources) > EXTENDS_LIMIT:
        raise PolicyError([_problem(name, f"more than {EXTENDS_LIMIT} files extend each other")])
    try:
        content = read(file, name.text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PolicyError(
            [_problem(name, f"the base file {clean(name.text)} cannot be read: {reason}")]
        ) from error
    return over(node, _extended(content, base, read, sources, problems))


def _beside(file: str, name: str) -> str:
    """Return the path of `name` as seen from `file`, with what cancels out left out."""
    parts: list[str] = []
    for part in (Path(file).parent / name).parts:
        if part == ".." and parts and parts[-1] not in ("..", "/"):
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def _problem(at: Scalar, message: str) -> Problem:
    return Problem(location=at.location, message=message)
