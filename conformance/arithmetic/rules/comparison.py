"""Rules of operations that compare numbers, and of those that round, choose or sort by comparing.

They are exact. But noise may change an answer or move an element to another step, and a replicate that
decided otherwise than the program measures another function: so these rules state what an operation decides.
The families comparison, logic, rounding, selection and sorting are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.rounding import filled
from conformance.arithmetic.rules.measuring import NO_NAME, SCALAR, MeasuringCall
from conformance.arithmetic.rules.rule import Given, Rule, exact, rounded
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable


def _clamp(x: Tensor, least: Any = None, most: Any = None) -> Tensor | None:
    low = None if least is None else filled(least, x < least)
    high = None if most is None else filled(most, x > most)
    # No number is clamped to both.
    return high if low is None else low if high is None else low + high


def _threshold(x: Tensor, least: float, value: float) -> Tensor | None:
    return filled(value, ~(x > least))


def _masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor | None:
    return filled(value, mask | torch.zeros_like(x, dtype=torch.bool))


def _beyond(call: Callable[..., Any], without: str | None = None) -> MeasuringCall:
    """Return a call on numbers some of which are beyond any bound, to either side."""

    def prepare(x: Array) -> tuple[Array]:
        x = x.copy()
        x[0, :2] = -2.0, 2.0
        return (x,)

    return MeasuringCall(call, lambda n: (Input((8, n)),), prepare=prepare, without=without)


# Operation, its error, and the call that measures it.
_CLAMPS: tuple[tuple[str, Callable[..., Tensor | None], Callable[..., Any]], ...] = (
    ("clamp", _clamp, lambda t, x: t.clamp(x, SCALAR, 1.0)),
    ("clamp_max", lambda x, most: _clamp(x, None, most), lambda t, x: t.clamp_max(x, SCALAR)),
    ("clamp_min", _clamp, lambda t, x: t.clamp_min(x, SCALAR)),
)

_COMPARED = "IEEE 754-2019, 5.11: a comparison is exact"
_LOGIC = "truth values and bits are not rounded"
_WHOLE = "C17, 7.12.9: the result is a whole number that the dtype holds"
_PICKED = "each element of the result is an element of an operand, or a given number"

RULES: tuple[Rule, ...] = (
    # Comparison. The answers are masks, or zeros and ones if they are written into a float64 tensor.
    *exact("eq", "ge", "gt", "le", "lt", "ne", source=_COMPARED, elementwise=True, decides="answer"),
    *exact("isinf", "isnan", "signbit", source="IEEE 754-2019, 5.7.2: classes of numbers", elementwise=True),
    *exact("allclose", "equal", source="torch's documentation: yes or no"),
    # Logic.
    *exact("logical_and", "logical_not", source=_LOGIC, elementwise=True, decides="answer"),
    *exact("logical_or", "logical_xor", source=_LOGIC, elementwise=True, decides="answer"),
    *exact("bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", source=_LOGIC),
    # Rounding to whole numbers: `div_mode` is a division with a rounding mode.
    *exact("ceil", "floor", "round", "trunc", source=_WHOLE, elementwise=True, decides="step"),
    *exact(
        "div_mode",
        "floor_divide",
        source="torch's documentation of div: the quotient is rounded to a whole number",
        elementwise=True,
        decides="step",
    ),
    *exact(
        "sgn",
        "sign",
        source="torch's documentation of sign: -1, 0 or 1",
        elementwise=True,
        decides=lambda x: x.sign(),
    ),
    # fmod is exact, and of another step where the quotient passes a whole number.
    *exact(
        "fmod",
        source="C17, F.10.7.1: fmod is exact",
        elementwise=True,
        decides=lambda a, b: (a / b).trunc(),
    ),
    # The exponent is an integer, and so decides.
    *exact("frexp", source="C17, F.10.3.4: frexp is exact"),
    # Selection.
    *(
        rounded(
            name,
            Given(size),
            _beyond(call),
            source=_PICKED,
            elementwise=True,
        )
        for name, size, call in _CLAMPS
    ),
    *exact("fmax", "fmin", "maximum", "minimum", "where", source=_PICKED, elementwise=True),
    rounded(
        "threshold",
        Given(_threshold),
        _beyond(lambda t, x: t.nn.functional.threshold(x, 0.0, SCALAR), NO_NAME),
        source=_PICKED,
        elementwise=True,
        decides=lambda x, least, _value: x > least,
    ),
    rounded(
        "masked_fill",
        Given(_masked_fill),
        _beyond(lambda t, x: t.masked_fill(x, x > 0, SCALAR)),
        source=_PICKED,
        complexes=True,
        elementwise=True,
    ),
    # Sorting.
    *exact("_unique2", "nonzero", "sort", "topk", "unique_dim", source=_PICKED),
    *exact("cummax", "cummin", "kthvalue", "mode", "nanmedian", "nonzero_static", source=_PICKED),
    *exact("searchsorted", "unique_consecutive", source=_PICKED),
)
