"""Functions that draw from distributions. The numbers are NumPy's, not torch's: see `mytorch.random`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.creation.filled import float_dtype
from mytorch.creation.from_data import finish
from mytorch.creation.random_tensors import normal_array, uniform_array
from mytorch.functions._check import array_of
from mytorch.ops.rounding import Flat
from mytorch.random import default_generator

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.random import Generator

__all__ = ["bernoulli", "multinomial", "normal"]


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Draw positions, each with the probability that the input has there.

    Args:
        input: what each probability is proportional to, (K,) or (N, K), floating.
        num_samples: M, how many positions are drawn for each row.
        replacement: whether a position can be drawn twice.

    Returns:
        Positions from 0 to K - 1, (M,) or (N, M), int64.

    Raises:
        RuntimeError: the input has another rank or is not floating; M is below 1 or, without replacement,
            above K; or a row has a negative, infinite or nan element, or zeros only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html; without replacement by the
        exponential race: Yellott 1977.
    """
    weights = array_of("multinomial", input)
    _check_weights(weights, num_samples, replacement=replacement)
    stream = (generator or default_generator).stream
    rows = weights.astype(np.float64)
    if replacement:
        rising = np.cumsum(rows, axis=-1)
        drawn = stream.random((*rows.shape[:-1], num_samples)) * rising[..., -1:]
        # From the right, so that a position of probability 0 is never reached.
        found = (drawn[..., :, None] >= rising[..., None, :]).sum(axis=-1)
        last = rows.shape[-1] - 1 - np.argmax(rows[..., ::-1] > 0, axis=-1)
        # A product that was rounded up to the whole sum lies in the last position that has any probability.
        found = np.minimum(found, last[..., None])
    else:
        arrival = rows / stream.standard_exponential(rows.shape)
        found = np.argsort(-arrival, axis=-1, kind="stable")[..., :num_samples]
    return wrap(found.astype(np.int64, copy=False))


def _check_weights(weights: Array, num_samples: int, *, replacement: bool) -> None:
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, got {weights.ndim} dim")
    if weights.dtype.kind != "f":
        kind = SCALAR_TYPE_NAMES[from_numpy_dtype(weights.dtype)]
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {kind}")
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"got {num_samples} of {weights.shape[-1]}"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not weights.any(axis=-1).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Return ones with the given probabilities, and zeros.

    Args:
        input: the probabilities, any shape, floating; with `p` any dtype, and only the shape counts.
        p: the probability of all.

    Returns:
        The draws, of the shape and dtype of the input; its gradient is zero.

    Raises:
        RuntimeError: a probability is not between 0 and 1.
        NotImplementedError: the input is not floating and `p` is not given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html
    """
    array = array_of("bernoulli", input)
    if p is None:
        require_floating_kernel("bernoulli_tensor_cpu_p_", array)
    probability = array if p is None else p
    drawn = bernoulli_array(array.shape, probability, generator).astype(array.dtype)
    return apply(Flat, input, function=lambda _: drawn)


def bernoulli_array(shape: tuple[int, ...], p: Any, generator: Generator | None) -> Array:
    """Return an array of True with probability p, and False.

    Args:
        shape: how many.
        p: one probability, or an array that broadcasts to the shape.
        generator: the default one if None.

    Returns:
        The draws.

    Raises:
        RuntimeError: a probability is not between 0 and 1.
    """
    if not ((np.asarray(p) >= 0) & (np.asarray(p) <= 1)).all():
        raise RuntimeError(f"bernoulli expects p to be in [0, 1], but got p={p}")
    # The numbers are in [0, 1): never below a probability of 0, always below one of 1.
    return np.asarray(uniform_array(shape, np.dtype(np.float64), generator) < p)


def normal(
    mean: Tensor | float,
    std: Tensor | float = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn from normal distributions.

    Args:
        mean: their means, any shape, or one for all.
        std: their standard deviations, of a shape that broadcasts with it, or one for all; at least 0.
        size: how many, where both are numbers.
        dtype: floating, where both are numbers; the default one if not given.

    Returns:
        The tensor, of the broadcast shape, or of `size`; the gradients of mean and std are zero.

    Raises:
        RuntimeError: a deviation is negative, or the shapes do not broadcast.
        NotImplementedError: a tensor is not floating.
        TypeError: two numbers without a size.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.normal.html
    """
    m, s = (x.array if isinstance(x, TensorBase) else x for x in (mean, std))
    tensors = [x for x in (m, s) if isinstance(x, np.ndarray)]
    for each in tensors:
        require_floating_kernel("normal_kernel_cpu", each)
    if not tensors and size is None:
        raise TypeError("normal() of two numbers expected a size, got none")
    if (np.asarray(s) < 0).any():
        raise RuntimeError(f"normal expects all elements of std >= 0.0, but found std {np.min(s)}")
    if tensors:
        require_broadcastable(np.shape(m), np.shape(s))
        shape, target = np.broadcast_shapes(np.shape(m), np.shape(s)), tensors[0].dtype
    else:
        shape, target = tuple(size), float_dtype(dtype)
    drawn = np.asarray(normal_array(shape, target, generator) * s + m).astype(target, copy=False)
    result = finish(drawn, device, requires_grad)
    given = [x for x in (mean, std) if isinstance(x, TensorBase)]
    return apply(Flat, *given, function=lambda *_: drawn) if given else result


def require_floating_kernel(kernel: str, array: Array) -> None:
    """Refuse an array that is not floating.

    Args:
        kernel: torch's name of what has no implementation for other dtypes.
        array: any shape.

    Raises:
        NotImplementedError: the elements are integers or bools.
    """
    if array.dtype.kind != "f":
        kind = SCALAR_TYPE_NAMES[from_numpy_dtype(array.dtype)]
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{kind}'")
