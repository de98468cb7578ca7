"""Compares a subject's trace with the expectation: one verdict per observable.

Called by judging.sample_judge and by the self-test; the calibration measures with the same two functions,
`form` and `errors`. Nothing here depends on a case or a framework.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.arithmetic.tolerance import UNIT
from conformance.cases._axes import axis_of
from conformance.judging.distributions import findings, share
from conformance.judging.profile import profile
from conformance.judging.sight import mistrusted
from conformance.judging.target import top
from conformance.judging.verdict import Status
from conformance.sampling.lanes import EVERY_LANE, carried, rounded, spacing
from conformance.sampling.space import HOLLOW
from conformance.subjects.answers import NotNumbersError, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.judging.expectation import Expectation
    from conformance.judging.target import Target
    from conformance.judging.verdict import Verdict
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Trace


# The reasons of failures that are conventions begin with one of these.
_POSITIONS = "only inf/NaN positions differ"
_SLOPES = "only gradients at NaN inputs differ"
OF_CONVENTION = (_POSITIONS, _SLOPES)

# Half of the largest number of each lane: up to there the spacing of the lane's numbers is finite.
_HALFWAY = {lane: float(np.finfo(carried(lane)).max) / 2 for lane in EVERY_LANE}

# How many observables that only the subject has are named.
_NAMED = 8


def judge(expected: Expectation, trace: Trace) -> list[Verdict]:
    """Compare every observable that the reference has, and name those that only one side has."""
    # Once for all: it takes as long as an operation on a few numbers does.
    with np.errstate(all="ignore"):
        verdicts = [_judge_one(expected, name, trace.get(name)) for name in expected.oracle]
    unexpected = [name for name in trace if name not in expected.oracle]
    has = f"it has {', '.join(expected.oracle)}"
    for name in unexpected[:_NAMED]:
        reason = f"unexpected: the reference has no {name}; {has}"
        verdicts.append(expected.verdict(name, Status.FAIL, reason=reason))
    if more := len(unexpected[_NAMED:]):
        reason = f"unexpected: the reference lacks {more} more names; {has}"
        verdicts.append(expected.verdict(None, Status.FAIL, reason=reason))
    if nothing_to_compare(expected):
        names = ", ".join(expected.oracle) or "no outputs"
        reason = f"nothing to compare, in a class that should have elements: {names}"
        verdicts.append(expected.verdict(None, Status.EMPTY, reason=reason))
    return verdicts


def nothing_to_compare(expected: Expectation) -> bool:
    """Whether no observable has an element, though the sample's class should have some."""
    # The plain call of a sample tells whether there is enough to compare; a use may look at less of it.
    plainly_full = expected.sample.shape_class not in HOLLOW and not expected.sample.use
    return plainly_full and not any(array.size for array in expected.oracle.values())


def _judge_one(expected: Expectation, name: str, answer: object) -> Verdict:
    """Compare one observable, which is a PASS if its form is right and its numbers are.

    - It is missing, is not an array of numbers or has another shape (`form`): FAIL, and nothing is compared.
    - Only its dtype is wrong: FAIL, and the reason says what its numbers are like.
    """
    try:
        got = numbers(answer)
    except NotNumbersError:
        return expected.verdict(name, Status.FAIL, reason=form(expected, name, answer))
    wrong = _form_of_numbers(expected, name, got)
    if got.shape != expected.oracle[name].shape or got.dtype.kind == "c":
        return expected.verdict(name, Status.FAIL, reason=wrong)
    verdict = _compare(expected, name, got)
    if wrong is None:
        return verdict
    told = "its numbers agree" if verdict.agrees else verdict.reason
    return replace(verdict, status=Status.FAIL, would_pass=None, reason=f"{wrong}; {told}")


