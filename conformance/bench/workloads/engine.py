"""The engine: what one operation on few numbers costs, next to torch's and to NumPy's bare call.

A step is a chain of one operation, long beside the call of the step itself.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.bench.libraries import of_mytorch, torch_like
from conformance.bench.workload import Side, Workload
from conformance.bench.workloads._drawing import Draws, inferred, trained

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.bench.workload import Array, Size

# How many operations a step consists of. The gradient of so many sigmoids is still a normal float32.
CHAIN = 30


def _sigmoid(z: Array) -> Array:
    """Return the sigmoid as NumPy has it to be written: four calls, in place."""
    out = np.negative(z)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    return np.reciprocal(out, out=out)


# NumPy's calls under the names by which the operations below ask for them.
_NUMPY = SimpleNamespace(tanh=np.tanh, sigmoid=_sigmoid, cat=np.concatenate)
# From a library, the tensor so far and a second one to the next tensor.
_OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda _, z, b: z + b,
    "mul": lambda _, z, b: z * b,
    "tanh": lambda t, z, _: t.tanh(z),
    "sigmoid": lambda t, z, _: t.sigmoid(z),
    "getitem (slice)": lambda _t, z, _b: z[0:16],
    "getitem (row)": lambda _t, _z, b: b[3],
    "cat": lambda t, z, b: t.cat([z, b]),
}


def _drawn(name: str, size: Size) -> tuple[Array, Array]:
    """Return the first tensor, and the second one: near 1, rows to take one of, or nothing to add to it."""
    (elements,) = size
    draws = Draws()
    first = draws.normal(elements)
    if name == "getitem (row)":
        return first, draws.normal(4, elements)
    near = 1 + draws.normal(elements) / 10
    return first, near[:0] if name == "cat" else near


def _chain(operation: Callable[[Any, Any, Any], Any], library: Any, z: Any, b: Any) -> Any:
    for _ in range(CHAIN):
        z = operation(library, z, b)
    return z


def _made(name: str, *, train: bool) -> Callable[[Any, Size], Side]:
    def make(library: Any, size: Size) -> Side:
        first, b = (library.from_numpy(array) for array in _drawn(name, size))
        operation = _OPERATIONS[name]
        if not train:
            return inferred(library, lambda: [_chain(operation, library, first, b)])
        first.requires_grad_()
        cotangent = library.from_numpy(Draws().normal(*size))
        return trained(library, [first], lambda: [_chain(operation, library, first, b)], [cotangent])

    return make


def _bare(name: str) -> Callable[[Size], Side]:
    def make(size: Size) -> Side:
        first, b = _drawn(name, size)
        operation = _OPERATIONS[name]
        return Side(
            lambda: _chain(operation, _NUMPY, first, b), lambda: [_chain(operation, _NUMPY, first, b)]
        )

    return make


def _workload(name: str, *, train: bool) -> Workload:
    made = _made(name, train=train)
    sides = {"torch": torch_like(made)["torch"], "mytorch": of_mytorch(made)["mytorch"]}
    pairs = [("mytorch", "torch")]
    if not train:
        sides["numpy"] = _bare(name)
        pairs.append(("mytorch", "numpy"))
    how = "forward and backward" if train else "forward"
    return Workload(f"{name}, {how}", "operations", ("elements",), ((16,),), sides, tuple(pairs), calls=CHAIN)


WORKLOADS = (
    *(_workload(name, train=False) for name in _OPERATIONS),
    # A row of another tensor makes no chain, and the backward pass would not go through it.
    *(_workload(name, train=True) for name in _OPERATIONS if name != "getitem (row)"),
)
