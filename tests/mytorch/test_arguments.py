"""Numbers, integers and sizes as arguments, against torch: the forms that are taken, and those refused."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005, PLW0108

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import mytorch


def whole(t, *values):
    return t.tensor(values)


def ones(t):
    return t.ones(2)


def leaf(t):
    return t.tensor(2.0, requires_grad=True)


def gradient(t, function):
    x = t.ones(2, 2, requires_grad=True)
    function(x).sum().backward()
    return x.grad


# Where a number is an argument: the program takes the namespace and the number.
NUMBERS = {
    "add": lambda t, x: t.add(ones(t), ones(t), alpha=x),
    "sub": lambda t, x: t.sub(ones(t), ones(t), alpha=x),
    "rsub": lambda t, x: t.rsub(ones(t), ones(t), alpha=x),
    "add_": lambda t, x: ones(t).add_(1, alpha=x),
    "sub_": lambda t, x: ones(t).sub_(ones(t), alpha=x),
    "addcmul": lambda t, x: t.addcmul(ones(t), ones(t), ones(t), value=x),
    "addcdiv": lambda t, x: t.addcdiv(ones(t), ones(t), ones(t), value=x),
    "addcmul_": lambda t, x: ones(t).addcmul_(ones(t), ones(t), value=x),
    "addmm beta": lambda t, x: t.addmm(t.ones(2, 2), t.ones(2, 2), t.ones(2, 2), beta=x),
    "addmm alpha": lambda t, x: t.addmm(t.ones(2, 2), t.ones(2, 2), t.ones(2, 2), alpha=x),
    "baddbmm": lambda t, x: t.baddbmm(t.ones(1, 2, 2), t.ones(1, 2, 2), t.ones(1, 2, 2), alpha=x, beta=x),
    "lerp": lambda t, x: t.lerp(ones(t), 2 * ones(t), x),
    "fill_": lambda t, x: ones(t).fill_(x),
    "full": lambda t, x: t.full((2,), x),
    "full_like": lambda t, x: t.full_like(ones(t), x),
    "new_full": lambda t, x: ones(t).new_full((2,), x),
    "masked_fill": lambda t, x: ones(t).masked_fill(t.tensor([True, False]), x),
    "scatter": lambda t, x: ones(t).scatter(0, whole(t, 0), x),
    "clamp": lambda t, x: ones(t).clamp(min=x),
    "where": lambda t, x: t.where(t.tensor([True, False]), x, 1.0),
    "arange": lambda t, x: t.arange(x),
    "arange from": lambda t, x: t.arange(x, 5),
    "arange by": lambda t, x: t.arange(0, 5, x),
    "linspace from": lambda t, x: t.linspace(x, 1, 3),
    "linspace to": lambda t, x: t.linspace(0, x, 3),
    "leaky_relu": lambda t, x: t.nn.functional.leaky_relu(-ones(t), x),
    "elu": lambda t, x: t.nn.functional.elu(-ones(t).double(), x),
    "softplus": lambda t, x: t.nn.functional.softplus(ones(t).double(), x, x),
    "hardtanh": lambda t, x: t.nn.functional.hardtanh(9 * ones(t), -9, x),
    "huber_loss": lambda t, x: t.nn.functional.huber_loss(ones(t), 3 * ones(t), delta=x),
    "smooth_l1_loss": lambda t, x: t.nn.functional.smooth_l1_loss(ones(t), 3 * ones(t), beta=x),
    "layer_norm": lambda t, x: t.nn.functional.layer_norm(t.tensor([[1.0, 2.0]]).double(), (2,), eps=x),
    "std": lambda t, x: t.std(t.arange(5.0).double(), correction=x),
    "pad_sequence": lambda t, x: t.nn.utils.rnn.pad_sequence([ones(t), t.ones(1)], padding_value=x),
    "pad_packed_sequence": lambda t, x: t.nn.utils.rnn.pad_packed_sequence(
        t.nn.utils.rnn.pack_sequence([ones(t), t.ones(1)]), padding_value=x
    )[0],
}
FORMS = {
    "integer": lambda t: 2,
    "float": lambda t: 2.5,
    "0-dim tensor": lambda t: t.tensor(2.5),
    "0-dim tensor of an integer": lambda t: t.tensor(2),
    "NumPy's double": lambda t: np.float64(2.5),
    "NumPy's single": lambda t: np.float32(2.5),
    "NumPy's integer": lambda t: np.int32(2),
}
REFUSED = {
    "text": lambda t: "a",
    "list": lambda t: [1.0],
    "tensor with a dimension": lambda t: t.tensor([1.0, 2.0]),
}
# Here a tensor is an operand like the others, or torch compares it with a number before it looks at its type.
OTHERWISE = {"lerp", "clamp", "where", "scatter", "hardtanh", "smooth_l1_loss"}


def outcome(program, t):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = program(t)
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            return type(error), str(error)
    if isinstance(result, t.Tensor):
        return str(result.dtype).rpartition(".")[2], result.detach().numpy()
    return "other", np.asarray(result)


def compare(program):
    (expected_kind, expected), (got_kind, got) = outcome(program, torch), outcome(program, mytorch)
    assert got_kind == expected_kind, f"{got} instead of {expected}"
    if isinstance(expected, np.ndarray):
        np.testing.assert_allclose(got, expected, rtol=1e-7 if got.dtype == np.float32 else 1e-13)
    return got


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_taken_in_every_form(name, form):
    compare(lambda t: NUMBERS[name](t, FORMS[form](t)))


@pytest.mark.parametrize(
    ("name", "form"),
    [(name, form) for name in NUMBERS for form in REFUSED if name not in OTHERWISE or "tensor" not in form],
)
def test_what_is_not_a_number_is_refused(name, form):
    assert isinstance(compare(lambda t: NUMBERS[name](t, REFUSED[form](t))), str)


ANSWERS = {
    "gradient with a tensor as alpha": lambda t: gradient(t, lambda x: t.sub(x, x * x, alpha=t.tensor(3))),
    "gradient with a tensor as value": lambda t: gradient(
        t, lambda x: t.addcdiv(x, x, x, value=t.tensor(3.0))
    ),
    "gradient with tensors as factors": lambda t: gradient(
        t, lambda x: t.addmm(x, x, x, beta=t.tensor(2), alpha=t.tensor(3.0))
    ),
    "a tensor as alpha in place": lambda t: gradient(t, lambda x: (x * 1).add_(x, alpha=t.tensor(3.0))),
    "a tensor that requires gradients": lambda t: t.add(ones(t), 1, alpha=leaf(t)),
    "a value that requires gradients": lambda t: t.addcmul(ones(t), ones(t), ones(t), value=leaf(t)),
    "a number that requires gradients": lambda t: t.full((2,), leaf(t)),
    "a bound that requires gradients": lambda t: t.arange(leaf(t)),
    "a float for integers": lambda t: t.add(whole(t, 1), 1, alpha=2.0),
    "a float for integers in place": lambda t: whole(t, 1).add_(1, alpha=2.5),
    "a tensor of a float for integers": lambda t: t.add(whole(t, 1), 1, alpha=t.tensor(2.0)),
    "a bool for floats": lambda t: t.add(ones(t), 1, alpha=True),
    "a bool for floats in place": lambda t: ones(t).sub_(1, alpha=True),
    "a bool for bools": lambda t: t.add(t.tensor([True]), t.tensor([True]), alpha=True),
    "a number for bools": lambda t: t.add(t.tensor([True]), t.tensor([True]), alpha=2),
    "a number for bools in place": lambda t: t.tensor([True]).add_(t.tensor([True]), alpha=2),
    "a fraction for integers": lambda t: t.addcmul(whole(t, 1), whole(t, 1), whole(t, 1), value=2.7),
    "a bool as value": lambda t: t.addcmul(ones(t), ones(t), ones(t), value=True),
    "fractions for a product of integers": lambda t: t.addmm(
        t.ones(1, 1).long(), t.ones(1, 1).long(), t.ones(1, 1).long(), beta=2.7, alpha=3.7
    ),
    "a float tensor for integers": lambda t: whole(t, 1).masked_fill(t.tensor([True]), t.tensor(3.7)),
    "a 0-dim tensor at one place": lambda t: ones(t).scatter(0, whole(t, 0), t.tensor(3.0)),
    "a 0-dim tensor at two places": lambda t: ones(t).scatter(0, whole(t, 0, 1), t.tensor(3.0)),
    "arange of tensors": lambda t: t.arange(t.tensor(0), t.tensor(4), t.tensor(2)),
    "arange of a bool tensor": lambda t: t.arange(t.tensor(True)),
    "arange of one element": lambda t: t.arange(t.tensor([3])),
    "arange by name": lambda t: t.arange(end=3),
    "arange from and to by name": lambda t: t.arange(start=1, end=3),
    "arange of nothing": lambda t: t.arange(None),
    "arange to nan": lambda t: t.arange(float("nan")),
    "arange to inf": lambda t: t.arange(float("inf")),
    "arange of a fraction as integers": lambda t: t.arange(2.5, dtype=t.int64),
    "arange of fractions as integers": lambda t: t.arange(0.9, 3.9, 1.5, dtype=t.int64),
    "arange by less than 1 as integers": lambda t: t.arange(0, 3, 0.5, dtype=t.int64),
    "arange by less than 1 as int32": lambda t: t.arange(0, 3, 0.5, dtype=t.int32),
    "linspace to one element": lambda t: t.linspace(0, t.tensor([1.0]), 3),
    "linspace of float steps": lambda t: t.linspace(0, 1, 3.0),
    "full of one element": lambda t: t.full((2,), t.tensor([3])),
    "full of NumPy's bool": lambda t: t.full((2,), np.bool_(True)),
    "full of an int32 tensor": lambda t: t.full((2,), t.tensor(3, dtype=t.int32)),
    "fill_ with an array": lambda t: ones(t).fill_(np.array(3.0)),
    "fill_ with None": lambda t: ones(t).fill_(None),
    "masked_fill with None": lambda t: ones(t).masked_fill(t.tensor([True, False]), None),
    "too large for uint8": lambda t: t.full((2,), 300, dtype=t.uint8),
    "too large for uint8 in place": lambda t: t.zeros(2, dtype=t.uint8).fill_(300),
    "too large for uint8 at an index": lambda t: t.zeros(2, dtype=t.uint8).__setitem__(0, 300),
    "too large for uint8 under a mask": lambda t: t.zeros(1, dtype=t.uint8).masked_fill(
        t.tensor([True]), 300
    ),
    "too large for float32": lambda t: t.full((2,), 1e300),
    "infinite": lambda t: t.full((2,), float("inf")),
    "nan for integers": lambda t: whole(t, 1).fill_(float("nan")),
    "split by a tensor": lambda t: t.split(t.arange(4), t.tensor(2))[1],
    "split by a float": lambda t: t.split(t.arange(4), 2.0),
    "chunks by a tensor": lambda t: t.chunk(t.arange(4), t.tensor(2))[1],
    "chunks by a float": lambda t: t.chunk(t.arange(4), 2.0),
    "diagonal by a tensor": lambda t: t.tril(t.ones(2, 2), t.tensor(-1)),
    "diagonal by a float": lambda t: t.triu(t.ones(2, 2), 1.0),
    "randint to a float": lambda t: t.randint(0, 5.5, (2,)),
    "randint without sizes": lambda t: t.randint(5, 2),
    "randperm by a tensor": lambda t: t.randperm(t.tensor(5)).sort().values,
    "randperm by a float": lambda t: t.randperm(5.0),
    "ignored by a tensor": lambda t: t.nn.functional.cross_entropy(
        t.ones(2, 2), whole(t, 0, 1), ignore_index=t.tensor(1)
    ),
    "ignored by a float": lambda t: t.nn.functional.nll_loss(t.ones(2, 2), whole(t, 0, 1), ignore_index=1.0),
    "bernoulli_ by a text": lambda t: ones(t).bernoulli_("a"),
    "a size by a tensor": lambda t: t.zeros(t.tensor(3)),
    "sizes by a tensor": lambda t: t.zeros(t.tensor([3, 2])),
    "sizes by an array": lambda t: t.zeros(np.array([2, 3])),
    "sizes by tensors and numbers": lambda t: t.zeros((t.tensor(3), np.int64(2))),
    "a bool as size": lambda t: t.zeros(True),
    "a bool among sizes": lambda t: t.zeros((True, 2)),
    "sizes of a view by a tensor": lambda t: t.arange(6).reshape(t.tensor([2, 3])),
    "Python's types as dtypes": lambda t: t.zeros(2, dtype=float),
    "Python's integer as dtype": lambda t: t.tensor([1.5], dtype=int),
    "Python's bool as dtype": lambda t: t.ones(2).to(bool),
    "another type as dtype": lambda t: t.zeros(2, dtype=str),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name):
    compare(ANSWERS[name])


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (
            lambda: mytorch.add(1, mytorch.ones(1), alpha="a"),
            "add(): argument 'alpha' must be Number, not str",
        ),
        (
            lambda: mytorch.full((2,), [1]),
            "full(): argument 'fill_value' (position 2) must be Number, not list",
        ),
        (lambda: mytorch.arange(np.ones(2)), "argument 'end' (position 1) must be Number, not numpy.ndarray"),
        (
            lambda: mytorch.zeros(np.ones(2)),
            "argument 'size' (position 1) must be tuple of ints, not numpy.ndarray",
        ),
        (lambda: mytorch.randperm(2.0), "randperm(): argument 'n' (position 1) must be int, not float"),
    ],
)
def test_messages_name_the_argument_and_what_came(program, words):
    with pytest.raises(TypeError) as caught:
        program()
    assert words in str(caught.value)


# A tensor of another library is not a Tensor, and the message says whose it is.
FOREIGN = {
    "exp": lambda x: mytorch.exp(x),
    "add": lambda x: mytorch.add(mytorch.ones(2), x),
    "mm": lambda x: mytorch.ones(2, 2).mm(x),
    "sum": lambda x: mytorch.sum(x),
    "cat": lambda x: mytorch.cat([mytorch.ones(2), x]),
    "copy_": lambda x: mytorch.ones(2).copy_(x),
    "setitem": lambda x: mytorch.ones(2).__setitem__(0, x),
    "gradient": lambda x: setattr(mytorch.ones(2), "grad", x),
    "data": lambda x: setattr(mytorch.ones(2), "data", x),
    "tensor": lambda x: mytorch.tensor([x]),
    "index": lambda x: mytorch.ones(2)[(x,)],
    "mse_loss": lambda x: mytorch.nn.functional.mse_loss(mytorch.ones(2, 2), x),
    "Linear": lambda x: mytorch.nn.Linear(2, 3)(x),
    "LSTM": lambda x: mytorch.nn.LSTM(2, 3)(x),
    "state of an LSTM": lambda x: mytorch.nn.LSTM(2, 3)(mytorch.ones(2, 2), (x, x)),
    "GRU": lambda x: mytorch.nn.GRU(2, 3)(x),
    "LSTMCell": lambda x: mytorch.nn.LSTMCell(2, 3)(x),
    "state of a cell": lambda x: mytorch.nn.GRUCell(2, 3)(mytorch.ones(2, 2), x),
    "Parameter": lambda x: mytorch.nn.Parameter(x),
    "optimizer": lambda x: mytorch.optim.SGD([x], lr=0.1),
    "pad_sequence": lambda x: mytorch.nn.utils.rnn.pad_sequence([x]),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_tensor_of_torchs_is_named_as_one(name):
    with pytest.raises((TypeError, AttributeError), match=r"(?<!my)torch\.Tensor\b"):
        FOREIGN[name](torch.ones(2, 2))
