"""Module hooks: what they are given, what they change and when they are called, as torch's."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import mytorch


class Pair:
    """Makes, for one framework, a module of two inputs and two outputs."""

    def __new__(cls, t):
        class Both(t.nn.Module):
            def forward(self, x, y=None, scale=1.0):
                return x * 2 * scale, (x if y is None else x * y)

        return Both()


def described(value):
    if value is None or isinstance(value, (int, float, str, dict)):
        return value
    if isinstance(value, tuple):
        return tuple(described(v) for v in value)
    return value.detach().numpy().tolist()


def both(run):
    ours, theirs = run(mytorch), run(torch)
    assert ours == theirs
    return ours


def test_forward_hooks_see_and_change():
    def run(t):
        seen = []
        layer = t.nn.ReLU()
        layer.register_forward_pre_hook(lambda _, args: seen.append(("pre", described(args))))
        layer.register_forward_pre_hook(lambda _, args: args[0] + 1)
        layer.register_forward_hook(lambda _, args, out: seen.append(("post", described((args, out)))))
        layer.register_forward_hook(lambda _m, _args, out: out * 10)
        return described(layer(t.tensor([-2.0, 1.0]))), seen

    both(run)


def test_keyword_arguments():
    def run(t):
        seen = []
        module = Pair(t)
        module.register_forward_pre_hook(
            lambda _, args, kwargs: (args, kwargs | {"scale": 3.0}), with_kwargs=True
        )
        module.register_forward_hook(
            lambda _, args, kwargs, out: seen.append(described((args, kwargs, out))), with_kwargs=True
        )
        module.register_forward_hook(lambda _, args, out: seen.append(described((args, out))))
        return described(module(t.tensor([1.0]), scale=2.0)), seen

    both(run)


def test_order_removal_and_prepending():
    def run(t):
        calls = []
        layer = t.nn.Identity()
        handles = [layer.register_forward_hook(lambda *_, k=k: calls.append(k)) for k in range(3)]
        layer.register_forward_hook(lambda *_: calls.append("first"), prepend=True)
        layer.register_forward_pre_hook(lambda *_: calls.append("before"))
        layer.register_forward_pre_hook(lambda *_: calls.append("before that"), prepend=True)
        layer(t.ones(1))
        handles[1].remove()
        handles[1].remove()
        with layer.register_forward_hook(lambda *_: calls.append("for now")):
            layer(t.ones(1))
        layer(t.ones(1))
        return calls

    both(run)


def test_a_pre_hook_with_keywords_must_return_both():
    for t in (mytorch, torch):
        layer = t.nn.Identity()
        layer.register_forward_pre_hook(lambda *_: (1, 2, 3), with_kwargs=True)
        with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
            layer(t.ones(1))


def test_always_called():
    def run(t):
        seen = []
        layer = t.nn.Linear(2, 2)
        layer.register_forward_hook(lambda _m, _a, out: seen.append(out), always_call=True)
        layer.register_forward_hook(lambda *_: seen.append("never"))
        with pytest.raises(RuntimeError):
            layer(t.ones(3))
        return seen

    assert both(run) == [None]


def test_an_error_of_an_always_called_hook_becomes_a_warning():
    def broken(*_):
        raise ValueError("from the hook")

    for t in (mytorch, torch):
        layer = t.nn.Linear(2, 2)
        layer.register_forward_hook(broken, always_call=True)
        with pytest.warns(UserWarning, match="from the hook"), pytest.raises(RuntimeError):
            layer(t.ones(3))


def gradients(t, prepare, inputs_track=(True, True)):
    """Return what the hooks saw, and the gradients of the inputs."""
    seen = []
    module = Pair(t)
    prepare(module, seen)
    x = t.tensor([1.0, 2.0], requires_grad=inputs_track[0])
    y = t.tensor([3.0, -1.0], requires_grad=inputs_track[1])
    first, second = module(x, y)
    (first.sum() + (second * second).sum()).backward()
    return seen, [None if v.grad is None else described(v.grad) for v in (x, y)]


@pytest.mark.parametrize("tracked", [(True, True), (True, False), (False, True)])
def test_backward_hooks_see_every_gradient(tracked):
    def prepare(module, seen):
        module.register_full_backward_pre_hook(lambda _, out: seen.append(described(out)))
        module.register_full_backward_hook(lambda _, into, out: seen.append(described((into, out))))

    both(lambda t: gradients(t, prepare, tracked))


def test_backward_hooks_change_gradients():
    def prepare(module, seen):
        module.register_full_backward_pre_hook(lambda _, out: tuple(g * 2 for g in out))
        module.register_full_backward_hook(lambda _, into, _out: (into[0] + 1, into[1] * 10))
        module.register_full_backward_hook(lambda _, into, out: seen.append(described((into, out))))

    both(lambda t: gradients(t, prepare))


def test_a_backward_hook_where_no_input_has_a_gradient():
    def run(t):
        seen = []
        layer = t.nn.Linear(2, 1)
        layer.load_state_dict({"weight": t.tensor([[1.0, 2.0]]), "bias": t.tensor([0.5])})
        layer.register_full_backward_hook(lambda _, into, out: seen.append(described((into, out))))
        loss = (layer(t.tensor([3.0, 4.0])) * 5).sum()
        with pytest.warns(UserWarning, match="no inputs require gradients"):
            loss.backward()
        return seen, described(layer.weight.grad)

    both(run)


def test_an_output_without_gradient_is_none():
    def run(t):
        seen = []
        module = Pair(t)
        module.register_full_backward_hook(lambda _, into, out: seen.append(described((into, out))))
        first, _ = module(t.tensor([1.0], requires_grad=True))
        first.sum().backward()
        return seen

    both(run)


def test_a_wrong_number_of_gradients_is_refused():
    for t in (mytorch, torch):
        with pytest.raises(RuntimeError, match="got 1, but expected 2"):
            gradients(t, lambda m, _: m.register_full_backward_hook(lambda _m, into, _o: into[:1]))


def test_an_output_that_is_no_tensor_is_warned_of():
    for t in (mytorch, torch):
        layer = t.nn.Identity()
        layer.register_full_backward_hook(lambda *_: None)
        with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple of Tensors"):
            layer([t.ones(1, requires_grad=True)])


def test_without_recording_nothing_is_called_backward():
    layer = mytorch.nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda *_: pytest.fail("called"))
    with mytorch.no_grad():
        assert not layer(mytorch.ones(2)).requires_grad


def test_changing_an_output_in_place_leaves_the_input_alone():
    x = mytorch.ones(2, requires_grad=True)
    layer = mytorch.nn.Identity()
    layer.register_full_backward_hook(lambda *_: None)
    doubled = x * 2
    layer(doubled).add_(1)
    assert doubled.tolist() == [2.0, 2.0]


def test_the_graph_can_be_walked_twice():
    def run(t):
        seen = []
        x = t.tensor([2.0], requires_grad=True)
        layer = t.nn.Tanh()
        layer.register_full_backward_hook(lambda _, _into, out: seen.append(described(out)))
        y = layer(x).sum()
        y.backward(retain_graph=True)
        y.backward()
        return seen

    assert both(run) == [([1.0],), ([1.0],)]


def test_a_copied_module_keeps_its_hooks():
    def run(t):
        calls = []
        layer = t.nn.Identity()
        layer.register_forward_hook(lambda *_: calls.append(1))
        copy.deepcopy(layer)(t.ones(1))
        return calls

    assert both(run) == [1]


def test_hooks_are_no_part_of_the_state():
    layer = mytorch.nn.Linear(2, 2)
    layer.register_forward_hook(lambda *_: None)
    assert list(layer.state_dict()) == ["weight", "bias"]
    np.testing.assert_equal(repr(layer), "Linear(in_features=2, out_features=2, bias=True)")
