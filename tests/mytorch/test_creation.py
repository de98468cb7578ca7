"""Making tensors, against torch: values, dtypes and errors."""

from __future__ import annotations

import sys
from collections import deque
from fractions import Fraction
from http import HTTPStatus

import numpy as np
import pytest
import torch

import mytorch

LITTLE = sys.byteorder == "little"
NESTED: list[object] = []
NESTED.append(NESTED)

MADE = {
    "floats": lambda t: t.tensor([1.0, 2.5]),
    "integers": lambda t: t.tensor([[1, 2], [3, 4]]),
    "bools": lambda t: t.tensor([True, False]),
    "mixed": lambda t: t.tensor([1, 2.0]),
    "bool and integer": lambda t: t.tensor([True, 2]),
    "number": lambda t: t.tensor(3),
    "nothing": lambda t: t.tensor([]),
    "nested nothing": lambda t: t.tensor([[], []]),
    "array": lambda t: t.tensor(np.ones(2)),
    "numpy double": lambda t: t.tensor([np.float64(1)]),
    "numpy single": lambda t: t.tensor([np.float32(1)]),
    "numpy integer": lambda t: t.tensor(np.int32(4)),
    "tensors": lambda t: t.tensor([t.tensor(1.0), 2]),
    "as float64": lambda t: t.tensor([1, 2], dtype=t.float64),
    "as int": lambda t: t.tensor([1.7, -1.7], dtype=t.int32),
    "tuple": lambda t: t.tensor((1, (2), 3)),
    "of a tensor": lambda t: t.tensor(np.float32(1)),
    "as_tensor": lambda t: t.as_tensor([1, 2], dtype=t.float32),
    "from_numpy": lambda t: t.from_numpy(np.arange(3, dtype=np.int16)),
    "tensors of one element": lambda t: t.tensor([t.tensor([0.0]), t.tensor([[1.0]])]),
    "nested tensors of one element": lambda t: t.tensor([[t.tensor([1.0])], [2.0]]),
    "tensor of one element and a number": lambda t: t.tensor([t.tensor([0.0]), 1.0]),
    "number and a tensor of another dtype": lambda t: t.tensor([1.0, t.tensor(0)]),
    "tensors of two dtypes": lambda t: t.tensor([t.tensor(1.5, dtype=t.float64), t.tensor(1)]),
    "list and a tensor as rows": lambda t: t.tensor([[1.0], t.tensor([2.0])]),
    "bool tensor and an integer": lambda t: t.tensor([t.tensor(True), 2]),
    "as_tensor of tensors": lambda t: t.as_tensor([t.tensor([0.0]), t.tensor([1.0])]),
    "new_tensor of tensors": lambda t: t.zeros(1).new_tensor([t.tensor([0]), t.tensor([1])]),
    "backward rows": lambda t: t.tensor([np.arange(3)[::-1], np.arange(3)]),
    "rows of the other byte order": lambda t: t.tensor([np.ones(2, ">f4" if LITTLE else "<f4")]),
    "list and an array as rows": lambda t: t.tensor([[1.0, 2.0], np.array([3.0, 4.0])]),
    "array and a list as rows": lambda t: t.tensor([np.array([3.0, 4.0]), (1, 2)]),
    "range": lambda t: t.tensor(range(3)),
    "ranges": lambda t: t.tensor([range(2), [5, 6]]),
    "what has items by number": lambda t: t.tensor(deque([1, 2])),
    "fraction as float": lambda t: t.tensor([Fraction(1, 2)], dtype=t.float32),
    "integer of an enumeration": lambda t: t.tensor([HTTPStatus.OK]),
    "no columns": lambda t: t.tensor([[], [1]]),
    "large integer as float": lambda t: t.tensor([2**70, 1.0]),
    "negative as uint8": lambda t: t.tensor([-1, -255], dtype=t.uint8),
    "numbers as bool": lambda t: t.tensor([0.5, 0, 2], dtype=t.bool),
    "Tensor of a size": lambda t: t.zeros_like(t.Tensor(t.ones(2, 3).size())),
    "Tensor of no dimension": lambda t: t.zeros_like(t.Tensor(t.Size([]))),
    "Tensor of NumPy's integers": lambda t: t.zeros_like(t.Tensor(np.int64(2), 3)),
    "Tensor of one integer of NumPy's": lambda t: t.zeros_like(t.Tensor(np.int64(2))),
    "Tensor of a tuple": lambda t: t.Tensor((2, 3)),
    "Tensor of an integer tensor": lambda t: t.Tensor(t.tensor([1, 2])),
    "Tensor of a range": lambda t: t.Tensor(range(3)),
    "Tensor of an array": lambda t: t.Tensor(np.array([1, 2])),
    "Tensor of nothing": lambda t: t.Tensor(),
    "Tensor by name": lambda t: t.Tensor(data=[1, 2]),
    "Tensor on the device": lambda t: t.Tensor([1, 2], device="cpu"),
    "zeros": lambda t: t.zeros(2, 3),
    "zeros tuple": lambda t: t.zeros((2, 3), dtype=t.int8),
    "zeros size": lambda t: t.zeros(size=(2,)),
    "zeros 0-dim": lambda t: t.zeros(()),
    "zeros of a shape": lambda t: t.zeros(t.ones(2, 3).shape),
    "ones": lambda t: t.ones([2], dtype=t.bool),
    "full": lambda t: t.full((2, 2), 7),
    "full float": lambda t: t.full((2,), 7.5),
    "full bool": lambda t: t.full((2,), True),
    "full dtype": lambda t: t.full((2,), 7, dtype=t.float64),
    "eye": lambda t: t.eye(2, 3),
    "arange": lambda t: t.arange(5),
    "arange from": lambda t: t.arange(2, 9, 3),
    "arange down": lambda t: t.arange(5, 0, -2),
    "arange float": lambda t: t.arange(0, 1, 0.25),
    "arange dtype": lambda t: t.arange(3, dtype=t.float32),
    "arange of nothing": lambda t: t.arange(3, 3),
    "linspace": lambda t: t.linspace(0, 1, 5),
    "linspace one": lambda t: t.linspace(3, 1, 1),
    "zeros_like": lambda t: t.zeros_like(t.ones(2, dtype=t.float64)),
    "ones_like": lambda t: t.ones_like(t.ones(2), dtype=t.int32),
    "full_like": lambda t: t.full_like(t.ones(2), 3),
    "full_like integers": lambda t: t.full_like(t.ones(2).int(), 3.7),
    "on the device": lambda t: t.ones(2, device="cpu"),
    "on the device object": lambda t: t.tensor([1.0], device=t.device("cpu")),
}


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy")
@pytest.mark.parametrize("name", MADE)
def test_agrees_with_torch(name):
    expected, got = (MADE[name](t) for t in (torch, mytorch))
    assert str(got.dtype).replace("mytorch", "torch") == str(expected.dtype)
    assert tuple(got.shape) == tuple(expected.shape)
    np.testing.assert_array_equal(got.numpy(), expected.numpy())
    assert not got.requires_grad


