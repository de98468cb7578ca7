"""Refuses calls that take noisy numbers out of tensors, where the arithmetic could not follow them.

`Arithmetic.escapes` returns this mode; deviation.py enters it around the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from conformance.arithmetic.vectorized import tensors
from conformance.errors import NoiseError

if TYPE_CHECKING:
    from conformance.arithmetic.replicates import Replicates

# A factor that is a tensor is read by torch before an operation reaches a dispatch mode.
_SCALED = frozenset({"add", "add_", "sub", "sub_"})
# These read numbers from tensors, or from tensors in lists, without an operation that reaches a dispatch
# mode.
_READ = frozenset({"__array__", "as_tensor", "asarray", "new_tensor", "numpy", "tensor", "tolist"})


class Escapes(TorchFunctionMode):
    """The function mode to enter with `Arithmetic`.

    Args:
        held: the replicates: a tensor that has some is noisy.
    """

    def __init__(self, held: Replicates) -> None:
        super().__init__()
        self._held = held

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of torch, unless it would read a noisy number.

        Raises:
            NoiseError: it would. A result without noise would look perfectly accurate.
        """
        del types
        if not kwargs and func.__name__ not in _READ:
            return func(*args)
        kwargs = kwargs or {}
        if func.__name__ in _READ and any(each in self._held for each in tensors((*args, *kwargs.values()))):
            raise NoiseError(
                f"{func.__name__}: reads numbers that rounding changes out of a tensor, where no noise can "
                "follow it; compute on in float64 tensors",
                func.__name__,
            )
        alpha = kwargs.get("alpha")
        if func.__name__ in _SCALED and isinstance(alpha, Tensor) and alpha in self._held:
            # As a product its noise goes on.
            target, other = args
            return func(target, other * alpha, **{k: value for k, value in kwargs.items() if k != "alpha"})
        return func(*args, **kwargs)
