"""The rules: one per operation, of the right size, each measured by a call of its own operation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import conformance
from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.rounding import UNDERFLOW
from conformance.arithmetic.rules import RULES, compose, table
from conformance.arithmetic.rules.measuring import unary
from conformance.arithmetic.rules.rule import Relative, Rule, exact, rounded
from conformance.arithmetic.scratch import scratch
from conformance.sampling.sample import Sample
from conformance.sampling.values import make

DRAWS = 12
ROUNDED = [name for name, rule in RULES.items() if rule.rounds is not None]

every_rule = pytest.mark.parametrize("name", ROUNDED)


def _measuring(name):
    """Return a rule's first measuring call on torch, and operands that float32 holds, several times."""
    (measuring, *_) = RULES[name].measured
    size = measuring.sizes[len(measuring.sizes) // 2]
    specs = {f"x{i}": spec for i, spec in enumerate(measuring.inputs(size))}
    operands = []
    for draw in range(DRAWS):
        sample = Sample(f"rule.{name}", 1, draw, "small", "normal", (("n", size),))
        arrays = measuring.prepare(*make(sample, specs, "float32").values())
        operands.append([torch.from_numpy(array.astype(np.float32)).double() for array in arrays])
    return lambda *given: measuring.call(torch, *given), operands


def _noisy(call, operands, count=1):
    """Return the replicates of a call's result, (count, *shape)."""
    with Arithmetic(1, count) as mode:
        return mode.replicates(call(*operands)).clone()


def _noise(call, operands):
    """Return the standard deviation of the noise that the mode adds, per element."""
    return (_noisy(call, operands, 32) - call(*operands)).square().mean(0).sqrt()


def _observed(call, operands):
    """Return the errors that torch makes in float32, per element."""
    single = call(*(operand.float() for operand in operands))
    assert single.dtype == torch.float32
    return (single.double() - call(*operands)).abs()


def _joined(measure, call, draws):
    return torch.cat([measure(call, operands).ravel() for operands in draws])


@every_rule
def test_float32_errs_by_less_than_six_times_the_noise(name):
    call, draws = _measuring(name)
    assert torch.all(_joined(_observed, call, draws) <= 6 * _joined(_noise, call, draws))


@every_rule
def test_noise_is_at_most_a_hundred_times_what_float32_errs(name):
    call, draws = _measuring(name)
    observed, noise = _joined(_observed, call, draws), _joined(_noise, call, draws)
    assert noise.square().mean().sqrt() < 100 * observed.square().mean().sqrt()


@every_rule
def test_the_rule_sees_the_operation_it_is_named_for(name, monkeypatch):
    call, (operands, *_) = _measuring(name)
    ruled = _noisy(call, operands)
    monkeypatch.setitem(RULES, name, replace(RULES[name], rounds=Relative(2.0**20)))
    assert not torch.equal(ruled, _noisy(call, operands))


@every_rule
def test_the_size_of_a_rounding_leaves_the_operands_as_they_are(name):
    call, (operands, *_) = _measuring(name)
    copies = [each.clone() for each in operands]
    _noisy(call, operands)
    torch.testing.assert_close(operands, copies, rtol=0, atol=0)


def test_an_operation_named_twice_is_refused_with_both_files():
    once, twice = exact("abs", "neg", source="a"), exact("neg", source="b")
    with pytest.raises(
        ValueError, match=r"neg: expected one rule, got two: .*/rules/a\.py and .*/rules/b\.py"
    ):
        compose({"a": once, "b": twice})


def test_an_operation_named_twice_in_one_family_is_refused():
    with pytest.raises(ValueError, match="exp: expected one rule, got two"):
        compose({"a": (*exact("exp", source="a"), rounded("exp", Relative(1.0), source="a"))})


def test_a_rule_says_one_way_to_run_on_all_replicates():
    with pytest.raises(ValueError, match="cat: expected elementwise or together, got both"):
        Rule("cat", "a", elementwise=True, together=torch.cat)


def test_an_exact_rule_has_nothing_to_measure():
    with pytest.raises(ValueError, match="abs: expected no measuring call"):
        Rule("abs", "a", measured=(unary("abs"),))


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_a_source_and_says_in_which_file_it_stands(name):
    rule = RULES[name]
    assert rule.source
    text = (Path(conformance.__file__).parents[1] / rule.file).read_text(encoding="utf-8")
    assert f'"{name}"' in text


def test_the_table_has_a_row_per_rule():
    rows = {row["operation"]: row for row in table()}
    assert list(rows) == list(RULES)
    assert rows["exp"]["rounds"] == "4 roundings of the result"
    assert rows["exp"]["elementwise"] == "yes"
    assert rows["exp"]["measured by"] == "1 call on torch and mytorch"
    assert rows["mul"]["rounds"] == "1 rounding of the result, and of Python scalars"
    assert rows["mul"]["measured by"] == "3 calls on torch and mytorch"
    assert rows["addmv"]["measured by"].startswith("1 call on torch, not mytorch: no public function")
    assert rows["copy"]["elementwise"] == "in place"
    assert rows["view"]["rounds"] == "exact"
    assert rows["view"]["measured by"] == "nothing: it is exact"
    assert rows["view"]["file"] == "conformance/arithmetic/rules/shape.py"


@pytest.mark.parametrize("roundings", [1.0, 4.0, 1.5])
@pytest.mark.parametrize("unit", [2.0**-24, 2.0**-9])
def test_the_error_of_a_relative_rounding_is_its_size_bit_for_bit(roundings, unit):
    """As `Arithmetic` makes it of the size, for numbers of any kind and in any order in memory."""
    some = [0.0, -0.0, 1.0, -3.7, 5e-324, -1e-40, 1e-30, 1e200, -1.7e308, math.inf, -math.inf, math.nan]
    out = torch.tensor(some, dtype=torch.float64).view(3, 4)
    rounds = Relative(roundings)
    for each in (out, out.T, out[:2, :2], out[:1, ::2], out[:0], out[1, 0], out[2, 3]):
        size = rounds.size(rounds.before((), {}), each)
        underflow = torch.tensor(UNDERFLOW, dtype=torch.float64)
        expected = torch.add(underflow, size, alpha=unit).nan_to_num_(0.0, 0.0)
        into = scratch(each.shape)
        with np.errstate(over="ignore"):
            rounds.error(roundings, each.numpy(), unit, into)
        assert torch.equal(into.tensor, expected)
