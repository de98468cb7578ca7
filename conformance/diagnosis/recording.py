"""Runs a model with hooks on its submodules, and notes what each was given and what it returned.

Called by diagnosis.comparison, for torch's modules and for those of libraries with torch's hooks.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.errors import UsageError
from conformance.reference.program import as_input, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Called:
    """One call of a module.

    Attributes:
        name: the module's name.
        number: which of its calls, from 1.
        args: what it was given, as it was before the call.
        kwargs: likewise, by keyword.
        output: what it returned, as it was then.
    """

    name: str
    number: int
    args: Any
    kwargs: Any
    output: Any

    @property
    def inputs(self) -> dict[str, Tensor]:
        """Its tensors among the arguments, by place."""
        return tensors("input", [list(self.args), dict(self.kwargs)])


def record(
    modules: Mapping[str, Any], run: Callable[[], object], running: list[str] | None = None
) -> list[Called]:
    """Return the calls of some modules in the order in which they end.

    Args:
        modules: the modules, by the names to note.
        run: runs the model that they are part of.
        running: holds the names of those that have not ended, the innermost last, for an error's message.

    Raises:
        UsageError: a module takes no hooks.
    """
    calls: list[Called] = []
    given: dict[str, list[tuple[Any, Any]]] = {name: [] for name in modules}
    counts = dict.fromkeys(modules, 0)
    handles: list[Any] = []
    running = [] if running is None else running

    def before(name: str) -> Callable[..., None]:
        def hook(_module: Any, args: Any, kwargs: Any) -> None:
            running.append(name)
            # Noted now, because a module may change its inputs.
            given[name].append((kept(args), kept(kwargs)))

        return hook

    def after(name: str) -> Callable[..., None]:
        def hook(_module: Any, _args: Any, _kwargs: Any, output: Any) -> None:
            running.pop()
            counts[name] += 1
            calls.append(Called(name, counts[name], *given[name].pop(), kept(output)))

        return hook

    try:
        for name, module in modules.items():
            if not hasattr(module, "register_forward_hook"):
                raise UsageError(
                    f"candidate: expected modules with forward hooks, got {type(module).__name__} as {name!r}"
                )
            handles.append(module.register_forward_pre_hook(before(name), with_kwargs=True))
            handles.append(module.register_forward_hook(after(name), with_kwargs=True))
        run()
    finally:
        for handle in handles:
            handle.remove()
    return calls


def kept(value: Any) -> Any:
    """Return a value as it is now, with the tensors and arrays of any library as torch's tensors."""
    if isinstance(value, dict):
        return {key: kept(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        # torch's layers know only their own class of packed sequences.
        packed = torch.nn.utils.rnn.PackedSequence
        return _like(packed if type(value).__name__ == packed.__name__ else type(value), map(kept, value))
    value = as_input(value)
    return value.detach().clone() if isinstance(value, Tensor) else value


def _like(kind: Any, values: Iterable[Any]) -> Any:
    # A named tuple takes its fields one by one.
    return kind(*values) if hasattr(kind, "_fields") else kind(values)


def tensors(name: str, value: Any) -> dict[str, Tensor]:
    """Return the tensors in a value, by their places."""
    return {place: each for place, each in leaves(name, value) if isinstance(each, Tensor)}


def handed(candidate: Any, inputs: tuple[Any, ...], dtype: str) -> tuple[Any, ...]:
    """Return inputs as the candidate takes them: in its dtype, and as tensors of its library.

    Args:
        candidate: the model that takes them.
        inputs: its arguments, of torch.
        dtype: the dtype of floating tensors.
    """
    library = next(_libraries(candidate), torch)
    first = next(iter(candidate.parameters()), None) if hasattr(candidate, "parameters") else None

    def turned(value: Any) -> Any:
        if isinstance(value, Tensor):
            value = value.to(getattr(torch, dtype)) if value.is_floating_point() else value.clone()
            if library is torch:
                return value if first is None else value.to(first.device)
            # from_numpy would share the memory.
            array = value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()
            return library.tensor(array)
        if isinstance(value, dict):
            return {key: turned(each) for key, each in value.items()}
        if isinstance(value, torch.nn.utils.rnn.PackedSequence):
            return _like(library.nn.utils.rnn.PackedSequence, map(turned, value))
        if isinstance(value, (tuple, list)):
            return _like(type(value), map(turned, value))
        return value

    return tuple(turned(kept(each)) for each in inputs)


def _libraries(candidate: Any) -> Iterator[Any]:
    """Yield the libraries with a function `tensor` that the candidate's classes come from."""
    for kind in type(candidate).__mro__:
        library = sys.modules.get(kind.__module__.partition(".")[0])
        if hasattr(library, "tensor") and hasattr(library, "Tensor"):
            yield library
