"""What becomes of the results of an operation that has a rule: its replicates run, round and decide.

Called by mode.py for all operations that do not go a short way there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.replicates import FOLLOWED, storage_id
from conformance.arithmetic.rounding import UNDERFLOW
from conformance.arithmetic.storing import across
from conformance.arithmetic.vectorized import align, batched, tensors, written
from conformance.arithmetic.ways import FROM_ZERO
from conformance.errors import NoiseError

if TYPE_CHECKING:
    from conformance.arithmetic.overloads import Overload
    from conformance.arithmetic.perturbation import Perturbation
    from conformance.arithmetic.replicates import Replicates
    from conformance.arithmetic.rules.rule import Rule
    from conformance.arithmetic.storing import Storing

# The most that noise can make of an underflow.
_UNDERFLOWN = 2.0**-140
# The least positive number of float32.
_LEAST = 2 * UNDERFLOW
# An operation that users know by another name.
_CALLED = {"_local_scalar_dense": "Tensor.item, or float, int or bool of a tensor"}


class Results:
    """Runs operations on clean numbers and on their replicates, and takes what comes out.

    Args:
        held: the replicates.
        perturbation: what adds the errors of roundings to them.
        storing: what rounds results to the dtype of values, where that is another than float32.

    Attributes:
        decisions: how many integer and boolean tensors were computed from noisy ones, or pieces of piecewise
            functions chosen by them.
        steady: whether all replicates decided as the program did. A replicate that took another branch
            measures another function.
    """

    def __init__(self, held: Replicates, perturbation: Perturbation, storing: Storing | None) -> None:
        self.decisions = 0
        self.steady = True
        self._held, self._perturbation, self._storing = held, perturbation, storing

    def run(self, func: Overload, rule: Rule, args: Any, kwargs: Any, operands: list[Tensor]) -> Any:
        """Run an operation that has a rule, other than one that always returns a view.

        An operation's result goes one of four ways from here; "noisy" means that an operand whose value
        counts has replicates.

        - It is written into an operand, in place or by `out`: `_write`.
        - An operand is noisy: the operation runs on the replicates too (`batched`), and `take` handles each
          result that is not a view of an operand. Views need nothing: they share their operand's replicates.
        - No operand is noisy, but the operation rounds, in float64 or complex128: `_start` makes replicates
          of copies.
        - No operand is noisy and the operation is exact, rounds nothing this time, or computes in another
          dtype: the result has no replicates.

        `take` then does one of three things. It compares a result that decides something with its
        replicates, and clears `steady` if one of them decided otherwise, or has another shape. It adds noise
        to the replicates of a float64 or complex128 result, and keeps them. It raises NoiseError for any
        other float dtype, which noise cannot follow.
        """
        held = self._held
        targets = _targets(func, args, kwargs) if func.written else []
        sources = [] if rule.valueless else operands
        if rule.draws:
            sources = [each for each in operands if all(each is not target for target in targets)]
        noisy = any(map(held.__contains__, sources))
        if noisy and rule.draws:
            message = f"{func.name}: draws by what rounding moves, so that no two replicates draw alike"
            raise NoiseError(message, rule.name)
        if noisy and rule.name in FROM_ZERO:
            self._lift(args[0])
        # Before the call: an operation in place overwrites its operand.
        before = None if rule.rounds is None else rule.rounds.before(args, kwargs)
        if noisy and callable(rule.decides) and (targets or not self._both_sides(rule)):
            self.notice(rule.decides(*align(args, {}, self._held)[0]), rule.decides(*args))
        if targets:
            return self._write(func, rule, args, kwargs, targets, before, noisy=noisy)
        out = func.call(*args, **kwargs)
        if noisy:
            self._follow(func, rule, args, kwargs, operands, out, before)
        elif before is not None:
            self._start(rule, out, before)
        return out

    def _start(self, rule: Rule, out: Any, before: Any) -> None:
        """Make replicates of results that were rounded for the first time."""
        for each in out if isinstance(out, (tuple, list)) else (out,):
            if each.dtype in FOLLOWED:
                self._held.reserve(each.numel())
                self.take(rule, each, each.repeat(self._held.count, *(1,) * each.dim()), before)

    def _both_sides(self, rule: Rule) -> bool:
        """Whether both sides of a kink are allowed: half types are near one too often to refuse it."""
        return self._storing is not None and rule.elementwise is True and callable(rule.decides)

    def _follow(
        self,
        func: Overload,
        rule: Rule,
        args: Any,
        kwargs: Any,
        operands: list[Tensor],
        out: Any,
        before: Any,
    ) -> None:
        """Run an operation on the replicates, and take each result that is not a view."""
        results = out if isinstance(out, (tuple, list)) else (out,)
        # These always return something new.
        whole = rule.elementwise or rule.together
        fresh = range(len(results)) if whole else _fresh(results, operands)
        self._held.reserve(
            sum([results[place].numel() for place in fresh if isinstance(results[place], Tensor)])
        )
        moved = batched(func.call, rule, args, kwargs, self._held) if fresh else []
        if self._both_sides(rule):
            moved = [across(func.call, rule, args, moved[0], self._held)]
        for place in fresh:
            self.take(rule, results[place], moved[place], before)

    def _lift(self, operand: Any) -> None:
        """Take the noise of underflow off the wrong side of an operand that is not negative."""
        # A sum of squares that is 0 is not a little below 0, where its root would be NaN. And no rounding
        # makes 0 or less of a positive number of float32, where its logarithm would be infinite.
        if not isinstance(operand, Tensor) or operand not in self._held:
            return
        small = (operand >= 0) & (operand < _UNDERFLOWN)
        if bool(small.any()):
            moved = self._held.make(operand)
            least = torch.where(operand < _LEAST, 0.0, _LEAST)
            wrong = small & (moved < least) & (moved > -_UNDERFLOWN)
            moved.copy_(torch.where(wrong, least, moved))

    def _write(
        self,
        func: Overload,
        rule: Rule,
        args: Any,
        kwargs: Any,
        targets: list[Tensor],
        before: Any,
        *,
        noisy: bool,
    ) -> Any:
        """Run an operation that writes into its operands, in place or by `out`."""
        if not noisy and (before is None or targets[0].dtype not in FOLLOWED):
            out = func.call(*args, **kwargs)
            for target in targets:
                if (forgotten := self._held.get(target)) is not None:
                    forgotten.copy_(target)
            return out
        moved = written(func.call, rule, args, kwargs, targets, self._held)
        out = func.call(*args, **kwargs)
        for target, replicates in zip(targets, moved, strict=True):
            self.take(rule, target, replicates, before, put=self._held.overwrite)
        return out

    def take(self, rule: Rule, clean: Any, moved: Tensor | None, before: Any, put: Any = None) -> None:
        """Check the decision that a result makes, or add the noise to its replicates and keep them."""
        if isinstance(clean, bool):
            clean = torch.tensor(clean)
        dtype = clean.dtype if isinstance(clean, Tensor) else None
        followed = dtype in FOLLOWED
        if dtype is not None and (clean.is_meta or clean._is_zerotensor()):  # noqa: SLF001 - no other name
            return  # a mark of torch's for zeros, as for the gradient of a constant, or its shape
        if dtype is None or not (followed or _decides(clean)):
            raise _lost(rule, clean)
        if moved is None or moved.shape[1:] != clean.shape:
            self.notice(None, clean)
            return
        if not followed or rule.decides in ("step", "answer"):
            self.notice(moved, clean)
        if followed:
            if rule.rounds is not None and before is not None:
                if self._storing is not None:
                    self._perturbation.unit = self._storing.unit(rule)
                self._perturbation.add(clean, moved, rule.rounds.size(before, clean))
            (put or self._held.put)(clean, moved)

    def notice(self, moved: Tensor | None, clean: Tensor) -> None:
        """Compare a decision with those of the replicates; None where they have not even its shape."""
        self.decisions += 1
        # The step of a NaN is NaN, which is not equal to itself.
        self.steady &= moved is not None and bool(((moved == clean) | (moved.isnan() & clean.isnan())).all())


def _decides(result: Tensor) -> bool:
    return not (result.is_floating_point() or result.is_complex())


def _fresh(results: Any, operands: list[Tensor]) -> list[int]:
    """Return the indices of the results that are not views of an operand; a view as another dtype rounds."""
    known = {(storage_id(each), each.dtype) for each in operands}
    return [
        k
        for k, each in enumerate(results)
        if not isinstance(each, Tensor) or (storage_id(each), each.dtype) not in known
    ]


def _lost(rule: Rule, result: Any) -> NoiseError:
    kind = result.dtype if isinstance(result, Tensor) else type(result).__name__
    called = _CALLED.get(rule.name, rule.name)
    return NoiseError(
        f"{called}: makes {kind} of numbers that rounding changes, where no noise can follow it; "
        "compute on in float64 tensors",
        rule.name,
    )


def _targets(func: Overload, args: Any, kwargs: Any) -> list[Tensor]:
    """Return the tensors that an operation writes into."""
    return tensors([args[k] if k < len(args) else kwargs.get(name) for k, name in func.written])
