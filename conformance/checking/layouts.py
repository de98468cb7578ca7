"""How a tensor lies in memory: in order, with its axes reversed, as every other element, or behind others.

Called by checking.server; checking.criteria names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

# What lies between the elements of a stepped tensor: reading it instead of them is noticed.
_BETWEEN = 97.0


def _plain(tensor: Tensor) -> Tensor:
    return tensor.contiguous()


def _transposed(tensor: Tensor) -> Tensor:
    """Return the same numbers in memory whose axes are in the other order."""
    axes = [*reversed(range(tensor.dim()))]
    return tensor.permute(axes).contiguous().permute(axes)


def _stepped(tensor: Tensor) -> Tensor:
    """Return the same numbers as every other element of a tensor, behind its first."""
    if not tensor.dim():
        return tensor
    fill = _BETWEEN if tensor.is_floating_point() else 0
    size = (*tensor.shape[:-1], 2 * tensor.shape[-1] + 1)
    view = torch.full(size, fill, dtype=tensor.dtype, device=tensor.device)[..., 1::2]
    return view.copy_(tensor)


def _offset(tensor: Tensor) -> Tensor:
    """Return the same numbers, contiguous, behind as many others in the same storage."""
    fill = _BETWEEN if tensor.is_floating_point() else 0
    return torch.stack([torch.full_like(tensor, fill), tensor])[1]


LAYOUTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "plain": _plain,
    "transposed": _transposed,
    "stepped": _stepped,
    "offset": _offset,
}
