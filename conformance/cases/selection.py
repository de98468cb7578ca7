"""Cases of functions that choose one of two values per element: by size, bound or condition."""

from __future__ import annotations

from conformance.cases._table import CLASSES, function, method, row

CASES = (
    row(
        "maximum",
        "NF F",
        {"function": function("maximum"), "method": method("maximum")},
        {"a number": (lambda t, a, b: t.maximum(a, 1.0), ("other", "float"))},
        classes=(*CLASSES, "square"),
        regimes=("normal", "integer", "tiny", "nonfinite"),
    ),
    row(
        "minimum",
        "NF F",
        {"function": function("minimum"), "method": method("minimum")},
        {"a number": (lambda t, a, b: t.minimum(a, 1.0), ("other", "float"))},
        classes=(*CLASSES, "square"),
        regimes=("normal", "integer", "tiny", "nonfinite"),
    ),
    row(
        "clamp",
        "NF F",
        # The bounds are values of the regime `ties`.
        {
            "both": lambda t, a, b: t.clamp(a, -0.5, 0.75),
            "low": lambda t, a, b: a.clamp(min=-0.5),
            "high": lambda t, a, b: a.clamp(max=0.75),
            "tensors": lambda t, a, b: t.clamp(a, b, b.abs() * 2),
            "in place": lambda t, a, b: a.clone().clamp_(-0.5, 0.75),
            "clip": lambda t, a, b: t.clip(a, -0.5, 0.75),
            "integers": lambda t, a, b: t.arange(-4, 5).clamp(-2, 2),
            "middle": lambda t, a, b: t.clamp(
                a[:, None].expand(-1, len(a), -1), a[:, :1].abs() * 2, a[:, :1].abs() * 2 + b.abs()
            ),
        },
        {"no bound": (lambda t, a, b: t.clamp(a), ("min", "max"))},
        classes=(*CLASSES, "square"),
        regimes=("normal", "saturated", "tiny", "ties", "nonfinite"),
    ),
    row(
        "clamp_min",
        "NF F",
        {
            "number": lambda t, a, b: t.clamp_min(a, -0.5),
            "tensor": lambda t, a, b: a.clamp_min(b),
            "in place": lambda t, a, b: (a * 1.5).clamp_min_(0.75),
        },
        {"no bound": (lambda t, a, b: a.clamp_min(None), ("None",))},
        regimes=("normal", "ties", "nonfinite"),
    ),
    row(
        "clamp_max",
        "NF F",
        {
            "number": lambda t, a, b: t.clamp_max(a, 0.75),
            "tensor": lambda t, a, b: a.clamp_max(b),
            "in place": lambda t, a, b: (a * 1.5).clamp_max_(-0.5),
        },
        {"no bound": (lambda t, a, b: a.clamp_max(None), ("None",))},
        regimes=("normal", "ties", "nonfinite"),
    ),
    row(
        "where",
        "NF F",
        {
            "function": lambda t, a, b: t.where(a > 0, a, b),
            "method": lambda t, a, b: a.where(a > b, b * 2),
            "number": lambda t, a, b: t.where(a > 0, a, 0.5),
            "middle": lambda t, a, b: t.where(a[:, None] > 0, a[:, :1], b),
        },
        {
            "sizes": (lambda t, a, b: t.where(a > 0, a, t.ones(5)), ("4", "5")),
            "condition": (lambda t, a, b: t.where(a, a, b), ("condition", "bool")),
        },
        regimes=("normal", "tiny", "huge", "nonfinite"),
    ),
    row(
        "masked_fill",
        "NF F -",
        {
            "number": lambda t, a, b, c: t.masked_fill(a, a > 0, float("-inf")),
            "broadcast": lambda t, a, b, c: a.masked_fill(b > 0, 2),
            "tensor": lambda t, a, b, c: a.masked_fill(a > 0, c),
            "in place": lambda t, a, b, c: (a * 1.5).masked_fill_(b > 0, -1.5),
            "middle": lambda t, a, b, c: t.masked_fill(a[:, None], t.arange(len(a))[:, None] % 2 > 0, 0.5),
        },
        {
            "mask": (lambda t, a, b, c: a.masked_fill(a, 1), ("boolean|bool",)),
            "value": (lambda t, a, b, c: a.masked_fill(a > 0, b), ("0-dim", "1")),
            "sizes": (lambda t, a, b, c: a.masked_fill(t.ones(5) > 0, 1), ("5", "4")),
        },
        regimes=("normal", "nonfinite"),
    ),
)
