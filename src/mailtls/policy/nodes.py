"""A policy as written: a tree of texts that know where they stand, and the way to a value in it."""

from __future__ import annotations

from mailtls.pure import pure
from mailtls.verdict import Location, Route


@pure
class Scalar:
    """A value as text, whatever its quotes."""

    location: Location
    text: str


@pure
class Items:
    """A sequence."""

    location: Location
    items: tuple[Node, ...]


@pure
class Entry:
    """A key and its value. `inherited` came from `defaults` and stands elsewhere in the file."""

    key: Scalar
    value: Node
    inherited: bool = False


@pure
class Keys:
    """A mapping; keys are distinct."""

    location: Location
    entries: dict[str, Entry]


Node = Scalar | Items | Keys


@pure
class PolicyDocument:
    """A policy as written: its tree, base file merged in, and the text of every file it is from."""

    root: Node
    sources: dict[str, tuple[str, ...]]

    def locate(self, route: Route, *, into_defaults: bool = False) -> Location:
        """Return where the value at `route` stands, or its nearest ancestor.

        A value that an endpoint takes from `defaults` is located at the endpoint: it is the endpoint
        that drifted. `into_defaults` locates the text itself, for what is wrong with the text.
        """
        node, location = self.root, self.root.location
        for step in route:
            if isinstance(node, Keys) and isinstance(step, str):
                entry = node.entries.get(step)
                if entry is None or (entry.inherited and not into_defaults):
                    break
                node = entry.value
                location = node.location if isinstance(node, Scalar) else entry.key.location
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                location = node.location
            else:
                break
        return self._first_line(location)

    def _first_line(self, location: Location) -> Location:
        if location.line == location.end_line:
            return location
        text = self.excerpt(location)
        return Location(
            file=location.file,
            line=location.line,
            column=location.column,
            end_line=location.line,
            end_column=max(location.column, len(text.rstrip())) + 1,
        )

    def excerpt(self, location: Location) -> str:
        """Return the line a location begins on, as it stands in the file."""
        lines = self.sources.get(location.file, ())
        return lines[location.line - 1] if 0 < location.line <= len(lines) else ""
