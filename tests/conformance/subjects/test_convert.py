"""Recurrent layers are found in a checkpoint by name, go to every layout and back, or are refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from conformance.errors import UsageError
from conformance.subjects.convert import find
from conformance.subjects.laid_out import laid_out, remarks
from conformance.subjects.layouts import FRAMEWORKS, GATES

KINDS = ("LSTM", "GRU", "RNN")
TORCH = FRAMEWORKS["torch"]
TARGETS = [
    (name, kind)
    for name, framework in FRAMEWORKS.items()
    for kind in KINDS
    if kind in {layout.kind for layout in framework.layouts}
]


def checkpoint(kind, prefix="", seed=0, **options):
    """Return the parameters of a layer of torch, as arrays."""
    torch.manual_seed(seed)
    module = getattr(torch.nn, kind)(3, 5, **options)
    return {f"{prefix}{name}": each.numpy().copy() for name, each in module.state_dict().items()}


def for_flax(arrays):
    """Return parameters of a GRU with b_hn = 0, which flax's lacks."""
    return {
        name: np.where(np.arange(15) < 10, each, np.float32(0)) if "bias_hh" in name else each
        for name, each in arrays.items()
    }


def converted(layer, name, pattern=""):
    """Return a layer as a framework has it, read from its names there."""
    patterns = (pattern,) if pattern else ()
    arrays = laid_out(layer, FRAMEWORKS[name], pattern)
    found = find(arrays, FRAMEWORKS[name], patterns=patterns, nonlinearity=layer.nonlinearity)
    assert found.kept == {}
    return found.layers[0]


SHAPES = [
    {"num_layers": layers, "bidirectional": both, "bias": bias}
    for layers, both, bias in itertools.product((1, 3), (False, True), (False, True))
]


@pytest.mark.parametrize(("name", "kind"), TARGETS, ids=map("-".join, TARGETS))
@pytest.mark.parametrize("options", SHAPES, ids=lambda each: "-".join(map(str, each.values())))
def test_there_and_back(name, kind, options):
    arrays = checkpoint(kind, "lstm.", **options)
    if name.startswith("flax") and kind == "GRU":
        arrays = for_flax(arrays)
    (layer,) = find(arrays, TORCH).layers
    layout = FRAMEWORKS[name].of_kind(kind)
    back = laid_out(converted(layer, name), TORCH)
    if options["bias"] or not layout.always_biased:
        assert back.keys() == arrays.keys()
    for key, array in back.items():
        expected = read_back(arrays, key, layout) if options["bias"] or "weight" in key else 0 * array
        np.testing.assert_array_equal(array, expected, strict=True)


def read_back(arrays, key, layout):
    """Return what a parameter is, there and back: of gates whose biases are added, sum and zero."""
    whole = arrays[key].copy()
    added = {gate for entry in layout.entries if entry.merge for gate in entry.gates or GATES[layout.kind]}
    for k, gate in enumerate(GATES[layout.kind]):
        rows = slice(5 * k, 5 * k + 5)
        if "bias_ih" in key and gate in added:
            whole[rows] += arrays[key.replace("bias_ih", "bias_hh")][rows]
        elif "bias_hh" in key and gate in added:
            whole[rows] = 0
    return whole


@pytest.mark.parametrize("name", ["mytorch", "npz"])
def test_projections_go_where_there_are_some(name):
    arrays = checkpoint("LSTM", proj_size=2, num_layers=2, bidirectional=True)
    (layer,) = find(arrays, TORCH).layers
    assert (layer.proj_size, layer.hidden_size, layer.input_size) == (2, 5, 3)
    back = laid_out(converted(layer, name), TORCH)
    assert back.keys() == arrays.keys()
    for key, array in back.items():
        np.testing.assert_array_equal(array, arrays[key], strict=True)


