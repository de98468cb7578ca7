"""Other correct forms of a layer pass: rounding in another order is no difference."""

from __future__ import annotations

import pytest

from conformance.cases import CASES
from conformance.judging.sample_judge import judge_sample, prepare
from conformance.judging.verdict import Status
from conformance.sampling.space import draw
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.torchlike import TorchLike


def summed(kept):
    """Return what adds each layer's biases before anything else, and `kept` times the second again after."""

    def parameters(_t, given, _config):
        found = dict(given)
        for name, bias in given.items():
            if name.startswith("bias_ih"):
                other = name.replace("_ih", "_hh")
                found |= {name: bias + given[other], other: given[other] * kept}
        return found

    return {"parameters": parameters}


def failures(case, seams):
    subject = TorchLike("another form", "torch", seams={case: seams})
    found = []
    with quietly_on_one_thread():
        for sample in draw(case, CASES[case].space, 4, 8):
            found += [v.status for v in judge_sample(prepare(CASES[case], sample), subject)]
    return found


@pytest.mark.parametrize("case", ["nn.LSTMCell", "nn.RNN"])
def test_biases_may_be_summed_first(case):
    assert set(failures(case, summed(0.0))) <= {Status.PASS, Status.EMPTY}
    assert Status.FAIL in failures(case, summed(1e-6))


@pytest.mark.parametrize("case", ["nn.GRU", "models.LSTM"])
def test_torch_may_be_written_out_step_by_step(case):
    assert set(failures(case, {})) <= {Status.PASS, Status.EMPTY}
