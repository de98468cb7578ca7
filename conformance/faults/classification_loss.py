"""Faults of losses of class scores: other counts, weights or smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._loss import fault, without
from conformance.faults._rewriting import changed, on_gradient, setting

if TYPE_CHECKING:
    from conformance.cases.case import Values

_CLASSIFYING = ("nn.functional.nll_loss", "nn.functional.cross_entropy")


def _smoothed_onto_others(t: Any, x: Values, correct: Any) -> Any:
    """Share the smoothing among the other classes only."""
    classes = int(x.config["C"])
    smoothing = float(x.config["label_smoothing"])
    return correct(t, changed(x, label_smoothing=min(1.0, smoothing * classes / max(classes - 1, 1))))


def _mean_by_rows(t: Any, x: Values, correct: Any) -> Any:
    """Divide by the batch size, for any weights and ignored targets."""
    if x.config["reduction"] != "mean":
        return correct(t, x)
    total = correct(t, changed(x, reduction="sum"))["output"]
    shape = x["input"].shape
    count = 1
    for n in (*shape[:1], *shape[2:]) if len(shape) > 1 else ():
        count *= n
    return {"output": total / count}


def _divided_by_nothing(t: Any, x: Values, correct: Any) -> Any:
    """Multiply the gradient by the quotient 0/0 where every sample of a mean is ignored."""
    if x.config["target"] != "ignored" or x.config["reduction"] != "mean":
        return correct(t, x)
    return on_gradient(x, "input", lambda grad: grad * float("nan"), lambda: correct(t, x))


FAULTS = (
    fault(
        "ignored-all-divides-by-nothing",
        _CLASSIFYING,
        _divided_by_nothing,
        "gives NaN gradients where all samples of a mean are ignored, which torch gives none",
    ),
    fault("class-weights-ignored", _CLASSIFYING, without("weight"), "ignores the class weights"),
    fault(
        "class-mean-by-rows",
        _CLASSIFYING,
        _mean_by_rows,
        "divides the mean by the number of rows, not by the sum of their weights",
    ),
    fault(
        "ignored-class-counted",
        _CLASSIFYING,
        setting("ignore_index", lambda _: -100),
        "counts the class that must be ignored",
    ),
    fault(
        "smoothing-ignored",
        "cross_entropy",
        setting("label_smoothing", lambda _: 0.0),
        "ignores label smoothing",
    ),
    fault(
        "smoothing-onto-others",
        "cross_entropy",
        _smoothed_onto_others,
        "shares the smoothing among the other classes only",
    ),
)
