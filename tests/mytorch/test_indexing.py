"""Elements by an index, a range, positions and a mask, against torch: values, gradients, views and errors."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch
from mytorch.ops.op import Part

SHAPE = (3, 4, 5)
DATA = np.arange(60.0).reshape(SHAPE)
ARRAY = np.array([[2, 0], [1, 1]])
MASK3 = np.array([True, False, True])
MASK34 = DATA[..., 0] % 2 == 0

# name: (what makes the index from a namespace, whether it gives a view)
INDICES = {
    "number": (lambda t: 1, True),
    "negative": (lambda t: -1, True),
    "numbers": (lambda t: (0, 1, 2), True),
    "numpy number": (lambda t: np.int64(2), True),
    "slice": (lambda t: slice(1, None), True),
    "step": (lambda t: (slice(None), slice(None, None, 2)), True),
    "far slice": (lambda t: slice(-100, 100), True),
    "empty slice": (lambda t: slice(2, 1), True),
    "none": (lambda t: (None, 1, None), True),
    "ellipsis": (lambda t: (..., 2), True),
    "ellipsis alone": (lambda t: ..., True),
    "ellipsis between": (lambda t: (1, ..., None, slice(0, 2)), True),
    "empty tuple": (lambda t: (), True),
    "0-dim tensor": (lambda t: t.tensor(1), True),
    "list": (lambda t: [2, 0, 2], False),
    "bool list": (lambda t: [True, False, True], False),
    "tensor": (lambda t: t.tensor([2, 0, 2]), False),
    "int32 tensor": (lambda t: t.tensor([2, 0], dtype=t.int32), False),
    "negative tensor": (lambda t: t.tensor([-1, -3]), False),
    "matrix": (lambda t: t.tensor(ARRAY), False),
    "array": (lambda t: np.array([1, 1]), False),
    "empty list": (lambda t: [], False),
    "second": (lambda t: (slice(None), t.tensor([3, 3, 0])), False),
    "two": (lambda t: (t.tensor([0, 1, 0]), t.tensor([3, 2, 3])), False),
    "two broadcast": (lambda t: (t.tensor([[0], [2]]), t.tensor([3, 2, 3])), False),
    "apart": (lambda t: (t.tensor([0, 1]), slice(None), t.tensor([3, 2])), False),
    "apart by none": (lambda t: (t.tensor([0, 1]), None, t.tensor([3, 2])), False),
    "adjacent": (lambda t: (slice(None), t.tensor([0, 1]), t.tensor([3, 2])), False),
    "number first": (lambda t: (1, slice(None), [0, 4, 4]), False),
    "number between": (lambda t: ([0, 1], 2, [0, 4]), False),
    "with none": (lambda t: (None, [0, 2], slice(1, 3)), False),
    "with ellipsis": (lambda t: (..., [0, 2]), False),
    "mask": (lambda t: t.tensor(MASK3), False),
    "mask array": (lambda t: MASK3, False),
    "mask of two": (lambda t: t.tensor(MASK34), False),
    "mask of all": (lambda t: t.tensor(DATA > 20), False),
    "mask and slice": (lambda t: (t.tensor(MASK34), slice(1, 3)), False),
    "mask later": (lambda t: (slice(None), slice(None), t.tensor([True] * 4 + [False])), False),
    "mask and numbers": (lambda t: (t.tensor(MASK3), t.tensor([1, 3])), False),
    "true": (lambda t: True, False),
    "false": (lambda t: False, False),
    "true tensor": (lambda t: (t.tensor(True), 1), False),
}


@pytest.mark.parametrize("name", INDICES)
def test_values_gradients_and_views(name):
    make, is_view = INDICES[name]
    results = []
    for t in (torch, mytorch):
        x = t.tensor(DATA, requires_grad=True)
        out = x[make(t)]
        out.backward(t.tensor(np.cos(np.arange(out.numel())).reshape(tuple(out.shape))))
        results.append((out.detach().numpy(), x.grad.numpy()))
        if t is mytorch and out.numel():
            assert np.shares_memory(out.array, x.array) == is_view
    (expected, expected_gradient), (got, gradient) = results
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-15)


@pytest.mark.parametrize("name", INDICES)
def test_assignment(name):
    make, _ = INDICES[name]
    # Where an index repeats, the order of writing is not defined: write one number.
    results = []
    for t in (torch, mytorch):
        x = t.tensor(DATA)
        x[make(t)] = -1.0
        results.append(x.numpy())
    np.testing.assert_array_equal(results[1], results[0])


def test_assignment_broadcasts_and_casts():
    for value in (np.arange(4.0), np.arange(4.0).reshape(1, 1, 4), np.arange(12).reshape(3, 4)):
        results = []
        for t in (torch, mytorch):
            x = t.zeros(3, 4)
            x[:] = t.tensor(value)
            results.append(x.numpy())
        np.testing.assert_array_equal(results[1], results[0])


# A list that holds more than numbers is taken for a tuple, with a warning.
TUPLES = {
    "lists": lambda t: [[0, 1], [1, 2]],
    "one list": lambda t: [[0, 1]],
    "one list of masks": lambda t: [[True, False, True]],
    "lists of lists": lambda t: [[[0, 1]], [[1, 2]]],
    "lists that broadcast": lambda t: [[0, 1], [0]],
    "tuples": lambda t: [(0, 1), (1, 2)],
    "ranges": lambda t: [range(2), range(2)],
    "empty list": lambda t: [[]],
    "a list and a number": lambda t: [[0, 1], 2],
    "a number and a list": lambda t: [0, [1, 2]],
    "floats in a list": lambda t: [[0, 1.5]],
    "slice and number": lambda t: [slice(0, 2), 1],
    "None": lambda t: [None, 1],
    "ellipsis": lambda t: [..., 1],
    "tensors": lambda t: [t.tensor([0, 1]), t.tensor([1, 2])],
    "0-dim tensors": lambda t: [t.tensor(0), t.tensor(1)],
    "a tensor and a number": lambda t: [t.tensor([0]), 1],
    "one tensor": lambda t: [t.tensor([[0, 1], [1, 2]])],
    "a mask": lambda t: [t.tensor([True, False, True])],
    "arrays": lambda t: [np.array([0, 1]), np.array([1, 2])],
}
# These are one index each, as a tensor of the same numbers is.
SINGLE = {
    "numbers": lambda t: [0, 2, 1],
    "floats": lambda t: [1.0, 0.0],
    "truth values": lambda t: [True, False, True],
    "NumPy's numbers": lambda t: [np.int64(0), np.int64(2)],
    "32 lists": lambda t: [[0]] * 32,
    "array": lambda t: np.array([[0, 1], [1, 2]]),
    "float array": lambda t: np.array([0.0, 2.0]),
    "list in a tuple": lambda t: ([[0, 1], [1, 2]],),
    "lists in a tuple": lambda t: ([[0, 1], [1, 2]], 0),
    "tensors in a list in a tuple": lambda t: ([t.tensor([1]), t.tensor(0)],),
    "range": lambda t: range(2),
}


@pytest.mark.parametrize("name", TUPLES)
def test_a_list_of_more_than_numbers_is_a_tuple(name):
    results = []
    for t in (torch, mytorch):
        x, y = t.tensor(DATA), t.tensor(DATA)
        with pytest.warns(UserWarning, match="non-tuple sequence"):
            read = x[TUPLES[name](t)]
        with pytest.warns(UserWarning, match="non-tuple sequence"):
            y[TUPLES[name](t)] = -1.0
        results.append((read.numpy(), y.numpy()))
    for got, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", SINGLE)
def test_a_list_of_numbers_is_one_index(name):
    results = [t.tensor(DATA)[SINGLE[name](t)].numpy() for t in (torch, mytorch)]
    np.testing.assert_array_equal(results[1], results[0])


BAD_INDICES = {
    "a huge number in a list": lambda t, x: x[[0, 2**70]],
    "the largest number in a list": lambda t, x: x[[0, 2**63 - 1]],
    "NumPy's bool": lambda t, x: x[np.bool_(True)],
    "out of range": lambda t, x: x[3],
    "out of range, negative": lambda t, x: x[-4],
    "out of range, second": lambda t, x: x[:, 4],
    "out of range, tensor": lambda t, x: x[t.tensor([0, 3])],
    "out of range, list": lambda t, x: x[[0, -4]],
    "too many": lambda t, x: x[0, 0, 0, 0],
    "0-dim": lambda t, x: x.sum()[0],
    "backwards": lambda t, x: x[::-1],
    "no step": lambda t, x: x[::0],
    "float": lambda t, x: x[1.5],
    "text": lambda t, x: x["a"],
    "float tensor": lambda t, x: x[t.tensor([0.5])],
    "mask too short": lambda t, x: x[t.tensor([True, False])],
    "mask of wrong shape": lambda t, x: x[t.ones(3, 5, dtype=t.bool)],
    "no broadcast": lambda t, x: x[t.tensor([0, 1]), t.tensor([0, 1, 2])],
    "float slice": lambda t, x: x[0.0:2],
    "value of a list": lambda t, x: x.__setitem__(0, [1.0]),
    "value of an array": lambda t, x: x.__setitem__(0, np.ones(5)),
    "value of a text": lambda t, x: x.__setitem__(0, "a"),
    "value of None": lambda t, x: x.__setitem__(0, None),
    "value of NumPy's bool": lambda t, x: x.__setitem__(0, np.bool_(True)),
    "value of another dtype by positions": lambda t, x: x.__setitem__([0, 1], t.tensor(1.0)),
    "values of another dtype by a mask": lambda t, x: x.__setitem__(x > 57, t.ones(2)),
    "value too large": lambda t, x: x.to(t.uint8).__setitem__(0, 300),
    "value of wrong shape": lambda t, x: x.__setitem__(0, t.ones(7)),
}


@pytest.mark.parametrize("name", BAD_INDICES)
def test_bad_indices(name):
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            BAD_INDICES[name](t, t.tensor(DATA))
        errors.append(caught)
    assert errors[1].type is errors[0].type, f"{errors[1].value} instead of {errors[0].value}"
    assert str(errors[1].value)


def test_one_number_of_another_dtype_is_written_by_a_mask():
    for t in (torch, mytorch):
        x = t.zeros(3)
        x[t.tensor([True, False, True])] = t.tensor([2], dtype=t.int64)
        assert x.tolist() == [2.0, 0.0, 2.0]


def test_messages():
    x = mytorch.zeros(3, 4)
    with pytest.raises(IndexError, match="index 4 is out of bounds for dimension 1 with size 4"):
        x[:, 4]
    with pytest.raises(IndexError, match="too many indices for tensor of dimension 2"):
        x[0, 0, 0]
    with pytest.raises(ValueError, match="step must be greater than zero"):
        x[::-1]


def test_a_loop_over_steps_adds_into_one_array(monkeypatch):
    wholes = []
    make = Part.whole
    monkeypatch.setattr(Part, "whole", lambda self, before=None: wholes.append(1) or make(self, before))
    x = mytorch.zeros(2, 50, requires_grad=True)
    y = x * 1
    mytorch.stack([y[:, t] * float(t) for t in range(50)]).sum().backward()
    assert len(wholes) == 1
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to(np.arange(50.0), (2, 50)))


def test_a_part_leaves_the_gradient_that_came_before_as_it_is():
    x = mytorch.ones(4, requires_grad=True)
    cotangent = mytorch.ones(4)
    y = x * 1
    mytorch.autograd.backward([y, y[1:3], y[[0, 0]]], [cotangent, mytorch.ones(2), mytorch.ones(2)])
    assert x.grad.tolist() == [3.0, 2.0, 2.0, 1.0]
    assert cotangent.tolist() == [1.0] * 4


MATRIX = np.random.Generator(np.random.PCG64(7)).standard_normal((3, 4))

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "narrow": (lambda t, a: t.narrow(a, 1, -3, 2), [MATRIX]),
    "index_select": (lambda t, a: t.index_select(a, 1, t.tensor([2, 0, 2])), [DATA]),
    "index_select 0-dim": (lambda t, a: a.index_select(0, t.tensor(1)), [MATRIX]),
    "masked_select": (lambda t, a: t.masked_select(a, a.detach() > 0), [MATRIX]),
    "masked_select broadcast": (
        lambda t, a: a.masked_select(t.tensor([[True], [False], [True]])),
        [MATRIX[0]],
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# name: (program over a namespace and a matrix, words that the message must have)
BAD = {
    "narrow length": (lambda t, x: x.narrow(1, 3, 4), ["3", "4"]),
    "narrow negative": (lambda t, x: x.narrow(1, 0, -1), ["length"]),
    "narrow start": (lambda t, x: x.narrow(1, 9, 1), ["-4", "4", "9"]),
    "narrow 0-dim": (lambda t, x: x.sum().narrow(0, 0, 1), ["0-dim"]),
    "index_select range": (lambda t, x: x.index_select(1, t.tensor([5])), ["5", "4"]),
    "index_select rank": (lambda t, x: x.index_select(1, t.tensor([[1]])), ["vector"]),
    "index_select dtype": (lambda t, x: x.index_select(1, x[0]), ["int32"]),
    "masked_select mask": (lambda t, x: x.masked_select(x), ["BoolTensor"]),
    "masked_select sizes": (lambda t, x: x.masked_select(t.ones(5, dtype=t.bool)), ["5", "4"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name, fail_alike):
    fail_alike(*BAD[name])


FILLED = {
    "number": lambda t, x: x.index_fill(1, t.tensor([0, -1]), 9.5),
    "one position": lambda t, x: t.index_fill(x, 0, t.tensor(1), -1),
    "no position": lambda t, x: x.index_fill(0, t.tensor([], dtype=t.int64), 3),
    "0-dim": lambda t, x: x.sum().index_fill(0, t.tensor([0]), 4),
    "integers": lambda t, x: x.detach().long().index_fill(0, t.tensor([0]), 9.5),
    "value with a gradient": lambda t, x: x.index_fill(axis=0, index=t.tensor([0, 0]), value=x[1, 1, 1] * 2),
    "in place": lambda t, x: (x * 2).index_fill_(-1, t.tensor([0]), t.tensor(3)),
}
BAD_FILLED = {
    "out of range": lambda t, x: x.index_fill(0, t.tensor([3]), 1),
    "out of range, negative": lambda t, x: x.index_fill(0, t.tensor([-4]), 1),
    "dim": lambda t, x: x.index_fill(5, t.tensor([0]), 1),
    "list": lambda t, x: x.index_fill(0, [0], 1),
    "int32": lambda t, x: x.index_fill(0, t.tensor([0], dtype=t.int32), 1),
    "mask": lambda t, x: x.index_fill(0, t.tensor([True, False, True]), 1),
    "rank": lambda t, x: x.index_fill(0, t.tensor([[0]]), 1),
    "value of one element": lambda t, x: x.index_fill(0, t.tensor([0]), t.ones(1)),
    "value of a text": lambda t, x: x.index_fill(0, t.tensor([0]), "a"),
    "value too large": lambda t, x: x.detach().byte().index_fill(0, t.tensor([0]), 300),
}


@pytest.mark.parametrize("name", FILLED)
def test_slices_are_filled_as_in_torch(name):
    found = []
    for t in (torch, mytorch):
        x = t.tensor(DATA.astype(np.float64), requires_grad=True)
        out = FILLED[name](t, x)
        if out.requires_grad:
            (out * out.detach()).sum().backward()
        found.append((out.detach().numpy(), None if x.grad is None else x.grad.numpy()))
    for got, expected in zip(found[1], found[0], strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", BAD_FILLED)
def test_bad_fills(name):
    kinds = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            BAD_FILLED[name](t, t.tensor(DATA.astype(np.float64), requires_grad=True))
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


EXPANDED = {
    "mask": lambda t, x: x.masked_fill_(t.tensor([[True, False, False], [False] * 3]), 2.0),
    "tensor": lambda t, x: x.masked_fill_(t.tensor([False, True, True]), t.tensor(3.0)),
    "positions": lambda t, x: x.index_fill_(1, t.tensor([2]), 5.0),
}


@pytest.mark.parametrize("name", EXPANDED)
def test_expanded_tensors_are_filled_with_torchs_warning(name):
    found = []
    for t in (torch, mytorch):
        base = t.arange(3.0)
        x = base.expand(2, 3)
        with pytest.warns(UserWarning, match="on expanded tensors is deprecated"):
            assert EXPANDED[name](t, x) is x
        found.append((x.tolist(), base.tolist(), base._version))
    assert found[1] == found[0]


@pytest.mark.parametrize("index", [3, -4, (0, 5), (slice(None), -6)])
def test_a_number_out_of_range_is_named_with_its_dimension(index):
    number, dim = (index, 0) if type(index) is int else (index[1], 1)
    size = (3, 5)[dim]
    with pytest.raises(
        IndexError, match=f"index {number} is out of bounds for dimension {dim} with size {size}"
    ):
        mytorch.zeros(3, 5)[index]


def test_bounds_that_are_changed_later_change_no_gradient():
    x, start = mytorch.zeros(4, requires_grad=True), mytorch.tensor(1)
    part = x[start:]
    start.fill_(3)
    part.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1]
