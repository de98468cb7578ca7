"""Smaller tasks have the results of the larger one, part by part: what they are fed is the oracle's."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.diagnosis import refeeding
from conformance.diagnosis.asking import Asked
from conformance.diagnosis.layers import Found
from conformance.diagnosis.refeeding import HELD, Problem
from conformance.sampling.sample import Sample
from conformance.subjects.protocol import Task

LAYERS = {"N": 3, "L": 6, "I": 3, "H": 4, "layers": 3, "bidirectional": True, "batch_first": False}
OPTIONS = {"bias": True, "states": True, "form": "equal", "dropout": "none"}
OWN = {
    "nn.LSTM": LAYERS | OPTIONS | {"projection": True},
    "nn.GRU": LAYERS | OPTIONS,
    "nn.RNN": LAYERS | OPTIONS | {"nonlinearity": "tanh"},
    "models.LSTM": {"N": 3, "L": 6, "I": 3, "H": 4, "O": 2, "init_states": True},
}


def problem(case, **changes):
    sample = Sample(case, 5, 0, "small", "normal", tuple({**OWN[case], **changes}.items()))
    arrays = Task(CASES[case], sample, "float64").inputs()
    return Problem(CASES[case], sample, "float64", arrays)


def equal(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", refeeding.LAYERS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch_first": True, "states": False, "bias": False},
        {"form": "unsorted", "batch_first": True},
        {"N": -1},
        {"dropout": "all"},
    ],
)
def test_each_layer_and_direction_alone_has_the_results_that_it_has_among_others(case, changes):
    whole = problem(case, **changes)
    for layer in range(3):
        among = refeeding.first_layers(whole, layer + 1).oracle
        forward, reverse = (refeeding.one_layer(whole, layer, each).oracle for each in (0, 1))
        turned = refeeding.reversed_in_time(whole, reverse["output"])
        equal(np.concatenate([forward["output"], turned], -1), among["output"])
        for name in {"h_n", "c_n"} & set(among):
            equal(np.concatenate([forward[name], reverse[name]]), among[name][2 * layer :])
        both = refeeding.one_layer(whole, layer).oracle
        equal(both["output"], among["output"])
        equal(both["h_n"], among["h_n"][2 * layer :])


@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize("case", refeeding.SEQUENCES)
def test_some_steps_from_the_state_before_them_have_the_results_that_they_have_in_the_sequence(case, states):
    changes = {"init_states": states} if case.startswith("models.") else {"layers": 1, "states": states}
    whole = problem(case, **changes)
    name = "outputs" if case.startswith("models.") else "output"
    along = np.moveaxis(whole.oracle[name], whole.time, 0)
    for start, stop in ((0, 1), (0, 6), (2, 3), (2, 4), (5, 6)):
        part = refeeding.refed(whole, start, stop)
        assert refeeding.has_states(part)
        assert part.config["L"] == stop - start
        equal(np.moveaxis(part.oracle[name], part.time, 0), along[start:stop])


def test_without_a_time_of_its_own_the_first_axis_is_the_steps():
    whole = problem("nn.GRU", batch_first=True)
    other = refeeding.time_first(whole)
    assert (whole.time, other.time) == (1, 0)
    equal(other.oracle["output"].swapaxes(0, 1), whole.oracle["output"])


def test_the_forward_direction_alone():
    whole = problem("nn.LSTM")
    single = refeeding.one_direction(whole)
    assert (single.layers, single.directions) == (3, 1)
    width = single.oracle["output"].shape[-1]
    # Only the lowest layer is fed what it is fed among others.
    lowest = refeeding.first_layers(single, 1).oracle["output"]
    equal(lowest, refeeding.first_layers(whole, 1).oracle["output"][..., :width])


@pytest.mark.parametrize(("case", "gates"), [("nn.LSTM", "ifgo"), ("nn.GRU", "rzn"), ("models.LSTM", "ifgo")])
@pytest.mark.parametrize("how", HELD)
@pytest.mark.parametrize("bias", [True, False])
def test_a_held_gate_depends_on_nothing(case, gates, how, bias):
    model = case.startswith("models.")
    whole = problem(case) if model else problem(case, layers=1, bidirectional=False, bias=bias)
    ending = "" if model else "_l0"
    for place, gate in enumerate(gates):
        held = refeeding.held(whole, ending, {gate: how})
        height = 4 * place
        changed = {}
        for name, array in whole.arrays.items():
            other = array.copy()
            if name.removesuffix(ending) in {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}:
                other[height : height + 4] += 1.0
            changed[name] = other
        again = refeeding.held(whole.changed(changed), ending, {gate: how})
        for name, array in held.oracle.items():
            if not name.startswith("grad."):
                equal(again.oracle[name], array)
        # The others still vary.
        assert not np.array_equal(held.oracle["grad.input"], whole.oracle["grad.input"])


def test_observables_of_one_layer_have_the_names_of_the_whole():
    whole = problem("nn.LSTM")
    answer = Asked()
    found = Found(whole, refeeding.one_layer(whole, 2, 1), answer, answer, backward=False, layer=2)
    found.direction = "reverse"
    assert found.named("grad.weight_hh_l0") == "grad.weight_hh_l2_reverse"
    assert found.named("output") == "output"
    found.direction = "forward"
    assert found.named("grad.weight_hh_l0") == "grad.weight_hh_l2"
    found.problem = refeeding.one_layer(whole, 2)
    found.direction = "reverse"
    assert found.named("grad.bias_ih_l0_reverse") == "grad.bias_ih_l2_reverse"
    found.problem = whole
    assert found.named("grad.weight_hh_l1") == "grad.weight_hh_l1"


def test_the_order_of_observables_is_that_in_which_a_step_makes_them():
    names = ["grad.input", "grad.weight_hh_l1_reverse", "output", "grad.bias_ih_l0", "c_n", "grad.h0"]
    assert refeeding.in_order(names) == [
        "c_n",
        "output",
        "grad.weight_hh_l1_reverse",
        "grad.bias_ih_l0",
        "grad.h0",
        "grad.input",
    ]
