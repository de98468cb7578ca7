"""What torch promises of its recurrent layers beside numbers: names, order, texts, bounds and errors."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import warnings

import numpy as np
import pytest
import torch

import mytorch
from mytorch import nn

LIBRARIES = (torch, mytorch)
LAYERS = ("LSTM", "GRU", "RNN")
I, H = 3, 5


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 2, "bidirectional": True},
        {"bias": False},
        {"batch_first": True, "num_layers": 3, "dropout": 0.25},
    ],
)
def test_parameters_and_repr_are_torchs(kind, options):
    theirs, ours = (getattr(library.nn, kind)(I, H, **options) for library in LIBRARIES)
    assert [(k, tuple(v.shape)) for k, v in ours.state_dict().items()] == [
        (k, tuple(v.shape)) for k, v in theirs.state_dict().items()
    ]
    assert [[tuple(w.shape) for w in ws] for ws in ours.all_weights] == [
        [tuple(w.shape) for w in ws] for ws in theirs.all_weights
    ]
    assert repr(ours) == repr(theirs)
    assert ours.flatten_parameters() is None


def test_a_projection_adds_its_matrix_last():
    theirs, ours = (library.nn.LSTM(I, H, 2, proj_size=2, bidirectional=True) for library in LIBRARIES)
    assert [(k, tuple(v.shape)) for k, v in ours.state_dict().items()] == [
        (k, tuple(v.shape)) for k, v in theirs.state_dict().items()
    ]
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("kind", LAYERS)
def test_parameters_are_drawn_within_the_bound(kind):
    # Rounded as the parameters are: the largest draw may round to the bound itself.
    bound = float(np.float32(1 / 200**0.5))
    for p in getattr(nn, kind)(3, 200).parameters():
        assert p.abs().max().item() <= bound
        assert p.max().item() > 0.9 * bound
        assert p.min().item() < -0.9 * bound


@pytest.mark.parametrize("kind", [*LAYERS, *(f"{kind}Cell" for kind in LAYERS)])
def test_arguments_stand_where_torch_has_them(kind):
    ours = list(inspect.signature(getattr(nn, kind)).parameters)
    if kind.endswith("Cell"):
        assert ours == list(inspect.signature(getattr(torch.nn, kind)).parameters)
    else:
        # torch's layers take *args; these are the base's, with the nonlinearity before the bias.
        base = list(inspect.signature(torch.nn.RNNBase.__init__).parameters)[2:]
        assert ours == [*base[:3], *(["nonlinearity"] if kind == "RNN" else []), *base[3:]]


@pytest.mark.parametrize("kind", LAYERS)
def test_a_copy_and_a_pickle_compute_the_same(kind):
    layer, x = getattr(nn, kind)(I, H, 2), mytorch.randn(4, 2, I)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301 - its own
        assert mytorch.equal(twin(x)[0], layer(x)[0])


def test_dropout_that_drops_nothing_is_warned_of():
    with pytest.warns(UserWarning, match=r"dropout=0\.5 and num_layers=1"):
        nn.LSTM(I, H, dropout=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.LSTM(I, H, 2, dropout=0.5)


def numbers(text):
    """Return what a message must share with torch's: its numbers and sizes."""
    return re.findall(r"[\[(][-\d, ]*\d[\])]|\d+(?:\.\d+)?-?D?", text)


def assert_refused_alike(call):
    """Run the call on torch and on mytorch: the same class, and every number of torch's message."""
    with pytest.raises(Exception) as expected:  # noqa: PT011 - torch decides which
        call(torch)
    with pytest.raises(expected.type) as raised:
        call(mytorch)
    assert type(raised.value) is expected.type
    missing = [n for n in numbers(str(expected.value)) if n not in str(raised.value)]
    assert not missing, f"{expected.value} | {raised.value}"


