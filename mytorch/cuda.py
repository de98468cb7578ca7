"""What training scripts ask of torch.cuda: there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute


def is_available() -> bool:
    """Return False: there is only the CPU."""
    return False


def device_count() -> int:
    """Return 0: there is only the CPU."""
    return 0


def manual_seed(seed: int) -> None:
    """Do nothing, as torch does without a device: there is no generator to seed."""
    del seed


def manual_seed_all(seed: int) -> None:
    """Do nothing, as torch does without a device: there is no generator to seed."""
    del seed


def empty_cache() -> None:
    """Do nothing: there is no cache."""


if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
