"""The layouts of frameworks: which block of which parameter is which of torch's, by a table of its own."""

from __future__ import annotations

import re

import numpy as np
import pytest

from conformance.errors import UsageError
from conformance.subjects.layouts import FRAMEWORKS, GATES, cell_map, find_framework, layer_map

# By framework and kind, the blocks that each parameter holds: a letter is a gate of a weight or of bias_ih, a
# capital one of bias_hh, + the sum of both biases, and | begins a place of a new first axis.
HELD = {
    ("torch", "LSTM"): {"weight_ih": "ifgo", "weight_hh": "ifgo", "bias_ih": "ifgo", "bias_hh": "IFGO"},
    ("keras", "LSTM"): {"kernel": "ifgo", "recurrent_kernel": "ifgo", "bias": "i+f+g+o+"},
    ("keras", "GRU"): {"kernel": "zrn", "recurrent_kernel": "zrn", "bias": "zrn|ZRN"},
    ("keras", "RNN"): {"kernel": "h", "recurrent_kernel": "h", "bias": "h+"},
    ("onnx", "LSTM"): {"W": "|iofg", "R": "|iofg", "B": "|iofgIOFG"},
    ("onnx", "GRU"): {"W": "|zrn", "R": "|zrn", "B": "|zrnZRN"},
    ("onnx", "RNN"): {"W": "|h", "R": "|h", "B": "|hH"},
    ("flax", "LSTM"): {
        "ii.kernel": "i",
        "if_.kernel": "f",
        "ig.kernel": "g",
        "io.kernel": "o",
        "hi.kernel": "i",
        "hf.kernel": "f",
        "hg.kernel": "g",
        "ho.kernel": "o",
        "hi.bias": "i+",
        "hf.bias": "f+",
        "hg.bias": "g+",
        "ho.bias": "o+",
    },
    ("flax-optimized", "LSTM"): {
        "dense_i.kernel": "ifgo",
        "dense_h.kernel": "ifgo",
        "dense_h.bias": "i+f+g+o+",
    },
    ("flax", "GRU"): {"dense_i.kernel": "rzn", "dense_h.kernel": "rzn", "dense_i.bias": "r+z+n"},
    ("flax", "RNN"): {"dense_i.kernel": "h", "dense_h.kernel": "h", "dense_i.bias": "h+"},
    ("equinox", "LSTM"): {"weight_ih": "ifgo", "weight_hh": "ifgo", "bias": "i+f+g+o+"},
    ("equinox", "GRU"): {"weight_ih": "rzn", "weight_hh": "rzn", "bias": "r+z+n", "bias_n": "N"},
}
TRANSPOSED = ("kernel", "recurrent_kernel")


def _numbers(kind):
    """Return a cell's parameters: gate k is k + 1, in the second bias 10 times that."""
    rows = np.arange(1.0, 1 + len(GATES[kind]))
    return {"weight_ih": rows[:, None], "weight_hh": rows[:, None], "bias_ih": rows, "bias_hh": 10 * rows}


def _expected(kind, held):
    number = {gate: k + 1.0 for k, gate in enumerate(GATES[kind])}
    number |= {gate.upper(): 10 * first for gate, first in number.items()}
    number |= {f"{gate}+": 11 * number[gate] for gate in GATES[kind]}
    places = [[number[block] for block in re.findall(r"\w\+?", place)] for place in held.split("|")]
    return np.array(places[0] if len(places) == 1 else [place for place in places if place])


@pytest.mark.parametrize(("framework", "kind"), HELD, ids=map("-".join, HELD))
def test_each_block_is_where_the_framework_has_it(framework, kind):
    layout = FRAMEWORKS[framework].of_kind(kind)
    cell = _numbers(kind)
    if layout.zero:
        cell["bias_hh"][-1] = 0
    subject = cell_map(layout).to_subject(cell)
    assert subject.keys() == HELD[framework, kind].keys()
    for name, held in HELD[framework, kind].items():
        # Weights have one column, which a transpose makes one row.
        np.testing.assert_array_equal(subject[name].squeeze(), _expected(kind, held).squeeze(), err_msg=name)
        if name.endswith(TRANSPOSED):
            assert subject[name].shape == (1, len(held))


def test_every_layout_stands_in_the_table():
    listed = {FRAMEWORKS[framework].of_kind(kind) for framework, kind in HELD}
    torchs = {layout for name in ("torch", "mytorch", "npz") for layout in FRAMEWORKS[name].layouts}
    assert {layout for framework in FRAMEWORKS.values() for layout in framework.layouts} - torchs <= listed


def test_layers_and_directions_have_their_own_parameters():
    weights = layer_map(FRAMEWORKS["keras"].of_kind("RNN"), layers=2, directions=2)
    sources = {entry.target: entry.source for entry in weights.entries}
    assert len(sources) == 12
    assert sources["layers.1.1.kernel"] == "weight_ih_l1_reverse"
    assert {entry.merge for entry in weights.entries} >= {"bias_hh_l0", "bias_hh_l1_reverse"}


def test_a_layer_without_biases_has_none():
    weights = layer_map(FRAMEWORKS["flax"].of_kind("GRU"), bias=False)
    assert ([entry.source for entry in weights.entries], weights.zero) == (
        ["weight_ih_l0", "weight_hh_l0"],
        (),
    )


def test_what_a_framework_lacks_is_said():
    with pytest.raises(UsageError, match="equinox has no RNN layer: expected LSTM, GRU"):
        FRAMEWORKS["equinox"].of_kind("RNN")
    with pytest.raises(UsageError, match="no place for a projection"):
        layer_map(FRAMEWORKS["keras"].of_kind("LSTM"), projection=True)
    with pytest.raises(UsageError, match=r"unknown framework 'kears'.*keras"):
        find_framework("kears")
