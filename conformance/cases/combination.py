"""Cases of sums of a tensor and a weighted product, quotient or difference, also in place."""

from __future__ import annotations

from conformance.cases._table import CLASSES, function, row

# Where a gradient is summed over the wrong axis, shapes tell unless all axes are as long.
_CLASSES = (*CLASSES, "square")

CASES = (
    row(
        "addcmul",
        "NF NF F",
        {
            "function": function("addcmul"),
            "value": lambda t, a, b, c: t.addcmul(a, b, c, value=-0.5),
            "in place": lambda t, a, b, c: (a * 1).addcmul_(b, c, value=2),
            "middle": lambda t, a, b, c: t.addcmul(a[:, None], b[:, :1], c),
        },
        {"sizes": (lambda t, a, b, c: t.addcmul(a, b, t.ones(5)), ("4", "5"))},
        classes=_CLASSES,
        regimes=("normal", "cancelling", "nonfinite"),
    ),
    row(
        "addcdiv",
        "NF NF F",
        {
            "function": function("addcdiv"),
            "value": lambda t, a, b, c: t.addcdiv(a, b, c + 1, value=-0.5),
            "in place": lambda t, a, b, c: (a * 1).addcdiv_(b, c + 0.5, value=2),
            "middle": lambda t, a, b, c: t.addcdiv(a[:, None], b[:, :1], c + 1),
        },
        {"sizes": (lambda t, a, b, c: t.addcdiv(a, b, t.ones(5)), ("4", "5"))},
        positive=True,
        classes=_CLASSES,
        regimes=("normal", "nonfinite"),
    ),
    row(
        "lerp",
        "NF NF F",
        {
            "near": lambda t, a, b, c: t.lerp(a, b, 0.25),
            "far": lambda t, a, b, c: a.lerp(b, 0.75),
            "weights": lambda t, a, b, c: t.lerp(a, b, c * 0.25),
            "in place": lambda t, a, b, c: (a * 1).lerp_(b, 0.1),
            "middle": lambda t, a, b, c: t.lerp(a[:, None], b[:, :1], c * 0.25),
        },
        {
            "dtype of end": (
                lambda t, a, b, c: t.lerp(a, b.double(), 0.5),
                ("end", "float", "double|float64"),
            ),
            "sizes": (lambda t, a, b, c: t.lerp(a, t.ones(5), 0.5), ("4", "5")),
        },
        classes=_CLASSES,
        regimes=("normal", "cancelling", "tiny", "nonfinite"),
    ),
)
