"""A call for every rule of rounding.py, on torch and on mytorch, and the operands to measure it with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Arrays = tuple[Array, ...]

# Elementwise operations; how many terms are added up, in the others.
_ELEMENTS = (512,)
_TERMS = (2, 7, 33, 96, 320)
# Longer products of numbers of order one leave float32's range on the way.
_FACTORS = (2, 7, 20, 33)
# The squares of many small whole numbers less their mean are few, and round to the same side again and again:
# errors that are not independent add up faster than any rule says.
_SQUARES = (2, 7, 33, 96)
_PLACES = 24


@dataclass(frozen=True)
class Operation:
    """How one rule is measured.

    Attributes:
        call: runs the operation, and no other that rounds, on a namespace.
        inputs: the operands' declarations, for a size.
        sizes: of the operands.
        accumulates: the rule is a standard deviation, of many errors that add up, and no bound.
        prepare: brings drawn operands into the operation's domain.
        without: why mytorch has no such operation, if it has none.
        own: what mytorch runs, on arrays, where `call` is no public function of it.
    """

    call: Callable[..., Any]
    inputs: Callable[[int], tuple[Input, ...]]
    sizes: tuple[int, ...] = _ELEMENTS
    accumulates: bool = False
    prepare: Callable[..., Arrays] = lambda *arrays: arrays
    without: str | None = None
    own: Callable[..., Array] | None = None


def _unary(name: str, *, positive: bool = False) -> Operation:
    return Operation(
        lambda t, x: getattr(t, name)(x), lambda n: (Input((8, n), pairs=True, positive=positive),)
    )


def _binary(name: str, *, positive: bool = False) -> Operation:
    return Operation(
        lambda t, a, b: getattr(t, name)(a, b),
        lambda n: (Input((8, n), positive=positive), Input((8, n), against="x0", positive=positive)),
    )


def _ternary(call: Callable[..., Any]) -> Operation:
    return Operation(call, lambda n: (Input((8, n)), Input((8, n), against="x0"), Input((8, n))))


def _reduction(
    call: Callable[..., Any], *, positive: bool = False, rows: bool = True, **fields: Any
) -> Operation:
    return Operation(
        call,
        # Sums over the first dimension are added up in another order than those over the last.
        lambda n: (Input((64, n) if rows else (n, 64), pairs=True, positive=positive),),
        **{"sizes": _TERMS, "accumulates": True, **fields},
    )


def _product(call: Callable[..., Any], *shapes: Callable[[int], tuple[int, ...]], **fields: Any) -> Operation:
    def inputs(n: int) -> tuple[Input, ...]:
        # The last factor is a weight: else all products would leave float32's range together. Neighbours
        # cancel along the axis that is added up.
        specs = [Input(shape(n)) for shape in shapes]
        specs[-2:] = [replace(specs[-2], pairs=True), replace(specs[-1], weight=True)]
        return tuple(specs)

    return Operation(call, inputs, _TERMS, accumulates=True, **fields)


def _all_positive(operation: Operation) -> Operation:
    """Where nothing cancels, partial sums grow and lose most."""
    declared = operation.inputs
    return replace(operation, inputs=lambda n: tuple(replace(spec, positive=True) for spec in declared(n)))


def _places(count: int) -> Array:
    return np.arange(count) % _PLACES


def _scatter_add(t: Any, x: Any, values: Any) -> Any:
    return t.scatter_add(x, 0, t.from_numpy(_places(values.shape[0])), values)


def _index_put(t: Any, x: Any, values: Any) -> Any:
    return t.ops.aten.index_put(x, [t.from_numpy(_places(values.shape[0]))], values, True)


def _index_backward(x: Array, values: Array) -> Array:
    """Accumulate as the gradient of indexing does in mytorch, whose tensors have no `index_put`."""
    import mytorch as t

    start, places = t.from_numpy(x), t.from_numpy(_places(values.shape[0]))
    leaf = t.zeros_like(start).requires_grad_()
    leaf.grad = start.clone()
    leaf[places].backward(t.from_numpy(values))
    return np.asarray(leaf.grad.numpy())


def _derivative(module: str, name: str) -> Callable[[Array, Array], Array]:
    def backward(grad: Array, y: Array) -> Array:
        from importlib import import_module

        op = getattr(import_module(module), name)
        return np.asarray(op.backward(y, grad)[0])

    return backward


def _accumulate(n: int) -> tuple[Input, ...]:
    return Input((_PLACES,)), Input((_PLACES * n,), pairs=True)


# Float32 holds no such number, and is off by half of what it can be.
_NUMBER = 0.3


def _with_number(call: Callable[..., Any], count: int) -> Operation:
    """One of so many tensors and a number of Python's, which is rounded as well."""
    return Operation(
        call, lambda n: tuple(Input((8, n), against="x0" if i == 1 else None) for i in range(count))
    )


_ACTIVATION = "mytorch.ops.activation"
_NO_NAME = "no public function of that name, nor an operation that rounds so"

