"""`conformance.tolerance`: what a correct computation of any torch program may differ by, and why.

Draws are measured (reference.draws). Each observable gets the tightest pair of tolerances (reference.pair),
the operations that it comes from (reference.sources), and the wrong answers that it notices
(judging.sight, asked by each draw).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, log2
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.arithmetic.constants import constants, constants_sha256
from conformance.arithmetic.formats import HALF
from conformance.errors import whole
from conformance.reference.pair import LOOSE, tightest
from conformance.report.suite import known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.reference.draws import Draw
    from conformance.reference.sources import Source
    from conformance.sampling.values import Array

# Operations with a smaller share are not named.
_NAMED = 0.01


@dataclass(frozen=True)
class Bound:
    """What one output or gradient of a program may differ by.

    Attributes:
        name: `output`, `output[K]`, `grad[K]` for the input K, or `grad.NAME` for a parameter; of a complex
            output `output.real` and `output.imag`; of a factor whose sign is free what is judged instead,
            such as `output[K].residual`.
        dtype: that of the computation.
        expected: the right numbers of the first draw.
        elementwise: what each of them may differ by.
        rtol: with `atol`, the tightest pair that is nowhere below the elementwise tolerance, over all draws.
        atol: allowed is `atol + rtol * |expected|`, as in torch.testing.assert_close and NumPy.
        looser: the share of elements for which the pair is more than ten times looser than their tolerance.
        bits: how many significant bits of the observable the tolerance holds, in root mean square; inf where
            nothing rounds, and 0 of what is zero, such as a residual.
        sources: the operations that the tolerance comes from, the largest share first.
        notices: whether each of some cheap wrong answers would be beyond the tolerance, in every draw; an
            input itself is one where it has the same shape.
        draws: how many draws it is of.
        rounding: the rounding in words: `dtype`, and what operations compute and add up in.
    """

    name: str
    dtype: str
    expected: Array = field(repr=False)
    elementwise: Array = field(repr=False)
    rtol: float
    atol: float
    looser: float
    bits: float
    sources: tuple[Source, ...]
    notices: Mapping[str, bool]
    draws: int
    rounding: str = ""

    @property
    def sentence(self) -> str:
        """The justification of the pair, to paste where the pair is used."""
        if not self.sources:
            blind = self.expected.size and not all(self.notices.values())
            return f"{self.name}: nothing rounds, so bits agree{f'; {self._sight()}' if blind else ''}"
        told = [f"{self.name}: atol {self.atol:.1e}, rtol {self.rtol:.1e}: {self._noise()}"]
        if self.looser:
            told.append(f"more than {LOOSE:g} times too loose for {self.looser:.1%} of the elements")
        told += [_calibrated(self.dtype), self._sight()]
        return "; ".join(told)

    @property
    def row(self) -> tuple[str, ...]:
        """Its row in the table of a `Tolerance`."""
        bits = "all" if self.bits == inf else f"{self.bits:.0f}" if self.expected.any() else "-"
        named = [f"{each.operation} {each.share:.0%}" for each in self.sources if each.share >= _NAMED]
        pair = (f"{self.atol:.1e}", f"{self.rtol:.1e}")
        return (self.name, *pair, bits, f"{self.looser:.1%}", ", ".join(named) or "nothing rounds")

    def _noise(self) -> str:
        count, first = len(self.sources), self.sources[0]
        operations = f"{count} operations" if count > 1 else first.operation
        share = f", {first.share:.0%} of it from {first.operation}" if count > 1 else ""
        over = f" over {first.terms} terms" if first.terms > 1 else ""
        replicates = f"{constants().replicates} replicates of {self.rounding}"
        of = f"{self.draws} draws" if self.draws > 1 else "one draw"
        return f"{replicates} through {operations}{share}{over}, in {of}"

    def _sight(self) -> str:
        seen = [name for name, is_seen in self.notices.items() if is_seen]
        missed = [name for name, is_seen in self.notices.items() if not is_seen]
        told = f"notices {', '.join(seen)}" if seen else ""
        would = f"{', '.join(missed)} would pass" if missed else ""
        return ", but ".join(part for part in (told, would) if part)


@dataclass(frozen=True)
class Tolerance(Mapping[str, Bound]):
    """What the outputs and gradients of a program may differ by: a mapping from their names to a `Bound`.

    Its text is a table, and what it says of outputs that are not judged as they are, in `told`.
    `print(found["output"].sentence)` prints what justifies one of them.

    Attributes:
        bounds: by observable.
        told: which outputs are not judged as they are, and why; empty where all are.
    """

    bounds: Mapping[str, Bound]
    told: str = ""

    def __getitem__(self, name: str) -> Bound:
        return self.bounds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.bounds)

    def __len__(self) -> int:
        return len(self.bounds)

    def __str__(self) -> str:
        from tabulate import tabulate

        headers = ("observable", "atol", "rtol", "bits", "10 × looser", "from")
        table = tabulate([each.row for each in self.values()], headers=headers, disable_numparse=True)
        return f"{table}\n\n{self.told}" if self.told else table


def tolerance(
    fn: Callable[..., Any],
    *inputs: Any,
    dtype: Any = "float32",
    backward: bool = True,
    draws: int = 5,
    seed: int = 0,
    compute: Any = None,
    accumulate: Any = None,
) -> Tolerance:
    """Return what a correct computation of a torch program may differ from the right numbers by.

    The program runs in float64, and 64 noisy replicates of every number beside it, each with the errors that
    rounding to the dtype may make at every operation. How far they scatter, times constants that were
    calibrated on programs known to be correct, is the tolerance.

    Args:
        fn: any function of tensors that is made of torch's operations, or a module. It has to compute in the
            dtype of its inputs. A module is copied.
        *inputs: its arguments: floating tensors or arrays are rounded to the dtype, anything else is handed
            on as it is. Or one function without arguments that draws them, called under several seeds of
            torch's generator; it returns the arguments as a tuple.
        dtype: what others compute in: `float32`, `float64`, `bfloat16` or `float16`, also as torch's or
            NumPy's dtype.
        backward: whether gradients are measured, too: of every floating input and every parameter, with
            normal cotangents, and 1 for an output of one number without dimensions.
        draws: how many draws the pair of tolerances holds for; of fixed inputs only the cotangents and the
            noise are drawn.
        seed: of the first draw.
        compute: the dtype that operations compute in, before a result is rounded to `dtype`. The default
            is what torch's kernels do: float32 for the half types, and otherwise the same dtype.
        accumulate: likewise, the dtype of partial sums; by default that of `compute`.

    Returns:
        A mapping from `output` (or `output[0]` … of several) and `grad[0]` …, `grad.NAME` to a `Bound`.

    Raises:
        DegenerateError: rounding decides which branch the program takes, as near a tie.
        NoiseError: an operation has no rounding rule, which the message names, or the program takes numbers
            out of tensors.
        UsageError: an argument cannot be used.

    Example:
        >>> import conformance, torch
        >>> a, b = torch.randn(8, 256), torch.randn(256, 8)
        >>> found = conformance.tolerance(torch.mm, a, b)["output"]
        >>> right = (a.double() @ b.double()).float()
        >>> torch.testing.assert_close(a @ b, right, atol=found.atol, rtol=found.rtol)
    """
    # Here, because they import torch, which takes seconds.
    from conformance.reference.draws import checked, measure
    from conformance.reference.program import of_dtype

    checked(fn, inputs)
    count, seed = whole("draws", draws, 1), whole("seed", seed, 0)
    inside = {
        name: None if given is None else of_dtype(given, name)
        for name, given in (("compute", compute), ("accumulate", accumulate))
    }
    measured = measure(fn, inputs, of_dtype(dtype), count, seed, backward=backward, **inside)
    first, found = measured[0], measured[0].sources()
    bounds = {name: _bound(name, measured, found.get(name, ())) for name in first.oracle}
    return Tolerance(bounds, first.told)


def _bound(name: str, measured: list[Draw], found: tuple[Source, ...]) -> Bound:
    present = [each for each in measured if name in each.oracle]
    expected = [each.oracle[name].astype(np.float64) for each in present]
    allowed = [each.allowed(name) for each in present]
    right, may = _flat(expected), _flat(allowed)
    pair = tightest(right, may)
    seen = [each.notices(name) for each in present]
    # An input may have the shape of the result in some draws only.
    asked = dict.fromkeys(wrong for each in seen for wrong in each)
    return Bound(
        name=name,
        dtype=present[0].program.dtype,
        expected=expected[0],
        elementwise=allowed[0],
        **pair._asdict(),
        bits=_agreeing(right, may),
        sources=found,
        notices={wrong: all(each.get(wrong, True) for each in seen) for wrong in asked},
        draws=len(present),
        rounding=present[0].program.precision.words,
    )


def _flat(arrays: list[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])


def _agreeing(expected: Array, allowed: Array) -> float:
    finite = np.isfinite(expected)
    size, error = (float(np.sqrt((x[finite] ** 2).sum())) for x in (expected, allowed))
    return log2(size / error) if size and error else inf if not error else 0.0


def _calibrated(dtype: str) -> str:
    """Return how often these constants called a correct program wrong."""
    if dtype in HALF:
        return "the constants are those of float32"
    suite = known(constants_sha256())
    if suite is None or not suite.criteria:
        return "constants that no committed self-test was made with"
    ours = suite.criteria[0]
    # No more than three of as many is the upper bound with 95 % where none was seen (the rule of three).
    rate = f" (rate at most {3 / ours.clean:.1e})" if not ours.false_alarms else ""
    return f"{ours.false_alarms or 'no'} false alarms in {ours.clean:,} samples of the self-test{rate}"
