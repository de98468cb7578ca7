"""Losses and activations by torch's decompositions, without what these ask of other dtypes than float64.

A decomposition first finds the dtype to compute in, and converts every operand and result to it: an operation
of the mode each, which changes nothing in float64, and takes up to half of the time. Here are the same
operations in the same order: so the noise is the same, too.

Source: torch/_decomp/decompositions.py.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch._decomp import decomposition_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

# What torch wraps into conversions.
_WRAPPED = (
    *("_log_softmax_backward_data", "_softmax_backward_data", "binary_cross_entropy"),
    *("binary_cross_entropy_backward", "elu_backward", "gelu_backward", "huber_loss_backward"),
    *("leaky_relu_backward", "log_sigmoid_backward", "log_sigmoid_forward", "mse_loss", "mse_loss_backward"),
    *("native_group_norm_backward", "silu", "silu_backward", "smooth_l1_loss", "smooth_l1_loss_backward"),
    "softplus_backward",
)


def _softmax(x: Tensor, dim: int, half_to_float: bool) -> Tensor:
    del half_to_float
    x = _contiguous(x)
    shares = torch.exp(x - torch.amax(x, dim, keepdim=True))
    return shares / torch.sum(shares, dim, keepdim=True)


def _log_softmax(x: Tensor, dim: int, half_to_float: bool) -> Tensor:
    del half_to_float
    x = _contiguous(x)
    shifted = x - torch.amax(x, dim, keepdim=True)
    return shifted - torch.log(torch.sum(torch.exp(shifted), dim, keepdim=True))


def _contiguous(x: Tensor) -> Tensor:
    return x if x.is_contiguous() else x.contiguous()


def in_float64(decomposed: Callable[..., Any], kernel: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a kernel; where an operand is not of float64, or has no element, torch's decomposition."""
    operands = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)]
    whole = all(each.dtype == torch.float64 and each.numel() for each in operands)
    return (kernel if whole else decomposed)(*args, **kwargs)


def _kernel(name: str) -> Callable[..., Any]:
    decomposed = decomposition_table[getattr(torch.ops.aten, name).default]
    return partial(in_float64, decomposed, _WRITTEN.get(name) or inspect.unwrap(decomposed))


_WRITTEN: Mapping[str, Callable[..., Any]] = {"_log_softmax": _log_softmax, "_softmax": _softmax}

KERNELS: Mapping[str, Callable[..., Any]] = {name: _kernel(name) for name in (*_WRAPPED, *_WRITTEN)}
