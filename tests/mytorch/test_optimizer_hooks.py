"""Hooks of optimizers: when they are called, with what, and what they change, as torch's."""

from __future__ import annotations

import copy
import pickle
from importlib import import_module

import pytest
import torch

import mytorch

OPTIMIZERS = ("Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "SGD", "LBFGS")


def both(run):
    ours, theirs = run(mytorch), run(torch)
    assert ours == theirs
    return ours


def made(t, name="SGD", **options):
    w = t.tensor([1.0, -2.0], requires_grad=True)
    w.grad = t.tensor([0.5, 0.25])
    return w, getattr(t.optim, name)([w], lr=0.5, **options)


def noting(calls, label, *returned):
    return lambda *given: calls.append((label, len(given))) or (returned[0] if returned else None)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_hooks_are_called_around_the_step_of_every_optimizer(name):
    def run(t):
        w, optimizer = made(t, name)
        start, calls = w.tolist(), []
        optimizer.register_step_pre_hook(
            lambda own, args, kwargs: calls.append((own is args[0], len(args), sorted(kwargs)))
        )
        optimizer.register_step_pre_hook(lambda *_: calls.append(w.tolist() == start))
        optimizer.register_step_post_hook(lambda own, args, _: calls.append((own is args[0], len(args))))
        optimizer.register_step_post_hook(lambda *_: calls.append(w.tolist() == start))
        optimizer.step(closure=(w.grad**2).sum)
        return calls

    assert both(run) == [(True, 1, ["closure"]), True, (True, 1), False]


def test_a_schedule_leaves_the_hooks_on():
    def run(t):
        w, optimizer = made(t)
        calls = []
        optimizer.register_step_pre_hook(noting(calls, "before"))
        schedule = t.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        optimizer.register_step_post_hook(noting(calls, "after"))
        for _ in range(2):
            optimizer.step()
            schedule.step()
        return calls, w.tolist()

    both(run)


def test_other_arguments_reach_the_step_and_later_hooks():
    def run(t):
        _, optimizer = made(t)
        seen = []
        optimizer.register_step_pre_hook(lambda _, args, __: ((*args, lambda: 7.0), {}))
        optimizer.register_step_pre_hook(lambda _, args, kwargs: seen.append((len(args), kwargs)))
        optimizer.register_step_post_hook(lambda _, args, kwargs: seen.append((len(args), kwargs)))
        return optimizer.step(closure=lambda: 3.0), seen

    assert both(run) == (7.0, [(2, {}), (2, {})])


@pytest.mark.parametrize("returned", [3, (1,), [(), {}]])
def test_a_pre_hook_returns_nothing_or_both(returned):
    for t in (mytorch, torch):
        _, optimizer = made(t)
        optimizer.register_step_pre_hook(lambda *_: returned)
        with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
            optimizer.step()


def test_removal_and_the_hooks_of_all_optimizers():
    def run(t):
        _, optimizer = made(t)
        # torch has the module, and takes its name out of `optim`.
        every = import_module(f"{t.__name__}.optim.optimizer")
        calls = []
        handles = [
            optimizer.register_step_pre_hook(noting(calls, "own before")),
            optimizer.register_step_post_hook(noting(calls, "own after")),
            every.register_optimizer_step_pre_hook(noting(calls, "before")),
            every.register_optimizer_step_post_hook(noting(calls, "after")),
        ]
        try:
            optimizer.step()
            made(t)[1].step()
        finally:
            for handle in handles:
                handle.remove()
        optimizer.step()
        return [label for label, _ in calls]

    assert both(run) == ["before", "own before", "own after", "after", "before", "after"]


def test_copies_have_no_hooks():
    def run(t):
        _, optimizer = made(t)
        calls = []
        optimizer.register_step_pre_hook(noting(calls, "before"))
        copy.deepcopy(optimizer).step()
        pickle.loads(pickle.dumps(optimizer)).step()  # noqa: S301 - made on this line
        copied = len(calls)
        optimizer.step()
        return copied, len(calls)

    assert both(run) == (0, 1)


def test_a_step_that_calls_another_has_the_hooks_once():
    class Mine(mytorch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step(closure)

    w = mytorch.ones(1, requires_grad=True)
    w.grad = mytorch.ones(1)
    optimizer, calls = Mine([w], lr=1.0), []
    optimizer.register_step_post_hook(noting(calls, "after"))
    optimizer.step()
    assert (w.item(), len(calls)) == (-1.0, 1)


def test_hooks_around_saving_and_loading():
    def run(t):
        _, optimizer = made(t)
        _, other = made(t)
        calls = []
        optimizer.register_state_dict_pre_hook(noting(calls, "before saving"))
        optimizer.register_state_dict_post_hook(lambda _, saved: saved.update(more=1))
        optimizer.register_state_dict_post_hook(noting(calls, "after saving"), prepend=True)
        optimizer.register_state_dict_post_hook(lambda _, saved: {**saved, "even": saved["more"] + 1})
        saved = optimizer.state_dict()
        saved["param_groups"][0]["lr"] = 0.125
        other.register_load_state_dict_pre_hook(lambda _, given: given.pop("more") and None)
        other.register_load_state_dict_pre_hook(lambda _, given: calls.append(sorted(given)))
        other.register_load_state_dict_pre_hook(noting(calls, "before loading"), prepend=True)
        other.register_load_state_dict_post_hook(lambda own: calls.append(own.param_groups[0]["lr"]))
        other.register_load_state_dict_post_hook(noting(calls, "after loading"), prepend=True)
        other.load_state_dict(saved)
        return calls, sorted(saved)

    calls, saved = both(run)
    assert saved == ["even", "more", "param_groups", "state"]
    assert [each[0] for each in calls if isinstance(each, tuple)] == [
        "before saving",
        "after saving",
        "before loading",
        "after loading",
    ]
    assert calls[-1] == 0.125
