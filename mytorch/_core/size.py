"""The sizes of a tensor."""

from __future__ import annotations

from typing import Any


class Size(tuple[int, ...]):
    """The sizes of a tensor."""

    __slots__ = ()
    __module__ = "mytorch"  # the public name, as in torch

    def numel(self) -> int:
        """Return how many elements such a tensor has."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"mytorch.Size({list(self)})"

    def __add__(self, other: tuple[Any, ...]) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __getitem__(self, index: Any) -> Any:
        """Return one size, or a range of them as a Size."""
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found
