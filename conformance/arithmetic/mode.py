"""Monte Carlo arithmetic: runs a torch program in float64, with the noise that rounding could add.

A program runs once. Each of its operations runs on clean numbers, and on many noisy replicates of them; then
a random error is added to each replicate, of the size that one rounding can have there by the
operation's rule (rules/). Composite kernels are run by torch's own decompositions.

Source: Parker 1997, "Monte Carlo arithmetic"; Denis et al. 2016 (Verificarlo).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._decomp import decomposition_table
from torch.utils._python_dispatch import TorchDispatchMode

from conformance.arithmetic.custom import python_of
from conformance.arithmetic.guard import Escapes
from conformance.arithmetic.kernels import KERNELS
from conformance.arithmetic.lists import one_by_one
from conformance.arithmetic.noise import Noise
from conformance.arithmetic.overloads import overload
from conformance.arithmetic.replicates import FOLLOWED, Replicates, parts, storage_id
from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules import FOLDER, RULES
from conformance.arithmetic.rules.rule import Relative
from conformance.arithmetic.scratch import scratch
from conformance.arithmetic.storing import Storing, across
from conformance.arithmetic.vectorized import align, batched, tensors, written
from conformance.arithmetic.ways import FROM_ZERO, IN_PLACE, NEW, TOGETHER, VIEW, way
from conformance.errors import NoiseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.arithmetic.overloads import Overload
    from conformance.arithmetic.rules.rule import Rule
    from conformance.arithmetic.storing import Stores
    from conformance.arithmetic.ways import Way


# A rounding below this, in units of u, is only that of an underflow.
_EXACT = 2.0**-120
_UNDERFLOW = torch.tensor(UNDERFLOW, dtype=torch.float64)
# The most that noise can make of an underflow.
_UNDERFLOWN = 2.0**-140
# The least positive number of float32.
_LEAST = 2 * UNDERFLOW
_COMPLEX = torch.complex128
# An operation that users know by another name.
_CALLED = {"_local_scalar_dense": "Tensor.item, or float, int or bool of a tensor"}


class Arithmetic(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own lacks annotations
    """The dispatch mode that runs the replicates along with the program, and compares their decisions.

    Args:
        seed: the seed of the noise.
        count: the number of replicates.
        unit: the size of one rounding.
        limit: how many numbers all replicates may have at any time, if there are several of each tensor; more
            raise OverfullError.
        zeros: a zero that is computed of zeros is exact, and stays zero in all replicates. Without it a zero
            may be off by an underflow, which takes a twelfth less time.
        rules: how the operations round.
        stores: the precision of the program, instead of `unit` for everything.

    Attributes:
        decisions: how many integer and boolean tensors were computed from noisy ones, or pieces of piecewise
            functions chosen by them.
        steady: whether all replicates decided as the program did. A replicate that took another branch
            measures another function.
        own: whether all operations ran as torch runs them, so that the clean numbers are those of a run
            without this mode. The others run by a decomposition, whose last bits may differ.
        storing: what rounds results to the dtype of values, where that is another than float32.
    """

    def __init__(
        self,
        seed: int = 0,
        count: int = 1,
        unit: float = UNIT,
        *,
        limit: int = sys.maxsize,
        zeros: bool = False,
        rules: Mapping[str, Rule] = RULES,
        stores: Stores | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own lacks annotations
        self.decisions = 0
        self.steady = True
        self.own = True
        self._held = Replicates(count, limit)
        self._unit = unit
        self._zeros = zeros
        self._rules = rules
        self._ways: dict[Any, Way] = {}
        self._noise = Noise(seed)
        self.storing = None if stores is None else Storing(stores, self._held, self._noise, zeros=zeros)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # torch would put a guard against its compiler, which is not used here, around each operation.
        return False

    def escapes(self) -> Escapes:
        """Return the mode to enter with this one; there, taking noisy numbers out of tensors is an error."""
        return Escapes(self._held)

    def replicates(self, clean: Tensor) -> Tensor:
        """Return the noisy values of a tensor of the program, (count, *shape)."""
        return self._held.every(clean)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one aten operation, on clean numbers and on their replicates.

        Most go a short way from here, which `ways.way` finds by the rule; the others go by `_followed`.
        """
        del types
        kwargs = kwargs or {}
        way_of = self._ways.get(func) or self._way(func)
        facts, rule, short = way_of
        if self.storing is not None:
            return self.storing.stored(
                lambda: self._followed(func, facts, rule, args, kwargs), func, facts, rule, args, kwargs
            )
        if short is VIEW:
            # It shares its operand's replicates.
            return facts.call(*args, **kwargs)
        if short is TOGETHER:
            if self._held.some(args):
                return self._shortly(way_of, args, kwargs, [])
        elif short and (aligned := self._held.aligned(args, kwargs)) is not None:
            return self._shortly(way_of, args, kwargs, aligned)
        return self._followed(func, facts, rule, args, kwargs)

    def _way(self, func: Any) -> Way:
        facts = overload(func)
        found = self._ways[func] = way(facts, self._rules.get(facts.name))
        return found

    def _shortly(self, way_of: Way, args: Any, kwargs: Any, aligned: list[Any]) -> Any:
        """Run an operation that decides nothing; the same as `_run`, without its questions.

        Args:
            way_of: its way: it is elementwise, or runs together.
            args: its arguments, of which some have replicates. Those of an elementwise operation are of
                float64, if they are tensors.
            kwargs: those by name. Those of an elementwise operation are not tensors.
            aligned: the arguments of an elementwise operation, with replicates.
        """
        call, short, held = way_of.facts.call, way_of.short, self._held
        # There is one: else the way would not be short.
        rule: Any = way_of.rule
        rounds = rule.rounds
        before = None if rounds is None else rounds.before(args, kwargs)
        if short is IN_PLACE:
            out = args[0]
            moved = held.make(out)
            call(moved, *aligned[1:])
            call(*args)
        else:
            out = call(*args, **kwargs)
            held.reserve(out.numel())
            moved = call(*aligned) if short is NEW else rule.together(held, *args, **kwargs)
            if out._is_zerotensor():  # noqa: SLF001 - no other name
                return out  # a mark of torch's for zeros, as for the gradient of a constant
            if out.dtype is not torch.float64:
                self._take(rule, out, moved, before)
                return out
        if rounds is not None and before is not None:
            self._perturb_shortly(rounds, out, moved, before)
        if short is not IN_PLACE:
            held.put(out, moved)
        return out

    def _followed(self, func: Any, facts: Overload, rule: Rule | None, args: Any, kwargs: Any) -> Any:
        name = facts.name
        if rule is not None and rule.view:
            return facts.call(*args, **kwargs)
        operands = tensors((*args, *kwargs.values()) if kwargs else args)
        if operands and _any_complex(operands):
            name, rule = f"{name}_complex", self._of_complex(rule)
        if rule is None:
            return self._composed(func, name, args, kwargs)
        if rule.nearby is not None:
            args, operands = self._moved_nearby(rule, args, kwargs)
        return self._run(facts, rule, args, kwargs, operands)

    def _of_complex(self, rule: Rule | None) -> Rule | None:
        """Return the rule for complex operands: that of another name, or the same if it holds for them."""
        return None if rule is None else self._rules.get(f"{rule.name}_complex", rule if rule.holds else None)

    def _moved_nearby(self, rule: Rule, args: Any, kwargs: Any) -> tuple[Any, list[Tensor]]:
        """Return the arguments with operands that are moved as the rule says: copies with replicates."""
        held, moved = self._held, list(args)
        self._unit = self._unit if self.storing is None else self.storing.unit(rule)
        sizes = rule.nearby(*args, **kwargs) if rule.nearby and self._unit else ()
        for place, size in enumerate(sizes):
            if size is None:
                continue
            clean = moved[place]
            held.reserve(clean.numel())
            # Of the same layout: torch makes the determinant of a contiguous matrix from its transposed.
            fresh = clean.clone() if clean.is_contiguous() else clean.mT.clone().contiguous().mT
            noisy = held.every(clean).clone()
            self._round(clean, noisy, size)
            held.put(fresh, noisy)
            moved[place] = fresh
        return tuple(moved), tensors(moved)

    def _composed(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Run an operation that has no rule by its decomposition."""
        try:
            with self:
                known = KERNELS.get(func) or one_by_one(func) or python_of(func)
                whole = known or decomposition_table.get(func, func.decompose)
                self.own &= whole == func.decompose
                composed = whole(*args, **kwargs)
        except ZeroDivisionError:
            # Some divide by a count of elements in Python: over none, where the kernel returns NaN.
            composed = func(*args, **kwargs)
        if composed is not NotImplemented:
            return composed
        if not any(each.dtype in FOLLOWED for each in tensors((*args, *kwargs.values()))):
            return func(*args, **kwargs)
        raise NoiseError(
            f"{func}: no rule says how {name} rounds; add one, with its source, to the file of its family in "
            f"{FOLDER}",
            name,
        )

    def _run(self, func: Overload, rule: Rule, args: Any, kwargs: Any, operands: list[Tensor]) -> Any:
        """Run an operation that has a rule, other than one that always returns a view.

        An operation's result goes one of four ways from here; "noisy" means that an operand whose value
        counts has replicates.

        - It is written into an operand, in place or by `out`: `_write`.
        - An operand is noisy: the operation runs on the replicates too (`batched`), and `_take` handles each
          result that is not a view of an operand. Views need nothing: they share their operand's replicates.
        - No operand is noisy, but the operation rounds, in float64 or complex128: `_start` makes replicates
          of copies.
        - No operand is noisy and the operation is exact, rounds nothing this time, or computes in another
          dtype: the result has no replicates.

        `_take` then does one of three things. It compares a result that decides something with its
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
            self._notice(rule.decides(*align(args, {}, self._held)[0]), rule.decides(*args))
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
                self._take(rule, each, each.repeat(self._held.count, *(1,) * each.dim()), before)

    def _both_sides(self, rule: Rule) -> bool:
        """Whether both sides of a kink are allowed: half types are near one too often to refuse it."""
        return self.storing is not None and rule.elementwise is True and callable(rule.decides)

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
            self._take(rule, results[place], moved[place], before)

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
            self._take(rule, target, replicates, before, put=self._held.overwrite)
        return out

    def _take(self, rule: Rule, clean: Any, moved: Tensor | None, before: Any, put: Any = None) -> None:
        """Check the decision that a result makes, or add the noise to its replicates and keep them."""
        if isinstance(clean, bool):
            clean = torch.tensor(clean)
        dtype = clean.dtype if isinstance(clean, Tensor) else None
        followed = dtype is torch.float64 or dtype is _COMPLEX
        if dtype is not None and (clean.is_meta or clean._is_zerotensor()):  # noqa: SLF001 - no other name
            return  # a mark of torch's for zeros, as for the gradient of a constant, or its shape
        if dtype is None or not (followed or _decides(clean)):
            raise _lost(rule, clean)
        if moved is None or moved.shape[1:] != clean.shape:
            self._notice(None, clean)
            return
        if not followed or rule.decides in ("step", "answer"):
            self._notice(moved, clean)
        if followed:
            if rule.rounds is not None and before is not None:
                self._unit = self._unit if self.storing is None else self.storing.unit(rule)
                add = self._round if dtype is _COMPLEX else self._perturb
                add(clean, moved, rule.rounds.size(before, clean))
            (put or self._held.put)(clean, moved)

    def _notice(self, moved: Tensor | None, clean: Tensor) -> None:
        self.decisions += 1
        # The step of a NaN is NaN, which is not equal to itself.
        self.steady &= moved is not None and bool(((moved == clean) | (moved.isnan() & clean.isnan())).all())

    def _round(self, clean: Tensor, moved: Tensor, size: Tensor) -> None:
        """Add the noise of one rounding; of complex numbers to both parts, by a complex size's own parts."""
        if clean.dtype is _COMPLEX:
            size = parts(size) if size.is_complex() else size.unsqueeze(-1)
            clean, moved = parts(clean), parts(moved)
        self._perturb(clean, moved, size)

    def _perturb(self, clean: Tensor, moved: Tensor, size: Tensor) -> None:
        if not self._unit or not clean.numel():
            return
        # Infinities are not rounded: a masked score stays minus infinity.
        error = torch.add(_UNDERFLOW, size, alpha=self._unit).nan_to_num_(0.0, 0.0)
        if self._zeros:
            error = error.masked_fill((clean == 0) & (size < _EXACT), 0.0)
        self._noise.add(moved, error)

    def _perturb_shortly(self, rounds: Any, clean: Tensor, moved: Tensor, before: Any) -> None:
        """Do as `_perturb` does, bit for bit, and relative roundings in less time."""
        special = self._zeros or clean.requires_grad or clean.is_neg()
        if special or not isinstance(rounds, Relative):
            self._perturb(clean, moved, rounds.size(before, clean))
        elif self._unit and clean.numel():
            error = scratch(clean.shape)
            rounds.error(before, clean.numpy(), self._unit, error)
            self._noise.add(moved, error.tensor)


def _any_complex(operands: list[Tensor]) -> bool:
    # Most operations have one or two.
    if operands[0].dtype is _COMPLEX or operands[-1].dtype is _COMPLEX:
        return True
    return len(operands) > 2 and _COMPLEX in [each.dtype for each in operands]


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
