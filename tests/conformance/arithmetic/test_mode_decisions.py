"""Monte Carlo arithmetic: a program's decisions are noticed, and so is noise that changes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.rounding import UNIT

A, B = (torch.randn(4, 3, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (0, 1))

# Programs of two numbers that are a tie but for rounding: each decides something there.
DECISIONS = {
    "less than": lambda x: x < 0,
    "equal": lambda x: x == 0,
    "sign": lambda x: x.sign(),
    "argmax": lambda x: torch.stack([x, torch.zeros_like(x)]).argmax(0),
    "argmin": lambda x: torch.stack([x, torch.zeros_like(x)]).argmin(0),
    "max": lambda x: torch.stack([x, torch.zeros_like(x)]).max(0).values,
    "min": lambda x: torch.stack([x, torch.zeros_like(x)]).min(0).values,
    "sort": lambda x: torch.stack([x, torch.zeros_like(x)]).sort(0).values,
    "floor": lambda x: x.floor(),
    "a whole quotient": lambda x: torch.div(x, torch.ones_like(x), rounding_mode="floor"),
    "topk": lambda x: torch.stack([x, torch.zeros_like(x)]).topk(1, 0).values,
    "nonzero": lambda x: (x > 0).nonzero(),
    "a whole number of it": lambda x: (x + 1).to(torch.int64),
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.5),
    "floor_": lambda x: x.clone().floor_(),
    "ceil_": lambda x: x.clone().ceil_(),
    "round_": lambda x: (x + 0.5).round_(),
    "sign_": lambda x: x.clone().sign_(),
    "a whole quotient in place": lambda x: x.clone().div_(1.0, rounding_mode="floor"),
    "a whole quotient, into another": lambda x: torch.div(
        x, 1.0, rounding_mode="floor", out=torch.empty_like(x)
    ),
    "gt_": lambda x: x.clone().gt_(0),
    "less than, into a mask": lambda x: torch.lt(x, 0, out=torch.zeros(32, dtype=torch.bool)),
    "floor, into another": lambda x: torch.floor(x, out=torch.empty_like(x)),
    "sort, into others": lambda x: torch.sort(
        torch.stack([x, torch.zeros_like(x)]),
        0,
        out=(torch.empty(2, 32, dtype=x.dtype), torch.empty(2, 32).long()),
    )[1],
    "nonzero of all": lambda x: x.nonzero(),
    "nonzero of one": lambda x: x[:1].nonzero(),
    "whether equal": lambda x: x if torch.equal(x, torch.zeros_like(x)) else -x,
    "whether close": lambda x: x if torch.allclose(x, torch.zeros_like(x), rtol=0, atol=1e-12) else -x,
}

# These are continuous, but their derivatives are not.
DIFFERENTIATED = {
    "relu": lambda x: x.relu(),
    "abs": lambda x: x.abs(),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "clamp": lambda x: x.clamp(min=0),
    "where": lambda x: torch.where(x > 0, x, -x),
}


def _flips(program, distance):
    ones = torch.ones(32, dtype=torch.float64, requires_grad=program in DIFFERENTIATED.values())
    with Arithmetic(1) as mode:
        # One rounding of 1 on either side of the tie.
        out = program(ones * 1.0 - 1.0 + distance)
        if out.requires_grad:
            out.sum().backward()
    assert mode.decisions, "no decision was noticed"
    return not mode.steady


ALL_DECISIONS = DECISIONS | DIFFERENTIATED


@pytest.mark.parametrize("program", ALL_DECISIONS.values(), ids=ALL_DECISIONS)
def test_a_decision_near_a_tie_is_noticed(program):
    assert _flips(program, distance=0.0)


@pytest.mark.parametrize("program", ALL_DECISIONS.values(), ids=ALL_DECISIONS)
def test_a_decision_far_from_a_tie_stays(program):
    assert not _flips(program, distance=0.25)


def test_bits_that_noise_moves_are_never_steady():
    with Arithmetic(1) as mode:
        (A * B).view(torch.int64)
    assert (mode.decisions, mode.steady) == (1, False)


def test_one_replicate_of_many_is_enough():
    x = torch.full((), 1.0, dtype=torch.float64)
    with Arithmetic(1, 200) as mode:
        # Few replicates move that far.
        assert not (x * 1.0 - 1.0 > 1.9 * UNIT * 3**-0.5)
    assert (mode.decisions, mode.steady) == (1, False)


def test_smooth_programs_record_no_decision():
    x = A[:3].clone().requires_grad_()
    with Arithmetic(1) as mode:
        functional.linear(x, x).tanh().sigmoid().mean().backward()
    assert mode.decisions == 0
    assert np.isfinite(x.grad.numpy()).all()


def test_arithmetic_of_integers_is_no_decision():
    with Arithmetic(1) as mode:
        torch.arange(4) * 3 + 1
    assert mode.decisions == 0
