"""cuDNN, which is not here: its switches are kept, and change nothing."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mytorch.backends._switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator

enabled = True
benchmark = False
benchmark_limit: int | None = None
deterministic = False
allow_tf32 = True

_NAMES = ("enabled", "benchmark", "deterministic", "allow_tf32")


def is_available() -> bool:
    """Return False: there is only the CPU."""
    return False


def version() -> int | None:
    """Return None: there is no version."""
    return None


def is_acceptable(tensor: object) -> bool:
    """Return False: a tensor on the CPU is nothing for it."""
    del tensor
    return False


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
) -> Iterator[None]:
    """Set the switches inside a `with` statement, as torch does, those that are not given, too.

    Args:
        enabled: the switch of that name.
        benchmark: the same.
        benchmark_limit: without meaning.
        deterministic: the same as `enabled`.
        allow_tf32: the same.
    """
    del benchmark_limit
    module = sys.modules[__name__]
    before = {name: getattr(module, name) for name in _NAMES}
    inside = dict(zip(_NAMES, (enabled, benchmark, deterministic, allow_tf32), strict=True))
    for name, value in inside.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


sys.modules[__name__].__class__ = Switches
