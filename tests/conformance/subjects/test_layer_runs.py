"""Layers run by their frameworks, where these are installed, and by the equations that they document."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from conformance.subjects import layer_runs
from conformance.subjects.convert import find
from conformance.subjects.laid_out import laid_out
from conformance.subjects.layer_runs import side
from conformance.subjects.layouts import FRAMEWORKS

KINDS = {"LSTM": 2, "GRU": 1, "RNN": 1}
NEEDED = {
    "keras": "keras",
    "flax": "flax",
    "flax-optimized": "flax",
    "equinox": "equinox",
    "onnx": "onnxruntime",
}


def drawn(name, kind, **options):
    """Return a layer as a framework has it, its input and states, and torch's results in float64."""
    torch.manual_seed(1)
    made = getattr(torch.nn, kind)(3, 5, bidirectional=True, num_layers=2, **options)
    if name.startswith("flax") and kind == "GRU":
        for parameter, value in made.named_parameters():
            if "bias_hh" in parameter:
                value.data[-5:] = 0
    arrays = {key: each.numpy() for key, each in made.state_dict().items()}
    nonlinearity = options.get("nonlinearity", "tanh")
    (layer,) = find(arrays, FRAMEWORKS["torch"], nonlinearity=nonlinearity).layers
    there = laid_out(layer, FRAMEWORKS[name])
    (layer,) = find(there, FRAMEWORKS[name], nonlinearity=nonlinearity).layers
    x, states = torch.randn(6, 2, 3), [torch.randn(4, 2, 5) for _ in range(KINDS[kind])]
    given = [each.double() for each in states]
    with torch.no_grad():
        output, last = made.double()(x.double(), tuple(given) if kind == "LSTM" else given[0])
    right = [output, *(last if kind == "LSTM" else (last,))]
    return layer, x.numpy(), tuple(each.numpy() for each in states), [each.numpy() for each in right]


OPTIONS = [(kind, {"bias": bias}) for kind in KINDS for bias in (True, False)] + [
    ("RNN", {"nonlinearity": "relu"})
]


RUN = [
    (name, kind, options)
    for name in NEEDED
    for kind, options in OPTIONS
    if kind in {layout.kind for layout in FRAMEWORKS[name].layouts}
]


@pytest.mark.parametrize(("name", "kind", "options"), RUN)
def test_the_equations_of_each_framework_are_torchs_function(name, kind, options, monkeypatch):
    monkeypatch.setattr(layer_runs, "_lacking", lambda packages: f"{packages[0]} is not installed")
    layer, x, states, right = drawn(name, kind, **options)
    chosen = side(name)
    assert chosen.told.startswith("evaluated by NumPy, from ")
    assert chosen.told.endswith(" is not installed)")
    got = chosen.run(
        layer, np.float64, x.astype(np.float64), tuple(each.astype(np.float64) for each in states)
    )
    for mine, theirs in zip(got, right, strict=True):
        # The weights are float32, and so is the sum of two biases.
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


@pytest.mark.parametrize(("name", "kind", "options"), RUN)
def test_each_framework_runs_its_layers(name, kind, options):
    # Importing keras before its backend is chosen raises that tensorflow is not installed.
    if find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed")
    layer, x, states, right = drawn(name, kind, **options)
    chosen = side(name)
    assert chosen.told.startswith(f"run by {NEEDED[name]} ")
    for mine, theirs in zip(chosen.run(layer, np.float32, x, states), right, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=3e-6)


@pytest.mark.parametrize("name", ["torch", "mytorch", "npz"])
@pytest.mark.parametrize("kind", KINDS)
def test_torch_and_mytorch_run_theirs(name, kind):
    layer, x, states, right = drawn(name, kind)
    assert side(name).told.startswith("run by mytorch" if name == "mytorch" else "run by torch")
    for mine, theirs in zip(side(name).run(layer, np.float32, x, states), right, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=3e-6)


def test_a_framework_that_cannot_be_imported_is_named():
    assert layer_runs._lacking(("no_such_framework",)) == "no_such_framework is not installed"
    assert layer_runs._lacking(("json",)) == ""


def test_a_framework_that_breaks_on_import_is_named(tmp_path, monkeypatch):
    (tmp_path / "broken_framework.py").write_text("raise OSError('no driver')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    told = "broken_framework cannot be imported: OSError: no driver"
    assert layer_runs._lacking(("broken_framework",)) == told
