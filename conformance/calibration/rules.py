"""The rules of arithmetic/rules/ against real float32 errors, operation by operation.

A rule states how large one rounding of an operation may be. It is shown if neither torch nor NumPy ever errs
by more, in any regime, and if one of them comes within a factor of it: a rule far too large would hide
errors.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.noise import Noise
from conformance.arithmetic.perturbation import Perturbation
from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules import FOLDER, RULES
from conformance.errors import NoiseError
from conformance.sampling.sample import Sample
from conformance.sampling.space import REGIMES
from conformance.sampling.values import make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from conformance.arithmetic.rules.measuring import Arrays, MeasuringCall
    from conformance.sampling.values import Array

# A rule of which less than this is ever used would hide errors that many times the real ones.
USED = 1 / 20

# Where errors add up, the rule is a standard deviation (times √3), which chance exceeds now and then; six of
# them it does not. Source: Higham & Mary 2019, "A new approach to probabilistic rounding error analysis".
DEVIATIONS = 6.0

# `remembering` changes biases, which operations do not have; numbers that are not finite do not round.
_REGIMES = tuple(name for name in REGIMES if name not in {"remembering", "nonfinite"})
# The regimes that are not the same as another where all operands are weights.
_OF_WEIGHTS = ("normal", "saturated", "integer")
_DRAWS = 4
# Replicates of an operation whose errors are those of operands nearby.
_REPLICATES = 64


class Measured(NamedTuple):
    """Real errors of one operation, in units of what its rule states.

    Attributes:
        implementation: `torch` or `mytorch`.
        regime: the regime of the operands.
        elements: how many results were compared.
        largest: the largest error.
        rms: the root mean square of the errors.
    """

    implementation: str
    regime: str
    elements: int
    largest: float
    rms: float


@dataclass(frozen=True)
class MeasuredRule:
    """One rule and the errors measured for it.

    Attributes:
        name: the operation's name.
        accumulates: the rule is a standard deviation, and not a bound.
        measured: the errors by implementation and regime.
        without: why mytorch was not measured, if it was not.
    """

    name: str
    accumulates: bool
    measured: tuple[Measured, ...]
    without: str | None = None

    @property
    def worst(self) -> Measured:
        """Where the rule was used most."""
        return max(self.measured, key=lambda m: m.largest)

    @property
    def wrong(self) -> str | None:
        """The reason why the rule is not shown; empty if it is."""
        limit = DEVIATIONS / sqrt(3) if self.accumulates else 1.0
        if self.worst.largest > limit:
            at = f"{self.worst.implementation}, {self.worst.regime}"
            most = f"expected at most {limit:.3g} ({at})"
            return f"exceeded: a real error of {self.worst.largest:.3g} of it, {most}"
        # Errors of at most one rounding did not accumulate: halves of denormals round by a half.
        rms = max((m for m in self.measured if m.largest > 1), key=lambda m: m.rms, default=None)
        if self.accumulates and rms and rms.rms * sqrt(3) > 1:
            spread = f"{rms.rms * sqrt(3):.3g} of its standard deviation"
            return f"exceeded: real errors spread over {spread} ({rms.implementation}, {rms.regime})"
        if self.used < USED:
            return f"far too large: no real error above {self.used:.3g} of it, expected at least {USED}"
        return None

    @property
    def used(self) -> float:
        """How much of the rule real errors use, not counting half of the smallest number, which is exact."""
        return max(m.largest for m in self.measured if m.regime != "tiny")


class _Sizes(Perturbation):
    """Adds no noise, but keeps the size that it would have."""

    def __init__(self) -> None:
        super().__init__(Noise(0), UNIT, zeros=False)
        self.found: list[Tensor] = []

    def _add(self, clean: Tensor, moved: Tensor, size: Any) -> None:
        del moved
        if size is not None:
            self.found.append((size * UNIT + UNDERFLOW).expand(clean.shape))

    def add_shortly(self, rounds: Any, clean: Tensor, moved: Tensor, before: Any) -> None:
        self._add(clean, moved, rounds.size(before, clean))


def measure_rules(names: Sequence[str] = ()) -> list[MeasuredRule]:
    """Measure the rules of all operations that round, or of those named.

    Raises:
        NoiseError: one of them has no rule, is exact, has no measuring call, or one of another operation.
    """
    names = names or [name for name, rule in RULES.items() if rule.rounds is not None]
    for name in names:
        if name not in RULES:
            raise NoiseError(f"{name}: no rule says how it rounds; add one to its family in {FOLDER}", name)
        if RULES[name].rounds is None:
            raise NoiseError(
                f"{name}: expected an operation that rounds; its rule says that it is exact", name
            )
    unmeasured = [RULES[name] for name in names if not RULES[name].measured]
    if unmeasured:
        listed = ", ".join(f"{rule.name} ({rule.file})" for rule in unmeasured)
        raise NoiseError(f"no call measures the rule of {listed}; add one to its entry", unmeasured[0].name)
    return [_measure(name, RULES[name].measured) for name in names]


def _measure(name: str, calls: Sequence[MeasuringCall]) -> MeasuredRule:
    found: dict[tuple[str, str], list[Array]] = defaultdict(list)
    for number, measuring in enumerate(calls):
        weights = all(spec.weight for spec in measuring.inputs(measuring.sizes[0]))
        for regime in _OF_WEIGHTS if weights else _REGIMES:
            for size in measuring.sizes:
                for draw in range(_DRAWS):
                    config = (("variant", number), ("n", size))
                    sample = Sample(f"rule.{name}", 0, draw, "small", regime, config)
                    for implementation, ratios in _ratios(name, measuring, sample, size).items():
                        found[implementation, regime].append(ratios)
    measured = [_summary(*key, np.concatenate(parts)) for key, parts in found.items()]
    without = next((each.without for each in calls if each.without), None)
    return MeasuredRule(name, calls[0].accumulates, tuple(m for m in measured if m.elements), without)


def _summary(implementation: str, regime: str, ratios: Array) -> Measured:
    rms = float(np.sqrt(np.mean(ratios**2))) if ratios.size else 0.0
    return Measured(implementation, regime, ratios.size, float(ratios.max(initial=0.0)), rms)


def _ratios(name: str, measuring: MeasuringCall, sample: Sample, size: int) -> dict[str, Array]:
    """Return the errors of each implementation over the rule, where its result is finite."""
    import torch

    specs = {f"x{i}": spec for i, spec in enumerate(measuring.inputs(size))}
    with np.errstate(all="ignore"):
        drawn = make(sample, specs, "float32")
        arrays = tuple(a.astype(np.float32) for a in measuring.prepare(*drawn.values()))
    exact = [torch.from_numpy(array).double() for array in arrays]
    if RULES[name].nearby is None:
        sizes = _Sizes()
        with Arithmetic(perturbation=sizes):
            oracle = measuring.call(torch, *exact)
        if len(sizes.found) != 1:
            got = len(sizes.found)
            raise NoiseError(f"{name}: expected one operation that rounds in its call, got {got}")
        expected, allowed = oracle.numpy(), sizes.found[0].numpy()
    else:
        expected, allowed = _spread(lambda: measuring.call(torch, *exact))
    with np.errstate(all="ignore"):
        results = {"torch": measuring.call(torch, *(torch.from_numpy(a) for a in arrays)).numpy()}
        if measuring.without is None:
            results["mytorch"] = _own(measuring, arrays)
        ratios = {}
        for implementation, got in results.items():
            if got.dtype != np.float32 or got.shape != expected.shape:
                raise NoiseError(f"{name}: {implementation} returned {got.dtype} of shape {got.shape}")
            finite = np.isfinite(got) & np.isfinite(expected)
            ratios[implementation] = np.atleast_1d((np.abs(got - expected) / allowed)[finite]).ravel()
    return ratios


def _spread(call: Callable[[], Tensor]) -> tuple[Array, Array]:
    """Return a result, and √3 times the standard deviation that noise on the operands gives it."""
    with Arithmetic(0, _REPLICATES) as mode:
        oracle = call()
    away = mode.replicates(oracle) - oracle
    return oracle.numpy(), (away.square().mean(0).mul_(3).sqrt_() + UNDERFLOW).numpy()


def _own(measuring: MeasuringCall, arrays: Arrays) -> Array:
    import mytorch

    if measuring.own is not None:
        return measuring.own(mytorch, *arrays)
    return np.asarray(measuring.call(mytorch, *(mytorch.from_numpy(a) for a in arrays)).numpy())
