"""Every rule of arithmetic/rules/ against real float32 errors, and rules that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.arithmetic.rules import RULES
from conformance.arithmetic.rules.rule import Operands, Relative
from conformance.calibration import rules as module
from conformance.calibration.rules import Measured, MeasuredRule, measure_rules
from conformance.errors import NoiseError
from conformance.subjects.modes import quietly_on_one_thread

NAMES = sorted(name for name, rule in RULES.items() if rule.rounds is not None)


@pytest.fixture(autouse=True)
def _quietly_on_one_thread():
    with quietly_on_one_thread():
        yield


def set_rule(monkeypatch, name, function):
    wrong = replace(RULES[name], rounds=Operands(function, "wrong on purpose"))
    monkeypatch.setitem(RULES, name, wrong)


def scale_rule(monkeypatch, name, factor):
    rounds = RULES[name].rounds
    if isinstance(rounds, Relative):
        scaled = replace(rounds, roundings=rounds.roundings * factor)
        monkeypatch.setitem(RULES, name, replace(RULES[name], rounds=scaled))
        return

    def wrong(*args, **kwargs):
        size = rounds.function(*args, **kwargs)
        return None if size is None else size * factor

    set_rule(monkeypatch, name, wrong)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_neither_exceeded_nor_far_too_large(name):
    (rule,) = measure_rules([name])
    assert rule.wrong is None
    assert {m.implementation for m in rule.measured} == {"torch"} | (set() if rule.without else {"mytorch"})
    assert {"normal", "saturated", "integer"} <= {m.regime for m in rule.measured}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("factor", "says"), [(0.01, "exceeded"), (1000, "far too large")])
def test_a_rule_that_is_wrong_is_called_so(name, factor, says, monkeypatch):
    scale_rule(monkeypatch, name, factor)
    monkeypatch.setattr(module, "_DRAWS", 1)
    (rule,) = measure_rules([name])
    assert rule.wrong is not None
    assert says in rule.wrong


def test_a_rule_that_knows_nothing_of_underflow_is_exceeded(monkeypatch):
    right = RULES["mm"].rounds.function
    set_rule(monkeypatch, "mm", lambda a, b: right(a, b) - 2.0**-126 * a.shape[-1] ** 0.5)
    (rule,) = measure_rules(["mm"])
    assert "tiny" in str(rule.wrong)


def test_a_sigmoid_that_is_not_zero_where_exp_overflows_is_exceeded(monkeypatch):
    set_rule(monkeypatch, "sigmoid", lambda x: 4 * x.sigmoid())
    (rule,) = measure_rules(["sigmoid"])
    assert "steep" in str(rule.wrong)


def test_a_sum_that_knows_nothing_of_its_order_is_exceeded(monkeypatch):
    set_rule(monkeypatch, "sum", lambda x, dim=None, *_, **__: x.abs().sum(dim))
    (rule,) = measure_rules(["sum"])
    assert "exceeded" in str(rule.wrong)


@pytest.fixture
def _unmeasured(monkeypatch):
    for name in ("exp", "mm"):
        monkeypatch.setitem(RULES, name, replace(RULES[name], measured=()))


@pytest.mark.usefixtures("_unmeasured")
def test_rules_that_nothing_measures_are_named_with_their_files():
    folder = r"conformance/arithmetic/rules"
    with pytest.raises(
        NoiseError, match=rf"exp \({folder}/elementary\.py\), mm \({folder}/matmul\.py\)"
    ) as error:
        measure_rules()
    assert error.value.operation == "exp"


@pytest.mark.usefixtures("_unmeasured")
def test_a_named_rule_is_measured_though_another_cannot_be(monkeypatch):
    monkeypatch.setattr(module, "_DRAWS", 1)
    (rule,) = measure_rules(["add"])
    assert rule.name == "add"
    with pytest.raises(NoiseError, match=r"the rule of exp"):
        measure_rules(["add", "exp"])


def test_an_operation_without_a_rule_is_named_with_the_place_of_rules():
    with pytest.raises(NoiseError, match=r"hash_tensor: no rule.* in conformance/arithmetic/rules/"):
        measure_rules(["add", "hash_tensor"])


def test_an_exact_operation_is_not_measured():
    with pytest.raises(NoiseError, match="view: expected an operation that rounds"):
        measure_rules(["view"])


def test_a_call_of_two_operations_measures_neither(monkeypatch):
    (measuring, *_) = RULES["exp"].measured
    twice = replace(measuring, call=lambda t, x: t.exp(x) * 0.5)
    monkeypatch.setitem(RULES, "exp", replace(RULES["exp"], measured=(twice,)))
    with pytest.raises(NoiseError, match="exp: expected one operation that rounds in its call, got 2"):
        measure_rules(["exp"])


def rule(largest, rms=0.1, *, accumulates=False):
    return MeasuredRule("exp", accumulates, (Measured("torch", "normal", 9, largest, rms),))


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        (rule(1.0), None),
        (rule(1.01), "exceeded: a real error of 1.01"),
        (rule(0.051), None),
        (rule(0.049), "far too large"),
        (rule(3.4, accumulates=True), None),
        (rule(3.5, accumulates=True), "exceeded: a real error of 3.5"),
        (rule(3.4, 0.6, accumulates=True), "exceeded: real errors spread over 1.04"),
        (rule(0.9, 0.6, accumulates=True), None),
    ],
)
def test_where_a_rule_is_wrong(measured, says):
    assert measured.wrong is says if says is None else says in measured.wrong
