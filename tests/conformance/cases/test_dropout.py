"""Dropout is judged by its own mask: any random mask passes, and any other mistake fails."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

import mytorch
from conformance.cases import CASES
from conformance.cases.dropout import _showing as showing
from conformance.faults import FAULTS, faulty
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.space import draw
from conformance.subjects import pytorch
from conformance.subjects.torchlike import TorchLike

OWN = "nn.Dropout@own-mask"


@cache
def prepared(case):
    """Prepare one sample of several elements whose p is 0.75: at 0.5, p and 1 - p are the same."""
    for sample in draw(case, CASES[case].space, 1, 30):
        if sample.settings["p"] == 0.75 and sample.shape_class == "small":
            return prepare(CASES[case], sample)
    raise AssertionError(f"{case}: no such sample")


def failures(case, subject):
    return {v.observable for v in judge_sample(prepared(case), subject) if v.status is not Status.PASS}


# Fault → the observables that fail; all others pass.
SEEN = {
    "dropout-unscaled": {"residual", "grad.input"},
    "dropout-scaled-by-p": {"residual", "grad.input"},
    "dropout-redrawn-in-backward": {"grad.input"},
}


@pytest.mark.parametrize("name", SEEN)
def test_each_fault_is_seen_by_what_is_there_for_it(name):
    assert failures(OWN, faulty(FAULTS[name])) == SEEN[name]


def test_the_table_has_every_fault_of_the_case():
    own = {name for name, fault in FAULTS.items() if OWN in fault.cases and fault.family == "dropout"}
    assert set(SEEN) == own


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("case", [OWN, "nn.LSTM@own-mask", "nn.GRU@own-mask", "nn.RNN@own-mask"])
def test_whatever_mask_was_drawn_passes(case, seed):
    """Disable the program's seed, so that the subject's mask differs from the oracle's."""

    class Elsewhere:
        def __getattr__(self, name):
            return {"manual_seed": lambda _: torch.manual_seed(100 + seed)}.get(name, getattr(torch, name))

    around = {case: lambda _, x, correct: correct(Elsewhere(), x)}
    assert failures(case, TorchLike("elsewhere", "torch", around=around)) == set()


@pytest.mark.parametrize("case", [OWN, "nn.LSTM@own-mask", "nn.GRU@own-mask", "nn.RNN@own-mask"])
def test_the_residual_may_differ_by_rounding_and_no_more(case):
    for lane, expected in prepared(case).expectations.items():
        unit = {"float64": 2.0**-53, "float32": 2.0**-24}[lane]
        allowed = expected.tolerance["residual"]
        assert (expected.oracle["residual"] == 0).all()
        assert (allowed > 0).all()
        assert (allowed < 1000 * unit).all()


@pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])
def test_the_generator_is_left_as_it_was(t):
    t.manual_seed(7)
    expected = t.randn(3).numpy()
    t.manual_seed(7)
    subject = TorchLike("plain", t.__name__)
    judge_sample(prepared(OWN), subject)
    np.testing.assert_array_equal(t.randn(3).numpy(), expected)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_layer_above_shows_which_inputs_are_zero(kind):
    weights = showing(torch, kind, torch.zeros(1, 4, dtype=torch.float64))
    layer = getattr(torch.nn, kind)(4, 4, dtype=torch.float64)
    layer.load_state_dict({f"{name}_l0": each for name, each in weights.items()})
    given = torch.randn(5, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    given[given < 0] = 0.0
    assert torch.equal(layer(given)[0] == 0, given == 0)


def test_torch_passes():
    assert failures(OWN, pytorch.make()) == set()
