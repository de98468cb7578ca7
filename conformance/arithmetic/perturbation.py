"""The error of one rounding, of the size that a rule says, as it is added to the replicates of a result.

Called by mode.py and results.py for every operation that rounds; noise.py draws the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.replicates import parts
from conformance.arithmetic.rounding import UNDERFLOW
from conformance.arithmetic.rules.rule import Relative
from conformance.arithmetic.scratch import scratch

if TYPE_CHECKING:
    from conformance.arithmetic.noise import Noise
    from conformance.arithmetic.rules.rule import Operands

# A rounding below this, in units of u, is only that of an underflow.
_EXACT = 2.0**-120
_UNDERFLOW = torch.tensor(UNDERFLOW, dtype=torch.float64)


class Perturbation:
    """Adds errors to replicates.

    Args:
        noise: what they are drawn from.
        unit: the size of one rounding.
        zeros: see `mode.Arithmetic`.

    Attributes:
        unit: as given; another from result to result, where a program does not store everything alike.
    """

    def __init__(self, noise: Noise, unit: float, *, zeros: bool) -> None:
        self.unit = unit
        self._noise, self._zeros = noise, zeros

    def add(self, clean: Tensor, moved: Tensor, size: Tensor) -> None:
        """Add the errors of one rounding to replicates.

        Args:
            clean: the result, of any shape, float64 or complex128.
            moved: its replicates, (count, *shape); changed in place.
            size: the size of one rounding of each element, in units of `unit`, which broadcasts to the shape.
                Both parts of a complex number round by it, or by its own parts if it is complex.
        """
        if clean.dtype is torch.complex128:
            size = parts(size) if size.is_complex() else size.unsqueeze(-1)
            clean, moved = parts(clean), parts(moved)
        self._add(clean, moved, size)

    def add_shortly(self, rounds: Relative | Operands, clean: Tensor, moved: Tensor, before: Any) -> None:
        """Add what `add` would of the size that a rule says, bit for bit; of relative ones in less time.

        Args:
            rounds: says the size.
            clean: the result, of float64.
            moved: its replicates, (count, *shape); changed in place.
            before: what `rounds.before` returned.
        """
        special = self._zeros or clean.requires_grad or clean.is_neg()
        if special or not isinstance(rounds, Relative):
            self._add(clean, moved, rounds.size(before, clean))
        elif self.unit and clean.numel():
            error = scratch(clean.shape)
            rounds.error(before, clean.numpy(), self.unit, error)
            self._noise.add(moved, error.tensor)

    def _add(self, clean: Tensor, moved: Tensor, size: Tensor) -> None:
        if not self.unit or not clean.numel():
            return
        # Infinities are not rounded: a masked score stays minus infinity.
        error = torch.add(_UNDERFLOW, size, alpha=self.unit).nan_to_num_(0.0, 0.0)
        if self._zeros:
            error = error.masked_fill((clean == 0) & (size < _EXACT), 0.0)
        self._noise.add(moved, error)
