"""The tolerances of a use that has the values of the plain call.

Called by judging.prepared once per sample and use; an expectation is made of the scales.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.tolerance import Scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._use import Use
    from conformance.subjects.protocol import Trace


def of_use(use: Use, oracle: Trace, plain: Mapping[str, Scale]) -> dict[str, Scale]:
    """Return the scale of each observable of a use.

    The part of a name after the last slash is an observable of the plain call, whose scale it has. An
    observable without one is exact, such as an input that must not have changed.

    Args:
        use: the use.
        oracle: the reference's trace of it.
        plain: the scales of the plain call in the same lane.

    Raises:
        ValueError: an observable has another shape than the one that it must equal.
    """
    found = {}
    for name, array in oracle.items():
        stem = name.rpartition("/")[2]
        of_plain = plain[stem] if stem in plain else Scale(0.0, np.zeros(array.shape))
        if of_plain.element.shape != array.shape:
            raise ValueError(
                f"use {use.name}: {name} has shape {array.shape}, and {stem} has {of_plain.element.shape}"
            )
        # Of nearly all uses the scale is 1.
        same = use.scale == 1.0
        found[name] = of_plain if same else Scale(use.scale * of_plain.tensor, use.scale * of_plain.element)
    return found