class Call:
    """What a bad call is made of: a library, one of its layers, and that layer's class."""

    def __init__(self, library, kind):
        self.t, self.kind = library, kind
        self.make = getattr(library.nn, kind)
        self.layer = self.make(I, H)

    def states(self, *shape):
        h = self.t.zeros(*shape)
        return (h, self.t.zeros(*shape)) if self.kind.startswith("LSTM") else h


CALLS = {
    "width": lambda c: c.layer(c.t.zeros(4, 2, 4)),
    "width of one sequence": lambda c: c.layer(c.t.zeros(4, 4)),
    "4-D input": lambda c: c.layer(c.t.zeros(4, 2, 3, 1)),
    "1-D input": lambda c: c.layer(c.t.zeros(3)),
    "batch of the states": lambda c: c.layer(c.t.zeros(4, 2, 3), c.states(1, 3, 5)),
    "layers of the states": lambda c: c.layer(c.t.zeros(4, 2, 3), c.states(2, 2, 5)),
    "width of the states": lambda c: c.layer(c.t.zeros(4, 2, 3), c.states(1, 2, 6)),
    "rank of the states": lambda c: c.layer(c.t.zeros(4, 2, 3), c.states(2, 5)),
    "rank of the states of one": lambda c: c.layer(c.t.zeros(4, 3), c.states(1, 1, 5)),
    "size of the states of one": lambda c: c.layer(c.t.zeros(4, 3), c.states(2, 5)),
    "dtype": lambda c: c.layer(c.t.zeros(4, 2, 3).double()),
    "integers": lambda c: c.layer(c.t.zeros(4, 2, 3).long()),
    "no step": lambda c: c.layer(c.t.zeros(0, 2, 3)),
    "no step of one sequence": lambda c: c.layer(c.t.zeros(0, 3)),
    "missing key": lambda c: c.layer.load_state_dict({}),
    "size mismatch": lambda c: c.layer.load_state_dict(
        {**c.layer.state_dict(), "weight_ih_l0": c.t.zeros(7, 3)}
    ),
    "input size 0": lambda c: c.make(0, 5),
    "hidden size 0": lambda c: c.make(3, 0),
    "hidden size below 0": lambda c: c.make(3, -1),
    "no layer": lambda c: c.make(3, 5, 0),
    "float input size": lambda c: c.make(3.0, 5),
    "float hidden size": lambda c: c.make(3, 5.0),
    "dropout above 1": lambda c: c.make(3, 5, dropout=1.5),
    "dropout below 0": lambda c: c.make(3, 5, dropout=-0.5),
    "dropout as a flag": lambda c: c.make(3, 5, dropout=True),
    "bias as a number": lambda c: c.make(3, 5, bias=1),
    "batch_first as a number": lambda c: c.make(3, 5, batch_first=1),
    "projection": lambda c: c.make(3, 5, proj_size=5),
    "projection below 0": lambda c: c.make(3, 5, proj_size=-1),
    "no argument": lambda c: c.make(),
    "unknown argument": lambda c: c.make(3, 5, gates=4),
    "packed width": lambda c: c.layer(c.t.nn.utils.rnn.pack_sequence([c.t.zeros(3, 4), c.t.zeros(2, 4)])),
    "packed dtype": lambda c: c.layer(c.t.nn.utils.rnn.pack_sequence([c.t.zeros(3, 3).double()])),
}


# torch's LSTM names the sizes of a matrix product for a packed width, and none of ours.
PAIRS = [(call, kind) for call in CALLS for kind in LAYERS if (call, kind) != ("packed width", "LSTM")]


