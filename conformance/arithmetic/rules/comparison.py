"""Rules of operations that compare numbers, and of those that round, choose or sort by comparing.

They are exact. But noise may change an answer or move an element to another step, and a replicate that
decided otherwise than the program measures another function: so these rules state what an operation decides.
The families comparison, logic, rounding, selection and sorting are here.
"""

from __future__ import annotations

from conformance.arithmetic.rules.rule import Rule, exact

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
    *exact("clamp", "clamp_max", "clamp_min", source=_PICKED, elementwise=True),
    *exact("fmax", "fmin", "maximum", "minimum", "where", source=_PICKED, elementwise=True),
    *exact("masked_fill", source=_PICKED),
    # Sorting.
    *exact("_unique2", "nonzero", "sort", "topk", "unique_dim", source=_PICKED),
    *exact("cummax", "cummin", "kthvalue", "mode", "nanmedian", "nonzero_static", source=_PICKED),
    *exact("searchsorted", "unique_consecutive", source=_PICKED),
)