def test_what_is_not_recurrent_is_kept_and_each_prefix_is_a_layer():
    other = {"head.weight": np.ones((2, 5)), "steps": np.array(7), "bias": np.ones(3)}
    arrays = {**checkpoint("LSTM", "a."), **other, **checkpoint("GRU", "b.", num_layers=2)}
    found = find(arrays, TORCH)
    assert [(layer.prefix, layer.kind, layer.layers) for layer in found.layers] == [
        ("a.", "LSTM", 1),
        ("b.", "GRU", 2),
    ]
    assert found.kept.keys() == other.keys()
    assert all(found.kept[name] is other[name] for name in other)
    only = find(arrays, TORCH, prefix="b.")
    assert [layer.prefix for layer in only.layers] == ["b."]
    assert only.kept.keys() == arrays.keys() - checkpoint("GRU", "b.", num_layers=2).keys()


def test_a_cell_of_torch_is_a_layer():
    torch.manual_seed(0)
    cell = torch.nn.GRUCell(3, 5)
    arrays = {f"cell.{name}": each.detach().numpy() for name, each in cell.state_dict().items()}
    (layer,) = find(arrays, TORCH).layers
    assert (str(layer), layer.prefix) == ("GRU, 1 layer, input 3, hidden 5, float32", "cell.")
    assert laid_out(layer, TORCH, "{prefix}{name}").keys() == arrays.keys()


def test_a_dense_layer_of_keras_is_kept():
    arrays = {"dense/kernel": np.ones((3, 4)), "dense/bias": np.ones(4)}
    assert find(arrays, FRAMEWORKS["keras"]) == find({}, FRAMEWORKS["keras"]).__class__((), arrays)


def test_patterns_of_the_users_own():
    (layer,) = find(checkpoint("LSTM", num_layers=2, bidirectional=True), TORCH).layers
    pattern = "seq/{layer:bidirectional|bidirectional_1}/{direction:forward|backward}_lstm/lstm_cell/{name}"
    arrays = laid_out(layer, FRAMEWORKS["keras"], pattern)
    assert "seq/bidirectional_1/backward_lstm/lstm_cell/recurrent_kernel" in arrays
    (there,) = find(arrays, FRAMEWORKS["keras"], patterns=(pattern,)).layers
    assert (there.layers, there.directions) == (2, 2)
    # Without a pattern each cell is a layer of its own.
    assert len(find(arrays, FRAMEWORKS["keras"]).layers) == 4


def test_lines_say_what_is_changed_and_what_is_assumed():
    def told(kind, name, source=TORCH, *, told=False, **options):
        (layer,) = find(
            for_flax(checkpoint(kind, **options)) if kind == "GRU" else checkpoint(kind), TORCH
        ).layers
        return list(remarks(layer, source, FRAMEWORKS[name], told=told))

    assert told("LSTM", "keras") == [
        "bias_ih + bias_hh become one bias in keras: read back, bias_ih is the sum and bias_hh zero"
    ]
    assert told("GRU", "equinox")[0].startswith(
        "bias_ih + bias_hh become one bias (of the gates r, z) in equinox"
    )
    assert told("GRU", "flax", bias=False) == ["flax's layer always has biases: they are zero"]
    assert told("LSTM", "onnx") == []
    assert "linear_before_reset=1, which arrays do not show" in told("GRU", "torch", FRAMEWORKS["onnx"])[0]
    assert told("GRU", "torch", FRAMEWORKS["onnx"], told=True) == []
    assert "reset_after=True, which arrays" in told("GRU", "torch", FRAMEWORKS["keras"], bias=False)[0]


def _without(arrays, name):
    return {key: array for key, array in arrays.items() if key != name}


