"""Other correct forms of a layer pass: rounding in another order is no difference."""

from __future__ import annotations

import pytest

from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import AGREES, Status
from conformance.registry import find_implementation
from conformance.running.replay import prepare_text
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
    assert set(failures(case, summed(0.0))) <= AGREES | {Status.EMPTY}
    assert Status.FAIL in failures(case, summed(1e-6))


@pytest.mark.parametrize("case", ["nn.GRU", "models.LSTM"])
def test_torch_may_be_written_out_step_by_step(case):
    assert set(failures(case, {})) <= AGREES | {Status.EMPTY}


def test_a_draw_that_leaves_the_range_of_float32_is_drawn_again():
    # A state that doubles in each of 140 steps: where it is infinite, a relu has another slope.
    text = (
        "nn.RNN:seed=51,draw=55,class=large,regime=normal,N=3,L=140,I=3,H=3,layers=1,bidirectional=false,"
        "batch_first=false,bias=false,states=true,form=equal,dropout=none,nonlinearity=relu"
    )
    with quietly_on_one_thread():
        prepared = prepare_text(text)
        found = judge_sample(prepared, find_implementation("torch"))
    assert prepared.sample.text == f"{text},redraw=1"
    assert {verdict.status for verdict in found} <= AGREES


@pytest.mark.parametrize(
    "text",
    [
        # A sigmoid of 7e-39, which oneDNN makes 0.
        (
            "nn.LSTM:seed=1002,draw=28,class=one,regime=steep,N=1,L=1,I=1,H=1,layers=1,bidirectional=true,"
            "batch_first=true,bias=true,states=true,form=sorted,dropout=eval,projection=false"
        ),
        # The logarithm of the least number of float32, after a division.
        (
            "nn.functional.binary_cross_entropy:seed=1004,draw=9,class=pow2,regime=tiny,N=5,F=65,"
            "reduction=none,module=false"
        ),
        # 1,780 zeros, whose equal squares torch's float64 rounds to the same side again and again.
        "std:seed=58,draw=22,class=pow2,regime=zeros,N=7,L=7,F=64,dim=none,keepdim=true",
        # Columns of two whole numbers, both 0, whose norm has no gradient.
        "norm:seed=13,draw=23,class=pow2,regime=integer,N=2,L=9,F=65,dim=first,keepdim=false",
    ],
)
def test_a_sample_that_was_a_false_alarm_is_none(text):
    with quietly_on_one_thread():
        prepared = prepare_text(text)
        found = [
            v for name in ("torch", "mytorch") for v in judge_sample(prepared, find_implementation(name))
        ]
    assert {verdict.status for verdict in found} <= AGREES
    assert "redraw" not in prepared.sample.text
