"""Layers that only store the options of a function and call it, declared as a class of fields.

A layer names its function once, and lists the options with their defaults:

    @layer_of(F.leaky_relu)
    class LeakyReLU(UnaryLayer):
        negative_slope: float = 1e-2
        inplace: bool = False

`layer_of` makes the constructor, as `dataclass` does, and `forward`. Used by activation.py and loss.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform

from mytorch.nn.modules.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor

L = TypeVar("L", bound="FunctionalLayer")


class FunctionalLayer(Module):
    """Base class of the layers that `layer_of` completes; a subclass fixes how many tensors they take."""

    _option_names: ClassVar[tuple[str, ...]]
    # The function gets this attribute for a field that is not stored.
    _unset: ClassVar[None] = None

    @staticmethod
    def _forward_of(function: Callable[..., Tensor], names: list[str]) -> Callable[..., Tensor]:
        """Return a `forward` that passes its tensors and the named attributes to the function."""
        raise NotImplementedError


class UnaryLayer(FunctionalLayer):
    """Base class of the functional layers of one tensor."""

    forward: Callable[[Tensor], Tensor]

    @staticmethod
    def _forward_of(function: Callable[..., Tensor], names: list[str]) -> Callable[..., Tensor]:
        # Three forms, because the time of a tuple is felt in a call as short as ReLU's.
        if not names:

            def forward(self: UnaryLayer, input: Tensor) -> Tensor:  # noqa: ARG001 - it becomes the method
                return function(input)

        elif len(names) == 1:
            read = attrgetter(names[0])

            def forward(self: UnaryLayer, input: Tensor) -> Tensor:
                return function(input, read(self))

        else:
            read = attrgetter(*names)

            def forward(self: UnaryLayer, input: Tensor) -> Tensor:
                return function(input, *read(self))

        forward.__doc__ = "Return a tensor of the shape of `input`, (*)."
        return forward

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        shown = []
        for name in self._option_names:
            value = getattr(self, name)
            if name != "inplace":
                shown.append(f"{name}={value!r}" if isinstance(value, str) else f"{name}={value}")
            elif value:
                shown.append("inplace=True")
        return ", ".join(shown)


@dataclass_transform(eq_default=False)
def layer_of(function: Callable[..., Tensor]) -> Callable[[type[L]], type[L]]:
    """Return a decorator that makes a layer of a class of fields.

    Args:
        function: takes tensors, then the fields by position. Fields marked as InitVar are arguments of the
            constructor only; the function gets None for them.

    Returns:
        The decorator. A class with a constructor of its own keeps that, and sets the fields there.
    """

    def complete(cls: type[L]) -> type[L]:
        fields = dict(cls.__annotations__)
        stored = tuple([name for name, kind in fields.items() if not kind.startswith("InitVar")])
        cls._option_names = stored
        forward = cls._forward_of(function, [name if name in stored else "_unset" for name in fields])
        forward.__qualname__ = f"{cls.__qualname__}.forward"
        cls.forward = forward
        if "__init__" not in cls.__dict__:
            _add_constructor(cls, fields)
        return cls

    return complete


def _add_constructor(cls: type[FunctionalLayer], fields: dict[str, str]) -> None:
    """Give a layer the constructor of a dataclass, which runs Module's before it sets the attributes."""
    dataclass(cls, eq=False, repr=False, match_args=False)
    set_fields: Callable[..., None] = cls.__init__

    @wraps(set_fields)
    def __init__(self: FunctionalLayer, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it becomes the method
        super(cls, self).__init__()
        set_fields(self, *args, **kwargs)

    cls.__init__ = __init__  # type: ignore[assignment,method-assign]  # as dataclasses do
    for name, kind in fields.items():
        # A default that stayed on the class would hide the buffer of its name.
        delattr(cls, name)
        set_fields.__annotations__[name] = kind.removeprefix("InitVar[").removesuffix("]")
