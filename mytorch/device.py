"""Devices: there is only the CPU, but torch's programs name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class device:  # noqa: N801 - torch's name
    """Where a tensor's memory is: the CPU.

    Args:
        type: "cpu", or another device.

    Raises:
        RuntimeError: another device; the message names it.
    """

    __slots__ = ()

    type = "cpu"
    index = None

    def __new__(cls, type: object = "cpu") -> Self:
        """Return the one device."""
        if not isinstance(type, device) and type not in ("cpu", "cpu:0"):
            raise RuntimeError(f"expected device 'cpu', got {type!r}: there is no other device")
        return super().__new__(cls)

    def __init__(self, type: object = "cpu") -> None:
        """Take what __new__ has checked."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device)

    def __hash__(self) -> int:
        return hash("cpu")

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"


CPU = device()


def check_device(given: object) -> None:
    """Refuse every device but the CPU.

    Args:
        given: what was passed as `device`; None stands for the CPU.

    Raises:
        RuntimeError: another device; the message names it.
    """
    if given is not None and given is not CPU:
        device(given)
