"""Hooks of optimizers: the functions that are called around a step, and around saving and loading the state.

`Optimizer` inherits the methods that register them; `optimizer` exports those of all optimizers.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, NamedTuple

from mytorch._core.hooks import register

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.hooks import RemovableHandle

    Hook = Callable[..., Any]

# The hooks of all optimizers, by the id of their handles.
BEFORE_EVERY_STEP: dict[int, Hook] = {}
AFTER_EVERY_STEP: dict[int, Hook] = {}


# What an optimizer has hooks around.
_METHODS = ("step", "state_dict", "load_state_dict")


class Around(NamedTuple):
    """The hooks around one method, each by the id of its handle."""

    before: dict[int, Hook]
    after: dict[int, Hook]


class Hooked:
    """What has hooks around `step`, `state_dict` and `load_state_dict`; the base class of Optimizer."""

    # By method; made for the first hook, so that a step without hooks spends a comparison on them.
    _hooks: dict[str, Around] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies and files get: as in torch, not the hooks."""
        return {name: value for name, value in self.__dict__.items() if name != "_hooks"}

    def _around(self, method: str) -> Around:
        if self._hooks is None:
            self._hooks = {name: Around({}, {}) for name in _METHODS}
        return self._hooks[method]

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Have `hook(optimizer, args, kwargs)` called before every step.

        Args:
            hook: gets the arguments of `step`, of which the first is the optimizer itself. It may return
                others, as (args, kwargs).

        Returns:
            The handle that removes the hook.

        Raises:
            RuntimeError: when `step` is called: the hook returned neither None nor two things.

        Examples:
            >>> w = mytorch.ones(2, requires_grad=True)
            >>> optimizer = optim.SGD([w], lr=0.5)
            >>> handle = optimizer.register_step_pre_hook(lambda *_: nn.utils.clip_grad_value_([w], 1.0))
            >>> (w * mytorch.tensor([0.5, 100.0])).sum().backward()
            >>> optimizer.step()
            >>> w.detach()
            tensor([0.7500, 0.5000])
        """
        return register(self._around("step").before, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Have `hook(optimizer, args, kwargs)` called after every step.

        Args:
            hook: gets the arguments with which `step` was called; see `register_step_pre_hook`.

        Returns:
            The handle that removes the hook.

        Examples:
            >>> w = mytorch.ones(2, requires_grad=True)
            >>> optimizer = optim.SGD([w], lr=1.0)
            >>> handle = optimizer.register_step_post_hook(lambda *_: optimizer.zero_grad())
            >>> (w * mytorch.tensor([0.5, 3.0])).sum().backward()
            >>> optimizer.step()
            >>> w.detach(), w.grad
            (tensor([ 0.5000, -2.0000]), None)
        """
        return register(self._around("step").after, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer)` called before `state_dict`.

        Args:
            hook: its result is ignored.
            prepend: whether it is called before the present hooks.

        Returns:
            The handle that removes the hook.
        """
        return register(self._around("state_dict").before, hook, prepend=prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer, state_dict)` called at the end of `state_dict`.

        Args:
            hook: may change what it gets, or return another state_dict.
            prepend: whether it is called before the present hooks.

        Returns:
            The handle that removes the hook.
        """
        return register(self._around("state_dict").after, hook, prepend=prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer, state_dict)` called before `load_state_dict`.

        Args:
            hook: gets a shallow copy of the state_dict; may change it, or return another one.
            prepend: whether it is called before the present hooks.

        Returns:
            The handle that removes the hook.
        """
        return register(self._around("load_state_dict").before, hook, prepend=prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer)` called after `load_state_dict`.

        Args:
            hook: its result is ignored.
            prepend: whether it is called before the present hooks.

        Returns:
            The handle that removes the hook.
        """
        return register(self._around("load_state_dict").after, hook, prepend=prepend)


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(optimizer, args, kwargs)` called before every step of every optimizer, before its own hooks.

    Args:
        hook: see `Optimizer.register_step_pre_hook`.

    Returns:
        The handle that removes the hook.
    """
    return register(BEFORE_EVERY_STEP, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Have `hook(optimizer, args, kwargs)` called after every step of every optimizer, after its own hooks.

    Args:
        hook: see `Optimizer.register_step_post_hook`.

    Returns:
        The handle that removes the hook.
    """
    return register(AFTER_EVERY_STEP, hook)


def passed_through(hooks: dict[int, Hook], optimizer: Hooked, state_dict: dict[str, Any]) -> dict[str, Any]:
    """Return a state_dict after hooks have seen it, and changed or replaced it.

    Args:
        hooks: in the order of their calls.
        optimizer: whose they are.
        state_dict: what the first one gets.
    """
    for hook in tuple(hooks.values()):
        given = hook(optimizer, state_dict)
        if given is not None:
            state_dict = given
    return state_dict


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return the `step` of an optimizer's class with the hooks around it; it also notes that it was called.

    Args:
        step: as the class defines it.
    """

    @wraps(step)
    def whole_step(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        # A step that calls that of its base class has the hooks once around all of it.
        if type(self).step is not whole_step or not (self._hooks or BEFORE_EVERY_STEP or AFTER_EVERY_STEP):
            return step(self, *args, **kwargs)
        return _step_with_hooks(step, self, (self, *args), kwargs)

    return whole_step


def _step_with_hooks(
    step: Callable[..., Any], optimizer: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    own = optimizer._around("step")  # noqa: SLF001 - kept for this module
    for hook in (*BEFORE_EVERY_STEP.values(), *own.before.values()):
        given = hook(optimizer, args, kwargs)
        if given is not None:
            if not (isinstance(given, tuple) and len(given) == 2):
                raise RuntimeError(
                    f"step pre-hook must return None or a tuple of (new_args, new_kwargs), but got {given}."
                )
            args, kwargs = given
    result = step(*args, **kwargs)
    for hook in (*own.after.values(), *AFTER_EVERY_STEP.values()):
        hook(optimizer, args, kwargs)
    return result
