"""What passes between the stages: values that are equal where their fields are, and never change.

`dataclasses` writes the methods of every class as text and compiles them. For the two hundred classes
here that was a third of what stood between a start and the first packet, and all of these methods but
`__init__` are the same for each. That nobody changes a value is for the type checker to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def pure(cls: type[T]) -> type[T]:
    """Make a class of annotated fields a dataclass with slots, built by keywords.

    It compares, hashes and shows itself by its fields, but for what the class defines itself;
    `dataclasses.replace` and `dataclasses.fields` know it.
    """
    own = vars(cls)
    made = dataclass(kw_only=True, slots=True, eq=False, repr=False)(cls)
    for name, method in _methods(tuple(made.__dataclass_fields__)).items():  # type: ignore[attr-defined]
        if name not in own:
            setattr(made, name, method)
    return made


def _methods(names: tuple[str, ...]) -> dict[str, Callable[..., object]]:
    content: Callable[[object], object] = attrgetter(*names) if names else lambda _: ()

    def equal(self: object, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return content(self) == content(other)

    def hashed(self: object) -> int:
        return hash(content(self))

    def shown(self: object) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({fields})"

    return {"__eq__": equal, "__hash__": hashed, "__repr__": shown}
