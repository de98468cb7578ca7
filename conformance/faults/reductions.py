"""Reductions, wrongly written: what they divide by, who gets the gradient of a tie, how they add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults.fault import Fault
from conformance.faults.precision import significant
from conformance.faults.rewriting import changed, on_gradient, on_outputs, own

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

_AXES = {"none": (0, 1, 2), "first": (0,), "last": (2,), "two": (0, 2), "all": (0, 1, 2)}


def _axes(x: Values) -> tuple[int, ...]:
    return _AXES[str(x.config["dim"])]


def _count(x: Values) -> int:
    count = 1
    for axis in _axes(x):
        count *= x["input"].shape[axis]
    return max(count, 1)


def _scaled_gradient(factor: Callable[[Values], float]) -> Callable[..., Any]:
    def program(t: Any, x: Values, correct: Any) -> Any:
        return on_gradient(x, "input", lambda grad: grad * factor(x), lambda: correct(t, x))

    return program


def _scaled_output(factor: Callable[[Values], float]) -> Callable[..., Any]:
    return lambda t, x, correct: on_outputs(correct(t, x), lambda _, output: output * factor(x))


def _other_setting(name: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda t, x, correct: correct(t, changed(x, **{name: change(x.config[name])}))


def _fitted(value: Any, x: Values) -> Any:
    """Drop the reduced axes of what was computed with them kept, unless they are asked for."""
    if x.config["dim"] != "none" and x.config["keepdim"]:
        return value
    for axis in reversed(_axes(x)):
        value = value.squeeze(axis)
    return value


def _extreme(share: Callable[[Any, Any, tuple[int, ...]], Any]) -> Callable[..., Any]:
    """Make a program of the right extreme, whose gradient goes where `share(t, mask, axes)` says."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        axes = _axes(x)
        kept = correct(t, changed(x, {"input": x["input"].detach()}))["output"]
        full = kept
        if x.config["dim"] == "none" or not x.config["keepdim"]:
            for axis in axes:
                full = full.unsqueeze(axis)

        def forward(a: Any) -> Any:
            del a
            return kept.clone()

        def backward(grad: Any, a: Any) -> Any:
            return grad.reshape(full.shape) * share(t, (a == full).to(a.dtype), axes)

        return {"output": own(t, forward, backward, x["input"])}

    return program


def _to_all(t: Any, mask: Any, axes: tuple[int, ...]) -> Any:
    del t, axes
    return mask


def _to_first(t: Any, mask: Any, axes: tuple[int, ...]) -> Any:
    place = t.arange(mask.numel()).reshape(mask.shape).to(mask.dtype)
    place = place + (1 - mask) * mask.numel()
    return mask * (place == place.amin(axes, keepdim=True)).to(mask.dtype)


_EXTREMES = ("amax", "amin", "max", "min")


def _prod_by_division(t: Any, x: Values, correct: Any) -> Any:
    kept = correct(t, changed(x, {"input": x["input"].detach()}))["output"]

    def backward(grad: Any, a: Any) -> Any:
        full = grad * kept
        if x.config["dim"] != "none" and not x.config["keepdim"]:
            full = full.unsqueeze(_axes(x)[0])
        return full / a

    return {"output": own(t, lambda a: kept.clone(), backward, x["input"])}


def _cumulated(t: Any, x: Values, correct: Any) -> Any:
    axis = {"first": 0, "last": 2, "dim": 1}[str(x.config["form"])]
    kept = correct(t, changed(x, {"x0": x["x0"].detach()}))["output"]
    return {"output": own(t, lambda a: kept.clone(), lambda grad, a: grad.cumsum(axis), x["x0"])}


def _exclusive(t: Any, x: Values, correct: Any) -> Any:
    return on_outputs(correct(t, x), lambda _, output: output - x["x0"])


