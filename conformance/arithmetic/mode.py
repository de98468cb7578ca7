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

from conformance.arithmetic.guard import Escapes
from conformance.arithmetic.replicates import Replicates, storage_id
from conformance.arithmetic.rounding import EXACT, OPERANDS, RELATIVE, UNDERFLOW, UNIT, roundings
from conformance.arithmetic.vectorized import align, batched, tensors, written
from conformance.errors import NoiseError

if TYPE_CHECKING:
    from collections.abc import Callable

# Numbers that noise is read from, and how many may be read at once: two tensors seldom read the same.
_POOL, _POOLED = 1 << 20, 1 << 15

# What these return follows from no operand's value.
_VALUELESS = frozenset({
    "empty_like", "full_like", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros",
    "ones_like", "rand_like", "randn_like", "zeros_like",
})  # fmt: skip
# What these write into is forgotten, but no other operand.
_DRAWN = frozenset({"bernoulli", "normal", "uniform"})

# The result says which step of a staircase each element is on.
_STEPS = frozenset({"ceil", "div_mode", "floor", "floor_divide", "round", "trunc"})

# Answers, of zeros and ones where they are written into a float64 tensor.
_ANSWERS = frozenset({
    "eq", "ge", "gt", "le", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne",
})  # fmt: skip

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

    def escapes(self) -> Escapes:
        """Return the mode to enter beside this one, which refuses what would take numbers out of tensors."""
        return Escapes(self._held)

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
            f"{func}: no rule says how it rounds; add one to conformance.arithmetic.rounding, with its source"
        )

    def _run(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        operands = tensors((*args, *kwargs.values()))
        targets = _targets(func, args, kwargs)
        sources = [] if name in _VALUELESS else operands
        if name in _DRAWN:
            sources = [each for each in operands if all(each is not target for target in targets)]
        noisy = any(each in self._held for each in sources)
        if noisy and name in _DRAWN:
            raise NoiseError(f"{func}: draws by what rounding moves, so that no two replicates draw alike")
        # Before the call: an operation in place overwrites its operand.
        size: Any = roundings(name, args) if name in RELATIVE else None
        if name in OPERANDS:
            size = OPERANDS[name](*args, **{key: value for key, value in kwargs.items() if key != "out"})
        if noisy and name in _PIECEWISE:
            pieces = _PIECEWISE[name]
            self._notice(pieces(*align(args, {}, self._held)[0]), pieces(*args))
        if targets:
            return self._write(func, name, args, kwargs, targets, size, noisy=noisy)
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

    def _write(
        self, func: Any, name: str, args: Any, kwargs: Any, targets: list[Tensor], size: Any, *, noisy: bool
    ) -> Any:
        """Run an operation that writes into its operands, in place or by `out`."""
        if not noisy and (name in EXACT or targets[0].dtype != torch.float64):
            out = func(*args, **kwargs)
            for target in targets:
                if (forgotten := self._held.get(target)) is not None:
                    forgotten.copy_(target)
            return out
        moved = written(func, name, args, kwargs, targets, self._held)
        out = func(*args, **kwargs)
        for target, replicates in zip(targets, moved, strict=True):
            self._take(func, name, target, replicates, size, put=self._overwrite)
        return out

    def _overwrite(self, target: Tensor, moved: Tensor) -> None:
        self._held.make(target).copy_(moved)

    def _take(
        self, func: Any, name: str, clean: Any, moved: Tensor | None, size: Any, put: Any = None
    ) -> None:
        """Watch what a result decided, or add the noise to its replicates and keep them."""
        if isinstance(clean, bool):
            clean = torch.tensor(clean)
        if not isinstance(clean, Tensor) or (clean.is_floating_point() and clean.dtype != torch.float64):
            raise _lost(func, clean)
        if moved is None or moved.shape[1:] != clean.shape:
            self._notice(None, clean)
            return
        if name in _STEPS or name in _ANSWERS or not clean.is_floating_point():
            self._notice(moved, clean)
        if clean.is_floating_point():
            self._perturb(clean, moved, _size(name, size, clean))
            (put or self._held.put)(clean, moved)

    def _notice(self, moved: Tensor | None, clean: Tensor) -> None:
        self.decisions += 1
        # The step that a NaN is on is NaN, which is not equal to itself.
        self.steady &= moved is not None and bool(((moved == clean) | (moved.isnan() & clean.isnan())).all())

    def _perturb(self, clean: Tensor, moved: Tensor, size: Any) -> None:
        if size is None or not self._unit or not clean.numel():
            return
        error = size * self._unit + UNDERFLOW
        if not math.isfinite(float(error.sum())):
            # What is infinite is not rounded: a masked score stays minus infinity.
            error = error.nan_to_num(nan=0.0, posinf=0.0)
        moved.addcmul_(self._noise(moved), error)

    def _noise(self, like: Tensor) -> Tensor:
        count = like.numel()
        if count > _POOLED:
            return _normal(count, torch.Generator().manual_seed(self._offsets.getrandbits(63))).view(
                like.shape
            )
        start = int(self._offsets.random() * (_POOL - count))
        return _pool()[start : start + count].view(like.shape)


def _size(name: str, size: Any, out: Tensor) -> Any:
    """Return the size of the noise as it is, or of so many roundings of the result where a rule says so."""
    if name not in RELATIVE:
        return size
    # Each of the roundings may be one of a number too small to be rounded relatively.
    return out.abs().add_(UNDERFLOW / UNIT).mul_(size)


def _fresh(results: Any, operands: list[Tensor]) -> list[int]:
    """Return the places of those results that are no views of an operand; one as another dtype computes."""
    known = {(storage_id(each), each.dtype) for each in operands}
    return [
        k
        for k, each in enumerate(results)
        if not isinstance(each, Tensor) or (storage_id(each), each.dtype) not in known
    ]


def _lost(func: Any, result: Any) -> NoiseError:
    kind = result.dtype if isinstance(result, Tensor) else type(result).__name__
    return NoiseError(
        f"{func}: turns what rounding moves into {kind}, where no noise can follow it; "
        "compute on in float64 tensors"
    )


def _targets(func: Any, args: Any, kwargs: Any) -> list[Tensor]:
    """Return the tensors that an operation writes into."""
    named = [args[k] if k < len(args) else kwargs.get(key) for k, key in _written_arguments(func)]
    return tensors(named)


@cache
def _written_arguments(func: Any) -> tuple[tuple[int, str], ...]:
    arguments = enumerate(func._schema.arguments)  # noqa: SLF001 - the only way to it
    return tuple((k, a.name) for k, a in arguments if a.alias_info is not None and a.alias_info.is_write)


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

    A division to whole numbers is another operation, `div_mode`, and so are `round_decimals` and
    `scatter_reduce`, which compute.
    """
    schema = func._schema  # noqa: SLF001 - the only way to the name
    name = str(schema.name).rpartition("::")[2].rstrip("_") or str(func)
    overload = str(schema.overload_name)
    other = next((word for word in ("mode", "decimals", "reduce") if word in overload.split("_")), None)
    return f"{name}_{other}" if other else name
