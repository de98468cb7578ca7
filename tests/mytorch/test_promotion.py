"""Type promotion against torch: every pair of dtypes, with and without dimensions, and numbers."""

from __future__ import annotations

import itertools

import pytest
import torch

import mytorch

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
NUMBERS = [True, 2, 1.5]
OPERATORS = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


def operand(t, name, dims):
    return t.ones((2,) * dims, dtype=getattr(t, name))


def name_of(tensor):
    return str(tensor.dtype).rpartition(".")[2]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("dims", [(1, 1), (1, 0), (0, 1), (0, 0)])
def test_pairs(operator, dims):
    run = OPERATORS[operator]
    for first, second in itertools.product(NAMES, NAMES):
        expected, got = (
            run(operand(t, first, dims[0]), operand(t, second, dims[1])) for t in (torch, mytorch)
        )
        assert name_of(got) == name_of(expected), f"{first}, {second}"
        assert got.tolist() == expected.tolist(), f"{first}, {second}"


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("dims", [0, 1])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_numbers(operator, dims, number):
    run = OPERATORS[operator]
    for name in NAMES:
        for swap in (False, True):
            results = []
            for t in (torch, mytorch):
                x = operand(t, name, dims)
                results.append(run(number, x) if swap else run(x, number))
            assert name_of(results[1]) == name_of(results[0]), f"{name}, swapped: {swap}"
            assert results[1].tolist() == pytest.approx(results[0].tolist(), rel=1e-3), name


@pytest.mark.parametrize("default", ["float32", "float64", "float16"])
def test_default_dtype_decides_for_floats(default):
    for t in (torch, mytorch):
        t.set_default_dtype(getattr(t, default))
    for name in NAMES:
        expected, got = (operand(t, name, 1) * 1.5 for t in (torch, mytorch))
        assert name_of(got) == name_of(expected)
        assert name_of(operand(mytorch, name, 1).sigmoid()) == name_of(operand(torch, name, 1).sigmoid())


def test_type_functions():
    for first, second in itertools.product(NAMES, NAMES):
        for function in ("promote_types", "can_cast"):
            expected, got = (
                getattr(t, function)(getattr(t, first), getattr(t, second)) for t in (torch, mytorch)
            )
            assert str(got).rpartition(".")[2] == str(expected).rpartition(".")[2], (function, first, second)
        for dims in itertools.product((0, 1), (0, 1)):
            expected, got = (
                t.result_type(operand(t, first, dims[0]), operand(t, second, dims[1]))
                for t in (torch, mytorch)
            )
            assert str(got).rpartition(".")[2] == str(expected).rpartition(".")[2], (first, second, dims)


def test_where_cat_and_stack_promote():
    for first, second in itertools.product(NAMES, NAMES):
        for program in (
            lambda t, a, b: t.cat([a, b]),
            lambda t, a, b: t.stack([a, b]),
            lambda t, a, b: t.where(t.tensor([True, False]), a, b),
            lambda t, a, b: t.maximum(a, b),
        ):
            expected, got = (
                program(t, operand(t, first, 1), operand(t, second, 1)) for t in (torch, mytorch)
            )
            assert name_of(got) == name_of(expected), (first, second)


def test_gradients_have_the_dtype_of_their_tensor():
    x = mytorch.ones(2, dtype=mytorch.float32, requires_grad=True)
    y = mytorch.ones(2, dtype=mytorch.float64, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.dtype is mytorch.float32
    assert y.grad.dtype is mytorch.float64
