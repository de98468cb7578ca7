"""The old constructors and types of tensors, against torch."""

# A table of calls is one of lambdas, and every call takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import torch

import mytorch

TYPES = (
    *("FloatTensor", "DoubleTensor", "HalfTensor", "LongTensor", "IntTensor"),
    *("ShortTensor", "CharTensor", "ByteTensor", "BoolTensor"),
)
MADE = {
    "numbers": lambda t: t.FloatTensor([1, 2]),
    "tuple": lambda t: t.FloatTensor((2, 3)),
    "nested": lambda t: t.LongTensor([[1, 2], [3, 4]]),
    "fractions": lambda t: t.LongTensor([1.5, -2.5]),
    "nothing": lambda t: t.LongTensor(),
    "no elements": lambda t: t.LongTensor([[]]),
    "range": lambda t: t.DoubleTensor(range(3)),
    "array": lambda t: t.FloatTensor(np.ones(3)),
    "array of no dimension": lambda t: t.FloatTensor(np.array(2.0)),
    "tensors of one element": lambda t: t.FloatTensor([t.tensor(1), t.tensor(2)]),
    "tensor": lambda t: t.FloatTensor(t.ones(2)),
    "tensor that requires gradients": lambda t: t.FloatTensor(t.ones(2, requires_grad=True)),
    "data by name": lambda t: t.IntTensor(data=[1, 2]),
    "device": lambda t: t.IntTensor([1, 2], device="cpu"),
    "negative as uint8": lambda t: t.ByteTensor([1, -1, 255]),
    "sizes": lambda t: t.LongTensor(2, 3).zero_(),
    "NumPy's integer": lambda t: t.LongTensor(np.int64(2), 3).zero_(),
    "array as a size": lambda t: t.LongTensor(np.array(2)).zero_(),
    "size": lambda t: t.LongTensor(t.zeros(2, 3).size()).zero_(),
    "size by name": lambda t: t.LongTensor(size=(2, 3)).zero_(),
    "Tensor's size by name": lambda t: t.Tensor(size=(2, 3)).zero_(),
    "new of numbers": lambda t: t.arange(3).new([1.5, 2]),
    "new of sizes": lambda t: t.ones(1, dtype=t.float64).new(2, 3).zero_(),
    "new of a size": lambda t: t.ones(2, 3).new(t.ones(2, 3).size()).zero_(),
    "new of nothing": lambda t: t.ones(2, requires_grad=True).new(),
    "new of a tensor": lambda t: t.arange(3).new(t.arange(2)),
    "new of an array": lambda t: t.ones(2).new(np.ones(2)),
    "type by name": lambda t: t.tensor([1.5, 2]).type("torch.LongTensor"),
    "type by type": lambda t: t.tensor([1.5, 2]).type(t.LongTensor, non_blocking=True),
    "type by dtype": lambda t: t.tensor([1.5, 2]).type(dtype=t.int16),
    "the default type": lambda t: t.arange(2).type(t.Tensor),
    "the default type by name": lambda t: t.arange(2).type("torch.Tensor"),
    "type of a module": lambda t: t.nn.Linear(1, 2).type(t.DoubleTensor).bias.detach() * 0,
    "type of a module by name": lambda t: t.nn.Linear(1, 2).type("torch.HalfTensor").bias.detach() * 0,
    "byte": lambda t: t.tensor([1.5, 2]).byte(),
    "char": lambda t: t.tensor([1.5, -2]).char(),
}
BAD = {
    "tensor of another dtype": lambda t: t.FloatTensor(t.arange(3)),
    "new of a tensor of another dtype": lambda t: t.ones(2).new(t.arange(3)),
    "float": lambda t: t.FloatTensor(2.5),
    "bool": lambda t: t.FloatTensor(True),
    "None": lambda t: t.FloatTensor(None),
    "text": lambda t: t.FloatTensor("ab"),
    "dictionary": lambda t: t.FloatTensor({}),
    "a float among sizes": lambda t: t.FloatTensor(2, 2.5),
    "negative": lambda t: t.FloatTensor(-1),
    "too large": lambda t: t.ByteTensor([256]),
    "ragged": lambda t: t.FloatTensor([[1], [2, 3]]),
    "dtype": lambda t: t.FloatTensor([1], dtype=t.float64),
    "device": lambda t: t.FloatTensor([1], device="cuda"),
    "device of Tensor": lambda t: t.Tensor(2, device="cuda"),
    "a type as a dtype": lambda t: t.zeros(2, dtype=t.LongTensor),
    "unknown type": lambda t: t.ones(1).type("torch.FooTensor"),
    "type without a module": lambda t: t.ones(1).type("LongTensor"),
    "Python's type": lambda t: t.ones(1).type(float),
    "number as a type": lambda t: t.ones(1).type(3),
    "type on another device": lambda t: t.ones(1).type("torch.cuda.FloatTensor"),
    "integer type of a module": lambda t: t.nn.Linear(1, 2).type(t.LongTensor),
    "no type of a module": lambda t: t.nn.Linear(1, 2).type(None),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE.keys())
