"""YAML text as a tree of nodes with positions; every scalar stays the text it was written as.

YAML guesses types from spelling (`no` is false, `1:25` is 85, `1.10` is 1.1), so nothing is
converted here: the schema says what a value has to be. What makes a file mean something else than
it says (anchors, merge keys, tags, duplicate keys, several documents) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from mailtls.errors import PolicyError, Problem
from mailtls.policy.nodes import Entry, Items, Keys, Node, Scalar
from mailtls.sanitizer import clean
from mailtls.verdict import Location

BYTE_LIMIT = 256 * 1024
DEPTH_LIMIT = 12
NODE_LIMIT = 5000

# YAML 1.1 section 5.1, without a byte order mark inside the text, which nobody sees, and without
# U+0085, U+2028, U+2029 and a lone carriage return: they end lines there but not in version control,
# and lines would be counted apart.
_NOT_TEXT = re.compile(
    "\r(?!\n)|[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)

# libyaml's parser where it is built in: five times as fast, the same events.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(data: bytes, file: str) -> tuple[Node, tuple[str, ...]]:
    """Return the tree of a file and its lines; raises PolicyError with everything that is wrong."""
    node, lines, problems = parse_leniently(data, file)
    if problems:
        raise PolicyError(problems)
    return node, lines


def parse_leniently(data: bytes, file: str) -> tuple[Node, tuple[str, ...], list[Problem]]:
    """Return the tree of a file, its lines, and what is refused in a tree worth checking further.

    Raises PolicyError where there is no tree.
    """
    text = _decode(data, file)
    reader = _Reader(file)
    node = reader.read(text)
    if node is None:
        raise PolicyError(reader.problems)
    lines = tuple(line.rstrip("\r") for line in text.split("\n"))
    return node, lines, reader.problems


def _decode(data: bytes, file: str) -> str:
    if len(data) > BYTE_LIMIT:
        raise PolicyError([_at_start(file, f"the file is larger than {BYTE_LIMIT // 1024} KiB")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _end_of(file, data[: error.start].decode("utf-8-sig", "replace"))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        raise PolicyError(
            [Problem(location=place, message=message, expected="a YAML file in UTF-8")]
        ) from None
    if found := _NOT_TEXT.search(text):
        message = f"the character U+{ord(found.group()):04X} has no place in a policy"
        expected = "printable characters, and line feeds between lines"
        place = _end_of(file, text[: found.start()])
        raise PolicyError([Problem(location=place, message=message, expected=expected)])
    return text


def _end_of(file: str, before: str) -> Location:
    """Return the place of the character that follows `before`."""
    lines = f"{before}.".splitlines()
    return _point(file, len(lines), len(lines[-1]))


def _point(file: str, line: int, column: int) -> Location:
    return Location(file=file, line=line, column=column, end_line=line, end_column=column + 1)


def _at_start(file: str, message: str) -> Problem:
    return Problem(location=_point(file, 1, 1), message=message)


class _Reader:
    """Composes nodes from the parser's events; notes what is refused and reads on."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._nodes = 0
        self.problems: list[Problem] = []

    def read(self, text: str) -> Node | None:
        """Return the first document's node, None where there is none; stops at syntax errors."""
        try:
            events = iter(_events(text))
            return self._stream(events)
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(error, text.splitlines())
        except _TooMuchError as error:
            self._refuse(error.location, str(error))
        return None

    def _stream(self, events: Iterator[yaml.Event]) -> Node | None:
        node: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    self._refuse(self._span(event), "a second document: a policy is one document")
                    break
                node = self._node(next(events), events, depth=1)
        if node is None or (isinstance(node, Scalar) and not node.text.strip()):
            self._refuse(_point(self._file, 1, 1), "the policy is empty")
            return None
        return node

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], *, depth: int) -> Node:
        location = self._span(event)
        self._nodes += 1
        if depth > DEPTH_LIMIT:
            raise _TooMuchError(f"nested deeper than {DEPTH_LIMIT} levels", location)
        if self._nodes > NODE_LIMIT:
            raise _TooMuchError(f"more than {NODE_LIMIT} values", location)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(location, f"an alias (*{clean(str(anchor))}): write the value out")
            return Scalar(location=location, text="")
        if anchor:
            self._refuse(location, f"an anchor (&{clean(anchor)}): write the value out")
        if tag:
            self._refuse(location, f"a tag ({clean(tag)}): values need none")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, depth=depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(following := next(events), yaml.SequenceEndEvent):
                items.append(self._node(following, events, depth=depth + 1))
            return Items(location=self._span(event, following), items=tuple(items))
        assert isinstance(event, yaml.ScalarEvent)
        return Scalar(location=location, text=event.value)

    def _mapping(self, event: yaml.Event, events: Iterator[yaml.Event], *, depth: int) -> Keys:
        entries: dict[str, Entry] = {}
        while not isinstance(following := next(events), yaml.MappingEndEvent):
            key = self._node(following, events, depth=depth + 1)
            value = self._node(next(events), events, depth=depth + 1)
            if not isinstance(key, Scalar):
                self._refuse(key.location, "a key that is not text")
            elif key.text == "<<":
                self._refuse(key.location, "a merge key (<<): use defaults or extends")
            elif key.text in entries:
                first = entries[key.text].key.location.line
                message = f"duplicate key {clean(key.text)!r}: it stands on line {first} already"
                self._refuse(key.location, message)
            else:
                entries[key.text] = Entry(key=key, value=value)
        return Keys(location=self._span(event, following), entries=entries)

    def _span(self, event: yaml.Event, last: yaml.Event | None = None) -> Location:
        start, end = event.start_mark, (last or event).end_mark
        assert start is not None  # parse() marks every event; only hand-made ones lack it
        assert end is not None
        return Location(
            file=self._file,
            line=start.line + 1,
            column=start.column + 1,
            end_line=end.line + 1,
            end_column=end.column + 1,
        )

    def _refuse_syntax(self, error: yaml.MarkedYAMLError, lines: list[str]) -> None:
        mark = error.problem_mark or error.context_mark
        assert mark is not None  # the scanner and the parser mark every error
        what = clean(error.problem or "a syntax error")
        place = _point(self._file, mark.line + 1, mark.column + 1)
        if not any(line.strip() for line in lines[mark.line :]):
            # The parser stands behind the last line, which no editor and no annotation shows.
            what = f"{what} at the end of the file"
            place = _end_of(self._file, "\n".join(lines).rstrip())
            opened = error.context_mark
            if opened is not None and any(line.strip() for line in lines[opened.line :]):
                place = _point(self._file, opened.line + 1, opened.column + 1)
        elif re.match(r" *\t", lines[mark.line]):
            what = "a tab indents this line, and YAML takes spaces only"
        self._refuse(place, f"not valid YAML: {what}")

    def _refuse(self, location: Location, message: str) -> None:
        self.problems.append(Problem(location=location, message=message))


class _TooMuchError(Exception):
    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=_LOADER)
