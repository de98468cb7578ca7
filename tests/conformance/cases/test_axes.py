"""The axes that recurrent cases declare are those of time and of the gates, in every form of call."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cases._axes import axis_of
from conformance.judging.profile import profile
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects import pytorch
from conformance.subjects.modes import quietly_on_one_thread
from conformance.subjects.protocol import Task

RECURRENT = [
    name for name, case in CASES.items() if case.axes({"N": 2, "L": 3, "H": 2, "batch_first": False})
]
LAYER = (
    "nn.{}:seed=1,draw=0,class={},regime=normal,N={},L=4,I=3,H=2,layers=1,bidirectional=false,"
    "batch_first={},bias=true,states=true,form={},dropout=none,{}"
)
CELL = "nn.{}Cell:seed=1,draw=0,class=small,regime=normal,N=3,I=4,H=5,bias=true,states=true"
MODEL = "models.LSTM:seed=1,draw=0,class=square,regime=normal,N=4,L=4,I=4,H=4,O=4,init_states=true"


def _layer(kind, batch_first="false", n=4, form="equal"):
    last = {"LSTM": "projection=false", "GRU": "", "RNN": "nonlinearity=tanh"}[kind]
    shape_class = "unbatched" if n < 0 else "small"
    return LAYER.format(kind, shape_class, n, batch_first, form, last).removesuffix(",")


def _run(text, **stored):
    """Return the reference's trace of a sample, with some of its arrays replaced, and the case's axes."""
    sample = Sample.parse(text)
    case = CASES[sample.case]
    with quietly_on_one_thread():
        trace = pytorch.make().run(Task(case, sample, "float64", stored=stored))
    return trace, case.axes(sample.settings)


def _drawn(text, name):
    sample = Sample.parse(text)
    return Task(CASES[sample.case], sample, "float64").inputs()[name]


def _words(axes, name, wrong):
    """Return where an observable is wrong, if it is infinitely so in some elements."""
    found = profile(axis_of(axes, name), np.where(wrong, 0.0, inf))
    return found and found.words


def test_the_recurrent_cases_declare_axes():
    kinds = ("LSTM", "GRU", "RNN")
    named = {f"nn.{kind}{cell}" for kind in kinds for cell in ("", "Cell")} | {
        "models.LSTM",
        "models.LSTMCell",
    }
    assert set(RECURRENT) == named


@pytest.mark.parametrize("name", RECURRENT)
def test_a_declared_axis_is_as_long_as_it_says(name):
    case, met = CASES[name], set()
    for sample in draw(name, case.space, 1, 16):
        trace, axes = _run(sample.text)
        for observable, array in trace.items():
            axis = axis_of(axes, observable)
            if axis is not None:
                met.add(axis)
                assert array.shape[axis.place] == axis.length, (sample.text, observable)
        by_gate = {
            observable for observable in trace if "weight_ih" in observable or "weight_hh" in observable
        }
        assert all(axis_of(axes, each).name == "gate" for each in by_gate)
    assert {axis.name for axis in met} == {"gate"} | ({"step"} if "L" in case.space.sizes else set())


# N and L are equal: only what depends on what tells the axis of time.
@pytest.mark.parametrize("text", [
    *(_layer(kind, first) for kind in ("LSTM", "GRU", "RNN") for first in ("false", "true")),
    *(_layer("GRU", first, -1) for first in ("false", "true")),
    *(_layer("LSTM", first, form=form) for first in ("false", "true") for form in ("sorted", "unsorted")),
    MODEL,
])  # fmt: skip
def test_what_changes_at_a_step_of_the_input_shows_from_that_step_on(text):
    given = _drawn(text, "input")
    first, axes = _run(text)
    changed = given.copy()
    at = [slice(None)] * given.ndim
    at[axis_of(axes, "grad.input").place] = 2
    changed[tuple(at)] += 1.0
    second, _ = _run(text, input=changed)
    outputs = [name for name in first if axis_of(axes, name) and "grad" not in name]
    assert outputs
    for name in outputs:
        assert _words(axes, name, first[name] != second[name]) == "from step 2 on (of 0 to 3)"


# Without a state, f forgets nothing and r resets nothing: their gradients are 0.
@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        (CELL.format("LSTM"), "c0", "only gates i, g and o (of i, f, g, o)"),
        (CELL.format("GRU"), "h0", "only gates z and n (of r, z, n)"),
    ],
)
def test_the_gates_have_torchs_order(text, state, words):
    nothing = {state: np.zeros_like(_drawn(text, state)), "bias_hh": 0 * _drawn(text, "bias_hh")}
    trace, axes = _run(text, **nothing)
    for name in ("grad.weight_ih", "grad.bias_ih", "grad.bias_hh"):
        assert _words(axes, name, trace[name] != 0) == words


def test_an_observable_of_a_use_has_the_axis_of_the_plain_call():
    axes = CASES["models.LSTM"].axes({"L": 3, "H": 2})
    assert axis_of(axes, "second/outputs") == axis_of(axes, "outputs")
    assert axis_of(axes, "grad.head.weight") is axis_of(axes, "flag/grad.input.none") is None
