"""Parameters of distributions: broadcast to one shape, and probabilities made of log-odds and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import get_default_dtype
from mytorch._core.typename import typename
from mytorch.autograd._apply import require_broadcastable
from mytorch.autograd.grad_mode import enable_grad
from mytorch.creation.from_data import tensor
from mytorch.functions.activation import sigmoid
from mytorch.functions.elementary import log, log1p
from mytorch.functions.softmax import softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from mytorch._tensor import Tensor

_NUMBERS = (bool, int, float)

Owner = TypeVar("Owner")
Result = TypeVar("Result")


def broadcast_all(*values: Tensor | float) -> tuple[Tensor, ...]:
    """Return tensors and numbers as tensors of one shape; numbers get the dtype of the first tensor.

    Args:
        *values: tensors of shapes that broadcast, and Python scalars.

    Raises:
        ValueError: a value is neither.
        RuntimeError: the shapes do not broadcast.
    """
    for value in values:
        if not isinstance(value, (TensorBase, *_NUMBERS)):
            raise ValueError(  # noqa: TRY004 - torch's class
                f"Input arguments must all be Tensors or Python numbers, but one is a {typename(value)}"
            )
    dtypes = [value.dtype for value in values if isinstance(value, TensorBase)]
    dtype = dtypes[0] if dtypes else get_default_dtype()
    tensors: list[Any] = [
        value if isinstance(value, TensorBase) else tensor(value, dtype=dtype) for value in values
    ]
    shape: tuple[int, ...] = ()
    for each in tensors:
        require_broadcastable(shape, each.array.shape)
        shape = np.broadcast_shapes(shape, each.array.shape)
    return tuple([each.expand(shape) for each in tensors])


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Return the probabilities of log-odds (`is_binary`), or of logarithms along the last dimension."""
    return sigmoid(logits) if is_binary else softmax(logits, dim=-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Return the log-odds (`is_binary`) or the logarithms of probabilities, which are finite for 0 and 1 too.

    Raises:
        TypeError: the probabilities are not floating.
    """
    if not probs.is_floating_point():
        raise TypeError(f"probs must be floating, to be bounded away from 0 and 1, but are {probs.dtype}")
    # The distance of 1 from the next number: the logarithm of a probability of 0 is that of this.
    eps = float(np.finfo(probs.array.dtype).eps)
    bounded = probs.clamp(min=eps, max=1 - eps)
    return log(bounded) - log1p(-bounded) if is_binary else log(bounded)


def along_the_batch(values: Tensor, batch_shape: tuple[int, ...], *, expand: bool) -> Tensor:
    """Return values along a first dimension before those of a batch, which are of size 1 without `expand`."""
    values = values.view((-1,) + (1,) * len(batch_shape))
    return values.expand(-1, *batch_shape) if expand else values


def sum_rightmost(values: Tensor, count: int) -> Tensor:
    """Return the sum over the last dimensions, `count` of them."""
    return values.sum(tuple(range(-count, 0))) if count else values


class lazy_property(Generic[Owner, Result]):  # noqa: N801 - read like a property, and torch's name
    """A property that is computed when it is first read, with gradients even where they are off, and kept.

    Args:
        wrapped: from the object to the value.
    """

    def __init__(self, wrapped: Callable[[Owner], Result]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__

    @overload
    def __get__(self, instance: None, kind: type) -> lazy_property[Owner, Result]: ...

    @overload
    def __get__(self, instance: Owner, kind: type) -> Result: ...

    def __get__(self, instance: Owner | None, kind: type) -> lazy_property[Owner, Result] | Result:
        """Compute the value and put it where the attribute is found before this property."""
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value
