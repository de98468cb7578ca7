"""Rules of maxima over windows, and of elements repeated in the nearest places.

Their results are elements of the operand. Which of them is the largest is a decision, the places that the
operations return with the maxima; which is the nearest follows from the sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.rules.rule import Rule, exact

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates

_LARGEST = "returns elements of its operand, and their places, which are integers"
_NEAREST = "copies elements, whose places follow from the sizes, in float32 for every dtype"


def _as_batch(name: str) -> Callable[..., Tensor]:
    """Return a function that runs an operation on all replicates at once, as a larger batch."""
    operation: Any = getattr(torch.ops.aten, name).default

    def together(held: Replicates, x: Tensor, *given: Any) -> Tensor:
        every = held.every(x)
        out: Tensor = operation(every.flatten(0, 1), *given)
        return out.view(*every.shape[:2], *out.shape[1:])

    return together


RULES: tuple[Rule, ...] = (
    *exact("max_pool2d_with_indices", "max_pool3d_with_indices", source=_LARGEST),
    *exact("adaptive_max_pool2d", "adaptive_max_pool3d", source=_LARGEST),
    *exact("fractional_max_pool2d", "fractional_max_pool3d", source=_LARGEST),
    *(
        rule
        for name in (
            *("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"),
            *("_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d"),
        )
        for rule in exact(name, source=_NEAREST, together=_as_batch(name))
    ),
)
