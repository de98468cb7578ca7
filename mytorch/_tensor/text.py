"""A tensor as text, in torch's style. Called by `__repr__`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import bool_, get_default_dtype, int64

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Array

_DIGITS = 4
_THRESHOLD = 1000
_EDGE_ITEMS = 3
_LINE_WIDTH = 80


def format_tensor(tensor: TensorBase) -> str:
    """Return the text that repr shows: the numbers, then all that differs from the default.

    Args:
        tensor: any shape.

    Returns:
        Text such as `tensor([[1., 2.]], requires_grad=True)`.
    """
    array, dtype = tensor.array, tensor.dtype
    suffixes = []
    usual = dtype is get_default_dtype()
    if array.size:
        usual = usual or dtype in (int64, bool_)
        numbers = np.array2string(
            array,
            separator=", ",
            prefix="tensor(",
            threshold=_THRESHOLD,
            edgeitems=_EDGE_ITEMS,
            max_line_width=_LINE_WIDTH,
            formatter={"all": _formatter(array)},
        ).replace(", ..., ", ",  ..., ")
    else:
        numbers = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
    if not usual:
        suffixes.append(f"dtype={dtype}")
    if tensor.node is not None:
        suffixes.append(f"grad_fn={tensor.node}")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return f"tensor({', '.join([numbers, *suffixes])})"


def _formatter(array: Array) -> Callable[[Any], str]:
    """Return torch's choice between whole, fixed and scientific numbers, at a common width."""
    shown = _shown(array)
    kind = _kind(shown) if array.dtype.kind == "f" else "plain"

    def text(x: Any) -> str:
        if kind == "plain" or not np.isfinite(x):
            return str(x)
        return f"{x:.0f}." if kind == "whole" else f"{x:.{_DIGITS}{kind}}"

    width = max(len(text(x)) for x in shown) if array.ndim else 0
    return lambda x: text(x).rjust(width)


def _kind(shown: Array) -> str:
    finite = np.abs(shown[np.isfinite(shown) & (shown != 0)].astype(np.float64))
    whole = bool(np.all(finite == np.ceil(finite)))
    largest, smallest = (finite.max(), finite.min()) if finite.size else (0.0, 1.0)
    # torch's limits: beyond them, fixed digits would show too little or too much.
    if largest / smallest > 1000 or largest > 1e8 or (not whole and smallest < 1e-4):
        return "e"
    return "whole" if whole else "f"


def _shown(array: Array) -> Array:
    """Return the elements that are not left out, flat."""
    if array.size > _THRESHOLD:
        for axis, n in enumerate(array.shape):
            if n > 2 * _EDGE_ITEMS:
                kept = [*range(_EDGE_ITEMS), *range(n - _EDGE_ITEMS, n)]
                array = np.take(array, kept, axis)
    return array.ravel()