def test_tensors_are_made_as_in_torch(made):
    ours, theirs = made(mytorch), made(torch)
    assert (ours.tolist(), ours.shape) == (theirs.tolist(), tuple(theirs.shape))
    assert str(ours.dtype).rpartition(".")[2] == str(theirs.dtype).rpartition(".")[2]
    assert ours.requires_grad == theirs.requires_grad


@pytest.mark.parametrize("call", BAD.values(), ids=BAD.keys())
def test_bad_calls_raise_torchs_class_of_error(call):
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - which class it is, torch says
        call(torch)
    with pytest.raises(theirs.type):
        call(mytorch)


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_that_of_the_tensors_of_its_dtype(name):
    kind, theirs = getattr(mytorch, name), getattr(torch, name)
    tensor = kind([1])
    assert tensor.type() == theirs([1]).type() == f"torch.{name}"
    assert tensor.type(kind) is tensor
    assert tensor.type(tensor.type()) is tensor
    assert [isinstance(tensor, getattr(mytorch, other)) for other in TYPES] == [name == n for n in TYPES]
    assert repr(kind) == repr(theirs).replace("torch", "mytorch")
    assert str(kind.dtype) == f"my{theirs.dtype}"


def test_a_type_is_a_class_without_objects_of_its_own():
    assert type(mytorch.FloatTensor([1])) is mytorch.Tensor
    assert not issubclass(mytorch.FloatTensor, mytorch.Tensor)
    assert not isinstance(3.0, mytorch.FloatTensor)
    assert isinstance(mytorch.nn.Parameter(mytorch.ones(1)), mytorch.FloatTensor)
    assert pickle.loads(pickle.dumps(mytorch.LongTensor)) is mytorch.LongTensor  # noqa: S301 - our own bytes


def test_a_given_tensor_shares_memory_and_passes_gradients():
    source = mytorch.ones(2, requires_grad=True)
    mytorch.FloatTensor(source * 2).sum().backward()
    assert source.grad.tolist() == [2, 2]
    plain = mytorch.zeros(2)
    plain.new(plain)[0] = 5
    assert plain.tolist() == [5, 0]


def test_an_array_of_the_dtype_shares_memory_as_in_torch():
    for t in (mytorch, torch):
        array = np.zeros(2, np.float32)
        t.FloatTensor(array)[0] = 5
        assert array.tolist() == [5, 0]


DEFAULTS = {
    "type": (lambda t: t.DoubleTensor, "float64"),
    "name": (lambda t: "torch.HalfTensor", "float16"),
    "integers": (lambda t: t.LongTensor, TypeError),
    "unknown name": (lambda t: "torch.FooTensor", AttributeError),
    "a dtype": (lambda t: t.float64, TypeError),
}


@pytest.mark.parametrize(("given", "expected"), DEFAULTS.values(), ids=DEFAULTS.keys())
def test_the_default_type_is_set_with_torchs_warning(given, expected):
    for t in (mytorch, torch):
        before = t.get_default_dtype()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if isinstance(expected, str):
                    t.set_default_tensor_type(given(t))
                    assert t.Tensor(1).dtype == getattr(t, expected)
                else:
                    with pytest.raises(expected):
                        t.set_default_tensor_type(given(t))
            finally:
                t.set_default_dtype(before)
        assert {each.category for each in caught} == {UserWarning} or t is torch
