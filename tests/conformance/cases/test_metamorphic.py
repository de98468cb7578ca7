"""Relations between calls: each fails for a wrong layer, and some faults fail only there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch
from conformance.cases import CASES
from conformance.cases._related import LAYERS
from conformance.cases.case import Values, data_of
from conformance.cases.metamorphic import CASES as METAMORPHIC
from conformance.cases.metamorphic import RELATIONS
from conformance.faults import FAULTS
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.space import draw
from conformance.subjects.torchlike import TorchLike


def samples(case, count, classes=None):
    drawn = draw(case, CASES[case].space, 1, CASES[case].default_samples)
    return [sample for sample in drawn if not classes or sample.shape_class in classes][:count]


# The cheapest layer for which each relation holds.
CHEAPEST = {relation.aspect: f"{relation.layers[-1].name}@{relation.aspect}" for relation in RELATIONS}


@pytest.mark.parametrize("case", CHEAPEST.values())
def test_a_difference_of_nothing_but_rounding_may_differ_by_rounding_and_no_more(case):
    (sample,) = samples(case, 1)
    for lane, expected in prepare(CASES[case], sample).expectations.items():
        unit = {"float64": 2.0**-53, "float32": 2.0**-24}[lane]
        for name, allowed in expected.tolerance.items():
            # A tolerance of zero would fail two orders of summation; a much larger one would pass any layer.
            assert (allowed > 0).all(), name
            assert (allowed < 2000 * unit).all(), name
            assert (np.abs(expected.oracle[name]) <= allowed).all() or lane == "float32", name


@pytest.mark.parametrize("case", CHEAPEST.values())
def test_every_gradient_is_compared(case):
    (sample,) = samples(case, 1)
    inputs = CASES[case].inputs(sample.settings)
    oracle = prepare(CASES[case], sample, ("float64",)).expectations["float64"].oracle
    wanted = {f"grad.{name}" for name in inputs if not name.startswith("cotangent.")}
    assert {name for name in oracle if name.startswith("grad.")} == wanted


# Faults that are right in every single call → an ordinary case of a layer that has the fault.
BETWEEN = {
    "state-remembered": "nn.GRUCell",
    "state-not-carried": "nn.RNN",
    "output-buffer-reused": "nn.LayerNorm",
    "gradient-overwritten": "nn.LSTMCell",
    "graph-spent": "nn.LSTMCell",
}


@pytest.mark.parametrize("name", BETWEEN)
def test_what_is_wrong_between_calls_only_is_seen_by_relations_only(name):
    fault, ordinary = FAULTS[name], BETWEEN[name]
    assert all("@" in case for case in fault.cases)
    assert any(case.startswith(f"{ordinary}@") for case in fault.cases)
    subject = TorchLike("once", "mytorch", around={ordinary: fault.around})
    for sample in samples(ordinary, 6, ("small", "strided")):
        verdicts = judge_sample(prepare(CASES[ordinary], sample), subject)
        assert {verdict.status for verdict in verdicts} == {Status.PASS}, sample.text


def test_every_layer_stands_in_every_relation_that_is_everyones():
    named = {case.name for case in METAMORPHIC}
    for aspect in ("batch-permutation", "single-rows", "linearity", "accumulation"):
        assert {f"{layer.name}@{aspect}" for layer in LAYERS} <= named


@pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])
def test_the_shapes_of_cotangents_are_those_of_what_is_shown(t):
    for layer in LAYERS:
        config = {name: 2 + k for k, name in enumerate(layer.sizes)}
        config |= {name: values[-1] for name, values in layer.flags.items()}
        tensors = {name: t.ones(*spec.shape) for name, spec in layer.inputs(config).items()}
        config = layer.settings(config)
        shown = layer.build(t, Values(tensors, config, layer.case.seams)).call(data_of(tensors))
        assert {name: tuple(each.shape) for name, each in shown.items()} == layer.outputs(config)
