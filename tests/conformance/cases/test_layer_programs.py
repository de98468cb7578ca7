"""A layer is built once and may be called several times; its case's program builds it and calls it once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch
from conformance.cases import CASES
from conformance.cases.case import LayerProgram, Mapped, Values, data_of, is_parameter, parameters_of
from conformance.sampling.space import draw
from conformance.subjects import mytorch as subject
from conformance.subjects import pytorch as reference
from conformance.subjects.protocol import Task

LAYERS = {name: case.build for name, case in CASES.items() if case.build is not None}
MODELS = ("models.LSTM", "models.LSTMCell")

every_layer = pytest.mark.parametrize("name", LAYERS)
both = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


def given(t, name, number=0):
    case = CASES[name]
    sample = [s for s in draw(name, case.space, 1, 40) if s.shape_class in {"small", "strided"}][number]
    task = Task(case, sample, "float64")
    tensors = {key: t.from_numpy(array).requires_grad_() for key, array in task.inputs().items()}
    return Values(tensors, task.config, case.seams)


def same(one, other):
    assert set(one) == set(other)
    for key, value in one.items():
        np.testing.assert_array_equal(value.detach().numpy(), other[key].detach().numpy(), key)


def test_every_recurrent_layer_and_every_layer_that_has_relations_is_built():
    recurrent = {f"nn.{kind}{end}" for kind in ("LSTM", "GRU", "RNN") for end in ("", "Cell")}
    others = {"nn.Linear", "nn.LayerNorm", "nn.Embedding", "nn.Dropout", "nn.ReLU", "softmax"}
    attention = "nn.functional.scaled_dot_product_attention"
    assert {*MODELS, *recurrent, *others, attention, "nn.functional.gelu"} <= set(LAYERS)


@both
@every_layer
def test_two_calls_of_one_layer_are_the_same_as_its_program(t, name):
    x = given(t, name)
    built = LAYERS[name](t, x, x.config)
    first, second = built.call(data_of(x)), built.call(data_of(x))
    returned = CASES[name].program(t, given(t, name))
    same(first, second)
    same(first, returned.outputs if isinstance(returned, Mapped) else returned)


@both
@every_layer
def test_the_parameters_are_the_given_ones_or_a_modules_copies(t, name):
    x = given(t, name)
    built = LAYERS[name](t, x, x.config)
    specs = CASES[name].inputs(x.config)
    # The weights of a loss are constants, and so not parameters.
    same(built.parameters, {key: value for key, value in parameters_of(x).items() if specs[key].grad})
    for key, parameter in built.parameters.items():
        assert (parameter is x[key]) == (built.module is None)
    if built.module is not None:
        assert set(built.parameters) == {key for key, _ in built.module.named_parameters()}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", MODELS)
def test_a_subject_with_models_of_its_own_builds_what_the_reference_builds(name, number):
    shown = []
    for t, implementation in ((torch, reference.make()), (mytorch, subject.make())):
        program, _ = implementation.program(CASES[name])
        assert isinstance(program, LayerProgram)
        x = given(t, name, number)
        built = program.build(t, x, x.config)
        outputs = built.call(data_of(x))
        t.autograd.backward(list(outputs.values()), [t.ones_like(each) for each in outputs.values()])
        shown.append({**outputs, **{f"grad.{key}": value for key, value in built.gradients().items()}})
    theirs, ours = shown
    assert set(theirs) == set(ours)
    for key, value in theirs.items():
        mine = ours[key] if isinstance(ours[key], np.ndarray) else ours[key].detach().numpy()
        np.testing.assert_allclose(mine, value.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weight", True),
        ("bias_hh_l0", True),
        ("head.bias", True),
        ("held.0", True),
        ("input", False),
        ("h0", False),
    ],
)
def test_parameters_are_told_from_data_by_their_names(name, expected):
    assert is_parameter(name) == expected
