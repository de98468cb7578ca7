"""The handle by which a hook is taken off again; tensors, modules and optimizers give the same kind."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from types import TracebackType
    from typing import Any, Self

_IDS = count()


class RemovableHandle:
    """The handle of a registered hook: `remove()` takes the hook off, and so does leaving a `with` block.

    Args:
        hooks: the hooks in the order of their calls, by the id of their handles.
        hook: is added to them.

    Attributes:
        id: the key of the hook.
    """

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: MutableMapping[int, Any], hook: Callable[..., Any]) -> None:
        self.id = next(_IDS)
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook off; once it is off, nothing happens."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()


def register(
    hooks: MutableMapping[int, Any], hook: Callable[..., Any], *, prepend: bool = False
) -> RemovableHandle:
    """Add a hook to those that are called in turn.

    Args:
        hooks: the hooks in the order of their calls, by the id of their handles.
        hook: is added to them.
        prepend: whether it is called before the present ones.

    Returns:
        The handle by which it is taken off.
    """
    present = dict(hooks)
    handle = RemovableHandle(hooks, hook)
    if prepend:
        for key in present:
            del hooks[key]
        hooks.update(present)
    return handle
