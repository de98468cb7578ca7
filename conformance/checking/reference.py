"""The reference of a check: a function, a module, or a class of modules with its inputs in the same file.

Made by checking.check. Its file is loaded in the judge's process only.
"""

from __future__ import annotations

import copy
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from conformance.checking.inputs import generators_kept
from conformance.checking.server import seeded, sharing, state_of
from conformance.errors import UsageError
from conformance.reference.program import leaves
from conformance.registry import find_attribute

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from torch import Tensor

# The classes of the layout that kernel benchmarks use.
REFERENCE_CLASS, CANDIDATE_CLASS = "Model", "ModelNew"


@dataclass(frozen=True)
class Reference:
    """A program that is right.

    Attributes:
        name: as it is shown.
        program: a function of tensors, or an instance of a module.
        init: the arguments of its class.
        module: where it is defined, if that is known; it may have `get_inputs` and `get_shapes`.
        files: the files that hold it, which a candidate must not read.
    """

    name: str
    program: Callable[..., Any]
    init: tuple[Any, ...]
    module: ModuleType | None
    files: tuple[str, ...]

    @property
    def state(self) -> dict[str, tuple[str, Tensor]]:
        """Its parameters (P) and buffers (B), by name."""
        return state_of(self.program)

    def declared(self, name: str) -> Any:
        """Return what a function of its module, such as `get_inputs`, draws; None if there is none."""
        return getattr(self.module, name, None)

    def shares(self, inputs: tuple[Any, ...]) -> dict[str, list[str]]:
        """Return the inputs and parameters whose memory each output shares.

        Args:
            inputs: arguments of the dtype of its parameters.
        """
        given = {name: each for name, each in leaves("grad", list(inputs)) if isinstance(each, torch.Tensor)}
        program = self.program
        if isinstance(program, torch.nn.Module):
            # A call may change its buffers.
            program = copy.deepcopy(program)
            given |= {f"grad.{name}": value for name, (_, value) in state_of(program).items()}
        with torch.no_grad():
            outputs = program(*inputs)
        return {
            name: sharing(each, given)
            for name, each in leaves("output", outputs)
            if isinstance(each, torch.Tensor)
        }


def find_reference(reference: Any, init: tuple[Any, ...] | None, seed: int) -> Reference:
    """Return a reference.

    Args:
        reference: `path.py`, `path.py:name` or `module:name`, or the function, class or module itself.
        init: the arguments of its class; by default what `get_init_inputs()` of its module returns.
        seed: under which it is made.

    Raises:
        UsageError: it is none of these, or it cannot be made.
    """
    if isinstance(reference, str):
        spec = with_class(reference, REFERENCE_CLASS)
        module, found = find_attribute("reference", spec)
    else:
        spec, found = _shown(reference), reference
        module = sys.modules.get(getattr(found, "__module__", None) or "")  # type: ignore[assignment]
    if not callable(found):
        raise UsageError(f"reference: expected a function or a module of torch, got {type(found).__name__}")
    made, given = found, ()
    if isinstance(found, type):
        given = _init(module) if init is None else tuple(init)
        with generators_kept():
            seeded(seed)
            try:
                made = found(*given)
            except Exception as error:
                raise UsageError(f"reference {spec!r}: {type(error).__name__}: {error}") from error
    return Reference(spec, made, given, module, _files(module, named=spec.rpartition(":")[0].endswith(".py")))


def with_class(spec: str, name: str) -> str:
    """Return a form with the class that a file has by convention, where it names none."""
    return f"{spec}:{name}" if spec.endswith(".py") else spec


def spec_of(candidate: Any) -> str:
    """Return the form by which another process finds a function or class.

    Raises:
        UsageError: there is none, as for what is defined inside a function.
    """
    name, module = getattr(candidate, "__qualname__", ""), getattr(candidate, "__module__", None)
    found: Any = sys.modules.get(module or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not candidate:
        expected = "a function or class that another process can find by its module and name"
        hint = "define it at the top of a file, or give path.py:name"
        raise UsageError(f"candidate: expected {expected}, got {_shown(candidate)}; {hint}")
    # By its file, where it is one's own: another process may not have the module on its path.
    files = _files(sys.modules[module or ""])
    return f"{files[0]}:{name}" if files and files[0].endswith(".py") else f"{module}:{name}"


def _init(module: ModuleType | None) -> tuple[Any, ...]:
    make = getattr(module, "get_init_inputs", None)
    if make is None:
        return ()
    with generators_kept():
        found = make()
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


def _shown(found: object) -> str:
    return getattr(found, "__qualname__", None) or type(found).__qualname__


def _files(module: ModuleType | None, *, named: bool = False) -> tuple[str, ...]:
    """Return the file of a module that is one's own: not of an installed package, unless it was named."""
    file = getattr(module, "__file__", None)
    if file is not None and named:
        return (str(Path(file).resolve()),)
    installed = Path(torch.__file__).parents[1], Path(inspect.__file__).parent
    if file is None or any(Path(file).resolve().is_relative_to(folder.resolve()) for folder in installed):
        return ()
    return (str(Path(file).resolve()),)