def _one_after_another(bits: int) -> Callable[..., Any]:
    """Add along the last axis one by one, each sum in so many bits."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if x.config["dim"] != "last" or not x["input"].shape[2]:
            return correct(t, x)
        parts = x["input"].unbind(-1)
        total = parts[0]
        for part in parts[1:]:
            total = significant(t, total + part, bits)
        return {"output": total.unsqueeze(-1) if x.config["keepdim"] else total}

    return program


def _logsumexp_unshifted(t: Any, x: Values, correct: Any) -> Any:
    del correct
    return {"output": _fitted(t.log(t.exp(x["input"]).sum(_axes(x), keepdim=True)), x)}


def _variance_in_one_pass(t: Any, x: Values, correct: Any) -> Any:
    if x.config["form"] != "far from zero":
        return correct(t, x)
    a = x["x0"] + 1024
    n = a.shape[1]
    return {"output": ((a * a).sum(1) - a.sum(1) ** 2 / n) / (n - 1)}


def _mean_detached(t: Any, x: Values, correct: Any) -> Any:
    """Take the mean for a constant in float16, so that what it should cancel in backward does not."""
    del correct
    a, n = x["input"], _count(x)
    mean = significant(t, a.sum(_axes(x), keepdim=True) / n, 11).detach()
    return {"output": _fitted(((a - mean) ** 2).sum(_axes(x), keepdim=True) / (n - 1), x)}


def _fault(name: str, cases: tuple[str, ...] | str, program: Any, story: str) -> Fault:
    return Fault(name, "reductions", (cases,) if isinstance(cases, str) else cases, story, around=program)


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
    _fault(
        "sum-gradient-mean",
        "sum",
        _scaled_gradient(lambda x: 1 / _count(x)),
        "divides the gradient of a sum as that of a mean",
    ),
    _fault("mean-gradient-sum", "mean", _scaled_gradient(_count), "forgets to divide the gradient of a mean"),
    _fault(
        "mean-by-first-axis",
        "mean",
        _scaled_output(lambda x: _count(x) / max(x["input"].shape[0], 1)),
        "divides by the batch size whatever the axes are",
    ),
    _fault(
        "mean-by-one-more", "mean", _scaled_output(lambda x: _count(x) / (_count(x) + 1)), "divides by n + 1"
    ),
    _fault(
        "keepdim-inverted",
        tuple(name for name in _KEEPING),
        _other_setting("keepdim", lambda kept: not kept),
        "keeps the axes when it must not",
    ),
    _fault("reduced-axes-wrong", _AXIS, _other_setting("dim", lambda dim: _NEXT[dim]), "reduces other axes"),
    _fault(
        "var-biased",
        "var",
        _scaled_output(lambda x: (_count(x) - 1) / _count(x)),
        "divides by n, as NumPy does by default, where torch divides by n - 1",
    ),
    _fault(
        "std-biased",
        "std",
        _scaled_output(lambda x: ((_count(x) - 1) / _count(x)) ** 0.5),
        "divides by n, as NumPy does by default, where torch divides by n - 1",
    ),
    _fault(
        "var-in-one-pass",
        "var@correction",
        _variance_in_one_pass,
        "takes the mean of squares less the squared mean, which cancels",
    ),
    _fault("var-mean-in-float16", "var", _mean_detached, "subtracts a mean that it keeps in float16"),
    _fault(
        "ties-to-all", _EXTREMES, _extreme(_to_all), "gives each of several equal extremes the whole gradient"
    ),
    _fault(
        "ties-to-the-first",
        _EXTREMES,
        _extreme(_to_first),
        "gives the first of several equal extremes the whole gradient, where torch splits it",
    ),
    _fault(
        "prod-gradient-by-division",
        "prod",
        _prod_by_division,
        "divides the product by the factor, which may be 0",
    ),
    _fault("cumsum-gradient-not-reversed", "cumsum", _cumulated, "sums the gradient in the same direction"),
    _fault("cumsum-exclusive", "cumsum", _exclusive, "leaves each element out of its own sum"),
    _fault(
        "sum-in-float16", "sum", _one_after_another(11), "adds one by one in float16: seen best on long axes"
    ),
    _fault("sum-in-float32", "sum", _one_after_another(24), "adds float64 one by one in float32"),
    _fault(
        "logsumexp-unshifted", "logsumexp", _logsumexp_unshifted, "does not subtract the maximum: overflows"
    ),
)
