"""Calls by torch's names of arguments do as torch does; test_signatures.py compares the names themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch


def square(t):
    return t.arange(6.0).reshape(2, 3)


def column(t):
    return t.tensor([[2], [0]])


CALLS = {
    # Dimensions, one by one or as a tuple.
    "flip": lambda t: square(t).flip(dims=(0,)),
    "flip one by one": lambda t: square(t).flip(0, -1),
    "flip none": lambda t: square(t).flip(()),
    "flip as a function": lambda t: t.flip(square(t), dims=[1]),
    "flip a number": lambda t: t.flip(square(t), 0),
    "flip two numbers": lambda t: square(t).flip(dims=0),
    "repeat": lambda t: t.arange(2).repeat(repeats=(2, 1)),
    "roll": lambda t: t.arange(3).roll(shifts=1, dims=0),
    "swapaxes": lambda t: square(t).swapaxes(axis0=0, axis1=1),
    "swapaxes as a function": lambda t: t.swapaxes(square(t), axis0=0, axis1=1),
    "swapaxes by other names": lambda t: square(t).swapaxes(dim0=0, dim1=1).shape,
    "swapdims": lambda t: square(t).swapdims(dim0=0, dim1=1),
    "squeeze": lambda t: t.zeros(1, 2, 1).squeeze(0, 2).shape,
    "squeeze a tuple": lambda t: t.zeros(1, 2, 1).squeeze(dim=(0, 2)).shape,
    "squeeze none": lambda t: t.zeros(1, 2, 1).squeeze(()).shape,
    "squeeze along an axis": lambda t: t.zeros(1, 2, 1).squeeze(axis=0).shape,
    "broadcast_to": lambda t: t.ones(1, 2).broadcast_to(2, 2).shape,
    "broadcast_to a size": lambda t: t.ones(1, 2).broadcast_to(size=(2, 2)).shape,
    # Pieces.
    "split": lambda t: t.arange(5).split(split_size=2),
    "split into sizes": lambda t: t.arange(5).split(split_size=[1, 4], dim=0),
    "split as a function": lambda t: t.split(tensor=t.arange(4), split_size_or_sections=2),
    "split by the function's name": lambda t: t.arange(4).split(split_size_or_sections=2),
    # Rounding.
    "round": lambda t: t.round(t.tensor([1.2345, -155.0, 2.5]), decimals=2),
    "round to tens": lambda t: t.tensor([154.0, 155.0, 165.0, float("nan")]).round(decimals=-1),
    "round to nothing": lambda t: t.tensor([1.5]).round(decimals=0),
    "round in place": lambda t: t.tensor([1.26]).round_(decimals=1),
    "round integers": lambda t: t.tensor([15]).round(decimals=-1),
    "round bools": lambda t: t.tensor([True]).round(decimals=0),
    "round by position": lambda t: t.tensor([1.5]).round(1),
    # Written elements.
    "scatter": lambda t: square(t).scatter(1, column(t), value=9.0),
    "scatter by names": lambda t: square(t).scatter(dim=1, index=column(t), src=t.ones(2, 1)),
    "scatter in place": lambda t: square(t).scatter_(dim=1, index=column(t), value=9),
    "scatter along an axis": lambda t: square(t).scatter(axis=1, index=column(t), value=9),
    "scatter nothing": lambda t: square(t).scatter(1, column(t)),
    "scatter both": lambda t: square(t).scatter(1, column(t), t.ones(2, 1), value=9),
    "gather": lambda t: square(t).gather(dim=1, index=column(t), sparse_grad=False),
    "copy_": lambda t: t.zeros(2).copy_(other=t.ones(2), non_blocking=True),
    "copy_ by another name": lambda t: t.zeros(2).copy_(src=t.ones(2)),
    "masked_fill_": lambda t: t.zeros(2).masked_fill_(mask=t.tensor([True, False]), value=2),
    "clamp_": lambda t: square(t).clamp_(min=1, max=2),
    "lerp_": lambda t: t.zeros(2).lerp_(end=t.ones(2), weight=0.25),
    "addcmul_": lambda t: t.zeros(2).addcmul_(tensor1=t.ones(2), tensor2=t.ones(2), value=3),
    "pow_": lambda t: square(t).pow_(exponent=2),
    # Reductions.
    "max": lambda t: square(t).max(other=t.full((2, 3), 2.0)),
    "max as a function": lambda t: t.max(square(t), other=t.full((2, 3), 2.0)),
    "min": lambda t: square(t).min(other=t.full((2, 3), 2.0)),
    "min and a dimension": lambda t: square(t).min(dim=0, other=t.full((2, 3), 2.0)),
    "norm": lambda t: square(t).norm(2, 0, False, t.float64),
    "norm along an axis": lambda t: t.norm(square(t), axis=0),
    "softmax along an axis": lambda t: t.softmax(square(t), axis=0),
    "log_softmax along an axis": lambda t: square(t).log_softmax(axis=1),
    "sum": lambda t: t.sum(x1=square(t), axis=0, keepdims=True),
    "narrow along an axis": lambda t: square(t).narrow(axis=1, start=1, length=2),
    "unflatten along an axis": lambda t: t.unflatten(square(t), axis=1, sizes=(3, 1)).shape,
    "size along an axis": lambda t: square(t).size(axis=1),
    "stride along an axis": lambda t: square(t).stride(axis=0),
    "split along an axis": lambda t: t.split(square(t), 1, axis=0),
    # New tensors.
    "randint": lambda t: t.randint(high=1, size=(2,)),
    "randint from": lambda t: t.randint(low=3, high=4, size=(2,)),
    "randint a bound and sizes": lambda t: t.randint(1, size=(2,)),
    "randint positions": lambda t: t.randint(1, (2,)),
    "randint without sizes": lambda t: t.randint(1),
    "rand_like": lambda t: t.rand_like(t.zeros(2), generator=t.Generator()).shape,
    "randn_like": lambda t: t.randn_like(t.zeros(2), generator=t.Generator()).shape,
    "new_zeros": lambda t: t.zeros(1).new_zeros(size=(2,), requires_grad=True),
    "new_ones": lambda t: t.zeros(1).new_ones(2, device="cpu", dtype=t.int64),
    "new_empty": lambda t: t.zeros(1).new_empty(size=(0, 2)),
    "new_full": lambda t: t.zeros(1).new_full(size=(2,), fill_value=3, requires_grad=True),
    "new_tensor": lambda t: t.zeros(1).new_tensor(data=[1], requires_grad=True),
    "new_tensor by position": lambda t: t.zeros(1).new_tensor([1], t.float64),
    "a generator": lambda t: t.Generator(None).manual_seed(3).initial_seed(),
    # Others.
    "where a condition": lambda t: t.where(square(t) > 2),
    "where a tensor": lambda t: t.where(square(t)),
    "where of 0 dimensions": lambda t: t.where(t.tensor(True)),
    "where one": lambda t: t.where(t.tensor([True]), t.ones(1)),
    "result_type": lambda t: t.result_type(tensor=t.zeros(1), other=t.ones(1, dtype=t.int64)),
    "one_hot": lambda t: t.nn.functional.one_hot(input=t.tensor([1]), num_classes=3),
    "one_hot by another name": lambda t: t.nn.functional.one_hot(tensor=t.tensor([1])),
    "gelu": lambda t: t.nn.functional.gelu(input=t.ones(1), approximate="tanh"),
    "type": lambda t: t.zeros(2).type(t.float64, non_blocking=True),
    "Sequential": lambda t: t.nn.Sequential().extend(sequential=t.nn.Sequential(t.nn.ReLU())),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_by_name_does_as_torchs(same_kind, call):
    same_kind(CALLS[call])


@pytest.fixture
def same_kind(same_text, refused_alike):
    """Compare what a program returns as text, and of errors their classes only."""

    def compare(program):
        try:
            program(torch)
        except Exception:  # noqa: BLE001 - the class is what is compared
            refused_alike(program)
        else:
            same_text(program)

    return compare


@pytest.mark.parametrize("decimals", [-40, -5, -1, 0, 1, 3, 5, 400])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rounding_to_decimals_is_torchs_bit_by_bit(decimals, dtype):
    numbers = np.random.default_rng(3).standard_normal(2000) * 10.0 ** np.linspace(-6, 6, 2000)
    if dtype == "float16":
        numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    array = numbers.astype(dtype)
    expected = torch.tensor(array).round(decimals=decimals).numpy()
    got = mytorch.tensor(array).round(decimals=decimals).numpy()
    np.testing.assert_array_equal(got, expected)


def test_rounding_to_decimals_has_no_gradient():
    x = mytorch.tensor([1.26], requires_grad=True)
    x.round(decimals=1).backward()
    assert x.grad.tolist() == [0.0]


def leaf(t):
    return t.tensor([1.0, 2.0], requires_grad=True)


def test_the_old_name_of_the_cotangents_warns():
    for t in (torch, mytorch):
        x = leaf(t)
        with pytest.warns(FutureWarning, match="grad_variables"):
            t.autograd.backward(2 * x, grad_variables=t.ones(2))
        assert x.grad.tolist() == [2.0, 2.0]
        given = t.ones(2)
        with (
            pytest.warns(FutureWarning, match="grad_variables"),
            pytest.raises(RuntimeError, match="both passed"),
        ):
            t.autograd.backward(2 * x, given, grad_variables=given)


def test_only_inputs_warns():
    for t in (torch, mytorch):
        x = leaf(t)
        with pytest.warns(FutureWarning, match="only_inputs"):
            (found,) = t.autograd.grad(x.sum(), x, None, None, False, False)
        assert found.tolist() == [1.0, 1.0]


def test_sparse_gradients_are_refused():
    with pytest.raises(NotImplementedError, match="sparse"):
        mytorch.ones(2).gather(0, mytorch.tensor([0]), sparse_grad=True)
