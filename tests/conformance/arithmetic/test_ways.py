"""Tests for conformance/arithmetic/ways.py."""

import pytest
import torch

from conformance.arithmetic import mode
from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.overloads import overload
from conformance.arithmetic.rules import RULES
from conformance.arithmetic.ways import IN_PLACE, NEW, TOGETHER, VIEW, Way, way

ATEN = torch.ops.aten


@pytest.mark.parametrize(
    ("func", "short"),
    [
        (ATEN.mul.Tensor, NEW),
        (ATEN.clone.default, NEW),
        (ATEN.add_.Tensor, IN_PLACE),
        (ATEN.add.out, None),
        (ATEN.t.default, VIEW),
        (ATEN.view.default, VIEW),
        (ATEN.view.dtype, None),
        (ATEN.zeros.default, VIEW),
        (ATEN.zeros_like.default, VIEW),
        (ATEN.zeros.out, None),
        (ATEN.full.default, None),
        (ATEN.full_like.default, None),
        (ATEN.uniform_.default, None),
        (torch.ops.profiler._record_function_enter_new.default, VIEW),
        (ATEN.mm.default, TOGETHER),
        (ATEN.mm.out, None),
        (ATEN.cat.default, TOGETHER),
        (ATEN.sqrt.default, None),
        (ATEN.threshold_backward.default, None),
    ],
)
def test_a_rule_that_decides_nothing_goes_a_short_way(func, short):
    facts = overload(func)
    assert way(facts, RULES[facts.name]) == Way(facts, RULES[facts.name], short)


def test_without_a_rule_there_is_no_short_way():
    facts = overload(ATEN.mul.Tensor)
    assert way(facts, None).short is None


def program(x, y):
    """Operations of all kinds: of other ranks and strides, in place, on views, on lists and on nothing."""
    z = (x * y + 0.1).sigmoid_()
    z = torch.where(x > 0, z, z.neg()).t() * (y / 3)[:, None]
    z.mul_(x.t())
    z[0].add_(z[1], alpha=0.5)
    rest = z[:, 1:].clone(memory_format=torch.contiguous_format)
    rest.sub_(z[:, :1])
    joined = torch.cat([x.new_ones(1, 4), z, x.new_ones(1, 4)]) @ z.double() @ x.new_ones(4, 2)
    return [
        joined,
        joined.flip(0),
        z,
        rest.tanh(),
        torch.addcmul(rest, rest, rest),
        x[:0] * 2,
        z.sum() * torch.ones(2, 2).double(),
    ]


@pytest.mark.parametrize("zeros", [False, True])
def test_the_short_way_leads_to_the_same_replicates_as_the_long_one(monkeypatch, zeros):
    def run():
        drawn = torch.Generator().manual_seed(1)
        x, y = (torch.randn(shape, generator=drawn, dtype=torch.float64) for shape in ((4, 4), (4,)))
        x[0, 0] = 0.0
        with Arithmetic(3, 8, zeros=zeros) as noisy:
            # Makes the first replicates.
            found = program(x * 1.5, y + 0.25)
        return [noisy.replicates(each) for each in found], noisy.decisions, noisy.steady

    short = run()
    monkeypatch.setattr(mode, "way", lambda facts, rule: Way(facts, rule, None))
    long = run()
    assert short[1:] == long[1:]
    assert all(torch.equal(a, b) for a, b in zip(short[0], long[0], strict=True))
    assert all((each != each[0]).any() for each in short[0] if each.numel())
