"""What a program in a narrow dtype rounds besides its arithmetic: every result, to the dtype of tensors.

mode.py hands each operation to `Storing.stored` where a program has a precision (formats.py), as half types
have: a kernel computes in float32, and rounds once when it writes its result.

An operation goes one of three ways from here:

- it is called from inside another one that torch's CPU runs as one kernel, such as the exp in a softmax:
  nothing is stored in between, and only its arithmetic rounds;
- it runs, and something in it rounded: each of its results is rounded, too;
- it runs and is exact: what it moves is rounded already, and only numbers that come new, such as those of a
  range, may not be in the dtype.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.formats import FORMATS, HALF
from conformance.arithmetic.replicates import storage_id
from conformance.arithmetic.rules import RULES
from conformance.arithmetic.rules.rule import Given
from conformance.arithmetic.vectorized import tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.arithmetic.formats import Format, Precision
    from conformance.arithmetic.noise import Noise
    from conformance.arithmetic.overloads import Overload
    from conformance.arithmetic.replicates import Replicates
    from conformance.arithmetic.rules.rule import Rule

# Operations in which torch keeps every intermediate number in the dtype of values, and for which dtypes. On a
# CPU, of 512 positive terms in bfloat16, index_put errs by 12 roundings of the sum, and the gradient of an
# embedding, which is one, by 20; prod of 32 factors by 4. On a GPU, scatter_add adds up by atomic operations
# of that dtype. In float16 sigmoid_backward errs by 2.5 roundings, and the gradients of a convolution by one
# of the sum of the magnitudes; in bfloat16 both by one of the result.
_IN_VALUES = {
    **dict.fromkeys(("index_put", "prod", "scatter_add"), HALF),
    **dict.fromkeys(("convolution_backward", "sigmoid_backward"), ("float16",)),
}
# Kernels that keep their sums over rows in the dtype of values: those of the gradients of weight and bias are
# added up row by row, in place. Source: layer_norm_kernel.cpp, LayerNormBackwardKernelImplInternal.
_ROWS_IN_VALUES = frozenset({"native_layer_norm_backward"})
# Operations that torch registers as one kernel, and in which it still stores results in the dtype of values;
# likewise their derivatives, whose names begin as theirs do. Sources: ForeachOpsKernels.cpp: lists, tensor by
# tensor. Loss.cpp: the elements of a loss, before they are reduced, and each number on the way in
# binary_cross_entropy. UnaryOpsKernel.cpp: each number on the way in logit. Normalization.cpp: the mean and
# the deviation. SoftMaxKernel.cpp: the logarithm of the sum. FlashAttentionKernel.cpp: the probabilities and
# the gradients of scores, which are factors of products.
_SEVERAL = (
    *("_foreach_", "_scaled_dot_product_flash_attention", "binary_cross_entropy", "huber_loss"),
    *("logit", "mse_loss", "native_batch_norm", "smooth_l1_loss"),
)
_SEVERAL_FORWARD = frozenset({"_log_softmax"})
# What is written later: noise for what the memory held before would differ from run to run.
_UNWRITTEN = frozenset({"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"})
# Products to which another operand is added. Who has no such operation stores the product first; and torch's
# LSTM, where oneDNN runs it, stores the sum of the two biases.
_ADDED = frozenset({"addmm", "addmv", "baddbmm"})
# Sums with a factor `alpha`, and the place of the operand without it. Vectors are multiplied in float32, and
# what is left behind the last of them, or strided, number by number in the half type. Measured: of 33 numbers
# in bfloat16 the last loses a product's rounding, and of strided ones all.
_SCALED = {"add": 0, "sub": 0, "rsub": 1}


@dataclass(frozen=True)
class Stores:
    """That a program stores its results in a dtype of its own.

    Attributes:
        precision: what it stores, computes and adds up in.
        only: the one operation whose results are rounded; None for all.
        names: filled with the operations whose results were rounded.
    """

    precision: Precision
    only: str | None = None
    names: dict[str, None] = field(default_factory=dict)


class Storing:
    """The roundings of results to the dtype of values.

    Args:
        stores: what is stored.
        held: the replicates that are rounded.
        noise: what their errors are drawn from.
        zeros: a zero stays zero; see `mode.Arithmetic`.

    Attributes:
        steady: whether every number that was stored is in the range of the dtype. Beyond it the program has
            infinities, and goes on with other numbers.
    """

    def __init__(self, stores: Stores, held: Replicates, noise: Noise, *, zeros: bool) -> None:
        self.steady = True
        self._stores, self._precision = stores, stores.precision
        self._values = stores.precision.values
        self._held, self._noise, self._zeros = held, noise, zeros
        self._inside, self._around = "", ""
        self._by_rows = False
        self._last: Format | None = None

    def unit(self, rule: Rule) -> float:
        """Return the size of a rounding inside an operation; note that there is one."""
        if _exact(rule):
            # What the dtype of values makes of the scalar is found when the result is stored.
            return 0.0
        names = (rule.name, self._around)
        if self._by_rows or any(self._values.name in _IN_VALUES.get(name, ()) for name in names):
            self._last = self._values
        elif any(call.accumulates for call in rule.measured):
            self._last = self._precision.accumulate
        else:
            self._last = self._precision.compute
        return self._last.unit

    def stored(
        self,
        run: Callable[[], Any],
        func: Any,
        facts: Overload,
        rule: Rule | None,
        args: Any,
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Run an operation, and round its results as they are stored."""
        if self._inside:
            self._by_rows = self._inside in _ROWS_IN_VALUES and facts.name == "sum" and 0 in args[1]
            if self._stores.only == self._inside and rule is not None and not _exact(rule):
                # Its own rounding is not spoken of, and that of the whole is.
                self._last = self._precision.compute
            return run()
        if rule is None and not _one_kernel(func):
            around, self._around = self._around, facts.name
            try:
                return run()
            finally:
                self._around = around
        if rule is not None and (rule.view or facts.name in _UNWRITTEN):
            return run()
        own = {storage_id(each) for each in tensors([*args, *kwargs.values()])}
        fresh = all(each not in self._held for each in tensors([*args, *kwargs.values()]))
        scalars = None if rule is None or rule.draws else self._scalars(func, args, kwargs)
        # Computed now, because the operation may write into the operand.
        added = _summand(facts.name, args, kwargs)
        self._begin("" if rule else facts.name)
        try:
            out = run()
        finally:
            self._inside, self._by_rows = "", False
        written = tensors([args[k] if k < len(args) else kwargs.get(name) for k, name in facts.written])
        made = [each for each in tensors([out]) if storage_id(each) not in own]
        exact = self._last is None and (rule is None or _exact(rule))
        if rule is None and self._last is not None:
            # Its last result may be a sum in the dtype of values, and the others are not.
            self._last = self._precision.compute
        if self._stores.only in (None, facts.name):
            for result in _each_once([*written, *made]):
                self._store(facts.name, result, scalars, added, exact=exact, fresh=fresh)
        return out

    def _begin(self, inside: str) -> None:
        self._inside, self._last = inside, None

    def _store(
        self,
        name: str,
        result: Tensor,
        scalars: Tensor | None,
        added: Tensor | None,
        *,
        exact: bool,
        fresh: bool,
    ) -> None:
        if result.dtype != torch.float64 or not result.numel():
            return
        if result.is_meta or result._is_zerotensor():  # noqa: SLF001 - no other name
            return  # a mark of torch's for zeros, as for the gradient of a constant, or its shape: no memory
        error = None
        if self._last is not None:
            size = result.abs() if added is None else torch.hypot(result, result - added)
            # What is computed in the dtype of values is rounded already, and may underflow as well.
            unit = self._values.unit if self._last.unit < self._values.unit else 0.0
            error = size * unit + self._values.underflow
            if self._zeros:
                error.masked_fill_(result == 0, 0.0)
            self._ranged(result)
        if exact and fresh:
            error = (result - self._nearest(result)).abs()
        elif scalars is not None and scalars.shape == result.shape:
            error = scalars if error is None else error + scalars
        if error is not None and bool(error.any()):
            self._stores.names[name] = None
            self._noise.add(self._held.make(result), error.nan_to_num_(0.0, 0.0))

    def _ranged(self, result: Tensor) -> None:
        """Note a finite number that the dtype has no finite number for."""
        if self._values.largest < FORMATS["float32"].largest / 2:
            every = self._held.every(result)
            self.steady &= not bool(((every.abs() > self._values.largest) & every.isfinite()).any())

    def _nearest(self, value: Tensor) -> Tensor:
        return value.to(getattr(torch, self._values.name)).double()

    def _scalars(self, func: Any, args: Any, kwargs: Mapping[str, Any]) -> Tensor | None:
        """Return how far the result is moved where Python scalars are rounded to the dtype of values first.

        Some of torch's kernels do that, as those of `add` and `pow`, and others take them in float32.
        """
        changed = False

        def rounded(value: Any) -> Any:
            nonlocal changed
            if not isinstance(value, float) or value != value:  # noqa: PLR0124 - NaN is that
                return value
            near = float(self._nearest(torch.tensor(value, dtype=torch.float64)))
            changed |= near != value
            return near

        other, named = [*map(rounded, args)], {name: rounded(value) for name, value in kwargs.items()}
        if not changed:
            return None
        # Copies, because the operation may write into them.
        found = [
            func(*map(_copy, values), **{key: _copy(value) for key, value in by_name.items()})
            for values, by_name in ((args, kwargs), (other, named))
        ]
        if not isinstance(found[0], Tensor):
            return None
        if found[0].dtype != torch.float64:
            # What an input is compared with may be the input itself, once it is rounded.
            self.steady &= found[0].is_floating_point() or torch.equal(*found)
            return None
        difference: Tensor = (found[0] - found[1]).abs()
        return difference.nan_to_num_(0.0, 0.0, 0.0)


