"""Clipping of gradients, by their common norm or element by element."""

from __future__ import annotations

import warnings
from math import inf
from types import GeneratorType
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.promotion import promote_numpy
from mytorch._tensor import Tensor
from mytorch.autograd.graph import counter_of
from mytorch.nn._deprecated import deprecated_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mytorch._core.types import Array


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,  # noqa: ARG001 - torch's choice between ways to compute the same
) -> Tensor:
    """Scale the gradients in place so that the norm of all of them, as one vector, is at most `max_norm`.

    Args:
        parameters: one tensor or several; those without a gradient are skipped.
        max_norm: the largest norm.
        norm_type: p of the p-norm; inf for the largest element.
        error_if_nonfinite: whether an infinite or nan norm is an error.
        foreach: accepted as in torch; no effect.

    Returns:
        The norm before clipping, ().

    Raises:
        RuntimeError: the norm is not finite, and `error_if_nonfinite` is set.

    Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.

    Examples:
        >>> w = mytorch.zeros(2, requires_grad=True)
        >>> (w * mytorch.tensor([3.0, 4.0])).sum().backward()
        >>> nn.utils.clip_grad_norm_([w], max_norm=1.0)
        tensor(5.)
        >>> w.grad
        tensor([0.6000, 0.8000])
    """
    tensors = _listed(parameters)
    if isinstance(parameters, GeneratorType) and not tensors:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=2
        )
    grads = [p.grad for p in tensors if p.grad is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    with np.errstate(all="ignore"):
        # torch's 1e-6 keeps the quotient finite, and shrinks gradients of exactly max_norm a little.
        factor = np.minimum(float(max_norm) / (total.array + 1e-6), 1.0)
        for grad in grads:
            grad.array *= factor.astype(grad.array.dtype)
            counter_of(grad).value += 1
    return total


clip_grad_norm = deprecated_name(clip_grad_norm_, "mytorch.nn.utils")


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor],
    clip_value: float,
    foreach: bool | None = None,  # noqa: ARG001 - torch's choice between ways to compute the same
) -> None:
    """Limit every element of the gradients to [-clip_value, clip_value], in place.

    Args:
        parameters: one tensor or several; those without a gradient are skipped.
        clip_value: the largest magnitude.
        foreach: accepted as in torch; no effect.
    """
    bound = float(clip_value)
    for p in _listed(parameters):
        if p.grad is not None:
            array = p.grad.array
            # Not np.clip, which refuses bounds in the wrong order, where torch's upper bound applies.
            np.minimum(np.maximum(array, -bound), bound, out=array)
            counter_of(p.grad).value += 1


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,  # noqa: ARG001 - torch's choice between ways to compute the same
) -> Tensor:
    """Return the norm of several tensors as if they were one vector.

    Args:
        tensors: one tensor or several.
        norm_type: p of the p-norm; inf for the largest element.
        error_if_nonfinite: whether an infinite or nan norm is an error.
        foreach: accepted as in torch; no effect.

    Returns:
        The norm, (); 0 if there are no tensors.

    Raises:
        RuntimeError: the norm is not finite, and `error_if_nonfinite` is set.
    """
    arrays = [x.array for x in _listed(tensors)]
    if not arrays:
        return wrap(np.zeros((), np.float32))
    order = float(norm_type)
    dtype = arrays[0].dtype
    for array in arrays:
        dtype = promote_numpy(dtype, array.dtype)
    with np.errstate(all="ignore"):
        norms = [_norm(array.reshape(-1), order).astype(dtype) for array in arrays]
        total = _norm(np.stack(norms), order)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be "
            f"clipped: got {total}. To disable this error and scale the gradients by the non-finite norm "
            "anyway, set `error_if_nonfinite=False`"
        )
    return wrap(total)


def _listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _norm(vector: Array, order: float) -> Array:
    if not vector.size and order == inf:
        return np.zeros((), vector.dtype)
    if vector.size == 1 and order:
        # Exact, as torch's, where the third root of a third power errs by several roundings.
        return np.asarray(np.abs(vector[0]))
    return np.asarray(np.linalg.norm(vector, ord=order), vector.dtype)