@pytest.mark.parametrize(("call", "kind"), PAIRS)
def test_layers_refuse_what_torchs_refuse(call, kind):
    assert_refused_alike(lambda library: CALLS[call](Call(library, kind)))


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.layer(c.t.zeros(4, 2, 3), (c.t.zeros(1, 2, 5),) * 3),
        lambda c: c.layer(c.t.zeros(4, 2, 3), c.t.zeros(1, 2, 5)),
        lambda c: c.layer(c.t.zeros(4, 2, 3), (c.t.zeros(1, 2, 5), c.t.zeros(1, 3, 5))),
        lambda c: c.t.nn.LSTM(3, 5, nonlinearity="relu"),
        lambda c: c.t.nn.RNN(3, 5, nonlinearity="gelu"),
        lambda c: c.t.nn.RNN(3, 5, 2, False),
    ],
)
def test_what_only_one_layer_refuses(call):
    assert_refused_alike(lambda library: call(Call(library, "LSTM")))


def test_packed_input_of_another_width_names_both_sizes():
    packed = nn.utils.rnn.pack_sequence([mytorch.zeros(3, 4), mytorch.zeros(2, 4)])
    with pytest.raises(RuntimeError, match="Expected 3, got 4"):
        nn.LSTM(I, H)(packed)


@pytest.mark.parametrize("sizes", [[1, 2], [2, 2]])
def test_packed_input_that_nothing_packed_is_refused(sizes):
    packed = nn.utils.rnn.PackedSequence(mytorch.zeros(3, 3), mytorch.tensor(sizes))
    with pytest.raises(RuntimeError, match=re.escape(f"3 rows of data, but got {sizes}")):
        nn.GRU(I, H)(packed)


@pytest.mark.parametrize("name", ["weight_hh_l0", "bias_ih_l0", "bias_hh_l1"])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_weight_that_was_taken_away_is_refused(kind, name):
    for library in LIBRARIES:
        layer = getattr(library.nn, kind)(2, 3, num_layers=2)
        setattr(layer, name, None)
        with pytest.raises(TypeError, match=r"element \d in argument 2, but got NoneType") as caught:
            layer(library.ones(4, 5, 2))
        element = str(caught.value).partition(" in argument")[0]
        assert element.endswith({"weight_hh_l0": "1", "bias_ih_l0": "2", "bias_hh_l1": "7"}[name])


# torch's GRU and RNN give messages of the product or sum, and its LSTM reads beyond the weights.
WEIGHTS = {
    "rows": ("weight_ih_l0", (5, 2)),
    "columns": ("weight_ih_l0", (None, 4)),
    "of the state": ("weight_hh_l1", (None, 4)),
    "flat": ("weight_hh_l0", (9,)),
    "bias": ("bias_ih_l0", (5,)),
    "bias that broadcasts": ("bias_hh_l0", (1,)),
    "0-dim bias": ("bias_hh_l0", ()),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("kind", LAYERS)
def test_a_weight_of_another_shape_is_named_with_both_shapes(kind, name):
    layer = getattr(mytorch.nn, kind)(2, 3, num_layers=2)
    parameter, sizes = WEIGHTS[name]
    own = getattr(layer, parameter)
    shape = [own.shape[0] if n is None else n for n in sizes]
    kind = "a Float tensor of shape"
    expected = f"{parameter}: expected {kind} {list(own.shape)}, but got {kind} {shape}"
    setattr(layer, parameter, mytorch.nn.Parameter(mytorch.ones(shape)))
    with pytest.raises(RuntimeError) as caught:
        layer(mytorch.ones(4, 5, 2))
    assert str(caught.value) == expected


def test_a_weight_of_another_dtype_or_projection_is_named():
    layer = mytorch.nn.LSTM(2, 3, proj_size=2)
    layer.weight_hr_l0.data = mytorch.ones(3, 3)
    with pytest.raises(RuntimeError, match=r"weight_hr_l0: expected a Float tensor of shape \[2, 3\]"):
        layer(mytorch.ones(4, 5, 2))
    layer = mytorch.nn.GRU(2, 3)
    layer.bias_hh_l0.data = layer.bias_hh_l0.data.double()
    with pytest.raises(RuntimeError, match=r"bias_hh_l0: expected a Float .* got a Double tensor"):
        layer(mytorch.ones(4, 5, 2))