def _compare(expected: Expectation, name: str, got: Array) -> Verdict:
    """Compare the numbers of one observable.

    They go one of five ways from here:

    - There are none: PASS, because `form` compared all there is.
    - They have a law, as random draws have: they are tested by that (`_judge_draws`).
    - They are integers or booleans: every bit is compared (`_judge_exact`).
    - Every element is within its tolerance, and is the same inf or NaN where the reference has one: it agrees
      (`_agreed`).
    - Otherwise: FAIL, with the number of wrong elements, whether only a convention at NaN differs, and the
      largest error at each step or in each gate, where there are some.

    The last two report the element with the least headroom; draws report the test with the least.
    """
    oracle = expected.oracle[name]
    if not oracle.size:
        return expected.verdict(name, Status.PASS, reason="no elements: shape and dtype compared")
    if name in expected.laws:
        return _judge_draws(expected, name, got.astype(oracle.dtype, copy=False))
    if oracle.dtype.kind != "f":
        return _judge_exact(expected, name, got)
    if got.dtype.kind != "f":
        got = got.astype(np.float64)
    target, flat = expected.target(name), got.reshape(-1)
    error = _errors(target, flat)
    fields = _measures(target, error, expected.lane)
    headroom = np.asarray(target.tolerance / error)
    worst = int(headroom.argmin())
    if isnan(headroom.item(worst)):
        # Nothing is allowed and nothing differs.
        headroom[error == 0] = inf
        worst = int(headroom.argmin())
    fields["reference_error"] = target.reference_error
    fields |= {
        "tolerance": float(target.tolerance.item(worst)),
        "headroom": float(headroom.item(worst)),
        "worst_index": _index(worst, oracle.shape),
        "expected": float(target.right.item(worst)),
        "got": float(flat.item(worst)),
    }
    if fields["headroom"] >= 1:
        return _agreed(expected, name, fields)
    error, headroom = error.reshape(oracle.shape), headroom.reshape(oracle.shape)
    fields["profile"] = profile(axis_of(expected.axes, name), headroom)
    finite = True if target.finite is None else target.finite.reshape(oracle.shape)
    reason = _beyond(expected, name, headroom < 1, np.isinf(error), finite & np.isfinite(got))
    return expected.verdict(name, Status.FAIL, reason=reason, **fields)


def _index(place: int, shape: Sequence[int]) -> list[int]:
    """Return the index of an element from its place among all; `np.unravel_index` takes twice as long."""
    index = []
    for size in reversed(shape):
        place, at = divmod(place, size)
        index.append(at)
    return index[::-1]


def _beyond(expected: Expectation, name: str, failed: Array, apart: Array, finite: Array) -> str:
    """Return the reason of a failure.

    Args:
        expected: the expectation.
        name: the observable.
        failed: the elements beyond their tolerance.
        apart: those of them that are infinitely far from the reference's.
        finite: the elements that are finite on both sides.
    """
    wrong = f"{int(np.count_nonzero(failed))} of {failed.size} elements"
    if expected.sample.regime == "nonfinite":
        # torch's order of operations and its slopes at NaN are the specification here: others are as right.
        if not (failed & finite).any():
            return f"{_POSITIONS}: {wrong}, by another order of operations than torch's"
        at_nan = expected.at_nan.get(name.rpartition("/")[2])
        if at_nan is not None and at_nan.shape == failed.shape and not (failed & finite & ~at_nan).any():
            return f"{_SLOPES}: {wrong}, by another convention than torch's"
    if apart.any():
        return f"{wrong}, some of them inf or NaN, unlike the reference's"
    return f"{wrong} differ by more than rounding explains"


def errors(expected: Expectation, name: str, got: Array) -> tuple[Array, Array]:
    """Return where an observable is finite, and how far each element is from the oracle.

    An element that is inf or NaN is infinitely far where the reference's is another, and else not at all.
    """
    target, shape = expected.target(name), expected.oracle[name].shape
    with np.errstate(all="ignore"):
        error = _errors(target, got.reshape(-1)).reshape(shape)
    return np.ones(shape, bool) if target.finite is None else target.finite.reshape(shape), error


def _errors(target: Target, got: Array) -> Array:
    """Return how far each number is from its target, all of one axis; see `errors`."""
    away: Array = np.subtract(got, target.right, dtype=np.float64)
    np.abs(away, out=away)
    if isnan(top(away)):
        away[np.isnan(away)] = inf
    if target.finite is None:
        return away
    return np.asarray(np.where(target.finite, away, np.where(_same(got, target.right), 0.0, inf)))


def form(expected: Expectation, name: str, answer: object) -> str | None:
    """Return the mistake in an observable's presence, type, shape or dtype, or None."""
    oracle = expected.oracle[name]
    if answer is None:
        return f"missing: expected {name} of shape {oracle.shape}"
    try:
        got = numbers(answer)
    except NotNumbersError as error:
        return f"type: {error}"
    return _form_of_numbers(expected, name, got)


