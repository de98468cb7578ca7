"""Faults of sums, means and extremes: another divisor, a wrongly shared gradient, or fewer digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._facts import facts_and_values
from conformance.cases.reduction import bytes_of, halves_of
from conformance.faults._bits import significant
from conformance.faults._forms import called
from conformance.faults._reduction import axes, count, fault, scaled_gradient, scaled_output
from conformance.faults._rewriting import changed, own, setting

# How many elements are added up at once by many kernels.
_BLOCK = 4096

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
            return kept.clone()

        def backward(grad: Any, a: Any) -> Any:
            return grad.reshape(full.shape) * share(t, (a == full).to(a.dtype), reduced)

        return {"output": own(t, forward, backward, x["input"])}

    return program


def _to_all(t: Any, mask: Any, reduced: tuple[int, ...]) -> Any:
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


def _other_axes(axes: str, others: str) -> Around:
    """Return a program that reduces other axes where those are to be reduced."""
    return setting("dim", lambda dim: others if dim == axes else dim)


def _middle_exchanged(t: Any, x: Values, correct: Any) -> Any:
    if x.config["dim"] != "middle":
        return correct(t, x)
    a = x["input"]
    return correct(t, changed(x, {"input": a.transpose(1, 2).reshape(a.shape)}))


def _first_block(t: Any, x: Values, correct: Any) -> Any:
    a = x["input"]
    if 2 not in axes(x) or a.shape[2] <= _BLOCK:
        return correct(t, x)
    return correct(t, changed(x, {"input": a.narrow(2, 0, _BLOCK)}))


def _one_by_one(a: Any) -> Any:
    """Add the columns one after another, in the dtype of a."""
    total = a[:, 0]
    for part in a.unbind(1)[1:]:
        total = total + part
    return total


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
_NEXT = {
    "none": "first",
    "first": "last",
    "middle": "last",
    "last": "first",
    "pair": "two",
    "negative": "last",
    "two": "last",
    "all": "two",
}

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
        "axes-reduced-one-by-one",
        _AXIS,
        _other_axes("pair", "two"),
        "reduces axes one after another, and forgets that the second has moved",
    ),
    fault(
        "negative-axis-by-size",
        _AXIS,
        _other_axes("negative", "two"),
        "drops the sign of a negative axis in a tuple of axes",
    ),
    fault(
        "middle-axis-exchanged",
        _AXIS,
        _middle_exchanged,
        "reduces a middle axis by a reshape that does not move it to the end first",
    ),
    *called(
        "reduction",
        (
            (
                "sum-of-bytes-in-bytes",
                "sum@dtype",
                "bytes",
                lambda t, a: bytes_of(t, a).repeat(30, 1).sum(0).to(t.int8).to(t.int64),
                "sums integers in their own dtype, where torch takes int64",
            ),
            (
                "prod-of-bytes-in-int32",
                "sum@dtype",
                "product of bytes",
                lambda t, a: (bytes_of(t, a) % 5 + 2).repeat(1, 16).prod(1).to(t.int32).to(t.int64),
                "multiplies integers in 32 bits, where torch takes 64",
            ),
            (
                "cumsum-of-bytes-keeps-int8",
                "sum@dtype",
                "cumulated bytes",
                lambda t, a: bytes_of(t, a).repeat(1, 9).cumsum(1).to(t.int8),
                "gives cumulative sums the dtype of the integers",
            ),
            (
                "sum-of-halves-in-halves",
                "sum@dtype",
                "halves",
                lambda t, a: facts_and_values(t, _one_by_one(halves_of(t, a)), a),
                "adds float16 in float16, where torch adds in float32",
            ),
            (
                "mean-of-halves-in-float",
                "sum@dtype",
                "mean of halves",
                lambda t, a: facts_and_values(t, halves_of(t, a).float().mean(1), a),
                "returns the mean of float16 as float32",
            ),
            (
                "halves-rounded-before-the-sum",
                "sum@dtype",
                "halves in float",
                lambda t, a: facts_and_values(t, halves_of(t, a).sum().to(t.float32), a),
                "takes the asked dtype only after the sum",
            ),
        ),
    ),
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
        "adds element by element in float16, which shows best on long axes",
    ),
    fault(
        "sum-of-one-block",
        ("sum", "mean"),
        _first_block,
        "reduces the first 4,096 elements of the last axis and forgets the rest",
    ),
    fault("sum-in-float32", "sum", _one_after_another(24), "adds float64 element by element in float32"),
)
