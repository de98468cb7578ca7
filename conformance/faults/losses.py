"""Losses, wrongly written: what they divide by, options that they leave out, logarithms that overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import Values
from conformance.faults.fault import Fault
from conformance.faults.rewriting import Overlay, changed

if TYPE_CHECKING:
    from collections.abc import Callable

_F = "nn.functional."
_PAIRS = {
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "kl_div": "KLDivLoss",
    "nll_loss": "NLLLoss",
    "cross_entropy": "CrossEntropyLoss",
}
_ALL = tuple(_F + name for name in _PAIRS)
_OF_TWO = _ALL[:-2]
_CLASSIFYING = _ALL[-2:]


def _setting(name: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda t, x, correct: correct(t, changed(x, **{name: change(x.config[name])}))


def _without(name: str) -> Callable[..., Any]:
    def program(t: Any, x: Values, correct: Any) -> Any:
        rest = {key: value for key, value in x.items() if key != name}
        return correct(t, Values(rest, x.config, x.seams, x.bad_call))

    return program


def _replaced(name: str, element: Callable[..., Any]) -> Callable[..., Any]:
    """Make a program in which a loss is the reduced `element(t, input, target, options)`, by either door."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def loss(value: Any, target: Any, **options: Any) -> Any:
            each = element(t, value, target, options)
            reduction = options.get("reduction", "mean")
            if reduction == "batchmean":
                return each.sum() / max(value.shape[0], 1)
            return {"none": lambda: each, "sum": each.sum, "mean": each.mean}[reduction]()

        def module(**options: Any) -> Any:
            return lambda value, target: loss(value, target, **options)

        return correct(Overlay(t, {_F + name: loss, f"nn.{_PAIRS[name]}": module}), x)

    return program


def _target_detached(t: Any, x: Values, correct: Any) -> Any:
    target = x["target"]
    return correct(t, changed(x, {"target": target.detach() + target * 0}))


def _huber(t: Any, a: Any, b: Any, delta: float, corner: float) -> Any:
    error = (a - b).abs()
    return t.where(error < corner, 0.5 * error * error, delta * (error - 0.5 * delta))


def _bce(t: Any, p: Any, target: Any, options: Any) -> Any:
    """Without the bound that torch sets to the logarithm, and with one beside 0 instead."""
    p = t.clamp(p, 1e-7, 1 - 1e-7)
    return -options["weight"] * (target * t.log(p + 1e-7) + (1 - target) * t.log(1 - p + 1e-7))


def _naive_logits(t: Any, a: Any, target: Any, options: Any) -> Any:
    p = t.sigmoid(a)
    positive = options["pos_weight"] * target * t.log(p)
    return -options["weight"] * (positive + (1 - target) * t.log(1 - p))


def _overflowing_logits(t: Any, a: Any, target: Any, options: Any) -> Any:
    """The formula that holds without positive weights."""
    return options["weight"] * (t.log1p(t.exp(-a.abs())) + t.clamp(a, min=0.0) - a * target)


def _kl_by_log(t: Any, a: Any, target: Any, options: Any) -> Any:
    return t.exp(target) * (target - a) if not options["log_target"] else target * (t.log(target.abs()) - a)


def _smoothed_onto_others(t: Any, x: Values, correct: Any) -> Any:
    """Share what is smoothed among the other classes only."""
    classes = int(x.config["C"])
    smoothing = float(x.config["label_smoothing"])
    return correct(t, changed(x, label_smoothing=min(1.0, smoothing * classes / max(classes - 1, 1))))


def _mean_by_rows(t: Any, x: Values, correct: Any) -> Any:
    """Divide by the batch size, whatever the weights and the left out are."""
    if x.config["reduction"] != "mean":
        return correct(t, x)
    total = correct(t, changed(x, reduction="sum"))["output"]
    shape = x["input"].shape
    count = 1
    for n in (*shape[:1], *shape[2:]) if len(shape) > 1 else ():
        count *= n
    return {"output": total / count}


def _fault(name: str, cases: tuple[str, ...] | str, program: Any, story: str) -> Fault:
    named = (_F + cases,) if isinstance(cases, str) else cases
    return Fault(name, "losses", named, story, around=program)


_SWAPPED = {"mean": "sum", "sum": "mean", "none": "none", "batchmean": "mean"}

