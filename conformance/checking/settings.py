"""What a call may not change beside its results: torch's settings, the global generators, torch's functions.

Called by checking.server: functions are compared with those before the candidate was imported, settings with
those before its first call, and generators with those before the call that is judged. A program that draws
nothing leaves generators alone; one that seeds them makes its caller's next dropout the same each time.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TORCH = Path(torch.__file__).parent

# What a setting is called → what reads it.
_SETTINGS: Mapping[str, Callable[[], object]] = {
    "the default dtype": torch.get_default_dtype,
    "the default device": torch.get_default_device,
    "whether gradients are recorded": torch.is_grad_enabled,
    "the number of threads": torch.get_num_threads,
    "the precision of float32 products": torch.get_float32_matmul_precision,
    "deterministic algorithms": torch.are_deterministic_algorithms_enabled,
    "autocast": lambda: (torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled("cuda")),
    "whether subnormal numbers are zeros": lambda: bool(torch.tensor(1e-40, device="cpu") * 0.5 == 0),
    "torch's generator": lambda: torch.get_rng_state().numpy().tobytes(),
    # Both, because a legacy program draws from NumPy's global generator.
    "NumPy's generator": lambda: [np.asarray(each).tobytes() for each in np.random.get_state()],  # noqa: NPY002
    "Python's generator": random.getstate,
}

# Where torch's functions are. A candidate that replaces one, such as a comparison, or `Tensor.cpu` by what
# only then computes, deceives whoever looks at its results.
_PLACES = {
    "torch.Tensor": torch.Tensor,
    "torch": torch,
    "torch.nn.functional": torch.nn.functional,
    "torch.autograd": torch.autograd,
    "torch.testing": torch.testing,
}


def settings() -> dict[str, object]:
    """Return the settings of torch and the states of generators, by name.

    Example:
        >>> from conformance.checking.settings import changed, settings
        >>> import torch
        >>> before = settings()
        >>> _ = torch.manual_seed(before["torch's generator"][0] + 1)
        >>> changed(before, settings())
        ["torch's generator"]
    """
    return {name: read() for name, read in _SETTINGS.items()}


def generators() -> dict[str, object]:
    """Return the states of the global generators, as in `settings`.

    Example:
        >>> from conformance.checking.settings import generators
        >>> [*generators()]
        ["torch's generator", "NumPy's generator", "Python's generator"]
    """
    return {name: read() for name, read in _SETTINGS.items() if name.endswith("'s generator")}


def functions() -> dict[str, object]:
    """Return the functions of torch and the methods of its tensors, by name.

    Example:
        >>> from conformance.checking.settings import functions
        >>> import torch
        >>> functions()["torch.allclose"] is torch.allclose
        True
    """
    return {
        f"{place}.{name}": value
        for place, owner in _PLACES.items()
        # Those that a class inherits, too: one of its own hides them.
        for each in reversed(owner.__mro__ if isinstance(owner, type) else (owner,))
        for name, value in vars(each).items()
        if (callable(value) or hasattr(value, "__get__")) and not isinstance(value, type)
    }


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return the names of settings that have changed; see `settings`."""
    return [
        name
        for name, value in before.items()
        if after.get(name) != value and not _is_torchs_own(after.get(name))
    ]


def _is_torchs_own(value: object) -> bool:
    """Whether a function is in torch's files: its compiler wraps `manual_seed` when it is imported."""
    code = getattr(value, "__code__", None)
    return code is not None and Path(code.co_filename).is_relative_to(_TORCH)
