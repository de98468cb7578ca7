"""Monte Carlo arithmetic: a torch program in float64, and what rounding could do to every number in it.

A program runs once. Each of its operations runs on clean numbers, and on many noisy replicates of them, to
which it then adds a random error of the size that one rounding could have made there (rounding.py). Composite
kernels are run by torch's own decompositions.

Source: Parker 1997, "Monte Carlo arithmetic"; Denis et al. 2016 (Verificarlo).
"""

from __future__ import annotations

import math
import random
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._decomp import decomposition_table
from torch.utils._python_dispatch import TorchDispatchMode

from conformance.batching import align, batched, tensors
from conformance.errors import NoiseError
from conformance.replicates import Replicates, storage_id
from conformance.rounding import EXACT, OPERANDS, RELATIVE, UNDERFLOW, UNIT

if TYPE_CHECKING:
    from collections.abc import Callable

_POOL = 1 << 20

# What these return follows from no operand's value.
_VALUELESS = frozenset({
    "empty_like", "full_like", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros",
    "ones_like", "rand_like", "randn_like", "zeros_like",
})  # fmt: skip
# What these write into is forgotten, but no other operand.
_DRAWN = frozenset({"bernoulli", "normal", "uniform"})

# The result says which step of a staircase each element is on.
_STEPS = frozenset({"ceil", "div_mode", "floor", "floor_divide", "round", "trunc"})

# Which piece of a piecewise function each element is on.
_PIECEWISE: dict[str, Callable[..., Tensor]] = {
    "sgn": lambda x: x.sign(),
    "sign": lambda x: x.sign(),
    "threshold_backward": lambda _grad, x, threshold: x > threshold,
}


