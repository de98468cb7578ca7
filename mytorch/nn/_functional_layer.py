"""Layers that only store the options of a function and call it, declared as a class of fields.

A layer names its function once, and lists the options with their defaults:

    @layer_of(F.leaky_relu)
    class LeakyReLU(UnaryLayer):
        negative_slope: float = 1e-2
        inplace: bool = False

`layer_of` makes the constructor and `forward`. Used by nn.activation and nn.loss.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform

from mytorch.nn.module import Module

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

    def _store(self, options: dict[str, Any]) -> None:
        """Keep the arguments of the constructor as attributes."""
        for name, value in options.items():
            setattr(self, name, value)


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
            cls.__init__ = _constructor(cls, fields)  # type: ignore[method-assign]  # as dataclasses do
        return cls

    return complete


def _constructor(cls: type[FunctionalLayer], fields: dict[str, str]) -> Callable[..., None]:
    """Return an `__init__` that takes the fields by position or name, and take their defaults off the class.

    A default that stayed on the class would hide the buffer of its name.
    """
    defaults = {name: cls.__dict__[name] for name in fields}
    where = f"{cls.__qualname__}.__init__()"

    def __init__(self: FunctionalLayer, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it becomes the method
        super(cls, self).__init__()
        self._store(_bound(where, defaults, args, kwargs))

    for name in fields:
        delattr(cls, name)
    parameters = [
        Parameter(
            name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=defaults[name],
            annotation=kind.removeprefix("InitVar[").removesuffix("]")
            if kind.startswith("InitVar")
            else kind,
        )
        for name, kind in fields.items()
    ]
    own = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = Signature([own, *parameters], return_annotation="None")  # type: ignore[attr-defined]
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    return __init__


def _bound(
    where: str, defaults: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return the options of a call by name.

    Raises:
        TypeError: the arguments do not fit the fields; the message is Python's.
    """
    if len(args) > len(defaults):
        most = len(defaults) + 1
        takes = f"takes from 1 to {most} positional arguments" if defaults else "takes 1 positional argument"
        raise TypeError(f"{where} {takes} but {len(args) + 1} were given")
    given = dict(zip(defaults, args, strict=False))
    for name in kwargs:
        if name not in defaults:
            raise TypeError(f"{where} got an unexpected keyword argument '{name}'")
        if name in given:
            raise TypeError(f"{where} got multiple values for argument '{name}'")
    return defaults | given | kwargs
