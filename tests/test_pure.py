"""Values by their fields: what the decorator gives a class, and what it leaves to it."""

from __future__ import annotations

import copy
from dataclasses import field, fields, replace

import pytest

from mailtls.pure import pure


@pure
class Point:
    """A point; `tags` are its names."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = field(default_factory=tuple)


@pure
class Other:
    """The same fields under another name."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = ()


@pure
class Nothing:
    """A value without a field."""


@pure
class Single:
    """A value of one field."""

    of: object

    @pure
    class Part:
        """A value within."""


@pure
class Secret:
    """A value that shows, compares and hashes itself."""

    text: str

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret)

    def __hash__(self) -> int:
        return 7


@pure
class Named(Point):
    """A point with a field more."""

    name: str


def test_it_is_built_by_keywords_alone():
    assert (Point(x=1).x, Point(x=1).y, Point(x=1).tags) == (1, 0, ())
    with pytest.raises(TypeError):
        Point(1)
    with pytest.raises(TypeError):
        Point()
    with pytest.raises(TypeError):
        Point(x=1, z=2)


def test_it_has_no_room_for_anything_else():
    with pytest.raises(AttributeError):
        Point(x=1).z = 2


@pytest.mark.parametrize(
    ("one", "another", "equal"),
    [
        (Point(x=1), Point(x=1), True),
        (Point(x=1), Point(x=2), False),
        (Point(x=1), Point(x=1, tags=("a",)), False),
        (Point(x=1), Other(x=1), False),
        (Point(x=1), (1, 0, ()), False),
        (Nothing(), Nothing(), True),
        (Single(of=()), Single(of=()), True),
        (Single(of=()), Nothing(), False),
        (Named(x=1, name="a"), Named(x=1, name="a"), True),
        (Named(x=1, name="a"), Named(x=2, name="a"), False),
        (Named(x=1, name="a"), Point(x=1), False),
        (Secret(text="a"), Secret(text="b"), True),
    ],
)
def test_it_is_equal_where_class_and_fields_are(one, another, equal):
    assert (one == another) is equal
    assert (another == one) is equal
    assert len({one, another}) == (1 if equal else 2)


def test_what_holds_a_list_has_no_hash():
    with pytest.raises(TypeError):
        hash(Single(of=[]))


def test_it_shows_its_fields():
    assert repr(Point(x=1, tags=("a",))) == "Point(x=1, y=0, tags=('a',))"
    assert repr(Named(x=1, name="a")) == "Named(x=1, y=0, tags=(), name='a')"
    assert repr(Nothing()) == "Nothing()"
    assert repr(Single.Part()) == "Single.Part()"
    assert repr(Secret(text="hunter2")) == "Secret(...)"


def test_dataclasses_know_it():
    assert replace(Point(x=1), y=3) == Point(x=1, y=3)
    assert [each.name for each in fields(Named(x=1, name="a"))] == ["x", "y", "tags", "name"]


def test_a_copy_is_equal():
    given = Named(x=1, tags=("a",), name="b")

    assert copy.copy(given) == copy.deepcopy(given) == given


def test_it_is_matched_by_its_fields():
    match Point(x=1, y=2):
        case Other():
            found = None
        case Point(x=1, y=y):
            found = y
    assert found == 2
