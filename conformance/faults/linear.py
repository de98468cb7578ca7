"""Faults of a linear layer: another bias, or a transposed gradient of its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, gradient_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Around, Values


def _transposed_if_square(t: Any, x: Values, grad: Any) -> Any:
    del t, x
    return grad.T if grad.shape[0] == grad.shape[1] else grad


def _bias_times(factor: float) -> Around:
    """Return a program that multiplies the loaded bias; its gradient stays, as it is still added."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        return correct(t, changed(x, {"bias": x["bias"].detach() * factor}) if "bias" in x else x)

    return program


FAULTS = (
    Fault(
        "linear-weight-gradient-transposed",
        "linear",
        ("nn.Linear",),
        "transposes the weight's gradient where it is square",
        around=gradient_of("weight", _transposed_if_square),
    ),
    Fault(
        "linear-bias-dropped",
        "linear",
        ("nn.Linear",),
        "adds no bias, which does not show where the bias is 0",
        around=_bias_times(0.0),
    ),
    Fault("linear-bias-doubled", "linear", ("nn.Linear",), "adds the bias twice", around=_bias_times(2.0)),
)
