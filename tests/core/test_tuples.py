"""Our NamedTuple behaves as typing's does."""

from __future__ import annotations

import pickle
import typing
from typing import Any, Dict, get_type_hints

import pytest

from peer.core.tuples import NamedTuple


class Ours(NamedTuple):
    """A tuple."""

    name: str
    number: int
    more: Dict[str, int] = {}

    @property
    def twice(self) -> int:
        return 2 * self.number


class Theirs(typing.NamedTuple):
    """A tuple."""

    name: str
    number: int
    more: Dict[str, int] = {}

    @property
    def twice(self) -> int:
        return 2 * self.number


class Ancestor(Ours):
    """One that has a class of ours as its base."""

    twice = 7  # type: ignore[assignment]


LOOKS: Dict[str, typing.Callable[[Any], Any]] = {
    "made by place": lambda kind: kind("a", 1, {"b": 2}),
    "made by name": lambda kind: kind(number=1, name="a"),
    "its fields": lambda kind: (kind("a", 1).name, kind("a", 1).number, kind("a", 1).more),
    "its methods": lambda kind: kind("a", 4).twice,
    "another value": lambda kind: kind("a", 4)._replace(number=5),
    "as a dict": lambda kind: kind("a", 4)._asdict(),
    "of an iterable": lambda kind: kind._make(iter(("a", 1, {}))),
    "equal": lambda kind: (kind("a", 1) == ("a", 1, {}), kind("a", 1) != kind("a", 2)),
    "what it is": lambda kind: (issubclass(kind, tuple), kind.__doc__, kind.__module__, kind.__slots__),
    "names": lambda kind: (kind._fields, kind._field_defaults, get_type_hints(kind)),
    "unpacked": lambda kind: [*kind("a", 1)],
    "pickled": lambda kind: tuple(pickle.loads(pickle.dumps(kind("a", 1)))),
}
FAULTS: Dict[str, typing.Callable[[Any], Any]] = {
    "too few": lambda kind: kind("a"),
    "too many": lambda kind: kind("a", 1, {}, 2),
    "unknown": lambda kind: kind("a", 1, other=2),
    "unknown in another value": lambda kind: kind("a", 1)._replace(other=2),
    "too few of an iterable": lambda kind: kind._make(iter(("a", 1))),
    "a field is set": lambda kind: setattr(kind("a", 1), "name", "b"),
    "another attribute is set": lambda kind: setattr(kind("a", 1), "other", "b"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_is_what_typing_makes(look: str) -> None:
    assert LOOKS[look](Ours) == LOOKS[look](Theirs)


def test_prints_as_typing_does() -> None:
    assert repr(Ours("a", 1)) == repr(Theirs("a", 1)).replace("Theirs", "Ours")


@pytest.mark.parametrize("fault", FAULTS)
def test_refuses_what_typing_refuses(fault: str) -> None:
    errors = []
    for kind in Ours, Theirs:
        with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
            FAULTS[fault](kind)
        errors.append((type(caught.value), str(caught.value).replace("Theirs", "Ours")))
    assert errors[0] == errors[1]


def test_can_be_a_base() -> None:
    assert (Ancestor("a", 1).twice, Ancestor("a", 1)) == (7, ("a", 1, {}))
