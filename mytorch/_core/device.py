"""Devices: tensors live on the CPU only, but programs written for torch name others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

_KNOWN = ("cpu", "cuda", "mps", "xpu", "meta")


class device:  # noqa: N801 - torch's name
    """Where a tensor's memory is, or would be; only the CPU has any.

    Args:
        type: the name of a device, with its number after a colon if it has one; or a device.
        index: the number.

    Attributes:
        type: the name without the number.
        index: the number, None if there is none.

    Raises:
        RuntimeError: no device has that name; the message lists the names. Or it is a number, which counts
            the GPUs, and there is none.
        TypeError: `type` is neither a string nor a device.
    """

    __slots__ = ("index", "type")
    __module__ = "mytorch"  # the public name, as in torch

    index: int | None
    type: str

    def __init__(self, type: object = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            index = type.index
            type = type.type
        if isinstance(type, int) and not isinstance(type, bool):
            raise RuntimeError(  # noqa: TRY004 - torch's class
                f"Cannot access accelerator device when none is available. {_expected(type)}"
            )
        if not isinstance(type, str):
            raise TypeError(
                f"device(): argument 'type' (position 1) must be str, not {type.__class__.__name__}"
            )
        name, colon, number = type.partition(":")
        if name not in _KNOWN:
            raise RuntimeError(
                f"Expected one of {', '.join(_KNOWN)} device type at start of device string: {type}"
            )
        if colon and (index is not None or not number.isdigit()):
            raise RuntimeError(f"Invalid device string: {type!r}")
        self.type = name
        self.index = int(number) if colon else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{number})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


CPU = device()


def check_device(given: object) -> None:
    """Refuse every device but the CPU.

    Args:
        given: what was passed as `device`; None means the CPU.

    Raises:
        AssertionError: it is another device: what a torch says that was built for the CPU only.
        RuntimeError: no device has that name, or it is a number.
        TypeError: it is neither a string nor a device.
    """
    if given is None or given is CPU:
        return
    named = device(given)
    if named.type != "cpu":
        refuse_device(named)


def refuse_device(named: device) -> NoReturn:
    """Raise the AssertionError of a torch that was built for the CPU only, with what to write instead."""
    raise AssertionError(_expected(str(named)))


def _expected(given: object) -> str:
    return (
        f"mytorch computes on the CPU only: expected device 'cpu', got {given!r}. There is no GPU: use "
        ".to(device) with device = 'cuda' if mytorch.cuda.is_available() else 'cpu'"
    )
