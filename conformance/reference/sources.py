"""Which operations a tolerance comes from: a program is run once per operation, with only that one rounding.

To first order the variances of independent roundings add, so each operation has a share of the whole.
Called by reference.tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.formats import precision
from conformance.arithmetic.rules import RULES
from conformance.arithmetic.rules.convolution import products_of
from conformance.arithmetic.storing import Stores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from conformance.arithmetic.deviation import Deviation, Further
    from conformance.arithmetic.formats import Precision
    from conformance.arithmetic.rules.rule import Operands, Relative, Rule

# Operation → how many products it adds up to one number, by its arguments: those of matrices over the last
# dimension of their first factor.
_PRODUCTS: Mapping[str, Callable[[Sequence[Any]], int]] = {
    **dict.fromkeys(("bmm", "dot", "mm", "mv"), lambda args: args[0].shape[-1]),
    **dict.fromkeys(("addmm", "addmv", "baddbmm"), lambda args: args[1].shape[-1]),
    "convolution": lambda args: products_of(args[1], args[3], args[6], args[8]),
}


class Source(NamedTuple):
    """An operation that a tolerance comes from.

    Attributes:
        operation: its name, as in `conformance list rules`.
        share: of the variance of the observable.
        terms: the most numbers that it adds up to one.
        product: whether it adds up products, so that the closed form applies.
    """

    operation: str
    share: float
    terms: int
    product: bool

    def corridor(self, dtype: str, accumulate: str | None = None) -> tuple[float, float]:
        """Return √K·u and K·u, between which a product of K terms errs, relative to |a| @ |b|.

        Where sums are added up in another dtype than they are stored in, as those of half types are by
        default, u is that of `accumulate`, and one rounding of the result follows.

        Source: Higham & Mary 2019: the first holds with high probability, the second always.
        """
        of = precision(dtype, accumulate=accumulate)
        unit, once = of.accumulate.unit, 0.0 if of.plain else of.values.unit
        return sqrt(self.terms) * unit + once, self.terms * unit + once


@dataclass(frozen=True)
class _Heard:
    """How an operation rounds, and a note of each time that it did."""

    name: str
    rounds: Relative | Operands
    terms: dict[str, int]

    def before(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """As the rule's own, with the number of terms noted."""
        sizes = [each.numel() for each in args if hasattr(each, "numel")]
        products = _PRODUCTS.get(self.name)
        self._note(1 if products is None else products(args))
        own = self.rounds.before(args, kwargs)
        # None where this call of the operation is exact, as an accumulation of terms none of which meet.
        return None if own is None else (own, max(sizes, default=0))

    def size(self, before: Any, out: Tensor) -> Any:
        """As the rule's own, with the number of terms noted."""
        own, numbers = before
        if self.name not in _PRODUCTS and out.numel():
            self._note(numbers // out.numel())
        return self.rounds.size(own, out)

    def _note(self, terms: int) -> None:
        self.terms[self.name] = max(self.terms.get(self.name, 1), terms)


def _heard(name: str, rounds: Relative | Operands, terms: dict[str, int]) -> Any:
    return _Heard(name, rounds, terms)


class Measured(NamedTuple):
    """What the noise of a program's own roundings does to it.

    Attributes:
        deviations: of each observable.
        terms: operation that rounds → the most numbers that it adds up to one.
    """

    deviations: Mapping[str, Deviation]
    terms: Mapping[str, int]


def measured(
    run: Callable[[], Mapping[str, Any]],
    key: str,
    most: float,
    precision: Precision,
    *,
    rules: Mapping[str, Rule] = RULES,
    further: Further | None = None,
    count: int | None = None,
) -> Measured | None:
    """Measure a program, and note which of its operations round; None where noise changed a branch."""
    stores = _stores(precision)
    terms: dict[str, int] = {}
    heard = {
        name: rule if rule.rounds is None else replace(rule, rounds=_heard(name, rule.rounds, terms))
        for name, rule in rules.items()
    }
    # Programs have zeros that no rounding moves, as behind a mask or a relu.
    found = deviations(
        run, key, zeros=True, rules=heard, most=most, stores=stores, further=further, count=count
    )
    if stores is not None:
        # A softmax, say, stores its result, and rounds by the operations that it is composed of.
        terms |= {name: terms.get(name, 1) for name in stores.names}
    return None if found is None else Measured(found, terms)


def _stores(precision: Precision, only: str | None = None) -> Stores | None:
    return None if precision.plain else Stores(precision, only)


def sources(
    run: Callable[[], Mapping[str, Any]],
    key: str,
    terms: Mapping[str, int],
    precision: Precision,
    *,
    rules: Mapping[str, Rule] = RULES,
    further: Further | None = None,
) -> dict[str, tuple[Source, ...]]:
    """Return the operations that each observable's deviation comes from, the largest share first.

    Args:
        run: the program, as of `deviations`.
        key: the text from which the noise follows.
        terms: the operations that round, from `measured`.
        precision: the program's.
        rules: how operations round.
        further: what makes further observables, as of `deviations`.
    """
    variances: dict[str, dict[str, float]] = {}
    for operation in terms:
        alone = {name: rule if name == operation else without(rule) for name, rule in rules.items()}
        # Less noise than that of the whole program, in which no branch changed.
        stores = _stores(precision, operation)
        found = deviations(run, key, zeros=True, rules=alone, stores=stores, further=further)
        for observable, each in (found or {}).items():
            variances.setdefault(observable, {})[operation] = float((each.rms**2).sum())
    return {observable: _shares(by, terms) for observable, by in variances.items()}


def _shares(variances: Mapping[str, float], terms: Mapping[str, int]) -> tuple[Source, ...]:
    whole = sum(variances.values())
    found = (
        Source(name, variance / whole, terms[name], name in _PRODUCTS)
        for name, variance in variances.items()
        if variance
    )
    return tuple(sorted(found, key=lambda source: -source.share))


def without(rule: Rule) -> Rule:
    """Return the rule of an operation that does not round."""
    # An exact operation has no measuring call.
    return replace(rule, rounds=None, nearby=None, measured=())