def _form_of_numbers(expected: Expectation, name: str, got: Array) -> str | None:
    oracle = expected.oracle[name]
    floating = oracle.dtype.kind == "f"
    dtype = expected.dtype if floating else oracle.dtype
    if got.shape != oracle.shape:
        return f"shape: expected {oracle.shape}, got {got.shape}"
    if got.dtype != dtype:
        return f"dtype: expected {dtype}, got {got.dtype}"
    if floating and carried(expected.lane) != expected.lane:
        other = int(np.count_nonzero((rounded(got, expected.lane) != got) & ~np.isnan(got)))
        return f"dtype: {other} of {got.size} numbers are none of {expected.lane}'s" if other else None
    return None


def _judge_exact(expected: Expectation, name: str, got: Array) -> Verdict:
    """Compare integers and booleans, which have no rounding."""
    oracle = expected.oracle[name]
    differs = np.asarray(got != oracle)
    wrong = int(np.count_nonzero(differs))
    largest = np.abs(got.astype(np.float64) - oracle.astype(np.float64)).max() if wrong else 0.0
    worst = int(differs.argmax()) if wrong else 0
    fields: dict[str, Any] = {
        "elements": oracle.size,
        "tolerance": 0.0,
        "max_error": float(largest),
        "headroom": 0.0 if wrong else inf,
        "worst_index": _index(worst, oracle.shape),
        "expected": float(oracle.item(worst)),
        "got": float(got.item(worst)),
    }
    if wrong:
        reason = f"{wrong} of {oracle.size} elements differ"
        return expected.verdict(name, Status.FAIL, reason=reason, **fields)
    return _agreed(expected, name, fields)


def _agreed(expected: Expectation, name: str, fields: Mapping[str, Any]) -> Verdict:
    """Return the verdict about numbers that agree, which says which wrong answers would have agreed too.

    It is a PASS where zeros, the mean or rolled rows would have failed, or where the case declares that the
    observable is constant by definition; otherwise it is MISTRUSTED.
    """
    blind = expected.would_pass(name)
    if blind is None or not mistrusted(blind):
        return expected.verdict(name, Status.PASS, would_pass=blind, **fields)
    if why := expected.why_constant(name):
        reason = f"constant by definition: {why}"
        return expected.verdict(name, Status.PASS, would_pass=blind, reason=reason, **fields)
    reason = "agrees, but zeros, the mean and rolled rows would have agreed too"
    return expected.verdict(name, Status.MISTRUSTED, would_pass=blind, reason=reason, **fields)


def _judge_draws(expected: Expectation, name: str, got: Array) -> Verdict:
    """Compare random draws with the reference's, by the tests of their law."""
    found = findings(expected.laws[name], expected.oracle[name], got, share())
    worst = min(found, key=lambda finding: finding.headroom)
    fields: dict[str, Any] = {
        "elements": int(got.size),
        "max_error": float(worst.statistic),
        "tolerance": float(worst.critical),
        "headroom": float(worst.headroom),
        "expected": float(worst.expected),
        "got": float(worst.got),
    }
    if worst.headroom >= 1:
        return expected.verdict(name, Status.PASS, **fields)
    reason = "not the reference's distribution: " + "; ".join(str(f) for f in found if f.headroom < 1)
    return expected.verdict(name, Status.FAIL, reason=reason, **fields)


def _same(a: Array, b: Array) -> Array:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _measures(target: Target, error: Array, lane: str) -> dict[str, Any]:
    """Return the measures of the errors."""
    largest = top(error)
    relative = _in_units(largest, UNIT[lane], target.largest)
    # Half of all errors are 0. Of numbers beyond the lane's range the distance to the next is NaN.
    nothing = not largest and target.largest <= _HALFWAY[lane]
    ulp = 0.0 if nothing else top(error / spacing(target.size, lane))
    return {"elements": error.size, "max_error": largest, "max_ulp": ulp, "error_in_u": relative}


def _in_units(error: float, unit: float, largest: float) -> float:
    """Return an error in roundings of the largest number; inf where that is 0 and something differs."""
    if not largest:
        return inf if error else 0.0
    rounding = unit * largest
    # One rounding of a denormal may be smaller than every float64.
    return error / rounding if rounding else error / largest / unit
