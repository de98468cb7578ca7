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
)
