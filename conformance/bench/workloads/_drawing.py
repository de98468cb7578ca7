"""Arrays and steps that the families share. Every library gets the same numbers, each as its own copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.bench.workload import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from conformance.bench.workload import Array


class Draws:
    """The numbers of a workload, the same for every library that asks in the same order."""

    def __init__(self) -> None:
        self._generator = np.random.default_rng(16)

    def normal(self, *shape: int, dtype: str = "float32") -> Array:
        """Return normal numbers."""
        return self._generator.standard_normal(shape).astype(dtype)

    def whole(self, below: int, *shape: int) -> Array:
        """Return whole numbers from 0 to below a bound."""
        return self._generator.integers(0, below, shape)


def weights(
    shapes: Mapping[str, tuple[int, ...]], width: int, dtype: str = "float32"
) -> Iterator[tuple[str, Array]]:
    """Yield parameters as layers of that width begin with: uniform to ±1/√width."""
    generator = np.random.default_rng(17)
    for name, shape in shapes.items():
        yield name, generator.uniform(-(width**-0.5), width**-0.5, shape).astype(dtype)


def load(library: Any, module: Any, width: int, dtype: str = "float32") -> list[Any]:
    """Give a module such parameters, and return them in the order of its dictionary."""
    shapes = {name: tuple(each.shape) for name, each in module.state_dict().items()}
    module.load_state_dict({name: library.from_numpy(array) for name, array in weights(shapes, width, dtype)})
    return list(dict(module.named_parameters()).values())


def trained(
    library: Any,
    leaves: Sequence[Any],
    forward: Callable[[], Sequence[Any]],
    cotangents: Sequence[Any],
) -> Side:
    """Return the side of forward and backward.

    Args:
        library: torch or mytorch.
        leaves: what gets gradients.
        forward: returns the outputs.
        cotangents: the gradient of each output.
    """

    def forget() -> None:
        for leaf in leaves:
            leaf.grad = None

    def step() -> Sequence[Any]:
        forget()
        outputs = forward()
        library.autograd.backward(outputs, cotangents)
        return outputs

    def result() -> list[Array]:
        outputs = step()
        return [*(each.detach().numpy() for each in outputs), *(leaf.grad.numpy().copy() for leaf in leaves)]

    return Side(step, result, forget=forget)


def inferred(library: Any, forward: Callable[[], Sequence[Any]]) -> Side:
    """Return the side of a forward pass without gradients."""

    def step() -> Sequence[Any]:
        with library.no_grad():
            return forward()

    return Side(step, lambda: [each.numpy() for each in step()])
