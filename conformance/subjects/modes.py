"""The modes that the reference computes in: stated, not found; one thread, and no warnings.

Entered before torch is run, by running and the calibration. `altered` is asked by subjects.in_process after
each call of a subject that runs in the judge's process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from threadpoolctl import ThreadpoolController


class Mode(NamedTuple):
    """Something global that results depend on.

    Attributes:
        name: its name, in verdicts.
        stated: as it must be.
        read: from torch to how it is.
        put: sets it; of what cannot be set to anything, only to `stated`.
    """

    name: str
    stated: Any
    read: Callable[[Any], Any]
    put: Callable[[Any, Any], object]


# The guards of inference mode that were set back; each holds until it is deleted.
_guards: list[Any] = []


def _put_inference(t: Any, value: bool) -> None:
    guard = t.inference_mode(mode=value)
    guard.__enter__()
    _guards.append(guard)


def _rounding(_: Any) -> str:
    """Return how float64 is rounded, by what comes out."""
    # Arrays, because a constant would be folded when this file is compiled.
    one, less, more = np.ones(1), np.full(1, 2.0**-54), np.full(1, 1.5 * 2.0**-53)
    up, down = (one + less)[0] > 1, (one + more)[0] == 1
    return "upward" if up else "downward or toward zero" if down else "to nearest"


def _put_rounding(_: Any, value: str) -> None:
    del value
    # To nearest is 0 in the headers of all systems.
    ctypes.CDLL(ctypes.util.find_library("m")).fesetround(0)


def _denormals(_: Any) -> str:
    tiny = np.full(1, np.finfo(np.float32).tiny, np.float32)
    made, kept = tiny * np.float32(0.5), np.full(1, 5e-324) * 1.0
    return "kept" if made[0] and kept[0] else "flushed to zero"


def _default_device(t: Any) -> str:
    return str(t.get_default_device())


# In the order in which they are set back: leaving inference mode turns gradients on or off.
MODES = (
    Mode("inference mode", False, lambda t: t.is_inference_mode_enabled(), _put_inference),
    Mode("gradient mode", True, lambda t: t.is_grad_enabled(), lambda t, value: t.set_grad_enabled(value)),
    Mode(
        "default device",
        "cpu",
        _default_device,
        # None takes away what the device "cpu" would cost each call.
        lambda t, value: t.set_default_device(None if value == "cpu" else value),
    ),
    Mode(
        "default dtype",
        "torch.float32",
        lambda t: str(t.get_default_dtype()),
        lambda t, value: t.set_default_dtype(getattr(t, value.removeprefix("torch."))),
    ),
    Mode("threads", 1, lambda t: t.get_num_threads(), lambda t, value: t.set_num_threads(value)),
    Mode("rounding", "to nearest", _rounding, _put_rounding),
    Mode("denormal numbers", "kept", _denormals, lambda t, value: t.set_flush_denormal(value != "kept")),
    Mode(
        "choice of deterministic algorithms",
        False,
        lambda t: t.are_deterministic_algorithms_enabled(),
        lambda t, value: t.use_deterministic_algorithms(value),
    ),
)


def altered() -> list[str]:
    """Set back every mode that is not as stated, and return which they were, with what they had become."""
    import torch

    found = []
    for mode in MODES:
        value = mode.read(torch)
        if value != mode.stated:
            mode.put(torch, mode.stated)
            found.append(f"{mode.name}: {value}")
    return found


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Return the libraries that start threads, looked for anew where more modules are imported than before.

    To look for them takes longer than to judge a small sample, and only an import loads one.
    """
    from threadpoolctl import ThreadpoolController

    del modules
    return ThreadpoolController()


@contextmanager
def quietly_on_one_thread() -> Iterator[None]:
    """State the modes of the reference, and compute without warnings; they are set back afterwards.

    One thread, so that no result depends on how many there are. Samples provoke warnings on purpose, such as
    that of the variance of one number; only numbers are judged.
    """
    import torch

    before = [(mode, mode.read(torch)) for mode in MODES]
    if any(value != mode.stated for mode, value in before):
        altered()
    try:
        with _libraries(len(sys.modules)).limit(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        altered()
        for mode, value in before:
            if value != mode.stated:
                mode.put(torch, value)
