"""The inputs that a candidate is judged on: the declared ones, drawn again, scaled, or of other shapes.

Made by checking.check and asked by checking.trials. Declared are what `get_inputs()` of the reference's file
returns, or what the caller gives.
"""

from __future__ import annotations

import inspect
import random
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from conformance.checking.server import seeded
from conformance.errors import UsageError
from conformance.reference.program import as_input, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # The shape of each tensor among the inputs, in order.
    Shapes = tuple[tuple[int, ...], ...]


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave the global generators of torch, NumPy and Python as they were."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - legacy programs draw from it
    try:
        with torch.random.fork_rng(devices=()):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


@dataclass(frozen=True)
class Inputs:
    """Declared inputs.

    Attributes:
        made: what draws them, after a seed.
        fixed: whether it returns the same whatever the seed; their rows are put in another order instead.
        dtype: to which floating tensors are rounded.
    """

    made: Callable[[], Any]
    fixed: bool
    dtype: str

    def drawn(self, seed: int, draw: int = 0, scale: float = 1, *, rounded: bool = True) -> tuple[Any, ...]:
        """Return the inputs of a draw, floating ones multiplied by a scale and rounded to the dtype."""
        found = _made(self.made, seed)
        if self.fixed:
            found = _each(lambda tensor: _rolled(tensor, draw), found)
        found = _each(lambda tensor: tensor * scale, found) if scale != 1 else found
        return self._rounded(found) if rounded else found

    def shaped(self, shapes: Shapes, seed: int) -> tuple[Any, ...]:
        """Return inputs of other shapes; their elements are drawn from those of the declared inputs.

        Raises:
            UsageError: there are more or fewer shapes than tensors.
        """
        found = _made(self.made, seed)
        tensors = [each for _, each in leaves("", list(found)) if isinstance(each, Tensor)]
        if len(shapes) != len(tensors):
            raise UsageError(f"shapes: expected {len(tensors)}, one for each input, got {len(shapes)}")
        generator, left = torch.Generator().manual_seed(seed), iter(shapes)

        def chosen(tensor: Tensor) -> Tensor:
            shape = next(left)
            if not tensor.numel():
                return tensor.new_zeros(shape)
            places = torch.randint(tensor.numel(), shape, generator=generator)
            return tensor.flatten()[places]

        return self._rounded(_each(chosen, found, floating=False))

    def _rounded(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = _each(lambda tensor: tensor.to(getattr(torch, self.dtype)), inputs)
        return found


def declared(given: Any, dtype: str) -> Inputs:
    """Return the inputs that are declared.

    Args:
        given: the arguments as a tuple or list, or a function without arguments that draws them.
        dtype: to which they are rounded.

    Raises:
        UsageError: there are none, or what draws them raises an exception.
    """
    made: Callable[[], Any] = given if inspect.isroutine(given) else lambda: tuple(given)
    one, other = _made(made, 1), _made(made, 2)
    if not one:
        raise UsageError("inputs: expected the arguments of the reference, got none")
    pairs = zip(leaves("", list(one)), leaves("", list(other)), strict=True)
    fixed = all(torch.equal(a, b) for (_, a), (_, b) in pairs if isinstance(a, Tensor))
    return Inputs(made, fixed, dtype)


def _made(function: Callable[[], Any], seed: int) -> tuple[Any, ...]:
    with generators_kept():
        seeded(seed)
        try:
            found = function()
        except Exception as error:
            raise UsageError(f"inputs: {type(error).__name__}: {error}") from error
    inputs = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    # A copy, so that no call changes what the next one gets.
    copies: tuple[Any, ...] = _each(_copied, as_input(inputs), floating=False)
    return copies


def _copied(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone()


def _each(function: Callable[[Tensor], Tensor], value: Any, *, floating: bool = True) -> Any:
    """Return a value with a function applied to the tensors in it, or to the floating ones."""
    if isinstance(value, Tensor):
        return function(value) if value.is_floating_point() or not floating else value
    if isinstance(value, dict):
        return {key: _each(function, each, floating=floating) for key, each in value.items()}
    if type(value) in {tuple, list}:
        return type(value)(_each(function, each, floating=floating) for each in value)
    return value


def _rolled(tensor: Tensor, by: int) -> Tensor:
    axis = next((k for k, size in enumerate(tensor.shape) if size > 1), None)
    return tensor if axis is None else tensor.roll(by, axis)


def shapes_of(text: str) -> Shapes:
    """Return shapes written as `4x8,8x3`: one per input; `-` for a tensor without dimensions.

    Raises:
        UsageError: a text is none.

    Example:
        >>> from conformance.checking.inputs import shapes_of
        >>> shapes_of("4x8,8,-")
        ((4, 8), (8,), ())
    """
    parts = [[] if part == "-" else part.split("x") for part in text.split(",")]
    if not all(size.isascii() and size.isdigit() for part in parts for size in part):
        raise UsageError(f"shapes: expected sizes such as 4x8,8x3, one shape for each input, got {text!r}")
    return tuple(tuple(map(int, part)) for part in parts)
