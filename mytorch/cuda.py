"""What training scripts ask of torch.cuda: there is none.

Questions have the answers of a torch that was built for the CPU only, and orders to all GPUs do nothing. What
needs one raises the AssertionError that every other use of a GPU raises here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.device import check_device, refuse_device
from mytorch._core.device import device as Device
from mytorch._core.lacking import no_attribute as _no_attribute

if TYPE_CHECKING:
    from typing import NoReturn


def is_available() -> bool:
    """Return False: there is only the CPU."""
    return False


def is_initialized() -> bool:
    """Return False: there is nothing to initialize."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Return False: there is only the CPU."""
    del including_emulation
    return False


def device_count() -> int:
    """Return 0: there is only the CPU."""
    return 0


def manual_seed(seed: int) -> None:
    """Do nothing, as torch does without a device: there is no generator to seed."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Do nothing, as torch does without a device: there is no generator to seed."""
    int(seed)


def seed() -> None:
    """Do nothing, as torch does without a device: there is no generator to seed."""


def seed_all() -> None:
    """Do nothing, as torch does without a device: there is no generator to seed."""


def empty_cache() -> None:
    """Do nothing: there is no cache."""


def ipc_collect() -> NoReturn:
    """Raise AssertionError, as torch does: there is no GPU whose memory could be shared."""
    refuse_device(Device("cuda"))


def memory_allocated(device: object = None) -> int:
    """Return 0: there is no memory but the CPU's."""
    del device
    return 0


def max_memory_allocated(device: object = None) -> int:
    """Return 0: there is no memory but the CPU's."""
    del device
    return 0


def memory_reserved(device: object = None) -> int:
    """Return 0: there is no memory but the CPU's."""
    del device
    return 0


def max_memory_reserved(device: object = None) -> int:
    """Return 0: there is no memory but the CPU's."""
    del device
    return 0


def init() -> NoReturn:
    """Raise AssertionError: there is no GPU."""
    refuse_device(Device("cuda"))


def current_device() -> NoReturn:
    """Raise AssertionError: there is no GPU."""
    refuse_device(Device("cuda"))


def synchronize(device: object = None) -> NoReturn:
    """Raise AssertionError, as torch does: there is no GPU to wait for."""
    del device
    refuse_device(Device("cuda"))


def get_device_name(device: object = None) -> NoReturn:
    """Raise AssertionError: there is no GPU."""
    del device
    refuse_device(Device("cuda"))


def get_device_capability(device: object = None) -> NoReturn:
    """Raise AssertionError: there is no GPU."""
    del device
    refuse_device(Device("cuda"))


def get_device_properties(device: object = None) -> NoReturn:
    """Raise AssertionError: there is no GPU."""
    del device
    refuse_device(Device("cuda"))


def set_device(device: object) -> None:
    """Do nothing for a number below 0, and raise for every other device.

    Raises:
        AssertionError: there is no GPU; the message says what to write instead.
        ValueError: the device is not a GPU.
    """
    if isinstance(device, int):
        if device >= 0:
            check_device(f"cuda:{int(device)}")
        return
    named = Device(device)
    if named.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {named}")
    check_device(named)


if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
