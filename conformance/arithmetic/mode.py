"""Monte Carlo arithmetic: runs a torch program in float64, with the noise that rounding could add.

A program runs once. Each of its operations runs on clean numbers, and on many noisy replicates of them; then
a random error is added to each replicate, of the size that one rounding can have there by the
operation's rule (rules/). Composite kernels are run by torch's own decompositions.

Which way an operation goes is decided here; results.py runs those that have a rule, and perturbation.py adds
the errors.

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
from conformance.arithmetic.perturbation import Perturbation
from conformance.arithmetic.replicates import FOLLOWED, Replicates
from conformance.arithmetic.results import Results
from conformance.arithmetic.rounding import UNIT
from conformance.arithmetic.rules import FOLDER, RULES
from conformance.arithmetic.storing import Storing
from conformance.arithmetic.vectorized import tensors
from conformance.arithmetic.ways import IN_PLACE, NEW, TOGETHER, VIEW, way
from conformance.errors import NoiseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.arithmetic.overloads import Overload
    from conformance.arithmetic.rules.rule import Rule
    from conformance.arithmetic.storing import Stores
    from conformance.arithmetic.ways import Way

_COMPLEX = torch.complex128


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
        perturbation: what adds the errors, instead of noise by `seed`, `unit` and `zeros`.

    Attributes:
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
        perturbation: Perturbation | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own lacks annotations
        self.own = True
        self._held = Replicates(count, limit)
        self._rules = rules
        self._ways: dict[Any, Way] = {}
        noise = Noise(seed)
        self.storing = None if stores is None else Storing(stores, self._held, noise, zeros=zeros)
        self._perturbation = perturbation or Perturbation(noise, unit, zeros=zeros)
        self._results = Results(self._held, self._perturbation, self.storing)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # torch would put a guard against its compiler, which is not used here, around each operation.
        return False

    @property
    def decisions(self) -> int:
        """How many tensors of numbers or flags, or pieces of functions, were decided by noisy numbers."""
        return self._results.decisions

    @property
    def steady(self) -> bool:
        """Whether all replicates decided as the program did; one that did not measures another function."""
        return self._results.steady

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
        """Run an operation that decides nothing; the same as `Results.run`, without its questions.

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
                self._results.take(rule, out, moved, before)
                return out
        if rounds is not None and before is not None:
            self._perturbation.add_shortly(rounds, out, moved, before)
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
        return self._results.run(facts, rule, args, kwargs, operands)

    def _of_complex(self, rule: Rule | None) -> Rule | None:
        """Return the rule for complex operands: that of another name, or the same if it holds for them."""
        return None if rule is None else self._rules.get(f"{rule.name}_complex", rule if rule.holds else None)

    def _moved_nearby(self, rule: Rule, args: Any, kwargs: Any) -> tuple[Any, list[Tensor]]:
        """Return the arguments with operands that are moved as the rule says: copies with replicates."""
        held, moved = self._held, list(args)
        if self.storing is not None:
            self._perturbation.unit = self.storing.unit(rule)
        sizes = rule.nearby(*args, **kwargs) if rule.nearby and self._perturbation.unit else ()
        for place, size in enumerate(sizes):
            if size is None:
                continue
            clean = moved[place]
            held.reserve(clean.numel())
            # Of the same layout: torch makes the determinant of a contiguous matrix from its transposed.
            fresh = clean.clone() if clean.is_contiguous() else clean.mT.clone().contiguous().mT
            noisy = held.every(clean).clone()
            self._perturbation.add(clean, noisy, size)
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


def _any_complex(operands: list[Tensor]) -> bool:
    # Most operations have one or two.
    if operands[0].dtype is _COMPLEX or operands[-1].dtype is _COMPLEX:
        return True
    return len(operands) > 2 and _COMPLEX in [each.dtype for each in operands]
