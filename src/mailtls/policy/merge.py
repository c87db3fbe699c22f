"""`extends` and `defaults`: one tree out of several, each node still knowing where it stands."""

from __future__ import annotations

from dataclasses import replace

from mailtls.policy.nodes import Entry, Items, Keys, Node

NOT_INHERITED = frozenset({"name", "host"})
"""Keys that make an endpoint what it is; `defaults` cannot hold them."""


def over(own: Node, base: Node) -> Node:
    """Return `own` on top of `base`: mappings merge key by key, anything else replaces."""
    if not isinstance(own, Keys) or not isinstance(base, Keys):
        return own
    entries = dict(base.entries)
    for name, entry in own.entries.items():
        if name in entries:
            entry = replace(entry, value=over(entry.value, entries[name].value))  # noqa: PLW2901
        entries[name] = entry
    return replace(own, entries=entries)


def apply_defaults(root: Node) -> Node:
    """Return the tree with `defaults` under every endpoint."""
    if not isinstance(root, Keys):
        return root
    defaults, endpoints = root.entries.get("defaults"), root.entries.get("endpoints")
    if defaults is None or endpoints is None or not isinstance(endpoints.value, Items):
        return root
    inherited = _inherited(defaults.value)
    filled = [over(item, inherited) for item in endpoints.value.items]
    value = replace(endpoints.value, items=tuple(filled))
    return replace(root, entries={**root.entries, "endpoints": replace(endpoints, value=value)})


def inherited_count(root: Node) -> int:
    """Return how many values `defaults` adds, all endpoints together."""
    if not isinstance(root, Keys):
        return 0
    defaults, endpoints = root.entries.get("defaults"), root.entries.get("endpoints")
    if defaults is None or endpoints is None or not isinstance(endpoints.value, Items):
        return 0
    return _size(defaults.value) * len(endpoints.value.items)


def _size(node: Node) -> int:
    match node:
        case Keys(entries=entries):
            return 1 + sum(_size(entry.value) for entry in entries.values())
        case Items(items=items):
            return 1 + sum(map(_size, items))
        case _:
            return 1


def _inherited(node: Node) -> Node:
    if not isinstance(node, Keys):
        return node
    return replace(
        node,
        entries={
            name: Entry(key=entry.key, value=_inherited(entry.value), inherited=True)
            for name, entry in node.entries.items()
            if name not in NOT_INHERITED
        },
    )


def dotted(node: Node, prefix: str = "") -> frozenset[str]:
    """Return the keys of a mapping and of those inside it, as "tls" and "tls.min_version"."""
    found: set[str] = set()
    if isinstance(node, Keys):
        for name, entry in node.entries.items():
            found |= {prefix + name} | dotted(entry.value, f"{prefix}{name}.")
    return frozenset(found)
