"""Composite operations written as torch's kernels compute them, where its decompositions round otherwise.

mode.py runs these in place of torch's decompositions. In float64 both are the same function; in float32 an
expanded formula loses more digits, and the reference's own results must lie within the tolerance.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch._decomp import decomposition_table

from conformance.arithmetic import neural
from conformance.arithmetic.counts import HISTOGRAMS
from conformance.arithmetic.lapack import LAPACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_ATEN: Any = torch.ops.aten


def _layer_norm(
    x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the normalized x, the mean and the reciprocal deviation: x·a - mean·a, not (x - mean)·a.

    Source: aten/src/ATen/native/cpu/layer_norm_kernel.cpp, LayerNormKernelImplInternal.
    """
    axes = list(range(x.dim() - len(shape), x.dim()))
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    a = torch.rsqrt(variance + eps)
    out = x * a - mean * a
    out = out if weight is None else out * weight
    return out if bias is None else out + bias, mean, a


def _layer_norm_backward(
    grad: Tensor,
    x: Tensor,
    shape: Sequence[int],
    mean: Tensor,
    a: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients of x, weight and bias; that of x is a·g + b·x + c.

    Source: aten/src/ATen/native/cpu/layer_norm_kernel.cpp, LayerNormBackwardKernelImplInternal.
    """
    outer = x.dim() - len(shape)
    axes, rows, count = list(range(outer, x.dim())), list(range(outer)), prod(shape)
    g = grad if weight is None else grad * weight
    total = g.sum(axes, keepdim=True)
    b = (total * mean - (g * x).sum(axes, keepdim=True)) * a * a * a / count
    of_input = g * a + b * x - (b * mean + total * a / count)
    of_weight, of_bias = grad * (x * a - mean * a), grad
    if rows:
        of_weight, of_bias = of_weight.sum(rows), of_bias.sum(rows)
    found = (of_input, None if weight is None else of_weight, None if bias is None else of_bias)
    return tuple(each if needed else None for each, needed in zip(found, wanted, strict=True))


def _as_strided_scatter(
    x: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Return a copy of `x` with `src` at the given places, which count from the start of its storage.

    Source: aten/src/ATen/native/TensorShape.cpp, as_strided_scatter and clone_preserve_strides.
    """
    whole = x.as_strided((x.untyped_storage().nbytes() // x.itemsize,), (1,), 0).clone()
    out = whole.as_strided(x.shape, x.stride(), x.storage_offset())
    out.as_strided(size, stride, storage_offset).copy_(src)
    return out


def _with_places(func: Any) -> Callable[..., Tensor]:
    """Return torch's decomposition of `index_add`, which fails on an index of no dimensions."""

    def index_add(x: Tensor, dim: int, index: Tensor, source: Tensor, **kwargs: Any) -> Tensor:
        decomposed: Callable[..., Tensor] = decomposition_table[func]
        return decomposed(x, dim, index.reshape(-1), source, **kwargs)

    return index_add


# By the operation; each takes its arguments.
KERNELS: Mapping[Any, Callable[..., Any]] = {
    **neural.KERNELS,
    **HISTOGRAMS,
    _ATEN.as_strided_scatter.default: _as_strided_scatter,
    **{func: _with_places(func) for func in (_ATEN.index_add.default, _ATEN.index_add_.default)},
    _ATEN.native_layer_norm.default: _layer_norm,
    _ATEN.native_layer_norm_backward.default: _layer_norm_backward,
    **LAPACK,
}
