"""A failure says at which steps or in which gates its error is, and nothing where that is not known."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache
from math import inf, nan

import numpy as np
import pytest

from conformance import TorchLike
from conformance.cases import CASES
from conformance.cases._axes import Axis
from conformance.cases._steps import split_gates
from conformance.faults import faulty, find_faults
from conformance.faults.backward import scale_gradient
from conformance.judging.prepared import prepare
from conformance.judging.profile import MOST, Profile, profile
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.subjects.declarations import Excuse
from conformance.subjects.modes import quietly_on_one_thread

LSTM = (
    "nn.LSTM:seed=1,draw=0,class=small,regime=normal,N=3,L=9,I=3,H=2,layers=1,bidirectional=false,"
    "batch_first=true,bias=true,states=true,form=equal,dropout=none,projection=false"
)
MODEL = "models.LSTM:seed=1,draw=0,class=small,regime=normal,N=2,L=9,I=3,H=2,O=4,init_states=true"
CELL = "nn.GRUCell:seed=1,draw=0,class=small,regime=normal,N=3,I=4,H=5,bias=true,states=true"


@cache
def _prepared(text):
    sample = Sample.parse(text)
    with quietly_on_one_thread():
        return prepare(CASES[sample.case], sample, ("float64",))


def _judged(text, subject, prepared=None):
    with quietly_on_one_thread():
        return judge_sample(prepared or _prepared(text), subject)


def _where(text, subject, prepared=None):
    """Return by observable that fails where it fails."""
    verdicts = _judged(text, subject, prepared)
    assert all(verdict.profile is None for verdict in verdicts if verdict.status is not Status.FAIL)
    return {v.observable: v.profile and v.profile.words for v in verdicts if v.status is Status.FAIL}


def _seams(text, **seams):
    return TorchLike("wrong", "torch", seams={text.partition(":")[0]: seams})


def _bias_of_one_gate(t, parameters, _):
    """Double the gradient of the forget gate's part of a bias, whose values are right."""
    blocks = split_gates(t, parameters["bias_ih"])
    doubled = {**blocks, "f": scale_gradient(blocks["f"], 2.0)}
    return {**parameters, "bias_ih": t.cat(list(doubled.values()))}


def _lost_between(_, step, state):
    return tuple(part * 0 for part in state) if step == 5 else state


@pytest.mark.parametrize(("text", "name"), [(LSTM, "grad.bias_ih_l0"), (MODEL, "grad.bias_ih")])
def test_one_gate_whose_gradient_is_wrong_is_named(text, name):
    wrong = _where(text, _seams(text, parameters=_bias_of_one_gate))
    assert wrong == {name: "only gate f (of i, f, g, o)"}


# A model shows the states that it carries on; a layer shows them before.
@pytest.mark.parametrize(
    ("text", "step", "names"), [(LSTM, 6, ["output"]), (MODEL, 5, ["outputs", "h_states", "c_states"])]
)
def test_a_state_lost_in_between_is_wrong_from_there_on(text, step, names):
    wrong = _where(text, _seams(text, carry=_lost_between))
    assert {wrong[name] for name in names} == {f"from step {step} on (of 0 to 8)"}


def test_backpropagation_cut_in_between_is_right_after_the_last_cut_only():
    (fault,) = find_faults(["bptt-cut-4"])
    wrong = _where(LSTM, faulty(fault))
    assert wrong["grad.input"] == "up to step 7 (of 0 to 8)"
    assert wrong["grad.weight_hh_l0"] == "every gate (i, f, g, o)"
    assert "output" not in wrong
    assert wrong["grad.h0"] is None


def test_gates_in_another_order_are_wrong_everywhere():
    (fault,) = find_faults(["gru-gates-zrn"])
    wrong = _where(CELL, faulty(fault))
    assert wrong["grad.weight_ih"] == "every gate (r, z, n)"
    assert wrong["h"] is None


@pytest.mark.parametrize("axes", [{}, {"output": Axis("step", 0, 9)}, {"output": Axis("step", 3, 9)}])
def test_along_no_axis_or_another_than_the_declared_one_there_is_no_profile(axes):
    prepared = _prepared(LSTM)
    expected = {lane: replace(each, axes=axes) for lane, each in prepared.expectations.items()}
    subject = _seams(LSTM, carry=_lost_between)
    assert _where(LSTM, subject, replace(prepared, expectations=expected))["output"] is None


def test_what_is_excused_has_no_profile():
    subject = _seams(LSTM, carry=_lost_between)
    subject.excuses = [Excuse(case="nn.LSTM", observable="output", reason="on purpose", link="https://x.org")]
    (excused,) = [v for v in _judged(LSTM, subject) if v.observable == "output"]
    assert (excused.status, excused.profile) == (Status.EXCUSED, None)


