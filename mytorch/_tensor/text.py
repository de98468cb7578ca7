"""A tensor as text, in torch's style, and the options for it. Called by `__repr__`."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import bool_, get_default_dtype, int64

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Array

__all__ = ["set_printoptions"]


class _Options:
    """The options of the process; see `set_printoptions`."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES: dict[str, dict[str, float]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are shown; what is not given stays, but for `sci_mode`.

    Args:
        precision: digits after the point, at first 4.
        threshold: number of elements, at first 1000, above which only the edges are shown.
        edgeitems: how many of them are shown at each end of a dimension, at first 3.
        linewidth: characters per line, at first 80.
        profile: "default", "short" or "full", which set the four numbers above before those that are given.
        sci_mode: whether floats are shown with exponents; decided for each tensor if None.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html

    Examples:
        >>> mytorch.set_printoptions(precision=2)
        >>> print(mytorch.tensor([1.2345]))
        tensor([1.23])
        >>> mytorch.set_printoptions(profile="default")
        >>> print(mytorch.tensor([1.2345]))
        tensor([1.2345])
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = {name: value for name, value in given.items() if value is not None}
    # As in torch, a profile of another name is ignored.
    for name, value in {**_PROFILES.get(profile or "", {}), **chosen}.items():
        setattr(_options, name, value)
    _options.sci_mode = sci_mode


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
        if not _options.edgeitems:
            suffixes.append(f"size={array.shape}")
        summarized = array.size > _options.threshold
        form = _Format(_edges(array) if summarized else array)
        numbers = _nested(array, len("tensor("), summarized, form)
    else:
        numbers = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
    if not usual:
        suffixes.append(f"dtype={dtype}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn={tensor.grad_fn}")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return _suffixed(f"tensor({numbers}", suffixes)


def _suffixed(text: str, suffixes: list[str]) -> str:
    """Add the suffixes, each on a new line if it would not fit in that of the one before."""
    parts = [text]
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > _options.linewidth:
            parts.append(",\n" + " " * len("tensor(") + suffix)
            used = len("tensor(") + len(suffix)
        else:
            parts.append(f", {suffix}")
            used += len(suffix) + 2
    return "".join([*parts, ")"])


class _Format:
    """torch's choice between whole, fixed and scientific numbers, at a width that all numbers have in common.

    Args:
        shown: the elements that are shown.
    """

    def __init__(self, shown: Array) -> None:
        # The letter of Python's format; none for integers and bools.
        self.kind = ""
        self.width = 1
        numbers = shown.ravel()
        if shown.dtype.kind == "f":
            # Zeros and numbers that are not finite choose neither the kind nor the width.
            numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
            self.kind = self._kind(numbers)
        self.width = max([1, *(len(self.text(x)) for x in numbers.tolist())])

    @staticmethod
    def _kind(numbers: Array) -> str:
        if not numbers.size:
            return "whole"
        sizes = np.abs(numbers.astype(np.float64))
        largest, smallest = sizes.max(), sizes.min()
        scientific = _options.sci_mode
        if scientific is None:
            # torch's limits: beyond them, fixed digits would show too little or too much.
            scientific = bool(largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4)
        if scientific:
            return "e"
        return "whole" if np.all(numbers == np.ceil(numbers)) else "f"

    def text(self, x: Any) -> str:
        """Return the text of one element, right-aligned."""
        if not self.kind:
            text = str(x)
        elif self.kind == "whole":
            text = f"{x:.0f}." if isfinite(x) else f"{x:.0f}"
        else:
            text = f"{x:.{_options.precision}{self.kind}}"
        return text.rjust(self.width)


def _nested(array: Array, indent: int, summarized: bool, form: _Format) -> str:
    """Return the elements within brackets, of which all lines but the first are indented."""
    if not array.ndim:
        return form.text(array.item())
    edge = _options.edgeitems
    cut = summarized and len(array) > 2 * edge
    kept = [*range(edge), *range(len(array) - edge, len(array))] if cut else range(len(array))
    between = "," + "\n" * max(1, array.ndim - 1) + " " * (indent + 1)
    if array.ndim > 1:
        shown = [_nested(array[i], indent + 1, summarized, form) for i in kept]
        shown[edge:edge] = ["..."] if cut else []
        return f"[{between.join(shown)}]"
    shown = [form.text(array.item(i)) for i in kept]
    # Where no elements are shown, the dots need no space before them.
    shown[edge:edge] = [" ..." if edge else "..."] if cut else []
    per_line = max(1, (_options.linewidth - indent) // (form.width + 2))
    lines = [", ".join(shown[i : i + per_line]) for i in range(0, len(shown), per_line)]
    return f"[{between.join(lines)}]"


def _edges(array: Array) -> Array:
    """Return the elements that are not left out."""
    edge = _options.edgeitems
    for axis, n in enumerate(array.shape):
        if n > 2 * edge:
            array = np.take(array, [*range(edge), *range(n - edge, n)], axis)
    return array
