"""Each check of the judge catches a wrong implementation that every other check passes.

All implementations are judged on one pool of samples. A row of `CHECKS` names an implementation, the verdicts
by which it may fail, and how to make a judge without that check. The tests assert that it fails by these
verdicts only, and that it passes the judge without the check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conformance.arithmetic.constants import constants
from conformance.arithmetic.results import Results
from conformance.cases import CASES
from conformance.cases.case import Case
from conformance.errors import DegenerateError
from conformance.faults import FAULTS
from conformance.judging import redraw
from conformance.judging.bad_calls import judge_bad_calls
from conformance.judging.judge import judge
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample, run_subject
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.report.record import Report
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space, draw
from conformance.sampling.values import Input
from conformance.subjects import protocol, pytorch
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.judging.expectation import Expectation
    from conformance.judging.prepared import Prepared
    from conformance.judging.verdict import Verdict

    # From the expectation and the trace to what a judge without one check gets instead.
    Blind = Callable[[Expectation, dict[str, Any]], tuple[Expectation, dict[str, Any]]]

# Pairs of case and regime; the first small sample of each is judged.
POOL = (
    ("add", "normal"),
    ("add", "nonfinite"),
    ("nn.Linear", "normal"),
    ("nn.Linear", "integer"),
    ("sort", "normal"),
    ("optim.SGD", "normal"),
    ("nn.GRUCell", "normal"),
    ("nn.GRUCell@batch-permutation", "normal"),
    ("nn.Dropout", "normal"),
    ("nn.Dropout@own-mask", "normal"),
)
BAD_CALLS = "add"


@cache
def pool() -> tuple[Prepared, ...]:
    prepared = []
    for name, regime in POOL:
        case = CASES[name]
        small = replace(case.space, classes=("small",), regimes=(regime,))
        # A sample without given states, if there is one: a cell that remembers is right where they are given.
        drawn = draw(name, small, 1, 8)
        chosen = next((s for s in drawn if s.settings.get("states") is False), drawn[0])
        prepared.append(prepare(case, chosen))
    return tuple(prepared)


def same(expected, trace):
    return expected, trace


def judged(subject: Any, blind: Blind = same, *, bad_calls: bool = True) -> list[Verdict]:
    """Judge a subject on the whole pool, in both lanes, and by its bad calls."""
    verdicts = list(judge_bad_calls(CASES[BAD_CALLS], subject)) if bad_calls else []
    for prepared in pool():
        for lane, expected in prepared.expectations.items():
            verdicts += judge(*blind(expected, run_subject(prepared, lane, subject)))
    return verdicts


def not_passed(verdicts):
    return [verdict for verdict in verdicts if verdict.status is not Status.PASS]


def seen_as_nothing(verdicts):
    """Whether nothing fails, but what would have to is at least MISTRUSTED."""
    return {verdict.status for verdict in not_passed(verdicts)} == {Status.MISTRUSTED}


def _own(expected, name):
    """Return the reference's array, in the lane's dtype."""
    return expected.reference[name]


def blind_to(names: Callable[[Expectation, str], bool]) -> Blind:
    """Replace observables by the reference's own."""

    def blind(expected, trace):
        return expected, {n: _own(expected, n) if names(expected, n) else a for n, a in trace.items()}

    return blind


def blind_to_lane(lane):
    return blind_to(lambda expected, _: expected.lane == lane)


def blind_to_shape(expected, trace):
    return expected, {n: np.reshape(a, expected.oracle[n].shape) for n, a in trace.items()}


def blind_to_dtype(expected, trace):
    return expected, {n: np.asarray(a).astype(_own(expected, n).dtype) for n, a in trace.items()}


def blind_to_missing(expected, trace):
    return expected, {n: trace.get(n, _own(expected, n)) for n in expected.oracle}


def blind_to_unexpected(expected, trace):
    return expected, {n: a for n, a in trace.items() if n in expected.oracle}


