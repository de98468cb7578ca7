"""Faults of hooks: the hooks are called, and not when or as torch calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.hooks import STEP_OPTIONS
from conformance.faults._rewriting import in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around

    Hook = Callable[..., Any]

_BEFORE_STEP, _AFTER_STEP = "register_step_pre_hook", "register_step_post_hook"


def _registering(name: str, wrong: Callable[[Any, Any, Hook], Any]) -> Around:
    """Return a program in which optimizers' method of that name is `wrong(right class, self, hook)`."""

    def replace(t: Any, right: Any) -> Any:
        del t

        def register(self: Any, hook: Hook) -> Any:
            return wrong(right, self, hook)

        return type("Wrong", (right,), {name: register})

    return in_place_of(tuple(f"optim.{optimizer}" for optimizer in STEP_OPTIONS), replace)


def _silent(hook: Hook) -> Hook:
    def called(*given: Any) -> None:
        hook(*given)

    return called


class _Stuck:
    """A handle that takes nothing off."""

    def remove(self) -> None:
        """Do nothing."""


def _stuck(name: str) -> Around:
    def register(right: Any, self: Any, hook: Hook) -> Any:
        getattr(right, name)(self, hook)
        return _Stuck()

    return _registering(name, register)


def _last_only(parameter: Any, hook: Hook) -> Any:
    """Register a hook that sees the gradient of one backward instead of the sum."""
    arrived: list[Any] = []

    def see(parameter: Any) -> None:
        total, parameter.grad = parameter.grad, arrived[-1]
        hook(parameter)
        if parameter.grad is not None:
            parameter.grad = total

    parameter.register_hook(lambda grad: arrived.append(grad.clone()))
    return parameter.register_post_accumulate_grad_hook(see)


def _in_every_walk(parameter: Any, hook: Hook) -> Any:
    """Register a hook that is called whenever a gradient is computed, if there is one from before."""

    def see(grad: Any) -> None:
        del grad
        if parameter.grad is not None:
            hook(parameter)

    parameter.register_hook(see)
    return parameter.register_post_accumulate_grad_hook(hook)


def _never_off(parameter: Any, hook: Hook) -> Any:
    parameter.register_post_accumulate_grad_hook(hook)
    return _Stuck()


def _fault(name: str, register: str, story: str, around: Around) -> Fault:
    return Fault(name, "hooks", (f"optim.Optimizer.{register}",), story, around=around)


FAULTS = (
    _fault(
        "step-pre-hook-arguments-ignored",
        _BEFORE_STEP,
        "steps with the arguments that it was called with, not with those that a hook returned",
        _registering(
            _BEFORE_STEP, lambda right, self, hook: getattr(right, _BEFORE_STEP)(self, _silent(hook))
        ),
    ),
    _fault(
        "step-post-hook-before-step",
        _AFTER_STEP,
        "calls the hooks before the parameters change",
        _registering(
            _AFTER_STEP, lambda right, self, hook: getattr(right, _BEFORE_STEP)(self, _silent(hook))
        ),
    ),
    _fault("step-pre-hook-stays", _BEFORE_STEP, "calls a hook that was removed", _stuck(_BEFORE_STEP)),
    _fault("step-post-hook-stays", _AFTER_STEP, "calls a hook that was removed", _stuck(_AFTER_STEP)),
    *(
        Fault(
            name,
            "hooks",
            ("Tensor.register_post_accumulate_grad_hook",),
            story,
            seams={"register": register},
        )
        for name, story, register in (
            ("post-hook-sees-last-gradient", "shows one backward's gradient, not the sum", _last_only),
            ("post-hook-called-by-grad", "is called where no gradient is added, too", _in_every_walk),
            ("post-hook-stays", "calls a hook that was removed", _never_off),
        )
    ),
)
