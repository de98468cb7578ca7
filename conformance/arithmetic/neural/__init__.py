"""Composite kernels of neural networks: convolution's gradients, pooling, interpolation, losses, attention.

Each module writes operations in terms of others that have rules, in the order of torch's kernels as far as
it matters for rounding, and lists them by name: `KERNELS`. kernels.py puts them together for mode.py.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PARTS = {"filters", "taps"}  # what kernels are made of


def _overload(name: str) -> Any:
    """Return the overload of a name in a list: `NAME`, or `NAME.OVERLOAD`."""
    base, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, base), overload or "default")


KERNELS: Mapping[Any, Callable[..., Any]] = {
    _overload(name): kernel
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__))
    if module not in _PARTS
    for name, kernel in importlib.import_module(f"{__name__}.{module}").KERNELS.items()
}
