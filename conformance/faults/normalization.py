"""Layer normalization with another formula or without a part of its gradient."""

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
    """Return what normalizes by `formula(t, a, mean, variance, eps, count)` and its affine map."""

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


FAULTS = (
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
                "forgets in backward that the mean depends on the input",
            ),
            (
                "variance-not-derived",
                lambda t, a, mean, variance, eps, count: (a - mean) / t.sqrt(variance.detach() + eps),
                "forgets in backward that the variance depends on the input",
            ),
            (
                "without-mean",
                lambda t, a, mean, variance, eps, count: (
                    a / t.sqrt((a * a).sum(-1, keepdim=True) / a.shape[-1] + eps)
                ),
                "divides by the root mean square of the last axis, as RMSNorm does",
            ),
            (
                "eps-missing",
                lambda t, a, mean, variance, eps, count: (a - mean) / t.sqrt(variance),
                "adds no epsilon",
            ),
        )
    ),
)
