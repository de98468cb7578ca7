"""Implementations that differ from torch in what they may declare, and what they declare of it.

Used by tests/conformance/judging/test_excuses.py and test_accuracy.py, and by
tests/conformance/running/test_declarations.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance import Excuse, TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values


def _flat_at_nan(t: Any, x: Any) -> Any:
    """relu, whose slope at NaN is 0 as in JAX, and not 1 as in torch."""

    class FlatAtNaN(t.autograd.Function):  # type: ignore[misc]  # a base class by namespace
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.relu()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return t.where(x > 0, grad, t.zeros_like(grad))

    return FlatAtNaN.apply(x)


def _output(function: Callable[[Any, Any], Any]) -> Callable[..., dict[str, Any]]:
    def program(t: Any, x: Values) -> dict[str, Any]:
        return {"output": function(t, x["input"])}

    return program


PROGRAMS = {
    "relu": _output(_flat_at_nan),
    "tanh": _output(lambda t, x: 2 * t.sigmoid(2 * x) - 1),
    "sigmoid": _output(lambda t, x: t.tanh(x / 2) / 2 + 0.5),
}
SLOPE = Excuse(
    case="relu",
    observable="grad.*",
    regime="nonfinite",
    reason="the slope at NaN is 0",
    link="https://example.org/issues/12",
)

flat_at_nan = TorchLike("flat at NaN", "mytorch", PROGRAMS)
excused = TorchLike("excused", "mytorch", PROGRAMS, excuses=[SLOPE])
absolute = TorchLike("absolute", "mytorch", PROGRAMS, accuracy="absolute")
own_conventions = TorchLike("own conventions", "mytorch", PROGRAMS, nan_conventions="own")