BAD = {
    "ragged": lambda t: t.tensor([[1, 2], [3]]),
    "text": lambda t: t.tensor(["a"]),
    "object": lambda t: t.tensor([object()]),
    "array of objects": lambda t: t.tensor(np.array([object()])),
    "tensors of two elements": lambda t: t.tensor([t.tensor([1.0, 2.0]), t.tensor([3.0, 4.0])]),
    "one tensor of two elements": lambda t: t.tensor([t.tensor([1.0, 2.0])]),
    "tensor without elements": lambda t: t.tensor([t.tensor([])]),
    "integer tensors of two elements": lambda t: t.tensor([t.tensor([1, 2]), t.tensor([3])]),
    "float tensor as an integer": lambda t: t.tensor([t.tensor(1.0)], dtype=t.int64),
    "as_tensor of two elements": lambda t: t.as_tensor([t.tensor([1.0, 2.0])]),
    "tensor and a list": lambda t: t.tensor([t.tensor([1.0]), [1.0]]),
    "list and a 0-dim tensor": lambda t: t.tensor([[1.0], t.tensor(1.0)]),
    "0-dim arrays": lambda t: t.tensor([np.array(1.0), 3.0]),
    "array and a number": lambda t: t.tensor([np.array([1.0]), 1.0]),
    "NumPy's single as an integer": lambda t: t.tensor([np.float32(1.5)], dtype=t.int64),
    "bytes": lambda t: t.tensor(b"a"),
    "texts as floats": lambda t: t.tensor([1.0, "a"], dtype=t.float32),
    "None": lambda t: t.tensor([None], dtype=t.float32),
    "None among numbers": lambda t: t.tensor([1, None]),
    "a list where a number is": lambda t: t.tensor([1, [2]]),
    "a number where a list is": lambda t: t.tensor([[1], 2]),
    "a set": lambda t: t.tensor([[1, 2], {3, 4}]),
    "fraction": lambda t: t.tensor([Fraction(1, 2)]),
    "list that holds itself": lambda t: t.tensor(NESTED),
    "too large an integer": lambda t: t.tensor([2**63]),
    "far too large an integer": lambda t: t.tensor(2**70),
    "too large for uint8": lambda t: t.tensor([300], dtype=t.uint8),
    "too small for uint8": lambda t: t.tensor([-256], dtype=t.uint8),
    "too large a float for int32": lambda t: t.tensor([2.0**31], dtype=t.int32),
    "too large a float for int64": lambda t: t.tensor([1e30], dtype=t.int64),
    "nan as an integer": lambda t: t.tensor([float("nan")], dtype=t.int64),
    "from the other byte order": lambda t: t.from_numpy(np.ones(2, ">f4" if LITTLE else "<f4")),
    "Tensor of a float": lambda t: t.Tensor(2.0),
    "Tensor of None": lambda t: t.Tensor(None),
    "Tensor of a text": lambda t: t.Tensor("a"),
    "Tensor of a bool": lambda t: t.Tensor(True),
    "Tensor of negative size": lambda t: t.Tensor(-1),
    "Tensor of two sizes": lambda t: t.Tensor(t.Size([2]), t.Size([3])),
    "Tensor of two lists": lambda t: t.Tensor([1], [2]),
    "Tensor of tensors of two elements": lambda t: t.Tensor([t.tensor([1.0, 2.0])]),
    "negative size": lambda t: t.zeros(-1),
    "size as text": lambda t: t.zeros("a"),
    "size as float": lambda t: t.zeros(2.0),
    "no size": lambda t: t.zeros(),
    "dtype as text": lambda t: t.zeros(2, dtype="float32"),
    "integers with gradient": lambda t: t.tensor([1], requires_grad=True),
    "bools with gradient": lambda t: t.ones(2, dtype=t.bool, requires_grad=True),
    "from a list": lambda t: t.from_numpy([1, 2]),
    "from backward strides": lambda t: t.from_numpy(np.arange(3)[::-1]),
    "the other byte order": lambda t: t.tensor(np.ones(2, ">f4" if LITTLE else "<f4")),
    "backward strides": lambda t: t.as_tensor(np.arange(3)[::-1]),
    "backward strides as an index": lambda t: t.ones(3)[np.arange(3)[::-1]],
    "like a list": lambda t: t.zeros_like([1]),
    "arange without step": lambda t: t.arange(0, 3, 0),
    "arange the wrong way": lambda t: t.arange(3, 0),
    "linspace of fewer than none": lambda t: t.linspace(0, 1, -1),
    "unknown device": lambda t: t.zeros(2, device="nowhere"),
    "default dtype of integers": lambda t: t.set_default_dtype(t.int32),
    "random integers": lambda t: t.randn(2, dtype=t.int32),
    "random bools": lambda t: t.rand(2, dtype=t.bool),
    "empty range": lambda t: t.randint(3, 3, (2,)),
    "negative permutation": lambda t: t.randperm(-1),
    "seed as text": lambda t: t.Generator().manual_seed("a"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name):
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            BAD[name](t)
        errors.append(caught)
    assert errors[1].type is errors[0].type, f"{errors[1].value} instead of {errors[0].value}"
    assert str(errors[1].value)


def test_tensor_copies_and_as_tensor_shares():
    array = np.zeros(2)
    assert not np.shares_memory(mytorch.tensor(array).array, array)
    assert np.shares_memory(mytorch.as_tensor(array).array, array)
    x = mytorch.ones(2)
    assert mytorch.as_tensor(x) is x
    assert not np.shares_memory(mytorch.tensor(x).array, x.array)


def test_the_old_constructor_shares_a_tensors_memory_and_history():
    for t in (torch, mytorch):
        x = t.ones(2, requires_grad=True)
        y = x * 2
        view = t.Tensor(y)
        assert not view.is_leaf
        (view * t.tensor([1.0, 3.0])).sum().backward()
        assert x.grad.tolist() == [2.0, 6.0]
        z = t.zeros(2)
        t.Tensor(z).add_(1)
        assert z.tolist() == [1.0, 1.0]
        assert z._version == 1


def test_a_tensor_of_torchs_among_the_data_is_named():
    for data in ([1.0, torch.tensor(1.0)], torch.tensor(1.0), torch.ones(2), [torch.ones(2)]):
        with pytest.raises(TypeError, match=r"\(got torch\.Tensor\)"):
            mytorch.tensor(data)


@pytest.mark.parametrize("make", [mytorch.zeros, mytorch.ones, mytorch.empty, mytorch.rand, mytorch.randn])
def test_requires_grad(make):
    x = make(2, requires_grad=True)
    assert x.requires_grad
    assert x.is_leaf


INTEGERS, FLOATS = np.array([[7, -7, 0], [3, 2, -5]]), np.array([2.0, np.nan])
NEW = {
    "new_zeros": (lambda t, a: a.new_zeros(2, 3), INTEGERS),  # noqa: ARG005 - every program takes the namespace
    "new_ones": (lambda t, a: a.new_ones((2,), dtype=t.float16), INTEGERS),
    "new_full": (lambda t, a: a.new_full((2, 2), 3), FLOATS),  # noqa: ARG005 - the same
    "new_tensor": (lambda t, a: a.new_tensor([1, 2]), FLOATS),  # noqa: ARG005 - the same
}


@pytest.mark.parametrize("name", NEW)
def test_new_tensors_are_exactly_torchs(name, agree_exactly):
    agree_exactly(*NEW[name])