LSTM2 = checkpoint("LSTM", num_layers=2, bidirectional=True)
KERAS_GRU = {"kernel": np.ones((3, 15)), "recurrent_kernel": np.ones((5, 15)), "bias": np.ones(15)}
UNREADABLE = {
    "a reset gate before the product": (
        "keras",
        KERAS_GRU,
        r"bias of shape \(15,\), as with reset_after=False",
    ),
    "a missing weight": ("torch", _without(LSTM2, "weight_ih_l1"), "missing in the subject: 1.0.weight_ih"),
    "a missing bias": (
        "torch",
        _without(LSTM2, "bias_hh_l0"),
        "as LSTM: .*missing in the subject: 0.0.bias_hh",
    ),
    "a missing layer": (
        "torch",
        {name.replace("l1", "l2"): array for name, array in LSTM2.items()},
        "layer 1 is missing",
    ),
    "a missing direction": (
        "torch",
        {name: array for name, array in LSTM2.items() if not name.endswith("l1_reverse")},
        "the reverse direction of layer 1 is missing",
    ),
    "rows of no layer": (
        "torch",
        {"weight_ih_l0": np.ones((10, 3)), "weight_hh_l0": np.ones((10, 5))},
        r"not a recurrent layer of torch, with weight_ih \(10, 3\)",
    ),
    "a wide second layer": (
        "torch",
        {**LSTM2, "weight_ih_l1": np.ones((20, 11), np.float32)},
        r"expected weight_ih of the shape \(20, 10\) in layer 1, got \(20, 11\)",
    ),
    "a weight of one dimension": (
        "torch",
        {**LSTM2, "weight_ih_l0": np.ones(20)},
        "expected weight_ih_l0 in 2 dimensions",
    ),
    "integers": (
        "torch",
        {**LSTM2, "weight_hh_l0": np.ones((20, 5), int)},
        "weight_hh_l0: .* floating dtype",
    ),
    "two names for one parameter": (
        "torch",
        {**LSTM2, "weight_ih_l00": LSTM2["weight_ih_l0"]},
        "two parameters are read as weight_ih, the second 'weight_ih_l00'",
    ),
    "an infinity": (
        "torch",
        {**LSTM2, "bias_hh_l0": np.full(20, np.inf, np.float32)},
        "bias_hh_l0: expected finite numbers, got NaN or infinity",
    ),
    "recurrent weights alone": ("onnx", {"R": np.ones((1, 20, 5))}, "missing in the subject: 0.0.W"),
}


@pytest.mark.parametrize(("name", "arrays", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_layer_of_a_framework_is_refused(name, arrays, told):
    with pytest.raises(UsageError, match=told):
        find(arrays, FRAMEWORKS[name])


def test_nodes_of_two_nonlinearities_are_no_layer():
    (layer,) = find(checkpoint("RNN", num_layers=2), TORCH).layers
    arrays = laid_out(layer, FRAMEWORKS["onnx"])
    with pytest.raises(UsageError, match="expected one nonlinearity in all layers, got tanh and relu"):
        find(arrays, FRAMEWORKS["onnx"], relu=frozenset({"layers.1"}))
    (there,) = find(arrays, FRAMEWORKS["onnx"], relu=frozenset({"layers.0", "layers.1"})).layers
    assert there.nonlinearity == "relu"


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(UsageError, match="nonlinearity: expected tanh or relu, got 'gelu'"):
        find({}, TORCH, nonlinearity="gelu")


def _layer(kind, dtype="float32", **options):
    arrays = {name: array.astype(dtype) for name, array in checkpoint(kind, "x.", **options).items()}
    return find(arrays, TORCH).layers[0]


UNWRITABLE = {
    "b_hn in flax": ("GRU", {}, "flax", "", "layer 'x.': flax's GRUCell has no bias_hh in the gate n"),
    "a projection": ("LSTM", {"proj_size": 2}, "keras", "", "keras has no LSTM with a projection"),
    "an RNN of equinox": ("RNN", {}, "equinox", "", "equinox has no RNN layer"),
    "a sum of halves": ("LSTM", {"dtype": "float16"}, "keras", "", "a sum in float16 rounds"),
    "names that are the same": (
        "LSTM",
        {"num_layers": 2},
        "keras",
        "{prefix}{name}",
        "get the name 'x.kernel'",
    ),
}


@pytest.mark.parametrize(("kind", "options", "name", "pattern", "told"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_would_be_another_function_is_refused(kind, options, name, pattern, told):
    with pytest.raises(UsageError, match=told):
        laid_out(_layer(kind, **options), FRAMEWORKS[name], pattern)


def test_halves_go_where_nothing_is_added():
    layer = _layer("LSTM", dtype="float16")
    assert laid_out(layer, FRAMEWORKS["onnx"])["x.layers.0.W"].dtype == np.float16
