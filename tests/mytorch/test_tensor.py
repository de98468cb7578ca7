"""What a Tensor is and what Python makes of it, against torch."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])

# Both print the same text, but for the name.
REPRS = {
    "whole": lambda t: t.tensor([[1.0, 2.0], [3.0, -4.0]]),
    "fractions": lambda t: t.tensor([0.12345, 100.0]),
    "wide": lambda t: t.tensor([1e10, 1.0]),
    "small": lambda t: t.tensor([1e-6, 0.5]),
    "special": lambda t: t.tensor([1.5, float("nan"), float("inf"), float("-inf")]),
    "0-dim": lambda t: t.tensor(1.5),
    "0-dim integer": lambda t: t.tensor(3),
    "integers": lambda t: t.tensor([1, -200]),
    "int32": lambda t: t.tensor([1, 2], dtype=t.int32),
    "bools": lambda t: t.tensor([True, False]),
    "float64": lambda t: t.ones(2, dtype=t.float64),
    "float16": lambda t: t.ones(2, dtype=t.float16),
    "empty": lambda t: t.tensor([]),
    "empty sizes": lambda t: t.zeros(0, 3),
    "leaf": lambda t: t.ones(2, requires_grad=True),
    "0-dim leaf": lambda t: t.tensor(1.5, requires_grad=True),
    "recorded": lambda t: t.ones(2, requires_grad=True) * 2,
    "three dimensions": lambda t: t.arange(12.0).reshape(2, 2, 3),
    "long": lambda t: t.arange(2000),
    "size": lambda t: t.zeros(2, 3).shape,
    "sizes joined": lambda t: t.zeros(2, 3).shape + (1,),  # noqa: RUF005 - the sum is what is tested
    "some sizes": lambda t: t.zeros(2, 3).shape[:1],
    "dtype": lambda t: t.float32,
    "default bool": lambda t: t.bool,
}


@pytest.mark.parametrize("name", REPRS)
def test_repr(name):
    expected, got = (repr(REPRS[name](t)) for t in (torch, mytorch))
    assert got.replace("mytorch", "torch") == expected


ANSWERS = {
    "dim": lambda t: (x := t.zeros(2, 3), x.dim(), x.ndim, x.numel(), len(x), x.element_size())[1:],
    "size": lambda t: (tuple(t.zeros(2, 3).size()), t.zeros(2, 3).size(-1), t.zeros(2, 3).shape.numel()),
    "stride": lambda t: (t.zeros(2, 3).stride(), t.zeros(2, 3).t().stride(0)),
    "contiguous": lambda t: (t.zeros(2, 3).is_contiguous(), t.zeros(2, 3).t().is_contiguous()),
    "floating": lambda t: (t.zeros(2).is_floating_point(), t.is_floating_point(t.zeros(2).int())),
    "numbers": lambda t: (float(t.tensor(2)), int(t.tensor(2.7)), bool(t.tensor([0.0])), [0, 1][t.tensor(1)]),
    "item": lambda t: (t.tensor([[3]]).item(), t.tensor(2.5).item(), t.tensor(True).item()),
    "tolist": lambda t: (t.tensor([[1, 2]]).tolist(), t.tensor(1.5).tolist()),
    "contains": lambda t: (2 in t.tensor([1, 2]), 3 in t.tensor([1, 2])),
    "equality with others": lambda t: (t.zeros(2) == None, t.zeros(2) != "a"),  # noqa: E711 - what is tested
    "format": lambda t: f"{t.tensor(1.23456):.2f}",
    "format without a spec": lambda t: f"{t.tensor(0.5)} {t.tensor(3)} {t.tensor([0.5])}",
    "format a parameter": lambda t: f"{t.nn.Parameter(t.tensor(0.5))}",
    "numpy number": lambda t: (t.ones(2) * np.float64(3)).tolist(),
    "to": lambda t: str(t.ones(2).to("cpu", t.float64).dtype)[-7:],
    "to other": lambda t: str(t.ones(2).to(t.ones(1).half()).dtype)[-7:],
    "device": lambda t: (str(t.ones(2).device), t.ones(2).device.type, t.ones(2).device == t.device("cpu")),
    "finfo of dtypes": lambda t: (t.float32.itemsize, t.int8.is_floating_point, t.uint8.is_signed),
    "old type": lambda t: t.ones(2).type().rpartition(".")[2],
    "asarray": lambda t: np.asarray(t.ones(2), dtype=np.float64).tolist(),
    "old constructor": lambda t: (t.Tensor([1, 2]).tolist(), tuple(t.Tensor(2, 3).shape)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name):
    expected, got = (ANSWERS[name](t) for t in (torch, mytorch))
    assert got == expected
    assert type(got) is type(expected)


BAD = {
    "truth of many": lambda t: bool(t.ones(2)),
    "truth of none": lambda t: bool(t.ones(0)),
    "float of many": lambda t: float(t.ones(2)),
    "item of many": lambda t: t.ones(2).item(),
    "index of a float": lambda t: t.tensor(2.5).__index__(),
    "length of a number": lambda t: len(t.tensor(1)),
    "iteration over a number": lambda t: iter(t.tensor(1)),
    "sizes do not broadcast": lambda t: t.ones(2, 3) * t.ones(2),
    "text": lambda t: t.ones(2) + "a",
    "none": lambda t: t.ones(2) * None,
    "format a parameter as a number": lambda t: f"{t.nn.Parameter(t.tensor(0.5)):.2f}",
    "format several as a number": lambda t: f"{t.tensor([0.5]):.2f}",
    "less than none": lambda t: t.ones(2) < None,
    "function on a list": lambda t: t.sigmoid([1.0]),
    "sum of a list": lambda t: t.sum([1.0]),
    "sum over text": lambda t: t.ones(2).sum("a"),
    "sum out of range": lambda t: t.ones(2, 3).sum(2),
    "sum twice": lambda t: t.ones(2, 3).sum((0, 0)),
    "mean of integers": lambda t: t.ones(2).int().mean(),
    "mean as integers": lambda t: t.ones(2).mean(dtype=t.int32),
    "bools subtracted": lambda t: t.ones(2).bool() - t.ones(2).bool(),
    "bool from one": lambda t: 1 - t.ones(2).bool(),
    "bool negated": lambda t: -t.ones(2).bool(),
    "float inverted": lambda t: ~t.ones(2),
    "alpha of a wrong kind": lambda t: t.add(t.ones(2).int(), 1, alpha=1.5),
    "integers to a negative power": lambda t: t.tensor([2, 3]) ** -1,
    "integer divided by zero": lambda t: t.tensor([7]) // t.tensor(0),
    "rounding mode": lambda t: t.div(t.ones(2), 2, rounding_mode="up"),
    "two numbers": lambda t: t.pow(2, 3),
    "maximum of a number": lambda t: t.maximum(t.ones(2), 1.0),
    "clamp without bounds": lambda t: t.ones(2).clamp(),
    "where on integers": lambda t: t.where(t.tensor([1, 0]), 1.0, 2.0),
    "max of nothing": lambda t: t.ones(0).max(),
    "max over nothing": lambda t: t.ones(3, 0).max(1),
    "amax of nothing": lambda t: t.ones(2, 0).amax(),
    "argmax of nothing": lambda t: t.ones(0).argmax(),
    "matmul sizes": lambda t: t.ones(2, 3) @ t.ones(2, 3),
    "matmul vectors": lambda t: t.ones(3) @ t.ones(4),
    "matmul matrix and vector": lambda t: t.ones(2, 3) @ t.ones(4),
    "matmul vector and matrix": lambda t: t.ones(3) @ t.ones(4, 5),
    "matmul stacks": lambda t: t.ones(2, 3, 4) @ t.ones(3, 4, 5),
    "matmul stacks inside": lambda t: t.ones(2, 3, 4) @ t.ones(2, 5, 4),
    "matmul of a number": lambda t: t.tensor(1.0) @ t.ones(3),
    "matmul by a number": lambda t: t.ones(2, 3) @ 3,
    "matmul dtypes": lambda t: t.ones(2, 2) @ t.ones(2, 2).double(),
    "matmul of bools": lambda t: t.ones(2, 2).bool() @ t.ones(2, 2).bool(),
    "mm of vectors": lambda t: t.mm(t.ones(2), t.ones(2)),
    "bmm of matrices": lambda t: t.bmm(t.ones(2, 2), t.ones(2, 2)),
    "bmm sizes": lambda t: t.bmm(t.ones(2, 2, 3), t.ones(2, 2, 2)),
    "dot sizes": lambda t: t.dot(t.ones(2), t.ones(3)),
    "dot of matrices": lambda t: t.dot(t.ones(2, 2), t.ones(2)),
    "cat of nothing": lambda t: t.cat([]),
    "cat of a tensor": lambda t: t.cat(t.ones(2)),
    "cat with a number": lambda t: t.cat([t.ones(2), 3]),
    "cat ranks": lambda t: t.cat([t.ones(2), t.ones(2, 2)]),
    "cat sizes": lambda t: t.cat([t.ones(3, 2), t.ones(2, 3)]),
    "cat of 0-dim": lambda t: t.cat([t.ones(2), t.tensor(1.0)]),
    "cat out of range": lambda t: t.cat([t.ones(2)], dim=1),
    "stack of nothing": lambda t: t.stack([]),
    "stack sizes": lambda t: t.stack([t.ones(2), t.ones(3)]),
    "split sizes": lambda t: t.ones(4).split([1, 2]),
    "split negative": lambda t: t.ones(4).split(-1),
    "split by zero": lambda t: t.ones(4).split(0),
    "chunk by zero": lambda t: t.ones(4).chunk(0),
    "unbind of a number": lambda t: t.tensor(1.0).unbind(),
    "unsqueeze out of range": lambda t: t.ones(2).unsqueeze(3),
    "view of wrong size": lambda t: t.ones(12).view(5),
    "view across strides": lambda t: t.ones(3, 4).t().view(12),
    "reshape of wrong size": lambda t: t.ones(12).reshape(5, -1),
    "reshape with two unknowns": lambda t: t.ones(12).reshape(-1, -1),
    "reshape of nothing": lambda t: t.ones(0, 2).reshape(0, -1),
    "t of three": lambda t: t.ones(2, 2, 2).t(),
    "permute too few": lambda t: t.ones(2, 3).permute(0),
    "permute twice": lambda t: t.ones(2, 3).permute(0, 0),
    "permute out of range": lambda t: t.ones(2, 3).permute(0, 3),
    "expand sizes": lambda t: t.ones(3, 4).expand(3, 5),
    "expand too few": lambda t: t.ones(3, 4).expand(2),
    "expand unknown": lambda t: t.ones(3, 4).expand(-1, 3, 4),
    "mT of a vector": lambda t: t.ones(2).mT,
    "size out of range": lambda t: t.ones(2, 3).size(5),
    "flatten backwards": lambda t: t.ones(2, 3).flatten(1, 0),
    "allclose dtypes": lambda t: t.allclose(t.ones(2), t.ones(2).double()),
    "dtype as text": lambda t: t.ones(2).to(dtype="float32"),
    "in place, too large": lambda t: t.ones(2).add_(t.ones(3, 2)),
    "in place, category": lambda t: t.ones(2).int().add_(1.5),
    "in place, division of integers": lambda t: t.ones(2).int().div_(2),
    "in place, text": lambda t: t.ones(2).add_("a"),
    "copy of wrong size": lambda t: t.ones(2).copy_(t.ones(3)),
    "copy of a list": lambda t: t.ones(2).copy_([1, 2]),
    "fill with many": lambda t: t.ones(2).fill_(t.ones(2)),
    "writing to an expanded view": lambda t: t.ones(1).expand(3).add_(1),
    "data is no tensor": lambda t: setattr(t.ones(2), "data", 1),
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


# Where torch's words are good, they are ours too.
SAME_WORDS = [
    "truth of many",
    "sizes do not broadcast",
    "sum out of range",
    "mean of integers",
    "matmul sizes",
    "matmul vectors",
    "matmul matrix and vector",
    "matmul stacks",
    "matmul stacks inside",
    "bmm sizes",
    "cat sizes",
    "cat ranks",
    "stack sizes",
    "split sizes",
    "view of wrong size",
    "view across strides",
    "expand sizes",
    "bools subtracted",
    "unsqueeze out of range",
    "in place, category",
    "permute twice",
    "max over nothing",
]


@pytest.mark.parametrize("name", SAME_WORDS)
def test_messages(name):
    words = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the words are what is compared
            BAD[name](t)
        words.append(str(caught.value))
    assert words[1] == words[0]


CHANGES = {
    "add_": lambda t, x: x.add_(2),
    "add_ alpha": lambda t, x: x.add_(t.ones(2), alpha=-3),
    "sub_": lambda t, x: x.sub_(t.ones(3, 1), alpha=2),
    "mul_": lambda t, x: x.mul_(t.tensor(3)),
    "div_": lambda t, x: x.div_(2),
    "copy_": lambda t, x: x.copy_(t.tensor([1, 2])),
    "fill_": lambda t, x: x.fill_(7),
    "zero_": lambda t, x: x.zero_(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_in_place(name):
    results = []
    for t in (torch, mytorch):
        x = t.arange(6.0).reshape(3, 2)
        view = x[0]
        version = x._version
        assert CHANGES[name](t, x) is x
        assert x._version == version + 1 == view._version
        results.append((x.tolist(), view.tolist()))
    assert results[1] == results[0]


@BOTH
def test_operators_in_place(t):
    x = before = t.ones(2)
    x += 1
    x *= 3
    x -= 1
    x /= 2
    assert x is before
    assert x.tolist() == [2.5, 2.5]


@BOTH
def test_integer_tensors_in_place(t):
    x = t.tensor([250], dtype=t.uint8)
    x += 10
    assert x.tolist() == [4]


def test_data_shares_memory_and_can_be_replaced():
    x = mytorch.ones(2, requires_grad=True)
    x.data.add_(1)
    assert x.tolist() == [2, 2]
    x.data = mytorch.zeros(3)
    assert x.shape == (3,)
    assert x.requires_grad


def test_numpy_shares_memory():
    x = mytorch.zeros(2)
    x.numpy()[0] = 5
    assert x.tolist() == [5, 0]
    assert np.shares_memory(mytorch.from_numpy(x.numpy()).numpy(), x.numpy())
    # torch does this too, but with a deprecation warning of NumPy's.
    assert (np.ones(2) + mytorch.ones(2)).tolist() == [2, 2]
    assert (mytorch.ones(2) * np.ones(2)).dtype is mytorch.float64


def test_tensors_are_hashed_by_identity():
    x, y = mytorch.ones(2), mytorch.ones(2)
    assert len({x, y, x}) == 2


def unpickled(x):
    return pickle.loads(pickle.dumps(x))  # noqa: S301 - its own pickle


@pytest.mark.parametrize("make_copy", [copy.deepcopy, unpickled])
def test_copies(make_copy):
    x = mytorch.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    y = make_copy(x)
    assert y.tolist() == x.tolist()
    assert y.requires_grad
    assert not np.shares_memory(y.array, x.array)
    assert make_copy(mytorch.float32) is mytorch.float32


def test_a_deep_copy_has_the_gradient_and_a_pickle_has_not():
    x = mytorch.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    assert copy.deepcopy(x).grad.tolist() == [2, 2]
    assert unpickled(x).grad is None


def test_tensors_with_views_views_and_datasets_of_them_are_pickled():
    x = mytorch.arange(6.0).reshape(2, 3)
    row = x[1]
    assert unpickled(x).tolist() == x.tolist()
    assert unpickled(row).tolist() == [3, 4, 5]
    assert unpickled(mytorch.utils.data.TensorDataset(x))[1][0].tolist() == [3, 4, 5]


def test_a_result_is_pickled_without_its_history():
    x = mytorch.ones(2, requires_grad=True)
    y = unpickled(x * 2)
    assert y.requires_grad
    assert y.is_leaf


def test_a_shallow_copy_shares_the_memory():
    x = mytorch.ones(2)
    assert np.shares_memory(copy.copy(x).array, x.array)


def test_copies_of_what_is_recorded_are_refused():
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(mytorch.ones(2, requires_grad=True) * 2)


def test_transpose_of_other_ranks_warns():
    with pytest.warns(UserWarning, match="deprecated"):
        assert mytorch.ones(2, 3, 4).T.shape == (4, 3, 2)


def test_other_devices_are_named():
    for bad in (
        lambda: mytorch.zeros(2, device="cuda"),
        lambda: mytorch.zeros(2).to("cuda:1"),
        mytorch.zeros(2).cuda,
    ):
        with pytest.raises(AssertionError, match="cuda"):
            bad()


DEVICES = ["cpu", "cpu:0", "cuda", "cuda:1", "mps", "foo", "cuda:x", 1.5]


@pytest.mark.parametrize("name", DEVICES)
def test_devices_are_torchs(name):
    answers = []
    for t in (torch, mytorch):
        try:
            device = t.device(name)
            answers.append((str(device), repr(device), device.type, device.index, device == t.device("cpu")))
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            answers.append(type(error))
    assert answers[1] == answers[0]


def test_devices_by_number():
    assert mytorch.device("cuda", 1) == mytorch.device("cuda:1") == mytorch.device(mytorch.device("cuda:1"))
    assert hash(mytorch.device("cpu")) == hash(mytorch.zeros(1).device)
    assert not mytorch.zeros(1).is_cuda


@BOTH
@pytest.mark.parametrize("name", ["Tensor", "Size", "dtype", "device"])
def test_the_core_classes_have_their_public_names(t, name):
    # Error messages, help texts and pickles show these names, so they are not the names of private modules.
    assert f"{getattr(t, name).__module__}.{getattr(t, name).__qualname__}" == f"{t.__name__}.{name}"