_MM = _product(lambda t, a, b: t.mm(a, b), lambda n: (24, n), lambda n: (n, 24))
_SCALED_MUL = Operation(
    lambda t, a, b: t.mul(a, b), lambda n: (Input((8, n)), Input((8, n), against="x0", weight=True))
)

OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    **{name: (_unary(name),) for name in ("erf", "exp", "expm1", "sigmoid", "tanh", "cos", "sin")},
    **{name: (_unary(name, positive=True),) for name in ("reciprocal", "rsqrt", "sqrt", "log", "log1p")},
    "remainder": (_binary("remainder"),),
    **{
        name: (
            _binary(name),
            _with_number(lambda t, a, b, name=name: getattr(t, name)(a, b, alpha=_NUMBER), 2),
        )
        for name in ("add", "sub", "rsub")
    },
    "div": (_binary("div"), _with_number(lambda t, a: t.div(a, _NUMBER), 1)),
    "mul": (_binary("mul"), _SCALED_MUL, _with_number(lambda t, a: t.mul(a, _NUMBER), 1)),
    "pow": (_binary("pow", positive=True),),
    "lerp": (
        _ternary(lambda t, a, b, w: t.lerp(a, b, w)),
        _with_number(lambda t, a, b: t.lerp(a, b, _NUMBER), 2),
    ),
    "addcmul": tuple(
        _ternary(lambda t, a, b, c, value=value: t.addcmul(a, b, c, value=value)) for value in (0.5, _NUMBER)
    ),
    "addcdiv": tuple(
        _ternary(lambda t, a, b, c, value=value: t.addcdiv(a, b, c, value=value)) for value in (0.5, _NUMBER)
    ),
    "sum": (
        _reduction(lambda t, x: t.sum(x, [1])),
        _reduction(lambda t, x: t.sum(x, [1]), positive=True),
        _reduction(lambda t, x: t.sum(x, [0]), positive=True, rows=False),
    ),
    "mean": (
        _reduction(lambda t, x: t.mean(x, [1])),
        _reduction(lambda t, x: t.mean(x, [0]), positive=True, rows=False),
    ),
    "var": (
        _reduction(lambda t, x: t.var(x, [1]), sizes=_SQUARES),
        _reduction(lambda t, x: t.var(x, [0]), sizes=_SQUARES, rows=False),
    ),
    "prod": (_reduction(lambda t, x: t.prod(x, 1), sizes=_FACTORS),),
    "cumsum": (
        _reduction(lambda t, x: t.cumsum(x, 1)),
        _reduction(lambda t, x: t.cumsum(x, 1), positive=True),
    ),
    "cumprod": (_reduction(lambda t, x: t.cumprod(x, 1), sizes=_FACTORS, without=_NO_NAME),),
    "mm": (_MM, _all_positive(_MM)),
    "mv": (_product(lambda t, a, b: t.mv(a, b), lambda n: (96, n), lambda n: (n,)),),
    "bmm": (_product(lambda t, a, b: t.bmm(a, b), lambda n: (3, 12, n), lambda n: (3, n, 12)),),
    "dot": (_product(lambda t, a, b: t.dot(a, b), lambda n: (n,), lambda n: (n,)),),
    "addmm": (
        _product(
            lambda t, c, a, b: t.addmm(c, a, b), lambda _: (24, 24), lambda n: (24, n), lambda n: (n, 24)
        ),
        _product(
            lambda t, c, a, b: t.addmm(c, a, b, beta=_NUMBER, alpha=_NUMBER),
            lambda _: (24, 24),
            lambda n: (24, n),
            lambda n: (n, 24),
        ),
    ),
    "addmv": (
        _product(
            lambda t, c, a, b: t.addmv(c, a, b),
            lambda _: (96,),
            lambda n: (96, n),
            lambda n: (n,),
            without=_NO_NAME,
        ),
    ),
    "baddbmm": (
        _product(
            lambda t, c, a, b: t.baddbmm(c, a, b),
            lambda _: (3, 12, 12),
            lambda n: (3, 12, n),
            lambda n: (3, n, 12),
        ),
    ),
    "index_put": (Operation(_index_put, _accumulate, _TERMS, accumulates=True, own=_index_backward),),
    "scatter_add": (Operation(_scatter_add, _accumulate, _TERMS, accumulates=True),),
    "tanh_backward": (
        Operation(
            lambda t, grad, y: t.ops.aten.tanh_backward(grad, y),
            lambda n: (Input((8, n)), Input((8, n))),
            prepare=lambda grad, x: (grad, np.tanh(x)),
            own=_derivative(_ACTIVATION, "Tanh"),
        ),
    ),
    "sigmoid_backward": (
        Operation(
            lambda t, grad, y: t.ops.aten.sigmoid_backward(grad, y),
            lambda n: (Input((8, n)), Input((8, n))),
            prepare=lambda grad, x: (grad, 1 / (1 + np.exp(-x))),
            own=_derivative(_ACTIVATION, "Sigmoid"),
        ),
    ),
}
