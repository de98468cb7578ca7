"""nn.utils.rnn against torch: padded, packed, and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

LIBRARIES = (torch, mytorch)
LENGTHS = [2, 4, 4, 1]


def utils(library):
    return library.nn.utils.rnn


def padded(library, *trailing):
    return library.tensor(np.random.default_rng(0).standard_normal((4, len(LENGTHS), *trailing)))


def apart(library, lengths=LENGTHS):
    return [library.arange(10.0 * n, 10.0 * n + n) for n in lengths]


def fields(packed):
    return [None if field is None else field.tolist() for field in packed]


@pytest.mark.parametrize("trailing", [(), (3,), (3, 2)])
@pytest.mark.parametrize("batch_first", [False, True])
def test_packing_is_torchs(batch_first, trailing):
    found = []
    for library in LIBRARIES:
        x = padded(library, *trailing)
        x = x.transpose(0, 1) if batch_first else x
        packed = utils(library).pack_padded_sequence(x, LENGTHS, batch_first, enforce_sorted=False)
        back, lengths = utils(library).pad_packed_sequence(packed, batch_first, -1.0, 6)
        found.append([*fields(packed), back.tolist(), lengths.tolist()])
    assert found[0] == found[1]


def test_sorted_lengths_need_no_order():
    lengths = sorted(LENGTHS, reverse=True)
    found = [
        fields(utils(library).pack_padded_sequence(padded(library), library.tensor(lengths)))
        for library in LIBRARIES
    ]
    assert found[0] == found[1]
    assert found[1][2:] == [None, None]


def test_gradients_go_back_to_where_the_values_came_from():
    found = []
    for library in LIBRARIES:
        x = padded(library, 3).requires_grad_()
        packed = utils(library).pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
        out, _ = utils(library).pad_packed_sequence(packed, total_length=5)
        out.backward(library.arange(60.0, dtype=library.float64).reshape(5, 4, 3))
        found.append(x.grad.tolist())
    assert found[0] == found[1]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_padding_is_torchs(batch_first, side):
    found = []
    for library in LIBRARIES:
        parts = [part.requires_grad_() for part in apart(library)]
        out = utils(library).pad_sequence(parts, batch_first, 0.5, padding_side=side)
        out.backward(library.arange(float(out.numel())).reshape(*out.shape))
        found.append([out.tolist(), [part.grad.tolist() for part in parts]])
    assert found[0] == found[1]


def test_sequences_come_back_as_they_were():
    for library in LIBRARIES:
        parts = apart(library)
        packed = utils(library).pack_sequence(parts, enforce_sorted=False)
        assert [s.tolist() for s in utils(library).unpack_sequence(packed)] == [s.tolist() for s in parts]
        lengths = library.tensor(LENGTHS)
        again = utils(library).unpad_sequence(utils(library).pad_sequence(parts), lengths)
        assert [s.tolist() for s in again] == [s.tolist() for s in parts]


def test_taking_sequences_out_leaves_the_batch_as_it_was():
    x = mytorch.zeros(4, 2)
    mytorch.nn.utils.rnn.unpad_sequence(x, mytorch.tensor([4, 1]))
    assert x.shape == (4, 2)


@pytest.mark.parametrize("name", ["double", "half", "float", "long", "int", "short", "char", "byte"])
def test_a_packed_sequence_is_converted_with_its_order(name):
    packed = utils(mytorch).pack_sequence(apart(mytorch), enforce_sorted=False)
    other = utils(torch).pack_sequence(apart(torch), enforce_sorted=False)
    converted, expected = getattr(packed, name)(), getattr(other, name)()
    assert str(converted.data.dtype).rpartition(".")[2] == str(expected.data.dtype).rpartition(".")[2]
    assert fields(converted) == fields(expected)
    assert (converted is packed) == (expected is other)


def test_a_packed_sequence_may_be_made_of_a_pair():
    data, sizes = mytorch.zeros(3, 2), mytorch.tensor([2, 1])
    made = utils(mytorch).PackedSequence((data, sizes), sorted_indices=mytorch.tensor([1, 0]))
    assert made.data is data
    assert made.unsorted_indices.tolist() == [1, 0]
    assert made.cpu() is made
    assert not made.is_cuda
    with pytest.raises(AssertionError, match="length 2"):
        utils(mytorch).PackedSequence(data)


def test_a_permutation_is_inverted():
    assert utils(mytorch).invert_permutation(mytorch.tensor([2, 0, 1])).tolist() == [1, 2, 0]
    assert utils(mytorch).invert_permutation(None) is None


CALLS = {
    "unsorted": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 2), [2, 4]),
    "length 0": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 2), [4, 0]),
    "length below 0": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 2), [4, -1]),
    "too few lengths": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 2), [4]),
    "too many lengths": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 2), [4, 3, 2]),
    "lengths in rows": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 2), t.tensor([[4, 2]])),
    "no steps": lambda t: utils(t).pack_padded_sequence(t.zeros(0, 2), [0, 0]),
    "no sequences": lambda t: utils(t).pack_padded_sequence(t.zeros(4, 0), []),
    "one dimension": lambda t: utils(t).pack_padded_sequence(t.zeros(4), [4]),
    "no tensor": lambda t: utils(t).pack_padded_sequence([1], [1]),
    "total length": lambda t: utils(t).pad_packed_sequence(
        utils(t).pack_padded_sequence(t.zeros(4, 2), [4, 2]), total_length=2
    ),
    "no list": lambda t: utils(t).pad_sequence(3),
    "empty list": lambda t: utils(t).pad_sequence([]),
    "trailing sizes": lambda t: utils(t).pad_sequence([t.zeros(2, 3), t.zeros(3, 4)]),
    "ranks": lambda t: utils(t).pad_sequence([t.zeros(2), t.zeros(3, 1)]),
    "numbers": lambda t: utils(t).pad_sequence([t.zeros(()), t.zeros(())]),
    "lists": lambda t: utils(t).pad_sequence([[1.0], [2.0]]),
    "side": lambda t: utils(t).pad_sequence([t.zeros(2)], padding_side="up"),
    "an empty sequence": lambda t: utils(t).pack_sequence([t.zeros(2), t.zeros(0)]),
    "unsorted sequences": lambda t: utils(t).pack_sequence([t.zeros(1), t.zeros(2)]),
    "lengths of a batch": lambda t: utils(t).unpad_sequence(t.zeros(3, 2), t.tensor([3, 1, 1])),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_torch_refuses_is_refused_with_its_class(call):
    with pytest.raises(Exception) as expected:  # noqa: PT011 - torch decides which
        CALLS[call](torch)
    with pytest.raises(expected.type) as raised:
        CALLS[call](mytorch)
    assert type(raised.value) is expected.type


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda rnn: rnn.pack_padded_sequence(mytorch.zeros(4, 2), [5, 2]),
            "the 4 steps of input, but got 5",
        ),
        (
            lambda rnn: rnn.pad_packed_sequence(rnn.PackedSequence(mytorch.zeros(4), mytorch.tensor([2, 1]))),
            "the 4 rows of data, but got 3",
        ),
    ],
)
def test_what_torch_reads_beyond_its_memory_for_is_refused(call, text):
    with pytest.raises(RuntimeError, match=text):
        call(mytorch.nn.utils.rnn)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("total", [None, 6])
@pytest.mark.parametrize("lengths", [[4, 2], [2, 4]])
def test_the_layout_in_memory_is_torchs(lengths, total, batch_first):
    found = []
    for library in LIBRARIES:
        sequences = [library.ones(n, 3) for n in lengths]
        packed = utils(library).pack_sequence(sequences, enforce_sorted=False)
        if lengths == sorted(lengths, reverse=True):
            packed = utils(library).pack_sequence(sequences)
        back, _ = utils(library).pad_packed_sequence(packed, batch_first, total_length=total)
        batch = utils(library).pad_sequence(sequences, batch_first)
        found.append((back.stride(), back.is_contiguous(), batch.stride(), batch.is_contiguous()))
        if not back.is_contiguous():
            with pytest.raises(RuntimeError, match="view size is not compatible"):
                back.view(-1, 3)
    assert found[1] == found[0]
