"""Cases of losses of probabilities: binary cross entropy and the Kullback-Leibler divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._loss import REDUCTIONS, loss, pair
from conformance.cases.case import BadCall
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config, Tensors


def _target_as_probability(t: Any, data: Tensors) -> tuple[Any, Any]:
    return data["input"], t.sigmoid(data["target"])


def _probable(*names: str) -> Callable[[Config], dict[str, Input]]:
    """Return a function that makes an input and a target, of which those named are probabilities."""

    def inputs(config: Config) -> dict[str, Input]:
        return {name: Input(each.shape, bounded=name in names) for name, each in pair(config).items()}

    return inputs


def _weighted(
    arrays: Callable[[Config], dict[str, Input]], *names: str
) -> Callable[[Config], dict[str, Input]]:
    def inputs(config: Config) -> dict[str, Input]:
        rows = {name: Input((int(config["F"]),), positive=True, grad=False, weight=True) for name in names}
        return arrays(config) | rows

    return inputs


CASES = (
    loss(
        "binary_cross_entropy",
        "BCELoss",
        {},
        BadCall("sizes", ("2, 3", "2, 4"), shapes={"target": (2, 4)}),
        inputs=_weighted(_probable("input", "target"), "weight"),
        # Not nonfinite: torch raises an error for NaN as a probability.
        regimes=("normal", "tiny", "zeros"),
    ),
    loss(
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        {},
        BadCall("sizes", ("2, 3", "2, 4"), shapes={"target": (2, 4)}),
        operands=_target_as_probability,
        inputs=_weighted(pair, "weight", "pos_weight"),
        regimes=("normal", "saturated", "steep", "cancelling", "zeros", "nonfinite"),
    ),
    loss(
        "kl_div",
        "KLDivLoss",
        {"log_target": (False, True)},
        BadCall("sizes", ("3", "4"), shapes={"target": (2, 4)}),
        inputs=_probable("target"),
        # Not nonfinite: a target is a probability.
        regimes=("normal", "saturated", "zeros"),
        reductions=(*REDUCTIONS, "batchmean"),
    ),
)