def blind_to_mask(expected, trace):
    def filled(name, array):
        reference = _own(expected, name)
        if not np.issubdtype(reference.dtype, np.floating):
            return array
        return np.where(np.isfinite(reference), array, reference)

    return expected, {n: filled(n, a) for n, a in trace.items()}


def blind_to_integers(expected, trace):
    return blind_to(lambda e, n: not np.issubdtype(e.oracle[n].dtype, np.floating))(expected, trace)


def blind_to_exactness(expected, trace):
    """Allow a rounding on integers too, where nothing rounds."""
    if expected.sample.regime != "integer":
        return expected, trace
    unit = np.finfo(_own(expected, "output").dtype).eps
    allowed = {name: 2 * unit * np.abs(array) + unit for name, array in expected.oracle.items()}
    return replace(expected, tolerance=allowed), trace


@dataclass(frozen=True)
class Only:
    """One check, and an implementation that no other check catches.

    Attributes:
        implementation: `module:attribute` in tests/faulty.
        sees: whether a verdict is this check's.
        blind: what a judge without this check gets.
        bad_calls: whether a judge without this check judges bad calls.
    """

    implementation: str
    sees: Callable[[Verdict], bool]
    blind: Blind = same
    bad_calls: bool = True


def says(words):
    return lambda verdict: words in (verdict.reason or "")


DIFFERS = "differ by more than rounding explains"
CHECKS = {
    "forward": Only(
        "single:wrong_output",
        lambda v: v.check == "forward" and DIFFERS in v.reason,
        blind_to(lambda e, n: not e.training and not n.startswith("grad.")),
    ),
    "backward": Only(
        "single:wrong_gradient",
        lambda v: v.check == "backward" and DIFFERS in v.reason,
        blind_to(lambda _, n: n.startswith("grad.")),
    ),
    "training": Only(
        "single:wrong_training",
        lambda v: v.check == "training" and DIFFERS in v.reason,
        blind_to(lambda e, _: e.training),
    ),
    "errors": Only("errors:wrong_class", lambda v: v.check == "errors", bad_calls=False),
    "float64 lane": Only(
        "single:floats_through_float32", lambda v: v.lane == "float64", blind_to_lane("float64")
    ),
    "float32 lane": Only("single:low_precision", lambda v: v.lane == "float32", blind_to_lane("float32")),
    "inf/NaN mask": Only("regimes:nan_is_zero", says("only inf/NaN positions differ"), blind_to_mask),
    "dtype": Only("single:doubles", says("dtype: expected float32, got float64"), blind_to_dtype),
    "shape": Only("single:one_more_axis", says("shape: expected"), blind_to_shape),
    "missing observable": Only("traces:missing_gradient", says("missing: expected"), blind_to_missing),
    "unexpected observable": Only(
        "traces:extra_observable", says("unexpected: the reference has no"), blind_to_unexpected
    ),
    "integers, exactly": Only(
        "single:wrong_index", lambda v: (v.case, v.observable) == ("sort", "indices"), blind_to_integers
    ),
    "the exact regime": Only(
        "single:rounds_integers",
        lambda v: (v.case, v.regime) == ("nn.Linear", "integer"),
        blind_to_exactness,
    ),
    "relations between calls": Only(
        "single:between_calls",
        lambda v: v.case == "nn.GRUCell@batch-permutation",
        blind_to(lambda e, _: e.sample.case == "nn.GRUCell@batch-permutation"),
    ),
    "dropout's own mask": Only(
        "single:redrawn_mask",
        lambda v: (v.case, v.observable) == ("nn.Dropout@own-mask", "grad.input"),
        blind_to(lambda e, _: e.sample.case == "nn.Dropout@own-mask"),
    ),
}