def test_the_largest_error_of_a_part_counts():
    headroom = np.array([[4.0, 2.0], [1.0, inf], [0.5, 8.0], [0.0, 2.0], [inf, inf], [0.3, 0.2]])
    by_step = profile(Axis("step", 0, 6), headroom)
    assert by_step == Profile("step", list("012345"), [0.5, 1.0, 2.0, inf, 0.0, 5.0])
    by_gate = profile(Axis("gate", 0, 6, "rzn"), headroom)
    assert by_gate == Profile("gate", ["r", "z", "n"], [1.0, inf, 5.0])
    assert profile(Axis("step", 1, 2), headroom).ratios == [inf, 5.0]


def test_a_ratio_is_rounded_up_so_that_what_is_beyond_stays_beyond():
    above, below = np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0)
    found = profile(Axis("step", 0, 5), np.array([above, 1.0, below, 1 / 123.4, nan]))
    assert str(found.ratios) == str([1.01, 1.0, 1.0, 124.0, nan])
    assert found.beyond == ["0", "3", "4"]


@pytest.mark.parametrize(("length", "parts", "last"), [(32, 32, "31"), (33, 17, "32"), (140, 28, "135-139")])
def test_of_many_steps_spans_are_kept(length, parts, last):
    headroom = np.full(length, inf)
    headroom[-1] = 0.5
    found = profile(Axis("step", 0, length), headroom)
    assert (len(found.labels), found.labels[-1], found.ratios[-1]) == (parts, last, 2.0)
    assert found.words == f"only step {last} (of 0 to {length - 1})"
    assert parts <= MOST


@pytest.mark.parametrize("axis", [Axis("step", 0, 1), Axis("gate", 0, 5, "n")])
def test_one_part_is_no_profile(axis):
    assert profile(axis, np.zeros((axis.length, 2))) is None


@pytest.mark.parametrize(
    ("beyond", "words"),
    [
        ("111111", "every step (0 to 5)"),
        ("000111", "from step 3 on (of 0 to 5)"),
        ("111000", "up to step 2 (of 0 to 5)"),
        ("011100", "only steps 1 to 3 (of 0 to 5)"),
        ("010000", "only step 1 (of 0 to 5)"),
        ("000001", "only step 5 (of 0 to 5)"),
        ("010010", "some steps from 1 to 4 (of 0 to 5)"),
        ("100001", "some steps from 0 to 5 (of 0 to 5)"),
    ],
)
def test_steps_in_words(beyond, words):
    assert Profile("step", list("012345"), [2.0 * int(each) for each in beyond]).words == words


@pytest.mark.parametrize(
    ("beyond", "words"),
    [
        ("1111", "every gate (i, f, g, o)"),
        ("0100", "only gate f (of i, f, g, o)"),
        ("1001", "only gates i and o (of i, f, g, o)"),
        ("1101", "only gates i, f and o (of i, f, g, o)"),
    ],
)
def test_gates_in_words(beyond, words):
    assert Profile("gate", list("ifgo"), [2.0 * int(each) for each in beyond]).words == words


def test_json_gives_a_profile_back():
    found = Profile("step", ["0-4", "5-9"], [0.5, 1e300])
    assert Profile.from_json(json.loads(json.dumps(asdict(found)))) == found
    assert Profile.from_json({"axis": "gate", "labels": ["r", "z"], "ratios": ["inf", 0]}).ratios == [
        inf,
        0.0,
    ]


GOOD = {"axis": "step", "labels": ["0", "1"], "ratios": [0.5, 2.0]}


@pytest.mark.parametrize("change", [
    {"axis": "layer"},
    {"axis": ["step"]},
    {"labels": "01"},
    {"labels": ["0"], "ratios": [2.0]},
    {"labels": ["0", "1", "2"]},
    {"labels": ["0", "<b>"]},
    {"labels": ["0", "1\n"]},
    {"labels": [0, 1]},
    {"labels": ["0"] * 33, "ratios": [2.0] * 33},
    {"ratios": [0.5, True]},
    {"ratios": [0.5, "-inf"]},
    {"ratios": [0.5, -2.0]},
    {"ratios": [0.5, [2.0]]},
    {"ratios": [0.5, 10**400]},
    {"ratios": [0.5, 1.0]},
    {"colour": "red"},
], ids=str)  # fmt: skip
def test_another_profile_is_refused(change):
    assert Profile.from_json(GOOD)
    with pytest.raises(TypeError, match="verdict: profile: "):
        Profile.from_json(GOOD | change)
