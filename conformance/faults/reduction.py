"""Faults of sums, means and extremes: another divisor, a wrongly shared gradient, or fewer digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._bits import significant
from conformance.faults._reduction import axes, count, fault, scaled_gradient, scaled_output
from conformance.faults._rewriting import changed, own, setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values


def _extreme(share: Callable[[Any, Any, tuple[int, ...]], Any]) -> Around:
    """Return a program that computes the right extreme, with a gradient shared by `share(t, mask, axes)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        reduced = axes(x)
        kept = correct(t, changed(x, {"input": x["input"].detach()}))["output"]
        full = kept
        if x.config["dim"] == "none" or not x.config["keepdim"]:
            for axis in reduced:
                full = full.unsqueeze(axis)

        def forward(a: Any) -> Any:
            del a
            return kept.clone()

        def backward(grad: Any, a: Any) -> Any:
            return grad.reshape(full.shape) * share(t, (a == full).to(a.dtype), reduced)

        return {"output": own(t, forward, backward, x["input"])}

    return program


def _to_all(t: Any, mask: Any, reduced: tuple[int, ...]) -> Any:
    del t, reduced
    return mask


def _to_first(t: Any, mask: Any, reduced: tuple[int, ...]) -> Any:
    place = t.arange(mask.numel()).reshape(mask.shape).to(mask.dtype)
    place = place + (1 - mask) * mask.numel()
    return mask * (place == place.amin(reduced, keepdim=True)).to(mask.dtype)


_EXTREMES = ("amax", "amin", "max", "min")


def _one_after_another(bits: int) -> Around:
    """Return a program that adds along the last axis one by one, and rounds each sum to `bits` bits."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if x.config["dim"] != "last" or not x["input"].shape[2]:
            return correct(t, x)
        parts = x["input"].unbind(-1)
        total = parts[0]
        for part in parts[1:]:
            total = significant(t, total + part, bits)
        return {"output": total.unsqueeze(-1) if x.config["keepdim"] else total}

    return program


_KEEPING = (
    "sum",
    "mean",
    "var",
    "std",
    "prod",
    "amax",
    "amin",
    "logsumexp",
    "norm",
    "any",
    "all",
    "argmax",
    "argmin",
)
_AXIS = ("sum", "mean", "var", "std", "amax", "amin", "logsumexp", "norm")
_NEXT = {"none": "first", "first": "last", "last": "first", "two": "last", "all": "two"}

FAULTS = (
    fault(
        "sum-gradient-mean",
        "sum",
        scaled_gradient(lambda x: 1 / count(x)),
        "divides the gradient of a sum like that of a mean",
    ),
    fault("mean-gradient-sum", "mean", scaled_gradient(count), "does not divide the gradient of a mean"),
    fault(
        "mean-by-first-axis",
        "mean",
        scaled_output(lambda x: count(x) / max(x["input"].shape[0], 1)),
        "divides by the batch size for any axes",
    ),
    fault("mean-by-one-more", "mean", scaled_output(lambda x: count(x) / (count(x) + 1)), "divides by n + 1"),
    fault(
        "keepdim-inverted",
        _KEEPING,
        setting("keepdim", lambda kept: not kept),
        "keeps the reduced axes without keepdim, and drops them with it",
    ),
    fault("reduced-axes-wrong", _AXIS, setting("dim", lambda dim: _NEXT[dim]), "reduces other axes"),
    fault(
        "ties-to-all", _EXTREMES, _extreme(_to_all), "gives each of several equal extremes the whole gradient"
    ),
    fault(
        "ties-to-the-first",
        _EXTREMES,
        _extreme(_to_first),
        "gives the first of several equal extremes the whole gradient, where torch splits it",
    ),
    fault(
        "sum-in-float16",
        "sum",
        _one_after_another(11),
        "adds one by one in float16, which shows best on long axes",
    ),
    fault("sum-in-float32", "sum", _one_after_another(24), "adds float64 one by one in float32"),
)