class Arithmetic(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own lacks annotations
    """The dispatch mode that runs the replicates beside the program, and watches what they decide.

    Args:
        seed: of the noise.
        count: how many replicates.
        unit: the size of one rounding.

    Attributes:
        decisions: how many integer and boolean tensors were computed from noisy ones, or pieces of piecewise
            functions chosen by them.
        steady: whether all replicates decided as the program did. One that took another branch measures
            another function.
    """

    def __init__(self, seed: int = 0, count: int = 1, unit: float = UNIT) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own lacks annotations
        self.decisions = 0
        self.steady = True
        self._held = Replicates(count)
        self._unit = unit
        self._offsets = random.Random(seed)  # noqa: S311 - noise, not a secret

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # torch would put a guard against its compiler, which is not used here, around each operation.
        return False

    def replicates(self, clean: Tensor) -> Tensor:
        """Return the noisy values of a tensor of the program, (count, *shape)."""
        found = self._held.get(clean)
        return clean.expand(self._held.count, *clean.shape) if found is None else found

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one aten operation, on clean numbers and on their replicates."""
        del types
        kwargs = kwargs or {}
        name = _base_name(func)
        if name in EXACT or name in RELATIVE or name in OPERANDS:
            return self._run(func, name, args, kwargs)
        try:
            with self:
                composed = decomposition_table.get(func, func.decompose)(*args, **kwargs)
        except ZeroDivisionError:
            # Some divide by a count of elements in Python: over none, where the kernel returns NaN.
            composed = func(*args, **kwargs)
        if composed is not NotImplemented:
            return composed
        if not any(each.dtype == torch.float64 for each in tensors((*args, *kwargs.values()))):
            return func(*args, **kwargs)
        raise NoiseError(
            f"{func}: no rule says how it rounds; add one to conformance.rounding, with its source"
        )

    def _run(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        operands = tensors((*args, *kwargs.values()))
        target = _written(func, args, kwargs)
        sources = [] if name in _VALUELESS else operands
        if name in _DRAWN:
            sources = [each for each in operands if each is not target]
        noisy = any(self._held.get(each) is not None for each in sources)
        if noisy and name in _DRAWN:
            raise NoiseError(f"{func}: draws by what rounding moves, so that no two replicates draw alike")
        # Before the call: an operation in place overwrites its operand.
        size = None
        if name in OPERANDS:
            size = OPERANDS[name](*args, **{key: value for key, value in kwargs.items() if key != "out"})
        if noisy and name in _PIECEWISE:
            pieces = _PIECEWISE[name]
            self._notice(pieces(*align(args, {}, self._held)[0]), pieces(*args))
        if target is not None:
            return self._in_place(func, name, args, kwargs, target, size, noisy=noisy)
        out = func(*args, **kwargs)
        if noisy:
            results = out if isinstance(out, (tuple, list)) else (out,)
            fresh = _fresh(results, operands)
            moved = batched(func, name, args, kwargs, self._held) if fresh else []
            for place in fresh:
                self._take(func, name, results[place], moved[place], size)
        elif name not in EXACT and out.dtype == torch.float64:
            self._take(func, name, out, out.repeat(self._held.count, *(1,) * out.dim()), size)
        return out

    def _in_place(
        self, func: Any, name: str, args: Any, kwargs: Any, target: Tensor, size: Any, *, noisy: bool
    ) -> Any:
        if target.dtype != torch.float64:
            # A tensor of another dtype is no result of the oracle's arithmetic: an optimiser's step counter.
            if noisy:
                raise _lost(func, target)
            return func(*args, **kwargs)
        if noisy or name not in EXACT:
            held = self._held.make(target)
            batched(func, name, args, kwargs, self._held)
            out = func(*args, **kwargs)
            self._perturb(target, held, _size(name, size, target))
            return out
        out = func(*args, **kwargs)
        if (drawn := self._held.get(target)) is not None:
            drawn.copy_(target)
        return out

    def _take(self, func: Any, name: str, clean: Any, moved: Tensor | None, size: Any) -> None:
        """Watch what a new result decided, or add the noise to its replicates and keep them."""
        if isinstance(clean, bool):
            clean = torch.tensor(clean)
        if not isinstance(clean, Tensor) or (clean.is_floating_point() and clean.dtype != torch.float64):
            raise _lost(func, clean)
        if moved is None or name in _STEPS or not clean.is_floating_point():
            self._notice(moved, clean)
        if moved is not None and clean.is_floating_point():
            self._perturb(clean, moved, _size(name, size, clean))
            self._held.put(clean, moved)

    def _notice(self, moved: Tensor | None, clean: Tensor) -> None:
        self.decisions += 1
        # The step that a NaN is on is NaN, which is not equal to itself.
        self.steady &= moved is not None and bool(((moved == clean) | (moved.isnan() & clean.isnan())).all())

    def _perturb(self, clean: Tensor, moved: Tensor, size: Any) -> None:
        if size is None or not clean.numel():
            return
        error = size * self._unit + UNDERFLOW
        if not math.isfinite(float(error.sum())):
            # What is infinite is not rounded: a masked score stays minus infinity.
            error = error.nan_to_num(nan=0.0, posinf=0.0)
        moved.addcmul_(self._noise(moved), error)

    def _noise(self, like: Tensor) -> Tensor:
        count, pool = like.numel(), _pool()
        if count > _POOL // 2:
            generator = torch.Generator().manual_seed(self._offsets.getrandbits(63))
            return _normal(count, generator).view(like.shape)
        start = int(self._offsets.random() * (_POOL - count))
        return pool[start : start + count].view(like.shape)


def _size(name: str, size: Any, out: Tensor) -> Any:
    """Return the size of the noise by the operands, or by the result where a rule says so."""
    if name not in RELATIVE:
        return size
    # Each of the roundings may be one of a number too small to be rounded relatively.
    return out.abs().add_(UNDERFLOW / UNIT).mul_(RELATIVE[name])


def _fresh(results: Any, operands: list[Tensor]) -> list[int]:
    """Return the places of those results that are no views of an operand."""
    known = {storage_id(each) for each in operands}
    return [
        k for k, each in enumerate(results) if not isinstance(each, Tensor) or storage_id(each) not in known
    ]


def _lost(func: Any, result: Any) -> NoiseError:
    kind = result.dtype if isinstance(result, Tensor) else type(result).__name__
    return NoiseError(
        f"{func}: turns what rounding moves into {kind}, where no noise can follow it; "
        "compute on in float64 tensors"
    )


def _written(func: Any, args: Any, kwargs: Any) -> Tensor | None:
    """Return the tensor that an operation writes into."""
    position = _written_argument(func)
    if position is None:
        return None
    place, name = position
    target = args[place] if place < len(args) else kwargs.get(name)
    return target if isinstance(target, Tensor) else None


@cache
def _written_argument(func: Any) -> tuple[int, str] | None:
    for place, argument in enumerate(func._schema.arguments):  # noqa: SLF001 - the only way to it
        if argument.alias_info is not None and argument.alias_info.is_write:
            return place, argument.name
    return None


def _normal(count: int, generator: torch.Generator) -> Tensor:
    # The variance of an error spread evenly over ±1 rounding, with the tail of many that add up.
    return torch.randn(count, generator=generator, dtype=torch.float64) * 3**-0.5


@cache
def _pool() -> Tensor:
    """Return the numbers that all noise is read from, at drawn offsets.

    Drawing anew for each of thousands of small tensors would cost more than all else.
    """
    return _normal(_POOL, torch.Generator().manual_seed(0))


@cache
def _base_name(func: Any) -> str:
    """`aten::add_.Tensor` is `add`: an in-place operation rounds like its functional one.

    A division to whole numbers is another operation: `aten::div.Tensor_mode` is `div_mode`.
    """
    schema = func._schema  # noqa: SLF001 - the only way to the name
    name = str(schema.name).rpartition("::")[2].rstrip("_") or str(func)
    return f"{name}_mode" if str(schema.overload_name).endswith("_mode") else name
