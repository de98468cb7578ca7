"""Faults of layer normalization: another formula, or a missing part of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values


def _statistics(x: Values) -> tuple[Any, tuple[int, ...], Any, Any]:
    a = x["input"]
    axes = tuple(range(3 - int(x.config["rank"]), 3))
    mean = a.mean(axes, keepdim=True)
    return a, axes, mean, ((a - mean) ** 2).mean(axes, keepdim=True)


def _normal(formula: Callable[..., Any]) -> Around:
    """Return a program that normalizes by `formula(t, a, mean, variance, eps, count)` and the affine map."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if not x["input"].numel():
            return correct(t, x)
        a, axes, mean, variance = _statistics(x)
        count = 1
        for axis in axes:
            count *= a.shape[axis]
        out = formula(t, a, mean, variance, x.config["eps"], count)
        out = out * x["weight"] if "weight" in x else out
        return {"output": out + x["bias"] if "bias" in x else out}

    return program


def _one_pass(a: Any, count: int) -> Any:
    """Return the variance of the last axes, `count` elements together, by the mean of squares."""
    axes: list[int] = []
    size = 1
    while size < count or not axes:
        axes.append(-1 - len(axes))
        size *= a.shape[axes[-1]]
    return (a * a).mean(axes, keepdim=True) - a.mean(axes, keepdim=True) ** 2


def _two_axes_at_most(t: Any, x: Values, correct: Any) -> Any:
    """Normalize over the last two axes where there are three."""
    if int(x.config["rank"]) < 3 or not x["input"].numel():
        return correct(t, x)
    a, eps = x["input"], x.config["eps"]
    mean = a.mean((1, 2), keepdim=True)
    out = (a - mean) / t.sqrt(((a - mean) ** 2).mean((1, 2), keepdim=True) + eps)
    out = out * x["weight"] if "weight" in x else out
    return {"output": out + x["bias"] if "bias" in x else out}


FAULTS = (
    Fault(
        "layer-norm-two-axes-at-most",
        "normalization",
        ("nn.LayerNorm",),
        "normalizes over two axes where normalized_shape has three",
        around=_two_axes_at_most,
    ),
    *(
        Fault(f"layer-norm-{name}", "normalization", ("nn.LayerNorm",), story, around=_normal(formula))
        for name, formula, story in (
            (
                "eps-outside",
                lambda t, a, mean, variance, eps, count: (a - mean) / (t.sqrt(variance) + eps),
                "adds epsilon outside the root",
            ),
            (
                "unbiased",
                lambda t, a, mean, variance, eps, count: (
                    (a - mean) / t.sqrt(variance * (count / max(count - 1, 1)) + eps)
                ),
                "divides the variance by n - 1",
            ),
            (
                "mean-not-derived",
                lambda t, a, mean, variance, eps, count: (a - mean.detach()) / t.sqrt(variance + eps),
                "treats the mean as a constant in backward",
            ),
            (
                "variance-not-derived",
                lambda t, a, mean, variance, eps, count: (a - mean) / t.sqrt(variance.detach() + eps),
                "treats the variance as a constant in backward",
            ),
            (
                "without-mean",
                lambda t, a, mean, variance, eps, count: (
                    a / t.sqrt((a * a).sum(-1, keepdim=True) / a.shape[-1] + eps)
                ),
                "divides by the root mean square of the last axis, as RMSNorm does",
            ),
            (
                "variance-in-one-pass",
                lambda t, a, mean, variance, eps, count: (
                    (a - mean) / t.sqrt(t.clamp(_one_pass(a, count), min=0.0) + eps)
                ),
                "subtracts the squared mean from the mean of squares, as fused kernels do",
            ),
            (
                "eps-missing",
                lambda t, a, mean, variance, eps, count: (a - mean) / t.sqrt(variance),
                "adds no epsilon",
            ),
        )
    ),
)