def across(
    func: Callable[..., Any], rule: Rule, args: Any, moved: Tensor | None, held: Replicates
) -> Tensor | None:
    """Return the replicates of a piecewise function, on another piece where twice their noise leads there.

    A program may be on another piece than any of 64 replicates: for a number near a kink that has a
    probability of up to 1 in 170. With noise that is twice as large it is 1 in 50,000.
    """
    if moved is None or not callable(rule.decides):
        return moved
    rank = max(each.dim() for each in args if isinstance(each, Tensor))
    far = [2 * held.of_rank(each, rank) - each if isinstance(each, Tensor) else each for each in args]
    return torch.where(rule.decides(*far) == rule.decides(*args), moved, func(*far))


def _summand(name: str, args: Any, kwargs: Mapping[str, Any]) -> Tensor | None:
    """Return what a product is added to, where the product may be stored first."""
    scaled = name in _SCALED and kwargs.get("alpha", 1) != 1
    factor = 1 if scaled else kwargs.get("beta", 1) if name in _ADDED else 0
    operand = args[_SCALED.get(name, 0)] if factor else None
    return operand * factor if isinstance(operand, Tensor) else None


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _each_once(found: Iterable[Tensor]) -> list[Tensor]:
    return list({id(each): each for each in found}.values())


def _exact(rule: Rule) -> bool:
    """Whether an operation never rounds. The rule of one that is only silent here has no rounding either."""
    stated = RULES.get(rule.name, rule)
    return stated.rounds is None or isinstance(stated.rounds, Given)


@cache
def _one_kernel(func: Any) -> bool:
    """Whether torch's CPU runs an operation as one kernel, and stores nothing in between."""
    name = str(func._schema.name).rpartition("::")[2]  # noqa: SLF001 - the only way to the name
    if name.startswith(_SEVERAL) or name in _SEVERAL_FORWARD:
        return False
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CPU"))  # noqa: SLF001
