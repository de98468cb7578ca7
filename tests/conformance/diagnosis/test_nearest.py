"""The nearest fault: a fault that is the subject is named, also by subjects that are written otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import mytorch
from conformance.cases import CASES
from conformance.diagnosis.drawn import Drawn
from conformance.diagnosis.nearest import hypothesis, nearest
from conformance.diagnosis.observation import Observation
from conformance.faults import FAULTS, faulty
from conformance.judging.prepared import prepare
from conformance.running.diagnose import diagnose
from conformance.sampling.sample import Sample
from conformance.subjects import pytorch

# In NumPy, and in a process of their own.
PORTED = Path(__file__).parents[2] / "faulty" / "recurrent.py"

# Enough steps to see that gradients stop after 16 of them.
LONG = (
    "nn.LSTM:seed=1,draw=14,class=long,regime=remembering,N=1,L=65,I=2,H=5,layers=1,bidirectional=false,"
    "batch_first=true,bias=false,states=true,form=equal,dropout=none,projection=false"
)

# Whose masks between the layers make a number of every sum.
TWO_LAYERS = (
    "nn.RNN:seed=1,draw=7,class=strided,regime=normal,N=4,L=2,I=3,H=6,layers=2,bidirectional=false,"
    "batch_first=true,bias=false,states=true,form=unsorted,dropout=eval,nonlinearity=tanh"
)

ONE_STEP = (
    "nn.RNN:seed=2,draw=1,class=one,regime=normal,N=1,L=1,I=1,H=1,layers=2,bidirectional=false,"
    "batch_first=true,bias=true,states=false,form=sorted,dropout=eval,nonlinearity=tanh"
)

# Of one case each: a fault of the function, of the gradients, of a long sequence, and one of accuracy.
NAMED = (
    ("nn.LSTM", "gates-figo", {"samples": 4}),
    ("nn.LSTMCell", "bias_hh-on-next-gate", {"samples": 12}),
    ("nn.GRU", "gru-reset-before", {"samples": 4}),
    ("nn.RNN", "rnn-no-path-to-input", {"samples": 4}),
    ("nn.LSTM", "bptt-cut-16", {"sample": LONG}),
    ("nn.GRUCell", "sigmoid-by-tanh", {"samples": 24}),
    ("nn.LayerNorm", "layer-norm-two-axes-at-most", {"samples": 12}),
    # Others draw other masks.
    ("nn.Dropout", "dropout-in-evaluation", {"samples": 8}),
    ("nn.RNN@own-mask", "dropout-after-the-last-layer", {"samples": 2}),
    # mytorch adds up in another order.
    ("add", "float64-in-float32", {"samples": 8}),
)


def named(found):
    return [each.fault for each in found.diagnosis.named]


@pytest.mark.parametrize(("case", "fault", "judged"), NAMED, ids=[fault for _, fault, _ in NAMED])
def test_a_fault_is_named(case, fault, judged):
    found = diagnose(faulty(FAULTS[fault]), case, **judged)
    assert fault in named(found), found.diagnosis
    assert f"({fault})" in found.diagnosis.lines[0]
    assert found.diagnosis.lines[0].startswith("less accurate: ") == (FAULTS[fault].family == "precision")


# Mistakes of ports, and the words for them.
OUTSIDE = (
    ("nn.GRU", "gru_of_keras", "gates are ordered z, r, n; torch's order is r, z, n (gru-gates-zrn)"),
    ("nn.LSTM", "lstm_of_onnx", "gates are ordered i, o, f, g; torch's order is i, f, g, o (gates-iofg)"),
    ("nn.LSTM", "one_bias", "bias_hh is not added (torch-bias_hh-dropped)"),
    ("nn.LSTM", "bias_twice", "bias_hh is added twice (torch-bias_hh-doubled)"),
    (
        "nn.GRU",
        "both_forward",
        "the reverse direction is not reversed: it runs forward (reverse-is-forward)",
    ),
)


@pytest.mark.parametrize(("case", "name", "line"), OUTSIDE)
def test_a_mistake_in_numpy_is_named(case, name, line):
    found = diagnose(f"{PORTED}:{name}", case, 12)
    assert found.diagnosis.lines[0] == line


@pytest.mark.parametrize(("case", "name"), [("nn.LSTM", "right_lstm"), ("nn.GRU", "right_gru")])
def test_nothing_is_named_of_a_right_port(case, name):
    found = diagnose(f"{PORTED}:{name}", case, 8)
    assert all(verdict.passed for verdict in found.verdicts)
    assert found.diagnosis.lines == ()


class Inaccurate:
    """Torch with an error in each number, which is smaller than a rounding of float32."""

    name = "inaccurate"

    def unsupported(self, _task):
        return None

    def run(self, task):
        right = pytorch.make().run(task)
        return {name: array * (1 + 1e-9) for name, array in right.items()}


class Seeded:
    """A fault that seeds its generator, so that nothing varies from call to call."""

    name = "seeded"

    def __init__(self, fault):
        self._faulty = faulty(FAULTS[fault])

    def unsupported(self, _task):
        return None

    def run(self, task):
        mytorch.manual_seed(3)
        return self._faulty.run(task)


def test_what_is_a_little_wrong_does_not_compute_in_float32():
    assert "float64-in-float32" not in named(diagnose(Inaccurate(), "add", 8))


def test_numbers_among_those_that_could_be_drawn_are_no_draws():
    sample = Sample.parse(TWO_LAYERS)
    prepared = prepare(CASES["nn.RNN"], sample, ("float64",))
    in_evaluation = Drawn(FAULTS["dropout-between-layers-in-evaluation"])
    trace = faulty(in_evaluation.fault).run(prepared.tasks["float64"])
    seen = Observation(prepared, "float64", trace)
    other = {name: array + 1 for name, array in seen.trace.items()}
    # What draws returns other numbers in each call; any others between the extremes are a mistake unknown.
    assert replace(seen, again=lambda: other).varies
    assert in_evaluation.explains(replace(seen, again=lambda: other))
    assert not in_evaluation.explains(replace(seen, again=lambda: seen.trace))
    assert not in_evaluation.explains(replace(seen, trace=other, again=lambda: seen.trace))


def test_a_draw_that_is_another_mistake_too_is_told_with_it():
    """In one step, dropping everything is reading the step before the first."""
    prepared = prepare(CASES["nn.RNN"], Sample.parse(ONE_STEP), ("float64",))
    faults = [FAULTS["dropout-between-layers-in-evaluation"], FAULTS["layer-reads-one-step-late"]]
    dropped = faulty(faults[1]).run(prepared.tasks["float64"])
    seen = Observation(prepared, "float64", dropped, again=lambda: dropped)
    assert nearest([seen], hypotheses=[hypothesis(fault) for fault in faults]).faults == tuple(faults)


def test_a_mask_that_is_seen_is_named_though_it_does_not_vary():
    assert "dropout-in-evaluation" in named(diagnose(Seeded("dropout-in-evaluation"), "nn.Dropout", 8))
