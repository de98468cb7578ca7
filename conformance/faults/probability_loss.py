"""Faults of losses of probabilities: overflow, or a missing weight or term."""

from __future__ import annotations

from typing import Any

from conformance.faults._loss import fault, replaced, without
from conformance.faults._rewriting import setting


def _bce(t: Any, p: Any, target: Any, options: Any) -> Any:
    """Bound the probability and add an epsilon, where torch bounds the logarithm."""
    p = t.clamp(p, 1e-7, 1 - 1e-7)
    return -options["weight"] * (target * t.log(p + 1e-7) + (1 - target) * t.log(1 - p + 1e-7))


def _naive_logits(t: Any, a: Any, target: Any, options: Any) -> Any:
    p = t.sigmoid(a)
    positive = options["pos_weight"] * target * t.log(p)
    return -options["weight"] * (positive + (1 - target) * t.log(1 - p))


def _overflowing_logits(t: Any, a: Any, target: Any, options: Any) -> Any:
    """Compute the formula that holds without pos_weight."""
    return options["weight"] * (t.log1p(t.exp(-a.abs())) + t.clamp(a, min=0.0) - a * target)


FAULTS = (
    fault(
        "batchmean-by-elements",
        "kl_div",
        setting("reduction", lambda r: "mean" if r == "batchmean" else r),
        "divides by the number of elements, against which torch's documentation warns",
    ),
    fault(
        "bce-with-an-epsilon",
        "binary_cross_entropy",
        replaced("binary_cross_entropy", _bce),
        "adds an epsilon inside the logarithm, as Keras does",
    ),
    fault("bce-weight-ignored", "binary_cross_entropy", without("weight"), "ignores the weights"),
    fault(
        "bce-logits-weight-ignored",
        "binary_cross_entropy_with_logits",
        without("weight"),
        "ignores the weights",
    ),
    fault(
        "bce-logits-pos-weight-ignored",
        "binary_cross_entropy_with_logits",
        without("pos_weight"),
        "ignores pos_weight",
    ),
    fault(
        "bce-logits-naive",
        "binary_cross_entropy_with_logits",
        replaced("binary_cross_entropy_with_logits", _naive_logits),
        "computes the logarithm of a sigmoid, which is -inf where the sigmoid is 0",
    ),
    fault(
        "bce-logits-pos-weight-outside",
        "binary_cross_entropy_with_logits",
        replaced(
            "binary_cross_entropy_with_logits",
            lambda t, a, b, o: _overflowing_logits(t, a, b, o) * o["pos_weight"],
        ),
        "multiplies the whole loss by pos_weight",
    ),
    fault(
        "kl-div-log-target-inverted",
        "kl_div",
        setting("log_target", lambda log: not log),
        "exchanges the target and its logarithm",
    ),
    fault(
        "kl-div-without-entropy",
        "kl_div",
        replaced("kl_div", lambda t, a, b, o: -(t.exp(b) if o["log_target"] else b) * a),
        "leaves the target's entropy out, which changes the value but not the input's gradient",
    ),
)
