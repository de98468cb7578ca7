"""What correct rounding alone may change, per observable: noisy runs of the oracle against the clean one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.constants import constants
from conformance.errors import NoiseError
from conformance.noise import Arithmetic
from conformance.sample import raw_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.values import Array


@dataclass(frozen=True)
class Deviation:
    """How far noise moved one observable, in float32 roundings; linear in u, so float64's is 2⁻²⁹ of it.

    Attributes:
        largest: over all elements and replicates.
        rms: root mean square over the replicates, per element.
    """

    largest: float
    rms: Array


def deviations(run: Callable[[], Mapping[str, Any]], key: str) -> dict[str, Deviation] | None:
    """Measure the deviation of every floating observable of a run.

    Args:
        run: the oracle; returns its observables as tensors.
        key: what the noise follows from (a sample's text).

    Returns:
        A deviation for each observable, or None if noise made a replicate take another branch.

    Raises:
        NoiseError: an observable is no tensor, or an operation has no rule.
    """
    count = constants().replicates
    seed = int(raw_words(f"noise|{key}", 1)[0])
    with np.errstate(all="ignore"), Arithmetic(seed, count) as mode:
        observables = run()
    for name, value in observables.items():
        if not isinstance(value, torch.Tensor):
            raise NoiseError(
                f"{name}: expected a torch tensor, whose noise can be followed, got {type(value).__name__}"
            )
    if not mode.steady:
        return None
    return {name: _deviation(value, mode.replicates(value)) for name, value in observables.items()}


def _deviation(clean: torch.Tensor, replicates: torch.Tensor) -> Deviation:
    # A number that is not finite deviates by nothing: its mask is compared, not its size. In float64, because
    # masks have no difference.
    away = (replicates.double() - clean.double()).abs_().nan_to_num_(nan=0.0, posinf=0.0)
    largest = float(away.max()) if away.numel() else 0.0
    return Deviation(largest, away.square_().mean(0).sqrt_().numpy())
