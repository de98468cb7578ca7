"""Implementations that differ from torch in what they may declare, and what they declare of it.

Used by tests/conformance/judging/test_excuses.py and test_accuracy.py, and by
tests/conformance/running/test_declarations.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance import Excuse, TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values


class _FlatAtNaN(torch.autograd.Function):
    """relu, whose slope at NaN is 0 as in JAX, and not 1 as in torch."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, grad, torch.zeros_like(grad))


def _output(function: Callable[[Any, torch.Tensor], torch.Tensor]) -> Callable[..., dict[str, torch.Tensor]]:
    def program(t: Any, x: Values) -> dict[str, torch.Tensor]:
        return {"output": function(t, x["input"])}

    return program


PROGRAMS = {
    "relu": _output(lambda _, x: _FlatAtNaN.apply(x)),
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

flat_at_nan = TorchLike("flat at NaN", "torch", PROGRAMS)
excused = TorchLike("excused", "torch", PROGRAMS, excuses=[SLOPE])
absolute = TorchLike("absolute", "torch", PROGRAMS, accuracy="absolute")
own_conventions = TorchLike("own conventions", "torch", PROGRAMS, nan_conventions="own")
