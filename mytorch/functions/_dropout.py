"""The random factors of dropout, which attention's weights are multiplied with, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.random import default_generator

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array


def factors_of(shape: tuple[int, ...], dtype: np.dtype[Any], p: float) -> Array:
    """Draw what elements are multiplied with: 0 with probability p, and 1 / (1 - p) else.

    Args:
        shape: of the elements.
        dtype: of the factors, floating.
        p: between 0 and 1; at 1 no element is kept, and none is divided by 0.
    """
    factors = np.zeros(shape, dtype)
    if p < 1:
        kept = default_generator.stream.random(shape, dtype=np.float32) >= p
        factors[kept] = 1 / (1 - p)
    return factors
