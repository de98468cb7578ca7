"""Cases of functions that round, and the sign: step functions, whose gradient is zero."""

from __future__ import annotations

from conformance.cases._constant import SLOPE
from conformance.cases._elementwise import unary
from conformance.cases._table import row

_STEPS = {"grad.*": SLOPE}

CASES = (
    unary("sign", "normal", "integer", "tiny", "huge", "nonfinite", constant=_STEPS),
    unary("floor", "normal", "saturated", "tiny", "nonfinite", constant=_STEPS),
    unary("ceil", "normal", "saturated", "tiny", "nonfinite", constant=_STEPS),
    unary("round", "normal", "saturated", "nonfinite", constant=_STEPS),
    unary("trunc", "normal", "saturated", "nonfinite", constant=_STEPS),
    row(
        "round@halves",
        "NF",
        {"halves": lambda t, a: t.round(t.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], dtype=a.dtype))},
        grad=False,
    ),
)
