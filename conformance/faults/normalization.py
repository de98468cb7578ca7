"""Faults of layer, batch and group normalization: another formula, or a missing part of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, on_outputs
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


_BATCH = ("nn.BatchNorm1d", "nn.BatchNorm2d")


def _batch(
    *,
    correction: int = 0,
    kept: int = 1,
    share: Callable[[float], float] = float,
    detached: bool = False,
) -> Around:
    """Return batch normalization in training, written out.

    Args:
        correction: what is subtracted from the count in the variance of the output.
        kept: likewise in the running variance.
        share: from the momentum to the share of the batch in the running statistics.
        detached: the statistics are constants in backward.
    """

    def program(t: Any, x: Values, correct: Any) -> Any:
        config, a = x.config, x["input"]
        if not config["training"] or not a.numel():
            return correct(t, x)
        axes, shape = (0, *range(2, a.dim())), (1, -1, *[1] * (a.dim() - 2))
        count = a.numel() // a.shape[1]
        mean = a.mean(axes)
        squares = ((a - mean.reshape(shape)) ** 2).sum(axes)
        used = (mean.detach(), squares.detach()) if detached else (mean, squares)
        deviation = t.sqrt(used[1] / max(count - correction, 1) + config["eps"])
        out = (a - used[0].reshape(shape)) / deviation.reshape(shape)
        out = out * x["weight"].reshape(shape) if "weight" in x else out
        found = {"output": out + x["bias"].reshape(shape) if "bias" in x else out}
        if config["tracked"]:
            # The layer of the case has seen three batches before.
            part = share(0.25 if config["momentum"] == "none" else float(config["momentum"]))
            for name, new in (("running_mean", mean), ("running_var", squares / max(count - kept, 1))):
                found[name] = (1 - part) * x[name] + part * new.detach()
        return found

    return program


def _own_in_evaluation(t: Any, x: Values, correct: Any) -> Any:
    """Take the batch's statistics in evaluation, where it has any, and keep the running ones."""
    count = x["input"].numel() // max(1, x["input"].shape[1])
    if x.config["training"] or count < 2:
        return correct(t, x)
    returned = correct(t, changed(x, training=True))
    return on_outputs(returned, lambda name, out: out if name == "output" else x[name].clone())


def _interleaved(t: Any, x: Values, correct: Any) -> Any:
    """Normalize every G-th channel together, and not neighbours."""
    a, groups = x["input"], int(x.config["groups"])
    channels = a.shape[1]
    order = [k for first in range(groups) for k in range(first, channels, groups)]
    back = sorted(range(channels), key=order.__getitem__)
    picked = t.index_select(a, 1, t.tensor(order, dtype=t.int64))
    normal = t.nn.functional.group_norm(picked, groups, eps=x.config["eps"])
    out = t.index_select(normal, 1, t.tensor(back, dtype=t.int64))
    shape = (1, -1, *[1] * (a.dim() - 2))
    out = out * x["weight"].reshape(shape) if "weight" in x else out
    return {"output": out + x["bias"].reshape(shape) if "bias" in x else out}


FAULTS = (
    *(
        Fault(f"batch-norm-{name}", "normalization", _BATCH, story, around=around)
        for name, around, story in (
            ("running-var-biased", _batch(kept=0), "divides the running variance by the count, too"),
            ("unbiased", _batch(correction=1), "divides the batch's variance by n - 1"),
            (
                "momentum-inverted",
                _batch(share=lambda momentum: 1 - momentum),
                "takes momentum for the share that stays, as Keras and TensorFlow do",
            ),
            (
                "statistics-not-derived",
                _batch(detached=True),
                "differentiates through neither mean nor variance",
            ),
            ("own-in-evaluation", _own_in_evaluation, "takes the batch's statistics in evaluation too"),
        )
    ),
    Fault(
        "group-norm-interleaved",
        "normalization",
        ("nn.GroupNorm",),
        "normalizes every G-th channel together",
        around=_interleaved,
    ),
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
