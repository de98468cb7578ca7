"""Modules that hold modules in order; and, under the names of torch's file, the other containers."""

from __future__ import annotations

from collections import OrderedDict
from operator import index
from typing import TYPE_CHECKING, overload

from mytorch._core.typename import typename
from mytorch.nn.modules._module_dict import ModuleDict
from mytorch.nn.modules._parameters import ParameterDict, ParameterList
from mytorch.nn.modules._registry import is_module
from mytorch.nn.modules.module import Module, indent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Self

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Ordered(Module):
    """Base class of Sequential and ModuleList, whose children "0", "1", … are edited like a list."""

    _modules: dict[str, Module]  # type: ignore[assignment]  # a container has no None

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __setitem__(self, idx: int, module: Module) -> None:
        setattr(self, self._key(idx), module)

    def __delitem__(self, idx: int | slice) -> None:
        names = list(self._modules)
        gone = set(names[idx]) if isinstance(idx, slice) else {self._key(idx)}
        # The remaining children are renumbered, so that the next append finds its name free.
        self._renumber([module for name, module in self._modules.items() if name not in gone])

    def _renumber(self, modules: Iterable[Module]) -> None:
        ordered = list(modules)
        self._modules.clear()
        self.extend(ordered)

    def _key(self, idx: int) -> str:
        """Return the name of the child at `idx`, which may count from the end."""
        if not -len(self) <= index(idx) < len(self):
            raise IndexError(f"index {idx} is out of range")
        return list(self._modules)[index(idx)]

    def append(self, module: Module) -> Self:
        """Add `module` at the end.

        Raises:
            TypeError: it is not a Module.
        """
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add every one of `modules` at the end, in order.

        Raises:
            TypeError: `modules` cannot be iterated over, or one of them is not a Module.
        """
        try:
            given = iter(modules)
        except TypeError:
            own = type(self).__name__
            raise TypeError(
                f"{own}.extend should be called with an iterable, but got {typename(modules)}"
            ) from None
        # A list first, because a container may be extended by itself.
        for module in list(given):
            self.append(module)
        return self

    def pop(self, key: int) -> Module:
        """Remove the child at `key` and return it.

        Raises:
            IndexError: no child has that index.
        """
        module = self._modules[self._key(key)]
        del self[key]
        return module


class Sequential(_Ordered):
    """Apply modules one after the other, each to the result of the one before.

    Args:
        args: the modules in order, or one OrderedDict from names to modules.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html

    Examples:
        >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        >>> model(mytorch.zeros(5, 3)).shape
        mytorch.Size([5, 2])
        >>> model[1]
        ReLU()
    """

    def __init__(self, *args: Module | OrderedDict[str, Module]) -> None:
        super().__init__()
        only = args[0] if len(args) == 1 else None
        named = only.items() if isinstance(only, OrderedDict) else ((str(i), m) for i, m in enumerate(args))
        for name, module in named:
            self.add_module(name, module)  # type: ignore[arg-type]  # a second OrderedDict is refused there

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Add the modules of another Sequential, or of any iterable, at the end, in order.

        Raises:
            TypeError: `sequential` cannot be iterated over, or one of its elements is not a Module.
        """
        return super().extend(sequential)

    def forward(self, input: Any) -> Any:
        """Return the result of all modules in turn; `input` itself if there are none."""
        for module in self:
            input = module(input)
        return input

    @overload
    def __getitem__(self, idx: int) -> Module: ...
    @overload
    def __getitem__(self, idx: slice) -> Sequential: ...
    def __getitem__(self, idx: int | slice) -> Module | Sequential:
        if isinstance(idx, slice):
            # As in torch, a slice keeps the names, on which state_dicts depend; ModuleList's does not.
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return self._modules[self._key(idx)]

    def insert(self, index: int, module: Module) -> Self:
        """Insert `module` before the child at `index`.

        Raises:
            AssertionError: `module` is not a Module (torch's class).
            IndexError: `index` is below -len or above len.
        """
        if not is_module(module):
            raise AssertionError(f"module should be of type: {Module}, got {type(module)}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        self._require_sequential(other)
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Self:
        self._require_sequential(other)
        return self.extend(other)

    @staticmethod
    def _require_sequential(other: object) -> None:
        if not isinstance(other, Sequential):
            raise ValueError(  # noqa: TRY004 - torch's class
                f"add operator supports only objects of Sequential class, but {type(other)} is given."
            )

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*self._repeated(other))

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self, other: int) -> Self:
        self._renumber(self._repeated(other))
        return self

    def _repeated(self, times: int) -> list[Module]:
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        return list(self) * times


class ModuleList(_Ordered):
    """Hold modules in a list; the container has no forward.

    Args:
        modules: the modules in order.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html

    Examples:
        >>> layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(4)])
        >>> len(layers), len(list(layers.parameters()))
        (4, 8)
        >>> layers
        ModuleList(
          (0-3): 4 x Linear(in_features=3, out_features=3, bias=True)
        )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    @overload
    def __getitem__(self, idx: int) -> Module: ...
    @overload
    def __getitem__(self, idx: slice) -> ModuleList: ...
    def __getitem__(self, idx: int | slice) -> Module | ModuleList:
        if isinstance(idx, slice):
            return type(self)(list(self)[idx])
        return self._modules[self._key(idx)]

    def insert(self, index: int, module: Module) -> None:
        """Insert `module` before the child at `index`, which may be beyond the ends, as for a list.

        Raises:
            TypeError: `module` is not a Module.
        """
        if not is_module(module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __repr__(self) -> str:
        runs: list[tuple[int, int, str]] = []  # first index, last index, text
        for i, text in enumerate(repr(module) for module in self):
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], i, text)
            else:
                runs.append((i, i, text))
        if not runs:
            return f"{type(self).__name__}()"
        lines = [
            f"({first}): {indent(text)}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {indent(text)}"
            for first, last, text in runs
        ]
        body = "\n  ".join(lines)
        return f"{type(self).__name__}(\n  {body}\n)"
