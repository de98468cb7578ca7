"""Changes in place against torch: values, recorded histories, views, and what must be refused."""

# A table of programs is one of lambdas, and every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG001, ARG005

from __future__ import annotations

import copy
import gc
import weakref

import numpy as np
import pytest
import torch

import mytorch

X = np.array([[0.5, -1.0, 2.0], [1.5, 3.0, -0.25]])
Y = np.array([[2.0, 0.5, -1.0], [1.0, -3.0, 4.0]])
ROW = np.array([0.5, 2.0, -1.0])


def chain(t, x, y):
    a = x * 1
    a.add_(y).mul_(2).sub_(y, alpha=3).div_(y)
    return a


def saved_operand(t, x, y):
    # mul_ needs the values from before the change for the gradient of y.
    a = x * 1
    a.mul_(y)
    return a


def operators(t, x, y):
    a = x * 1
    a += y
    a *= y
    a -= 1
    a /= 2
    a **= 2
    return a


def into_a_buffer(t, x, y):
    buffer = t.zeros(2, 3, dtype=t.float64)
    buffer[0] = x[0]
    buffer[1, 1:] = y[1, 1:] * 2
    return buffer


def loop(t, x, y):
    out = t.zeros(2, 4, 3, dtype=t.float64)
    h = x
    for step in range(4):
        h = (h * y).tanh()
        out[:, step] = h
    return out


def loop_that_adds(t, x, y):
    out = x[:, None].expand(2, 4, 3).clone()
    for step in range(4):
        out[:, step] += y * step
    return out


def scalar_into_mask(t, x, y):
    a = x * y
    a[a < 0] = 0.5
    return a


def by_index_arrays(t, x, y):
    a = x * 1
    a[:, t.tensor([2, 0])] = y[:, :2] * 3
    return a


def value_with_leading_ones(t, x, y):
    a = x * 1
    a[0] = y[None, None, 1] * 1
    return a


def through_a_view(t, x, y):
    a = x * 1
    a[0].mul_(y[1])
    return a


def through_a_view_of_a_view(t, x, y):
    a = x * 1
    a.t()[1:][:, 1].add_(y[0, :2])
    return a


def view_after_its_base_changed(t, x, y):
    a = x * 1
    row = a[0]
    a.mul_(y)
    return row * 2


def view_after_another_view_changed(t, x, y):
    a = x * 1
    row, column = a[0], a[:, 1]
    row.mul_(y[0])
    return column * a[:, :1].squeeze(1)


def expanded_view_after_its_base_changed(t, x, y):
    a = x[:, :1] * 1
    wide = a.expand(2, 3)
    a.mul_(y[:, :1])
    return wide * y


def element_of_an_expanded_view(t, x, y):
    a = x[:, :1] * 1
    wide = a.expand(2, 3)
    wide[0, 1] = y[0, 0]
    return wide * y + a * x


def part_of_an_expanded_view(t, x, y):
    a = x[:, :1] * 1
    wide = a.expand(2, 3)
    wide[:, :1] = y[:, 1:2]
    wide[1, 2].mul_(x[0, 0])
    return wide * y + a * x


def element_of_an_expanded_constant(t, x, y):
    a = t.zeros(2, 1, dtype=t.float64)
    wide = a.expand(2, 3)
    wide[:, 0] = y[:, 0]
    wide.t()[1] += x[:, 0]
    return wide * y + a


def view_of_what_was_no_part_of_the_graph(t, x, y):
    buffer = t.zeros(2, 3, dtype=t.float64)
    flat = buffer.view(6)
    buffer[0] = x[0]
    return flat * 2


def view_whose_base_has_no_name(t, x, y):
    flat = (x * y).view(6)
    first = flat[:2]
    flat.mul_(3)
    return flat.sum() + first


def detached(t, x, y):
    a = x * 1
    a.detach()[0]
    a.add_(y)
    return a


def overwritten(t, x, y):
    a = x * 1
    a.copy_(y * 2)
    return a + x


def overwritten_by_numbers(t, x, y):
    a = x * 1
    b = a * y
    b[0].zero_()
    b[1].fill_(3)
    return b


