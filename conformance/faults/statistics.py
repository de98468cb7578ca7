"""Faults of variances, products, cumulative sums and products, and sums of exponentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._facts import facts_and_values
from conformance.cases.reduction import bytes_of
from conformance.faults._bits import significant
from conformance.faults._forms import called
from conformance.faults._reduction import axes, count, fault, fitted, scaled_output
from conformance.faults._rewriting import changed, on_outputs, own

if TYPE_CHECKING:
    from conformance.cases.case import Around, Values


def _prod_by_division(t: Any, x: Values, correct: Any) -> Any:
    kept = correct(t, changed(x, {"input": x["input"].detach()}))["output"]

    def backward(grad: Any, a: Any) -> Any:
        full = grad * kept
        if x.config["dim"] != "none" and not x.config["keepdim"]:
            full = full.unsqueeze(axes(x)[0])
        return full / a

    return {"output": own(t, lambda a: kept.clone(), backward, x["input"])}


def _cumulated(t: Any, x: Values, correct: Any) -> Any:
    axis = {"first": 0, "last": 2, "dim": 1}[str(x.config["form"])]
    kept = correct(t, changed(x, {"x0": x["x0"].detach()}))["output"]
    return {"output": own(t, lambda a: kept.clone(), lambda grad, a: grad.cumsum(axis), x["x0"])}


def _by_division(t: Any, x: Values, correct: Any) -> Any:
    """Divide the sum of later results by each factor."""
    axis = {"first": 0, "last": 2, "dim": 1}.get(str(x.config["form"]))
    if axis is None:
        return correct(t, x)
    kept = correct(t, changed(x, {"x0": x["x0"].detach()}))["output"]

    def backward(grad: Any, a: Any) -> Any:
        return (grad * kept).flip(axis).cumsum(axis).flip(axis) / a

    return {"output": own(t, lambda a: kept.clone(), backward, x["x0"])}


def _exclusive(t: Any, x: Values, correct: Any) -> Any:
    return on_outputs(correct(t, x), lambda _, output: output - x["x0"])


def _logsumexp_unshifted(t: Any, x: Values, correct: Any) -> Any:
    return {"output": fitted(t.log(t.exp(x["input"]).sum(axes(x), keepdim=True)), x)}


def _mean_detached(t: Any, x: Values, correct: Any) -> Any:
    """Treat the mean as a constant and round it to float16, so that its error does not cancel in backward."""
    a, n = x["input"], count(x)
    mean = significant(t, a.sum(axes(x), keepdim=True) / n, 11).detach()
    return {"output": fitted(((a - mean) ** 2).sum(axes(x), keepdim=True) / (n - 1), x)}


def _spread_in_one_pass(root: bool) -> Around:
    """Return a program that subtracts the squared mean from the mean of squares."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        a, n = x["input"], count(x)
        if n == 1:
            # One number has no spread: the result is NaN in either way.
            return correct(t, x)
        mean = a.sum(axes(x), keepdim=True) / n
        square = t.clamp((a * a).sum(axes(x), keepdim=True) / n - mean * mean, min=0.0) * (n / (n - 1))
        return {"output": fitted(t.sqrt(square) if root else square, x)}

    return program


FAULTS = (
    fault(
        "var-in-one-pass",
        "var",
        _spread_in_one_pass(root=False),
        "subtracts the squared mean from the mean of squares, which loses digits",
    ),
    fault(
        "std-in-one-pass",
        "std",
        _spread_in_one_pass(root=True),
        "subtracts the squared mean from the mean of squares, which loses digits",
    ),
    fault(
        "var-biased",
        "var",
        scaled_output(lambda x: (count(x) - 1) / count(x)),
        "divides by n, as NumPy does by default, where torch divides by n - 1",
    ),
    fault(
        "std-biased",
        "std",
        scaled_output(lambda x: ((count(x) - 1) / count(x)) ** 0.5),
        "divides by n, as NumPy does by default, where torch divides by n - 1",
    ),
    fault("var-mean-in-float16", "var", _mean_detached, "subtracts a mean that is rounded to float16"),
    fault(
        "prod-gradient-by-division",
        "prod",
        _prod_by_division,
        "divides the product by each factor, which may be 0",
    ),
    fault("cumsum-gradient-not-reversed", "cumsum", _cumulated, "sums the gradient in the same direction"),
    fault("cumsum-exclusive", "cumsum", _exclusive, "leaves each element out of its own sum"),
    fault(
        "cumprod-gradient-by-division",
        "cumprod",
        _by_division,
        "divides by each factor to find its gradient, which fails at 0",
    ),
    *called(
        "reduction",
        (
            (
                "cumprod-by-logarithms",
                "cumprod",
                "last",
                lambda t, a: a.abs().log().cumsum(-1).exp(),
                "adds logarithms of magnitudes, which loses the signs",
            ),
            (
                "cumprod-of-bytes-in-int32",
                "sum@dtype",
                "cumprod",
                lambda t, a: (bytes_of(t, a) % 5 + 2).repeat(1, 16).cumprod(1).to(t.int32).to(t.int64),
                "multiplies integers in 32 bits, where torch takes 64",
            ),
            (
                "cumprod-in-place-widens",
                "sum@dtype",
                "cumprod in place",
                lambda t, a: facts_and_values(t, bytes_of(t, a).repeat(1, 9).cumprod(1), a),
                "gives integers that are multiplied in place the dtype int64",
            ),
        ),
    ),
    fault(
        "logsumexp-unshifted",
        "logsumexp",
        _logsumexp_unshifted,
        "does not subtract the maximum, and so overflows",
    ),
)
