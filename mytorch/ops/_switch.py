"""Whether a recurrent op goes the way of its own text or of the compiled kernels."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mytorch.backends import numba

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array


def compiled_for(x: Array, w_hh: Array) -> Callable[..., Any] | None:
    """Return the compiled forward if numba is switched on and there is one for these arrays.

    An empty batch or layer has nothing to compile for, and half types have no compiled functions.
    """
    if numba.enabled and x.dtype.char in "fd" and x.size > 0 and w_hh.size > 0:
        return _compiled()
    return None


@cache
def _compiled() -> Callable[..., Any]:
    # Once, as it imports numba; and looking an imported module up costs a small layer more than its step.
    from mytorch.ops.compiled.layer import forward  # noqa: PLC0415

    return forward