def filled_by_a_tensor(t, x, y):
    a = x * 1
    a.fill_(y[0, 0])
    return a


def of_functions(t, x, y):
    total = x * 0
    for name in ("abs_", "exp_", "neg_", "sigmoid_", "tanh_", "relu_"):
        a = x * y
        getattr(a, name)()
        total = total + a
    return total + (x * x).sqrt_() + (y * y).log_() + (x * y).clamp_(-0.5, max=0.9)


def wider_operand(t, x, y):
    a = x.float()
    a.add_(y)
    return a


def retained(t, x, y):
    a = x * 1
    a.retain_grad()
    a.mul_(y)
    a.sum().backward()
    return a.grad + x


def empty_view(t, x, y):
    a = x * 1
    view = a[:, 3:]
    a.mul_(2)
    return a.sum() + view.sum()


PROGRAMS = [value for value in list(globals().values()) if getattr(value, "__module__", "") == __name__]


def run(t, program):
    x, y = t.tensor(X, requires_grad=True), t.tensor(Y, requires_grad=True)
    out = program(t, x, y)
    for leaf in (x, y):
        leaf.grad = None
    out.backward(t.tensor(np.cos(np.arange(out.numel())).reshape(tuple(out.shape)), dtype=out.dtype))
    return [None if a is None else a.detach().numpy() for a in (out, x.grad, y.grad)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_values_and_gradients(program):
    for got, expected in zip(run(mytorch, program), run(torch, program), strict=True):
        assert (got is None) == (expected is None)
        if got is not None:
            np.testing.assert_allclose(
                got, expected, rtol=1e-6 if got.dtype == np.float32 else 1e-13, atol=1e-15
            )


def change_leaf(t, x):
    x.mul_(2)


def change_view_of_leaf(t, x):
    x[0].mul_(2)


def set_item_of_leaf(t, x):
    x[0] = 1


def change_view_made_without_grad(t, x):
    a = x * 1
    with t.no_grad():
        row = a[0]
    row.mul_(x[0])


def change_expanded(t, x):
    (x[:1] * 1).expand(4, 3).mul_(2)


def change_row_of_expanded(t, x):
    (x[:, :1] * 1).expand(2, 3)[0] = x[0, 0]


def change_shape(t, x):
    (x[0] * 1).add_(x)


def change_category(t, x):
    t.zeros(2, 3, dtype=t.int64).add_(x)


def copy_text(t, x):
    (x * 1).copy_("1")


def copy_larger(t, x):
    (x * 1)[0].copy_(x)


def fill_with_vector(t, x):
    (x * 1).fill_(x[0])


def value_does_not_fit(t, x):
    a = x * 1
    a[0] = x[:, 0]


def saved_output_of_the_multiplied(t, x):
    a = x * 1
    b = a * a
    a.add_(1)
    b.sum().backward()


def saved_through_a_view(t, x):
    a = x * 1
    b = a[0] * a[1]
    a[1].zero_()
    b.sum().backward()


def saved_through_detached(t, x):
    a = x * 1
    b = a * a
    a.detach().zero_()
    b.sum().backward()


def operand_is_the_target(t, x):
    a = x * 1
    a.mul_(a)
    a.sum().backward()


BAD = [
    change_leaf,
    change_view_of_leaf,
    set_item_of_leaf,
    change_view_made_without_grad,
    change_expanded,
    change_row_of_expanded,
    change_shape,
    change_category,
    copy_text,
    copy_larger,
    fill_with_vector,
    value_does_not_fit,
    saved_output_of_the_multiplied,
    saved_through_a_view,
    saved_through_detached,
    operand_is_the_target,
]


@pytest.mark.parametrize("program", BAD, ids=lambda program: program.__name__)
def test_errors(program):
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            program(t, t.tensor(X, requires_grad=True))
        errors.append(caught)
    assert errors[1].type is errors[0].type, f"{errors[1].value} instead of {errors[0].value}"


def test_a_refused_change_changes_nothing():
    x = mytorch.tensor(X, requires_grad=True)
    for program in BAD[:3]:
        with pytest.raises(RuntimeError):
            program(mytorch, x)
    np.testing.assert_array_equal(x.detach().numpy(), X)
    assert x._version == 0


def test_an_index_that_is_changed_afterwards_harms_no_gradient():
    x = mytorch.tensor(X, requires_grad=True)
    mask, places = x.detach() > 0, mytorch.tensor([0, 1])
    y = x * 1
    y[places, places] = 0
    values, indices = x.max(0)
    loss = x[mask].sum() + x[places].sum() + y.sum() + values.sum()
    for changed in (mask, places, indices):
        changed.zero_()
    loss.backward()
    assert x.grad.tolist() == [[2.0, 2.0, 4.0], [4.0, 3.0, 2.0]]


def test_outside_of_a_graph_nothing_is_recorded():
    x = mytorch.tensor(X, requires_grad=True)
    with mytorch.no_grad():
        x[0].mul_(2)
        x += 1
    assert x.is_leaf
    np.testing.assert_array_equal(x.detach().numpy(), np.stack([X[0] * 2, X[1]]) + 1)


def test_writing_a_step_copies_no_buffer():
    buffer = mytorch.zeros(3, 4)
    memory = buffer.array
    buffer[0] = mytorch.ones(4, requires_grad=True)
    assert buffer.array is memory
    assert buffer.grad_fn.name() == "SetItemBackward0"


def test_views_do_not_keep_each_other_alive():
    base = mytorch.ones(4)
    view = base[0]
    alive = weakref.ref(view)
    del view
    assert alive() is None
    owner = weakref.ref(base)
    del base
    gc.collect()
    assert owner() is None


def test_a_loop_of_views_leaves_no_list_of_them():
    base = mytorch.ones(4)
    for _ in range(1000):
        base[0]
    assert len(base.counter.family.views) < 100


def test_a_copy_of_a_tensor_with_views_can_be_changed():
    x = mytorch.ones(3)
    x[0]
    y = copy.deepcopy(x)
    y.add_(mytorch.ones(3, requires_grad=True))
    assert y.requires_grad
    assert not x.requires_grad
    assert x.tolist() == [1.0] * 3


@pytest.mark.parametrize(
    "fill", [lambda e: e.fill_(2), lambda e: e.zero_(), lambda e: e.fill_(e.sum().item())]
)
def test_an_expanded_tensor_can_be_filled(fill):
    shown = []
    for t in (torch, mytorch):
        row = t.ones(1, 3)
        fill(row.expand(2, 3))
        shown.append((row.tolist(), row._version))
    assert shown[0] == shown[1]


# What is written into a tensor of which several elements lie at one place in memory.
EXPANDED = {
    "element": lambda t, x: x.__setitem__((0, 0), 1),
    "element by a tensor": lambda t, x: x.__setitem__((1, 2), t.tensor(3.0)),
    "column": lambda t, x: x.__setitem__((slice(None), 0), t.tensor([1.0, 2.0])),
    "column as a matrix": lambda t, x: x.__setitem__((slice(None), slice(0, 1)), t.tensor([[1.0], [2.0]])),
    "column of the transposed": lambda t, x: x.t().__setitem__(1, 5.0),
    "element of a view": lambda t, x: x.unsqueeze(0).__setitem__((0, 1, 1), 5.0),
    "sum in a column": lambda t, x: x[:, 0].add_(1),
    "row": lambda t, x: x.__setitem__(0, 1),
    "row by a tensor": lambda t, x: x.__setitem__(0, t.tensor([1.0])),
    "everything": lambda t, x: x.__setitem__(..., 1),
    "all rows": lambda t, x: x.__setitem__(slice(None), 1),
    "two columns": lambda t, x: x.__setitem__((slice(None), slice(0, 2)), 1),
    "copy": lambda t, x: x.copy_(t.ones(2, 3)),
    "copy of one number": lambda t, x: x.copy_(t.tensor(1.0)),
    "sum": lambda t, x: x.add_(1),
    "uniform": lambda t, x: x.uniform_(),
    "clamp": lambda t, x: x.clamp_(0, 1),
    "scatter": lambda t, x: x.scatter_(0, t.tensor([[0]]), 1.0),
}


@pytest.mark.parametrize("name", EXPANDED)
def test_writing_into_an_expanded_tensor(name):
    shown = []
    for t in (torch, mytorch):
        base = t.zeros(2, 1)
        try:
            EXPANDED[name](t, base.expand(2, 3))
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            shown.append((type(error), str(error)[:60]))
        else:
            shown.append((base.tolist(), base._version))
    assert shown[1] == shown[0]


def test_writing_by_positions_into_an_expanded_tensor_warns():
    for t in (torch, mytorch):
        base = t.zeros(2, 1)
        with pytest.warns(UserWarning, match="index_put_ on expanded tensors is deprecated"):
            base.expand(2, 3)[[1]] = 3.0
        assert base.tolist() == [[0.0], [3.0]]


@pytest.mark.parametrize(
    "write", [lambda x: x.add_(1), lambda x: x.fill_(1), lambda x: x.__setitem__(0, 1), lambda x: x.sqrt_()]
)
def test_read_only_memory_is_named(write):
    array = np.ones(3)
    array.flags.writeable = False
    for x in (mytorch.from_numpy(array), mytorch.as_tensor(array), mytorch.from_numpy(array)[1:]):
        with pytest.raises(RuntimeError, match="read-only: it is that of a NumPy array that is not writable"):
            write(x)
    write(mytorch.tensor(array))
    assert array.tolist() == [1.0] * 3


def reshaped_in_place(t, x, y):
    a = x * y
    kept = a[:1]
    a.unsqueeze_(1).mul_(y[:, None]).squeeze_().t_()
    return a.transpose_(0, 1).exp() + kept.sum()


def reshaped_view(t, x, y):
    a = x * y
    part = a[0]
    part.unsqueeze_(-1).mul_(3).squeeze_(1).add_(y[1])
    return a * part


def reshaped_without_gradients(t, x, y):
    a = t.zeros(2, 3, dtype=t.float64)
    a[0].unsqueeze_(0).fill_(2)
    a.t_().unsqueeze_(dim=0)
    return a[0].t() * x + y


@pytest.mark.parametrize("program", [reshaped_in_place, reshaped_view, reshaped_without_gradients])
def test_a_shape_is_changed_in_place_as_in_torch(program):
    found = []
    for t in (mytorch, torch):
        x, y = (t.tensor(each, requires_grad=True) for each in (X, Y))
        out = program(t, x, y)
        out.pow(2).sum().backward()
        found.append([out.tolist(), x.grad.tolist(), y.grad.tolist()])
    np.testing.assert_allclose(*map(np.concatenate, found), rtol=1e-13)


BAD_SHAPES = {
    "a leaf": lambda t, x: x.unsqueeze_(0),
    "a view of a leaf": lambda t, x: x[0].unsqueeze_(0),
    "dim": lambda t, x: (x * 2).unsqueeze_(5),
    "three dimensions": lambda t, x: (x * 2).unsqueeze(0).t_(),
    "not an integer": lambda t, x: (x * 2).transpose_(0, 0.5),
    "a value that a gradient needs": lambda t, x: _needed(x),
}


def _needed(x):
    a = x * 2
    b = a * a
    a.unsqueeze_(0)
    b.sum().backward()


@pytest.mark.parametrize("call", BAD_SHAPES.values(), ids=BAD_SHAPES.keys())
def test_bad_shapes_in_place_raise_torchs_class_of_error(call):
    kinds = []
    for t in (mytorch, torch):
        x = t.tensor(X, requires_grad=True)
        with pytest.raises((RuntimeError, IndexError, TypeError)) as raised:
            call(t, x)
        kinds.append(raised.type)
    assert kinds[0] is kinds[1]


def test_a_parameter_takes_another_shape_without_recording():
    for t in (mytorch, torch):
        weight = t.ones(3, requires_grad=True)
        with t.no_grad():
            assert weight.unsqueeze_(0) is weight
        assert (tuple(weight.shape), weight.is_leaf, weight.requires_grad) == ((1, 3), True, True)
        assert weight._version == 1
