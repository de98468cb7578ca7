"""Recurrent layers against torch, against their equations step by step, and against finite differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import mytorch
from mytorch import nn
from mytorch.ops import gru, lstm, recurrence, rnn

I, H, P, L, N = 4, 5, 3, 6, 3
KINDS = {"LSTM": {}, "GRU": {}, "RNN": {}, "LSTM-P": {"proj_size": P}, "RNN-relu": {"nonlinearity": "relu"}}


def pair(kind, **options):
    """Return torch's layer and ours with the same parameters, in float64."""
    options = KINDS.get(kind, {}) | options
    name = kind.partition("-")[0]
    theirs = getattr(torch.nn, name)(I, H, dtype=torch.float64, **options)
    ours = getattr(nn, name)(I, H, dtype=mytorch.float64, **options)
    ours.load_state_dict({key: mytorch.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    return theirs, ours


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def flat(returned):
    """Return (output, h_n) or (output, h_n, c_n)."""
    output, final = returned
    return [output, *(final if isinstance(final, tuple) else (final,))]


def run(library, layer, x, states, lengths=None, which=(0, 1, 2)):
    """Return outputs and gradients, by name, as arrays; `which` outputs get a cotangent."""
    leaves = [library.tensor(each, requires_grad=True) for each in (x, *states)]
    first = layer.batch_first
    hx = None
    if states:
        hx = tuple(leaves[1:]) if len(states) == 2 else leaves[1]
    if lengths is None:
        outs = flat(layer(leaves[0], hx))
    else:
        rnn = library.nn.utils.rnn
        packed = rnn.pack_padded_sequence(leaves[0], lengths, batch_first=first, enforce_sorted=False)
        outs = flat(layer(packed, hx))
        outs[0], _ = rnn.pad_packed_sequence(outs[0], batch_first=first)
    layer.zero_grad()
    roots = [(k, out) for k, out in enumerate(outs) if k in which]
    cotangents = [library.tensor(draw(*out.shape, seed=k)) for k, out in roots]
    library.autograd.backward([out for _, out in roots], cotangents)
    named = [(f"out{k}", out.detach()) for k, out in enumerate(outs)]
    named += [(f"leaf{k}", leaf.grad) for k, leaf in enumerate(leaves)]
    named += [(name, p.grad) for name, p in layer.named_parameters()]
    return {name: None if value is None else value.numpy() for name, value in named}


def assert_same(got, expected, tolerance=1e-12):
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        assert (got[name] is None) == (array is None), name
        if array is not None:
            np.testing.assert_allclose(got[name], array, rtol=tolerance, atol=tolerance, err_msg=name)


def initial(layer, *batch):
    width = getattr(layer, "proj_size", 0) or H
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    states = [draw(count, *batch, width, seed=7)]
    return [*states, draw(count, *batch, H, seed=8)] if layer.mode == "LSTM" else states


@pytest.mark.parametrize("form", ["batched", "single", "empty", "packed"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (2, False), (2, True)])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_torchs(kind, layers, bidirectional, form):
    # The other flags, in turn.
    place = list(itertools.product(KINDS, (1, 2), (False, True))).index((kind, layers, bidirectional))
    options = {"batch_first": place % 2 == 1, "bias": place % 3 != 2}
    theirs, ours = pair(kind, num_layers=layers, bidirectional=bidirectional, **options)
    batch = {"single": (), "empty": (0,)}.get(form, (N,))
    sizes = (*batch, L) if options["batch_first"] else (L, *batch)
    x, states = draw(*sizes, I), initial(ours, *batch) if place % 4 else []
    lengths = [2, 6, 4] if form == "packed" else None
    assert_same(run(mytorch, ours, x, states, lengths), run(torch, theirs, x, states, lengths))


@pytest.mark.parametrize("which", [(0,), (1,), (2,), (0, 1), (1, 2)])
@pytest.mark.parametrize("kind", ["LSTM", "LSTM-P", "GRU", "RNN"])
def test_a_gradient_may_come_through_any_of_the_outputs(kind, which):
    if max(which) == 2 and not kind.startswith("LSTM"):
        which = (1,)
    theirs, ours = pair(kind)
    x, states = draw(L, N, I), initial(ours, N)
    assert_same(run(mytorch, ours, x, states, which=which), run(torch, theirs, x, states, which=which))


GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@pytest.fixture
def blocks(monkeypatch):
    """Return a function that cuts walks into blocks of at most so many steps, and the steps of the blocks."""
    seen = []

    class Walk(recurrence.Walk):
        def __init__(self, *args):
            super().__init__(*args)
            seen.append([block.steps for block in self.blocks])

    def cut(kind, steps):
        monkeypatch.setattr(recurrence, "_BLOCK", steps * GATES[kind.partition("-")[0]] * H * N)
        for op in (gru, lstm, rnn):
            monkeypatch.setattr(op, "Walk", Walk)
        return seen

    return cut


@pytest.mark.parametrize(("steps", "cuts"), [(1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (5, [5, 1])])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_steps_change_nothing(blocks, kind, layers, steps, cuts):
    _, ours = pair(kind, bidirectional=True, num_layers=layers)
    x, states = draw(L, N, I), initial(ours, N)
    whole = run(mytorch, ours, x, states)
    seen = blocks(kind, steps)
    assert_same(run(mytorch, ours, x, states), whole, 1e-14)
    # Backwards, the last block comes first.
    assert sorted(set(map(tuple, seen))) == sorted({tuple(cuts), tuple(cuts[::-1])})


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_packed_steps_change_nothing(blocks, kind, steps):
    _, ours = pair(kind, bidirectional=True)
    x, states = draw(L, N, I), initial(ours, N)
    whole = run(mytorch, ours, x, states, [2, 6, 4])
    blocks(kind, steps)
    assert_same(run(mytorch, ours, x, states, [2, 6, 4]), whole, 1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradients_of_several_blocks_are_those_of_finite_differences(blocks, kind):
    seen = blocks(kind, 2)
    _, layer = pair(kind, bidirectional=True)
    leaves = [mytorch.tensor(each, requires_grad=True) for each in (draw(3, N, I), *initial(layer, N))]

    def function(x, *states):
        return tuple(flat(layer(x, tuple(states) if len(states) == 2 else states[0])))

    assert mytorch.autograd.gradcheck(function, leaves)
    assert [2, 1] in seen


def lstm_step(gates_x, gates_h, _h, c):
    i, f, g, o = (gates_x + gates_h).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_step(gates_x, gates_h, h):
    (r, z, n), (rh, zh, nh) = gates_x.chunk(3, -1), gates_h.chunk(3, -1)
    z = (z + zh).sigmoid()
    return ((1 - z) * (n + (r + rh).sigmoid() * nh).tanh() + z * h,)


def rnn_step(gates_x, gates_h, _h):
    return ((gates_x + gates_h).tanh(),)


@pytest.mark.parametrize("cut", [None, 1, 4])
@pytest.mark.parametrize(("kind", "step"), [("LSTM", lstm_step), ("GRU", gru_step), ("RNN", rnn_step)])
def test_a_layer_is_its_equations_step_after_step(blocks, kind, step, cut):
    _, layer = pair(kind)
    if cut:
        blocks(kind, cut)

    def slowly(x, hx):
        state = [s[0] for s in (hx if isinstance(hx, tuple) else (hx,))]
        outputs = []
        for x_t in x:
            gates_x = nn.functional.linear(x_t, layer.weight_ih_l0, layer.bias_ih_l0)
            gates_h = nn.functional.linear(state[0], layer.weight_hh_l0, layer.bias_hh_l0)
            state = step(gates_x, gates_h, *state)
            outputs.append(state[0])
        return mytorch.stack(outputs), tuple(s.unsqueeze(0) for s in state)

    x, states = draw(L, N, I), initial(layer, N)
    expected = run(mytorch, layer, x, states)
    layer.forward = slowly
    assert_same(run(mytorch, layer, x, states), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    _, layer = pair(kind, bidirectional=True)
    leaves = [mytorch.tensor(each, requires_grad=True) for each in (draw(3, 2, I), *initial(layer, 2))]

    def function(x, *states):
        return tuple(flat(layer(x, tuple(states) if len(states) == 2 else states[0])))

    assert mytorch.autograd.gradcheck(function, leaves)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_ten_thousand_steps_back_propagate(kind):
    theirs, ours = pair(kind)
    x, states = draw(10_000, 1, I), initial(ours, 1)
    # Sums of 10,000 terms are compared, in another order.
    assert_same(run(mytorch, ours, x, states), run(torch, theirs, x, states), 1e-10)


@pytest.mark.parametrize("hidden", [1, 2])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_the_smallest_layer_is_right_in_float32(kind, hidden):
    # With one feature the blocks of the gates are strided as np.negative takes them wrongly.
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(1, hidden)
    ours = getattr(nn, kind)(1, hidden)
    ours.load_state_dict({key: mytorch.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    x = draw(L, 1, 1).astype(np.float32)
    for library, layer in ((torch, theirs), (mytorch, ours)):
        output, _ = layer(library.tensor(x))
        output.backward(library.tensor(draw(L, 1, hidden).astype(np.float32)))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_are_run_as_if_each_were_alone(kind):
    _, layer = pair(kind, num_layers=2, bidirectional=True)
    x, lengths = mytorch.tensor(draw(L, N, I)), [2, 6, 4]
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    outs = flat(layer(packed))
    outs[0], _ = nn.utils.rnn.pad_packed_sequence(outs[0])
    for k, n in enumerate(lengths):
        alone = flat(layer(x[:n, k]))
        np.testing.assert_allclose(outs[0][:n, k].detach(), alone[0].detach(), rtol=1e-13, atol=1e-15)
        assert not outs[0][n:, k].any()
        for mine, other in zip(outs[1:], alone[1:], strict=True):
            np.testing.assert_allclose(mine[:, k].detach(), other.detach(), rtol=1e-13, atol=1e-15)


def test_final_states_are_ordered_by_layer_then_direction():
    _, layer = pair("LSTM", num_layers=2, bidirectional=True)
    output, (h_n, _) = layer(mytorch.tensor(draw(L, N, I)))
    assert mytorch.equal(h_n[2], output[-1, :, :H])
    assert mytorch.equal(h_n[3], output[0, :, H:])


def test_a_graph_that_is_kept_gives_the_same_gradients_again():
    _, layer = pair("LSTM")
    output, _ = layer(mytorch.tensor(draw(L, N, I)))
    cotangent = mytorch.tensor(draw(L, N, H))
    output.backward(cotangent, retain_graph=True)
    first = [p.grad.numpy().copy() for p in layer.parameters()]
    layer.zero_grad()
    output.backward(cotangent)
    for once, p in zip(first, layer.parameters(), strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), once)


@pytest.mark.parametrize("form", ["batched", "packed"])
@pytest.mark.parametrize("kind", ["LSTM", "LSTM-P"])
def test_what_keeps_no_gates_computes_the_same(blocks, kind, form):
    _, layer = pair(kind, bidirectional=True)
    x = mytorch.tensor(draw(L, N, I))
    if form == "packed":
        x = nn.utils.rnn.pack_padded_sequence(x, [6, 4, 3])
    blocks(kind, 4)
    kept = flat(layer(x))
    with mytorch.no_grad():
        found = flat(layer(x))
    if form == "packed":
        kept[0], found[0] = kept[0].data, found[0].data
    for ours, expected in zip(found, kept, strict=True):
        np.testing.assert_array_equal(ours.numpy(), expected.detach().numpy())


def test_the_backward_frees_the_gates_that_it_is_done_with(monkeypatch, blocks):
    _, layer = pair("LSTM")
    blocks("LSTM", 2)
    output, _ = layer(mytorch.tensor(draw(L, N, I)))
    gates, left = output.node.saved[5], []
    retreat = lstm._retreat
    monkeypatch.setattr(lstm, "_retreat", lambda *args: left.append(len(gates)) or retreat(*args))
    output.sum().backward(retain_graph=True)
    output.sum().backward()
    assert left == [3, 3, 3, 2, 1, 0]


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_weight_that_changed_since_is_refused(kind, name):
    _, layer = pair(kind)
    output, _ = layer(mytorch.tensor(draw(L, N, I), requires_grad=True))
    with mytorch.no_grad():
        getattr(layer, name).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_dropout_stands_between_the_layers(kind):
    theirs, ours = pair(kind, num_layers=2, dropout=1.0)
    x = draw(L, N, I)
    # At p = 1 the second layer sees zeros.
    assert_same(run(mytorch, ours, x, []), run(torch, theirs, x, []))
    assert_same(run(mytorch, ours.eval(), x, []), run(torch, theirs.eval(), x, []))


def test_dropout_is_drawn_from_the_generator():
    _, layer = pair("GRU", num_layers=2, dropout=0.5)
    x = mytorch.tensor(draw(L, N, I))
    mytorch.manual_seed(3)
    first, second = layer(x)[0], layer(x)[0]
    mytorch.manual_seed(3)
    assert mytorch.equal(layer(x)[0], first)
    assert not mytorch.equal(first, second)


def test_float32_is_computed_in_float32():
    output, (h_n, c_n) = nn.LSTM(I, H)(mytorch.zeros(L, N, I))
    assert output.dtype is h_n.dtype is c_n.dtype is mytorch.float32
