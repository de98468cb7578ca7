"""Faults that every loss can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._loss import PAIRS, fault
from conformance.faults._rewriting import changed, setting

if TYPE_CHECKING:
    from conformance.cases.case import Values

_ALL = tuple(f"nn.functional.{name}" for name in PAIRS)
_OF_TWO = _ALL[:-2]
_SWAPPED = {"mean": "sum", "sum": "mean", "none": "none", "batchmean": "mean"}


def _target_detached(t: Any, x: Values, correct: Any) -> Any:
    target = x["target"]
    return correct(t, changed(x, {"target": target.detach() + target * 0}))


FAULTS = (
    fault(
        "loss-mean-and-sum-swapped",
        _ALL,
        setting("reduction", _SWAPPED.__getitem__),
        "sums instead of averaging, and the other way round",
    ),
    fault(
        "loss-always-reduced",
        _ALL,
        setting("reduction", lambda r: "mean" if r == "none" else r),
        "always reduces",
    ),
    fault(
        "target-without-gradient",
        _OF_TWO,
        _target_detached,
        "gives the target no gradient, as if it were data",
    ),
)
