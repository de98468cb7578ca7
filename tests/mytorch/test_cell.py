"""Recurrent cells against torch: values, gradients, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

LIBRARIES = (torch, mytorch)
CELLS = ("LSTMCell", "GRUCell", "RNNCell")
I, H = 3, 5


class Call:
    """What a bad call is made of: a library, one of its layers, and that layer's class."""

    def __init__(self, library, kind):
        self.t, self.kind = library, kind
        self.make = getattr(library.nn, kind)
        self.layer = self.make(I, H)

    def states(self, *shape):
        h = self.t.zeros(*shape)
        return (h, self.t.zeros(*shape)) if self.kind.startswith("LSTM") else h


def run(library, cell, batch, given):
    stream = np.random.default_rng(0)
    leaves = [
        library.tensor(stream.standard_normal((*batch, size)), requires_grad=True)
        for size in ([I, H, H] if type(cell).__name__ == "LSTMCell" else [I, H])
    ]
    hx = (tuple(leaves[1:]) if len(leaves) == 3 else leaves[1]) if given else None
    outs = cell(leaves[0], hx)
    outs = outs if isinstance(outs, tuple) else (outs,)
    library.autograd.backward(outs, [library.tensor(stream.standard_normal(tuple(o.shape))) for o in outs])
    grads = [leaf.grad for leaf in leaves] + [p.grad for p in cell.parameters()]
    return [o.detach().numpy() for o in outs] + [None if g is None else g.numpy() for g in grads]


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(), (1,), (4,), (0,)])
@pytest.mark.parametrize("kind", [*CELLS, "RNNCell-relu"])
def test_outputs_and_gradients_are_torchs(kind, batch, bias, given):
    name, _, nonlinearity = kind.partition("-")
    options = {"bias": bias} | ({"nonlinearity": nonlinearity} if nonlinearity else {})
    theirs = getattr(torch.nn, name)(I, H, dtype=torch.float64, **options)
    ours = getattr(mytorch.nn, name)(I, H, dtype=mytorch.float64, **options)
    ours.load_state_dict({key: mytorch.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    got, expected = run(mytorch, ours, batch, given), run(torch, theirs, batch, given)
    for mine, other in zip(got, expected, strict=True):
        assert (mine is None) == (other is None)
        if other is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", CELLS)
def test_a_layer_is_its_cell_step_after_step(kind):
    cell = getattr(mytorch.nn, kind)(I, H, dtype=mytorch.float64)
    layer = getattr(mytorch.nn, kind.removesuffix("Cell"))(I, H, dtype=mytorch.float64)
    layer.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    x = mytorch.randn(7, 2, I, dtype=mytorch.float64)
    output, _ = layer(x)
    state = None
    for x_t, expected in zip(x, output, strict=True):
        state = cell(x_t, state)
        h = state[0] if isinstance(state, tuple) else state
        np.testing.assert_allclose(h.detach(), expected.detach(), rtol=1e-13, atol=1e-15)


CALLS = {
    "3-D input": (lambda c: c.layer(c.t.zeros(2, 2, 3)), ("1D or 2D", "3D")),
    "width": (lambda c: c.layer(c.t.zeros(2, 4)), ("got 4 expected 3",)),
    "batch": (lambda c: c.layer(c.t.zeros(4, 3), c.states(3, 5)), ("batch size 4", "batch size 3")),
    "batch 1": (lambda c: c.layer(c.t.zeros(4, 3), c.states(1, 5)), ("batch size 4", "batch size 1")),
    "state width": (lambda c: c.layer(c.t.zeros(2, 3), c.states(2, 6)), ("got 6, expected 5",)),
    "3-D state": (lambda c: c.layer(c.t.zeros(2, 3), c.states(1, 2, 5)), ("1D or 2D", "3D")),
    "1-D state": (lambda c: c.layer(c.t.zeros(2, 3), c.states(5)), ("batch size 2", "batch size 5")),
    "2-D state of one": (lambda c: c.layer(c.t.zeros(3), c.states(1, 5)), ("got 1, expected 5",)),
    "state width of one": (lambda c: c.layer(c.t.zeros(3), c.states(6)), ("got 6, expected 5",)),
    "1-D states of as many": (lambda c: c.layer(c.t.zeros(5, 3), c.states(5)), ("[-1, 0]", "got 1")),
    "width of one": (lambda c: c.layer(c.t.zeros(4)), ("got 4 expected 3",)),
    "dtype": (lambda c: c.layer(c.t.zeros(2, 3).double()), ("Double and Float",)),
    "a list": (lambda c: c.layer([1.0]), ("dim",)),
    "below 0": (lambda c: c.make(3, -1), ("-",)),
    "a float": (lambda c: c.make(3, 5.0), ("float",)),
}


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("call", CALLS)
def test_cells_refuse_what_torchs_refuse(call, kind):
    function, texts = CALLS[call]
    for library in LIBRARIES:
        if library is torch:
            with pytest.raises(Exception) as expected:  # noqa: PT011 - torch decides which
                function(Call(library, kind))
        else:
            with pytest.raises(expected.type) as raised:
                function(Call(library, kind))
    for text in texts:
        assert text in str(expected.value)
        assert text in str(raised.value)


@pytest.mark.parametrize(
    ("hx", "error", "text"),
    [
        (lambda t: t.zeros(2, 5), TypeError, "must be tuple of Tensors, not Tensor"),
        (lambda t: (t.zeros(2, 5),) * 3, RuntimeError, "lstm_cell expects two hidden states"),
        (
            lambda t: (t.zeros(2, 5), t.zeros(2, 6)),
            RuntimeError,
            "hidden1 has inconsistent hidden_size: got 6",
        ),
        (lambda t: (t.zeros(2, 5), t.zeros(3, 5)), RuntimeError, "hidden1 batch size 3"),
    ],
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_an_lstm_cell_takes_a_pair_of_states(library, hx, error, text):
    with pytest.raises(error, match=text):
        library.nn.LSTMCell(I, H)(library.zeros(2, 3), hx(library))


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_unknown_nonlinearity_is_refused_when_it_is_used(library):
    with pytest.raises(RuntimeError, match="Unknown nonlinearity: gelu"):
        library.nn.RNNCell(I, H, nonlinearity="gelu")(library.zeros(2, 3))


@pytest.mark.parametrize(
    ("name", "sizes"), [("weight_ih", (5, 2)), ("weight_hh", (None, 4)), ("bias_ih", (5,))]
)
@pytest.mark.parametrize("kind", CELLS)
def test_a_weight_of_another_shape_is_named(kind, name, sizes):
    for library in LIBRARIES:
        cell = getattr(library.nn, kind)(2, 3)
        own = getattr(cell, name)
        shape = [own.shape[0] if n is None else n for n in sizes]
        setattr(cell, name, library.nn.Parameter(library.ones(shape)))
        with pytest.raises(RuntimeError) as caught:
            cell(library.ones(4, 2))
        if library is mytorch:
            assert str(caught.value) == f"{name} must be of shape {list(own.shape)}, but got {shape}"


FORMS = ("whole", "one number", "missing")


def _with_biases(library, kind, forms):
    """Return a cell whose biases are whole, one number, or missing."""
    cell = getattr(library.nn, kind)(I, H, dtype=library.float64)
    stream = np.random.default_rng(1)
    for name, parameter in tuple(cell.named_parameters()):
        form = forms.get(name, "whole")
        sizes = (1,) if form == "one number" else tuple(parameter.shape)
        drawn = library.nn.Parameter(library.tensor(stream.standard_normal(sizes)))
        setattr(cell, name, None if form == "missing" else drawn)
    return cell


@pytest.mark.parametrize("bias_hh", FORMS)
@pytest.mark.parametrize("bias_ih", FORMS)
@pytest.mark.parametrize("kind", CELLS)
def test_each_bias_may_be_one_number_or_missing(kind, bias_ih, bias_hh):
    forms = {"bias_ih": bias_ih, "bias_hh": bias_hh}
    theirs, ours = (run(library, _with_biases(library, kind, forms), (4,), True) for library in LIBRARIES)
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-13)