@pytest.fixture
def wrong(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: find_implementation(f"faulty.{name}")


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_caught_and_by_this_check_alone(wrong, name):
    only = CHECKS[name]
    failed = not_passed(judged(wrong(only.implementation)))
    assert failed
    assert {verdict.status for verdict in failed} == {Status.FAIL}
    assert [(v.sample, v.observable, v.reason) for v in failed if not only.sees(v)] == []


@pytest.mark.parametrize("name", CHECKS)
def test_a_judge_without_this_check_passes_it(wrong, name):
    only = CHECKS[name]
    verdicts = judged(wrong(only.implementation), only.blind, bad_calls=only.bad_calls)
    assert verdicts
    assert [(v.sample, v.observable, v.reason) for v in not_passed(verdicts)] == []


@pytest.mark.parametrize("name", ["torch", "mytorch"])
def test_what_is_right_passes_the_whole_pool(name):
    assert not_passed(judged(find_implementation(name))) == []


class Off:
    """torch, but for one element of one observable, which is off by a given amount.

    Args:
        observable: which.
        amount: what is added, an array of its shape.
    """

    name = "off"

    def __init__(self, observable, amount):
        self._observable, self._amount = observable, amount

    def unsupported(self, task):
        del task

    def run(self, task):
        trace = pytorch.make().run(task)
        changed = trace[self._observable] + self._amount
        return {**trace, self._observable: changed.astype(trace[self._observable].dtype)}


def allowed(scale, rule):
    """Return the tolerance of each element by one of the two rules."""
    c = constants()
    if rule == "tensor":
        return np.full(scale.element.shape, c.tensor * scale.tensor)
    return c.element * scale.element


RULES = [("tensor", "element"), ("element", "tensor")]


@pytest.mark.parametrize(("rule", "other"), RULES, ids=["per tensor", "per element"])
def test_each_rule_of_size_alone_catches_what_the_other_lets_through(rule, other):
    prepared, by_rule, by_other = _where_stricter(rule, other)
    place = np.unravel_index(int(np.argmax(by_other / by_rule)), by_rule.shape)
    amount = np.zeros(by_rule.shape)
    # Between the two, and torch's own rounding is far below either.
    amount[place] = np.sqrt(by_rule[place] * by_other[place])
    subject = Off("output", amount)
    (failed,) = not_passed(judge_sample(prepared, subject))
    assert (failed.lane, failed.observable, DIFFERS in failed.reason) == ("float64", "output", True)
    blinded = replace(constants(), **{rule: 1e9})
    expected = prepared.expectations["float64"]
    loose = {name: scale.allowed(blinded) for name, scale in prepared.scales["float64"].items()}
    trace = run_subject(prepared, "float64", subject)
    assert not_passed(judge(replace(expected, tolerance=loose), trace)) == []


def _where_stricter(rule, other):
    """Return a sample in which a rule allows some element of the output less than the other does."""
    case = CASES["nn.functional.mse_loss"]
    for sample in draw(case.name, replace(case.space, classes=("small",), regimes=("normal",)), 1, 200):
        prepared = prepare(case, sample, ("float64",))
        if rule == "tensor":
            prepared = _moved_equally_far(prepared)
        scale = prepared.scales["float64"]["output"]
        by_rule, by_other = allowed(scale, rule), allowed(scale, other)
        if not scale.exact and (by_rule < 0.95 * by_other).any():
            return prepared, by_rule, by_other
    raise AssertionError(f"the rule {rule} is nowhere stricter: it does nothing")


def _moved_equally_far(prepared):
    """Return the sample with equal deviations of all elements, so that the rule per tensor is stricter."""
    expected, scales = prepared.expectations["float64"], prepared.scales["float64"]
    scale = scales["output"]._replace(
        element=np.full(scales["output"].element.shape, scales["output"].tensor)
    )
    tolerance = {**expected.tolerance, "output": scale.allowed(constants())}
    return replace(
        prepared,
        expectations={"float64": replace(expected, tolerance=tolerance)},
        scales={"float64": {**scales, "output": scale}},
    )


NOTHING = Case(
    name="nothing",
    space=Space({"N": "batch"}),
    inputs=lambda config: {"input": Input((int(config["N"]), 3))},
    program=lambda _, x: {"output": x["input"][:0].detach()},
)


def test_a_comparison_of_nothing_is_caught_as_empty_alone():
    sample = Sample("nothing", 1, 0, "small", "normal", (("N", 2),))
    empty = judge_sample(prepare(replace(NOTHING, training=True), sample), pytorch.make())
    assert {v.status for v in not_passed(empty)} == {Status.EMPTY}
    something = judged(pytorch.make())

    def exit_code(verdicts):
        return Report(1, "torch", "torch", tuple(verdicts), {}).exit_code

    assert exit_code([*something, *empty]) == 1
    assert exit_code([*something, *[v for v in empty if v.status is Status.PASS]]) == 0


CELL = Sample("models.LSTMCell", 1, 0, "small", "normal", (("N", 2), ("I", 3), ("H", 4), ("O", 2)))


@pytest.fixture
def constant_weights(monkeypatch):
    make = protocol.make

    def constant(sample, inputs, dtype):
        arrays = make(sample, inputs, dtype)
        return {n: np.full_like(a, 0.5) if inputs[n].weight else a for n, a in arrays.items()}

    monkeypatch.setattr(protocol, "make", constant)


@pytest.mark.usefixtures("constant_weights")
def test_constant_weights_are_refused_because_any_order_of_gates_passes_them(monkeypatch):
    subject = TorchLike("gates", "torch", seams={CELL.case: FAULTS["gates-figo"].seams})
    with pytest.raises(DegenerateError, match="is constant"):
        prepare(CASES[CELL.case], CELL)
    monkeypatch.setattr(redraw, "_degenerate", lambda _: None)
    assert "forward" not in _failed_checks(subject)
    monkeypatch.undo()
    assert "forward" in _failed_checks(subject)


def _failed_checks(subject):
    return {v.check for v in not_passed(judge_sample(prepare(CASES[CELL.case], CELL), subject))}


SUM_TO_ONE = Case(
    name="sum to one",
    space=Space({"N": "batch"}),
    inputs=lambda config: {"input": Input((int(config["N"]), 4))},
    program=lambda t, x: {"output": t.softmax(x["input"], -1)},
)


def test_the_sum_as_the_loss_is_refused_because_no_gradient_at_all_passes_it(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    sample = Sample("sum to one", 1, 0, "small", "normal", (("N", 3),))
    subject = find_implementation("faulty.traces:zero_gradients")
    assert not_passed(judge_sample(prepare(SUM_TO_ONE, sample), subject))
    monkeypatch.setattr(protocol.Task, "cotangent", lambda task, _, shape: np.ones(shape, dtype=task.dtype))
    with pytest.raises(DegenerateError, match="cotangents are constant"):
        prepare(SUM_TO_ONE, sample)
    monkeypatch.setattr(redraw, "_degenerate", lambda _: None)
    assert seen_as_nothing(judge_sample(prepare(SUM_TO_ONE, sample), subject))


def _at_a_kink(t, x):
    """Compare 3x/3 with x: rounding decides the result, and with it whether there is a gradient."""
    del t
    return {"output": (x["input"] * 3 / 3 - x["input"].detach()).relu()}


TIE = Case(
    name="tie",
    space=Space({"N": "batch"}),
    inputs=lambda config: {"input": Input((int(config["N"]), 3))},
    program=_at_a_kink,
)


def test_a_draw_at_a_tie_is_refused_because_there_the_judge_is_blind(monkeypatch):
    sample = Sample("tie", 1, 0, "small", "normal", (("N", 3),))
    with pytest.raises(DegenerateError, match="took another branch"):
        prepare(TIE, sample)
    monkeypatch.setattr(Results, "notice", lambda *_: None)
    # With or without the gradient, the result is within the deviation, and so is anything between.
    prepared = prepare(TIE, sample, ("float32",))
    assert seen_as_nothing(judge_sample(prepared, Off("grad.input", 0.1)))
