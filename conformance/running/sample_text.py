"""A sample's text, checked against its case: it may have been typed, or come from a bundle.

Called by running.replay and running.bundle_reader; the case and the sample come out.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conformance.cases import find_cases
from conformance.cases._uses import find_use
from conformance.errors import UsageError, unknown, whole
from conformance.sampling.sample import Sample
from conformance.sampling.space import UNBATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Case
    from conformance.sampling.sample import Scalar
    from conformance.sampling.space import Space

# The oracle runs with 64 replicates: 10 million elements of input take 5 GB.
LARGEST = 10_000_000

# No run draws as many samples of a case, nor one of them as often.
MOST_DRAWS = 10**9


def parse(text: str) -> tuple[Case, Sample]:
    """Return the case and the sample that a text names.

    Raises:
        UsageError: the text is not a sample's, there is no such case or use, its arrays are too large, or no
            run has its seed or draw.
    """
    sample = Sample.parse(text)
    case = find_cases([sample.case])[0]
    _check(sample, case.space)
    if sample.use:
        find_use(sample.use, case, sample.settings)
    elements = sum(prod(array.shape) for array in case.inputs(sample.settings).values())
    if elements > LARGEST:
        raise UsageError(f"sample: expected at most {LARGEST:,} elements of input, got {elements:,}")
    return case, sample


def _check(sample: Sample, space: Space) -> None:
    """Raise UsageError for a mistyped text; sizes may be others than those drawn."""
    whole("sample: seed", sample.seed, 0)
    for name, number in (("draw", sample.draw), ("redraw", sample.redraw)):
        if whole(f"sample: {name}", number, 0) > MOST_DRAWS:
            raise UsageError(f"sample: {name}: expected at most {MOST_DRAWS:,}, got {number}")
    given, order = sample.settings, [*space.sizes, *space.flags]
    if surplus := [name for name in given if name not in order]:
        raise UsageError(f"sample: {sample.case} has no {surplus}; it has {sorted(order)}")
    if missing := [name for name in order if name not in given]:
        raise UsageError(f"sample: {sample.text!r} lacks {missing}")
    if list(given) != order:
        raise UsageError(f"sample: expected the settings in the order {order}, got {list(given)}")
    if sample.shape_class not in space.classes:
        raise unknown(f"shape class of {sample.case}", sample.shape_class, space.classes)
    if sample.regime not in space.regimes:
        raise unknown(f"regime of {sample.case}", sample.regime, space.regimes)
    _check_values(given, space)
    if others := {name: value for name, value in space.settled(given).items() if value != given[name]}:
        raise UsageError(f"sample: {sample.text!r} is not run with these settings; expected {others}")


def _check_values(given: Mapping[str, Scalar], space: Space) -> None:
    for name, values in space.flags.items():
        # By type too: 1 equals True, but the bits of the arrays follow from the text.
        if not any(type(given[name]) is type(each) and given[name] == each for each in values):
            there_are = list(dict.fromkeys(values))
            raise UsageError(f"sample: {name}: expected one of {there_are}, got {given[name]!r}")
    for name, kind in space.sizes.items():
        size = given[name]
        least = UNBATCHED if kind == "batch" and "unbatched" in space.classes else 0
        if isinstance(size, bool) or not isinstance(size, int) or not least <= size <= LARGEST:
            raise UsageError(f"sample: {name}: expected a size, got {size!r}")
