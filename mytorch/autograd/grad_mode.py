"""Whether ops are recorded: the questions, and the context managers that set it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from mytorch._core.state import state

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

# The flag of generator functions, as the module inspect knows it, which is heavy to import.
_GENERATOR = 0x20


def is_grad_enabled() -> bool:
    """Return whether ops are being recorded in this thread."""
    return state.asked


def is_inference_mode_enabled() -> bool:
    """Return whether this thread is inside `inference_mode`."""
    return state.inference


def _set(asked: bool) -> None:
    state.asked = asked
    # As in torch, `enable_grad` inside `inference_mode` is noted and records nothing.
    state.enabled = asked and not state.inference


class _Mode:
    """A context manager and decorator that sets the gradient mode and restores the previous one."""

    __slots__ = ("_mode", "_previous")

    def __init__(self, mode: bool) -> None:
        self._mode = mode
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(state.asked)
        _set(self._mode)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _set(self._previous.pop())

    def __call__(self, function: F) -> F:
        """Return `function` so wrapped that it runs in this mode; a generator in every one of its steps."""
        again = self._again
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _GENERATOR:
            return _wrap_generator(function, again)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]  # wraps keeps the signature

    def _again(self) -> _Mode:
        """Return a context of the same mode: one can be entered again before it is left."""
        return _Mode(self._mode)


def _wrap_generator(function: F, context: Callable[[], _Mode]) -> F:
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        # The mode holds while the generator runs, and never while its consumer does.
        step, sent = generator.send, None
        while True:
            try:
                with context():
                    value = step(sent)
            except StopIteration as end:
                return end.value
            try:
                sent = yield value
                step = generator.send
            except GeneratorExit:
                with context():
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - all that is thrown in belongs to the generator
                step, sent = generator.throw, error

    return wrapped  # type: ignore[return-value]  # wraps keeps the signature


class no_grad(_Mode):  # noqa: N801 - torch's name
    """Record nothing inside the block or the decorated function.

    Used as `with no_grad():`, `@no_grad()` or `@no_grad`.

    Examples:
        >>> x = mytorch.tensor(3.0, requires_grad=True)
        >>> with mytorch.no_grad():
        ...     y = 2 * x
        >>> y.requires_grad
        False
    """

    __slots__ = ()

    def __new__(cls, function: F | None = None) -> Any:
        """Decorate the function directly when used without parentheses."""
        if function is None:
            return super().__new__(cls)
        return _Mode(mode=False)(function)

    def __init__(self) -> None:
        super().__init__(mode=False)


class enable_grad(_Mode):  # noqa: N801 - torch's name
    """Record inside the block or the decorated function, even within `no_grad`."""

    __slots__ = ()

    def __new__(cls, function: F | None = None) -> Any:
        """Decorate the function directly when used without parentheses."""
        if function is None:
            return super().__new__(cls)
        return _Mode(mode=True)(function)

    def __init__(self) -> None:
        super().__init__(mode=True)


class set_grad_enabled(_Mode):  # noqa: N801 - torch's name
    """Set the gradient mode immediately; a context manager restores the previous one at its end.

    Args:
        mode: whether to record.
    """

    __slots__ = ()

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self._previous.append(state.asked)
        _set(mode)

    def __enter__(self) -> None:
        # The former mode was kept when the object was made.
        _set(self._mode)

    def __call__(self, function: F) -> F:
        """Return `function` so wrapped that it runs in this mode; the present mode is left as it was."""
        _set(self._previous[-1])
        return super().__call__(function)


class inference_mode(_Mode):  # noqa: N801 - torch's name
    """Record nothing inside the block or the decorated function, which only infers.

    Used as `with inference_mode():`, `@inference_mode()` or `@inference_mode`. Unlike torch's, the tensors
    made inside are ordinary ones, which may be used in training afterwards.

    Args:
        mode: whether to infer; with False, ops are recorded inside the block, even within `no_grad`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
    """

    __slots__ = ("_inferring",)

    def __new__(cls, mode: bool | F = True) -> Any:
        """Decorate the function directly when used without parentheses."""
        if callable(mode):
            return cls()(mode)
        return super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)
        self._inferring: list[bool] = []

    def __enter__(self) -> None:
        self._inferring.append(state.inference)
        state.inference = not self._mode
        super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        state.inference = self._inferring.pop()
        super().__exit__(kind, error, traceback)

    def _again(self) -> _Mode:
        return inference_mode(not self._mode)
