"""How a rule is measured: a call that runs one operation on torch and on mytorch, and operands for it.

The rules hold these calls; `conformance.calibration.rules` makes them and compares errors with the rule. The
builders below cover the usual forms: elementwise operations, reductions, and products of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable

Arrays = tuple[Array, ...]

# Elementwise operations; and how many terms the others add up.
_ELEMENTS = (512,)
TERMS = (2, 7, 33, 96, 320)

# Float32 does not hold this number, and is off by half of the distance between its neighbours.
SCALAR = 0.3

NO_NAME = "no public function of that name, nor an operation that rounds so"


@dataclass(frozen=True)
class MeasuringCall:
    """One way to measure a rule.

    Attributes:
        call: runs the operation, and no other that rounds, on a namespace.
        inputs: the operands' declarations, for a size.
        sizes: the sizes to measure at.
        accumulates: the rule is the standard deviation of many errors that add up, and not a bound.
        prepare: brings drawn operands into the operation's domain.
        without: why mytorch has no such operation, if it has none.
        own: runs it on mytorch's namespace and on arrays where `call` is not a public function of mytorch.
    """

    call: Callable[..., Any]
    inputs: Callable[[int], tuple[Input, ...]]
    sizes: tuple[int, ...] = _ELEMENTS
    accumulates: bool = False
    prepare: Callable[..., Arrays] = lambda *arrays: arrays
    without: str | None = None
    own: Callable[..., Array] | None = None


def unary(name: str, *, positive: bool = False) -> MeasuringCall:
    """Return the call of an elementwise function of one tensor."""
    return MeasuringCall(
        lambda t, x: getattr(t, name)(x), lambda n: (Input((8, n), pairs=True, positive=positive),)
    )


def binary(name: str, *, positive: bool = False) -> MeasuringCall:
    """Return the call of an elementwise function of two tensors."""
    return MeasuringCall(
        lambda t, a, b: getattr(t, name)(a, b),
        lambda n: (Input((8, n), positive=positive), Input((8, n), against="x0", positive=positive)),
    )


def ternary(call: Callable[..., Any]) -> MeasuringCall:
    """Return the call of an elementwise function of three tensors."""
    return MeasuringCall(call, lambda n: (Input((8, n)), Input((8, n), against="x0"), Input((8, n))))


def with_scalar(call: Callable[..., Any], count: int) -> MeasuringCall:
    """Return the call of an elementwise function of `count` tensors and a Python scalar, which rounds too."""
    return MeasuringCall(
        call, lambda n: tuple(Input((8, n), against="x0" if i == 1 else None) for i in range(count))
    )


def reduction(
    call: Callable[..., Any], *, positive: bool = False, rows: bool = True, **fields: Any
) -> MeasuringCall:
    """Return the call of a reduction over the last dimension, or over the first (`rows=False`)."""
    return MeasuringCall(
        call,
        # Sums over the first dimension are added up in another order than those over the last.
        lambda n: (Input((64, n) if rows else (n, 64), pairs=True, positive=positive),),
        **{"sizes": TERMS, "accumulates": True, **fields},
    )


def product(
    call: Callable[..., Any], *shapes: Callable[[int], tuple[int, ...]], **fields: Any
) -> MeasuringCall:
    """Return the call of a product of operands of these shapes, the last two of which are the factors."""

    def inputs(n: int) -> tuple[Input, ...]:
        # The last factor is a weight: otherwise all products would leave float32's range together. Neighbours
        # cancel along the axis that is added up.
        specs = [Input(shape(n)) for shape in shapes]
        specs[-2:] = [replace(specs[-2], pairs=True), replace(specs[-1], weight=True)]
        return tuple(specs)

    return MeasuringCall(call, inputs, TERMS, accumulates=True, **fields)


def all_positive(measuring: MeasuringCall) -> MeasuringCall:
    """Return the same call on positive operands: nothing cancels, so partial sums grow and lose most."""
    declared = measuring.inputs
    return replace(measuring, inputs=lambda n: tuple(replace(spec, positive=True) for spec in declared(n)))