FAULTS = (
    _fault("loss-mean-and-sum-swapped", _ALL, _setting("reduction", _SWAPPED.__getitem__), "sums for mean"),
    _fault(
        "loss-always-reduced",
        _ALL,
        _setting("reduction", lambda r: "mean" if r == "none" else r),
        "reduces always",
    ),
    _fault(
        "batchmean-by-elements",
        "kl_div",
        _setting("reduction", lambda r: "mean" if r == "batchmean" else r),
        "divides by the number of elements, of which torch's documentation warns",
    ),
    _fault(
        "target-without-gradient",
        tuple(name for name in _OF_TWO),
        _target_detached,
        "gives the target no gradient, as if it were data",
    ),
    _fault(
        "mse-halved",
        "mse_loss",
        _replaced("mse_loss", lambda t, a, b, o: (a - b) ** 2 / 2),
        "halves the square",
    ),
    _fault(
        "mse-expanded",
        "mse_loss",
        _replaced("mse_loss", lambda t, a, b, o: a * a - 2 * a * b + b * b),
        "expands the square, which cancels",
    ),
    _fault(
        "huber-as-smooth-l1",
        "huber_loss",
        _replaced("huber_loss", lambda t, a, b, o: _huber(t, a, b, o["delta"], o["delta"]) / o["delta"]),
        "divides by delta, which makes it smooth L1",
    ),
    _fault(
        "huber-delta-one",
        "huber_loss",
        _setting("delta", lambda _: 1.0),
        "leaves delta at its default",
    ),
    _fault(
        "smooth-l1-as-huber",
        "smooth_l1_loss",
        _replaced("smooth_l1_loss", lambda t, a, b, o: _huber(t, a, b, o["beta"], o["beta"])),
        "forgets to divide by beta, which makes it Huber's",
    ),
    _fault(
        "smooth-l1-beta-one", "smooth_l1_loss", _setting("beta", lambda _: 1.0), "leaves beta at its default"
    ),
    _fault(
        "bce-with-an-epsilon",
        "binary_cross_entropy",
        _replaced("binary_cross_entropy", _bce),
        "adds an epsilon inside the logarithm, as Keras does",
    ),
    _fault("bce-weight-ignored", "binary_cross_entropy", _without("weight"), "leaves the weights out"),
    _fault(
        "bce-logits-weight-ignored",
        "binary_cross_entropy_with_logits",
        _without("weight"),
        "leaves the weights out",
    ),
    _fault(
        "bce-logits-pos-weight-ignored",
        "binary_cross_entropy_with_logits",
        _without("pos_weight"),
        "leaves the weights of the positive out",
    ),
    _fault(
        "bce-logits-naive",
        "binary_cross_entropy_with_logits",
        _replaced("binary_cross_entropy_with_logits", _naive_logits),
        "takes the logarithm of a sigmoid, which is -inf where that is 0",
    ),
    _fault(
        "bce-logits-pos-weight-outside",
        "binary_cross_entropy_with_logits",
        _replaced(
            "binary_cross_entropy_with_logits",
            lambda t, a, b, o: _overflowing_logits(t, a, b, o) * o["pos_weight"],
        ),
        "weighs the whole loss by the weight of the positive",
    ),
    _fault(
        "kl-div-log-target-inverted",
        "kl_div",
        _setting("log_target", lambda log: not log),
        "takes the target for its logarithm, and the other way round",
    ),
    _fault(
        "kl-div-without-entropy",
        "kl_div",
        _replaced("kl_div", lambda t, a, b, o: -(t.exp(b) if o["log_target"] else b) * a),
        "leaves the target's own entropy out: the same gradient for the input, another value",
    ),
    _fault("class-weights-ignored", _CLASSIFYING, _without("weight"), "leaves the classes' weights out"),
    _fault(
        "class-mean-by-rows",
        _CLASSIFYING,
        _mean_by_rows,
        "divides the mean by the number of rows, not by the weights counted",
    ),
    _fault(
        "ignored-class-counted",
        _CLASSIFYING,
        _setting("ignore_index", lambda _: -100),
        "counts the class that must be ignored",
    ),
    _fault(
        "smoothing-ignored",
        "cross_entropy",
        _setting("label_smoothing", lambda _: 0.0),
        "leaves label smoothing out",
    ),
    _fault(
        "smoothing-onto-others",
        "cross_entropy",
        _smoothed_onto_others,
        "shares the smoothing among the other classes only",
    ),
)
