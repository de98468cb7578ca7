"""Cases of losses of probabilities: binary cross entropy and the Kullback-Leibler divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._loss import REDUCTIONS, loss, pair
from conformance.cases.case import BadCall
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config, Tensors


def _as_probabilities(t: Any, data: Tensors) -> tuple[Any, Any]:
    return t.sigmoid(data["input"]), t.sigmoid(data["target"])


def _target_as_probability(t: Any, data: Tensors) -> tuple[Any, Any]:
    return data["input"], t.sigmoid(data["target"])


def _weighted(*names: str) -> Callable[[Config], dict[str, Input]]:
    def inputs(config: Config) -> dict[str, Input]:
        rows = {name: Input((int(config["F"]),), positive=True, grad=False, weight=True) for name in names}
        return pair(config) | rows

    return inputs


CASES = (
    loss(
        "binary_cross_entropy",
        "BCELoss",
        {},
        BadCall("sizes", ("2, 3", "2, 4"), shapes={"target": (2, 4)}),
        operands=_as_probabilities,
        inputs=_weighted("weight"),
        # Not saturated: a probability that rounds to 1 has a loss of 100 where a nearer one has 17. Not tiny:
        # where all probabilities are ½ every element rounds alike, which no random error does. Not nonfinite:
        # torch raises an error for NaN as a probability.
        regimes=("normal", "cancelling"),
    ),
    loss(
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        {},
        BadCall("sizes", ("2, 3", "2, 4"), shapes={"target": (2, 4)}),
        operands=_target_as_probability,
        inputs=_weighted("weight", "pos_weight"),
        regimes=("normal", "saturated", "steep", "cancelling", "nonfinite"),
    ),
    loss(
        "kl_div",
        "KLDivLoss",
        {"log_target": (False, True)},
        BadCall("sizes", ("3", "4"), shapes={"target": (2, 4)}),
        operands=_target_as_probability,
        # Not nonfinite: a target of exactly 0 is another branch, which noise would leave.
        regimes=("normal", "saturated", "cancelling"),
        reductions=(*REDUCTIONS, "batchmean"),
    ),
)
