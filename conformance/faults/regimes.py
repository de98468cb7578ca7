"""Faults that show in one regime only: far from zero, at ties, at zeros, or among denormals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases import CASES
from conformance.faults._loss import replaced
from conformance.faults._reduction import axes
from conformance.faults._rewriting import changed, on_gradient, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

    # From the namespace, the input and the right gradient to a wrong one.
    Gradient = Callable[[Any, Any, Any], Any]

_F = "nn.functional."


def _graded(change: Gradient, name: str = "input") -> Around:
    """Return a program with the gradient `change(t, input, right)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        a = x[name].detach()
        return on_gradient(x, name, lambda grad: change(t, a, grad), lambda: correct(t, x))

    return program


def _nan_where_constant(spread: str) -> Around:
    """Return a program that divides by a norm or a deviation in backward, also where it is 0."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        a, dims = x["input"].detach(), axes(x)
        size = a.norm(2, dims, True) if spread == "norm" else a.std(dims, keepdim=True)
        return on_gradient(
            x, "input", lambda grad: t.where(size == 0, float("nan"), grad), lambda: correct(t, x)
        )

    return program


def _at_zero(value: float) -> Gradient:
    """Return a gradient that is that number where the input is 0."""
    return lambda t, a, grad: t.where(a == 0, value, grad)


def _last_position(largest: bool) -> Around:
    """Return a program that names the last of several equal extremes."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        a, reduced = x["input"], axes(x)
        whole = len(reduced) == a.ndim
        dim = 0 if whole else reduced[0]
        flat = a.reshape(-1) if whole else a
        found = flat.shape[dim] - 1 - _extreme(t, flat.flip(dim), dim, largest)
        return {"output": found if whole or not x.config["keepdim"] else found.unsqueeze(dim)}

    return program


def _extreme(t: Any, a: Any, dim: int, largest: bool) -> Any:
    """Return the positions of the extremes along a dimension."""
    return t.argmax(a, dim) if largest else t.argmin(a, dim)


def _unstable(t: Any, x: Values, correct: Any) -> Any:
    """Sort equal elements in the reverse of their order."""
    returned = correct(t, changed(x, {"x0": x["x0"].flip(1)}))
    return {**returned, "indices": x["x0"].shape[1] - 1 - returned["indices"]}


def _bound_without_gradient(t: Any, x: Values, correct: Any) -> Any:
    """Give elements at a bound no gradient, as max and min give half of one."""
    form, a = x.config["form"], x["x0"].detach()
    if form in {"middle", "integers"}:
        return correct(t, x)
    low = x["x1"].detach() if form == "tensors" else -0.5
    bound = (a == low) if form in {"low", "tensors"} else (a == 0.75) | ((a == low) & (form != "high"))
    return on_gradient(x, "x0", lambda grad: t.where(bound, 0.0, grad), lambda: correct(t, x))


def _unlimited(t: Any, p: Any, target: Any, options: Any) -> Any:
    return -options["weight"] * (target * t.log(p) + (1 - target) * t.log(1 - p))


def _flushed(t: Any, value: Any) -> Any:
    """Replace denormals of float32 by zero, with the gradient of the identity."""
    if not hasattr(value, "dtype") or value.dtype != t.float32:
        return value
    small = (value.detach().abs() < 2.0**-126).detach()
    return value - t.where(small, value.detach(), t.zeros_like(value.detach()))


def _denormals_flushed(t: Any, x: Values, correct: Any) -> Any:
    returned = correct(t, changed(x, {name: _flushed(t, value) for name, value in x.items()}))
    return on_outputs(returned, lambda _, output: _flushed(t, output))


# Cases whose results are the same for a denormal as for zero: near 1, 1/2 or log 2, or products.
_NOT_SHOWN = frozenset(
    {
        *("exp", "sigmoid", "softmax", "log_softmax"),
        *("nn.functional.softplus", "nn.functional.logsigmoid"),
    }
)
_DENORMAL = tuple(
    name for name, case in CASES.items() if "tiny" in case.space.regimes and name not in _NOT_SHOWN
)


def _fault(name: str, cases: tuple[str, ...], around: Around, story: str) -> Fault:
    return Fault(name, "regimes", cases, story, around=around)


FAULTS = (
    _fault(
        "denormals-flushed",
        _DENORMAL,
        _denormals_flushed,
        "takes denormals for zero, as a processor does that flushes them",
    ),
    _fault(
        "norm-gradient-nan-at-zero",
        ("norm",),
        _nan_where_constant("norm"),
        "divides by the norm in backward, also where it is 0",
    ),
    _fault(
        "std-gradient-nan-of-equals",
        ("std",),
        _nan_where_constant("std"),
        "divides by the standard deviation in backward, also where all elements are equal",
    ),
    _fault(
        "sqrt-gradient-finite-at-zero",
        ("sqrt",),
        _graded(_at_zero(1e8)),
        "adds an epsilon to the root in backward, where torch's gradient is infinite",
    ),
    _fault(
        "pow-gradient-nan-at-zero",
        ("pow",),
        _graded(_at_zero(float("nan"))),
        "divides the power by its base in backward, also where the base is 0",
    ),
    *(
        _fault(
            f"{case.rpartition('.')[2].replace('_', '-')}-slope-at-zero",
            (case,),
            _graded(_at_zero(0.25)),
            "takes the mean of both slopes at 0, where torch takes the left one",
        )
        for case in ("relu", f"{_F}leaky_relu")
    ),
    _fault(
        "l1-loss-slope-at-zero",
        (f"{_F}l1_loss",),
        replaced("l1_loss", lambda t, a, b, o: t.where(a >= b, a - b, b - a)),
        "takes 1 for the slope of a difference of 0, where torch takes 0",
    ),
    _fault(
        "clamp-bound-without-gradient",
        ("clamp",),
        _bound_without_gradient,
        "gives an element that equals a bound no gradient",
    ),
    _fault(
        "bce-logarithm-unlimited",
        (f"{_F}binary_cross_entropy",),
        replaced("binary_cross_entropy", _unlimited),
        "takes the logarithm of exactly 0, where torch takes -100",
    ),
    _fault(
        "kl-div-nan-at-zero",
        (f"{_F}kl_div",),
        replaced(
            "kl_div",
            lambda t, a, b, o: t.exp(b) * (b - a) if o["log_target"] else b * (t.log(b) - a),
        ),
        "multiplies a target of 0 by its logarithm",
    ),
    _fault("argmax-last", ("argmax",), _last_position(largest=True), "names the last of equal elements"),
    _fault("argmin-last", ("argmin",), _last_position(largest=False), "names the last of equal elements"),
    _fault("sort-unstable", ("sort@stable",), _unstable, "returns equal elements in reverse order"),
)
