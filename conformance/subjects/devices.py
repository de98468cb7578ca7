"""Devices of torch: which there is, how precise its products are, and torch itself on one.

Called by checking.server for candidates, by running.run for `--device`, and by the command line. The right
numbers are always computed on the CPU.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError
from conformance.subjects.pytorch import PROGRAMS
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.subjects.protocol import Task, Trace


def device_of(name: str) -> str:
    """Return the name of a device that can be used here.

    Args:
        name: `cpu`, `cuda` or `cuda:1`.

    Raises:
        UsageError: torch knows no such device, or there is none.
    """
    import torch

    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise UsageError(f"device: expected cpu or cuda, got {name!r}") from error
    if device.type not in {"cpu", "cuda"}:
        raise UsageError(f"device: expected cpu or cuda, got {name!r}")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device: expected one that is here, got {name!r}, and torch finds no CUDA device")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"device: expected one of {torch.cuda.device_count()} CUDA devices, got {name!r}")
    return str(device)


@contextmanager
def stated_precision(device: str, *, allow_tf32: bool = False) -> Iterator[dict[str, Any]]:
    """Put the precision of products on a device for a while, and tell it with the device's name, for reports.

    TF32 keeps 10 bits of the fraction of each factor: with it on, a product is not one in float32.
    """
    import torch

    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = torch.get_float32_matmul_precision(), matmul.allow_tf32, cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if allow_tf32 else "highest")
    matmul.allow_tf32 = cudnn.allow_tf32 = allow_tf32
    on_card = torch.device(device).type == "cuda"
    try:
        yield {
            "device": device,
            "name": torch.cuda.get_device_name(device) if on_card else "the CPU",
            "allow_tf32": matmul.allow_tf32,
            "cudnn_allow_tf32": cudnn.allow_tf32,
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
        }
    finally:
        precision, matmul.allow_tf32, cudnn.allow_tf32 = before
        torch.set_float32_matmul_precision(precision)


def synchronise(device: str) -> None:
    """Wait until all that a device was told to do is done, so that its errors are raised here."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


# The uses that ask NumPy whether memory is shared, which can look at the CPU's only.
_BY_NUMPY = frozenset({"sharing", "deepcopy", "state-dict"})


class OnDevice(TorchLike):
    """torch itself, computing on a device.

    Args:
        device: the name of the device.
    """

    def __init__(self, device: str) -> None:
        super().__init__(f"torch on {device}", "torch", PROGRAMS)
        self._device = device
        if not device.startswith("cpu"):
            self.uses = self.uses - _BY_NUMPY

    @property
    def namespace(self) -> Any:
        """torch, whose tensors of arrays are on the device."""
        torch = super().namespace

        def from_numpy(array: Any) -> Any:
            return torch.from_numpy(array).to(self._device)

        return SimpleNamespace(**{**vars(torch), "from_numpy": from_numpy})

    def run(self, task: Task) -> Trace:
        """Run a task on the device; see `Implementation.run`."""
        torch = super().namespace
        # What a program makes without an array is made there, too.
        with stated_precision(self._device), torch.device(self._device):
            found = self.observables(task)
        synchronise(self._device)
        return {
            name: value.cpu().numpy() if isinstance(value, torch.Tensor) else value
            for name, value in found.items()
        }


def on_device(implementation: Any, device: str | None) -> tuple[Any, dict[str, Any]]:
    """Return an implementation on a device, and what a report says of the device.

    Args:
        implementation: what `find_subject` takes.
        device: the name of the device; None leaves the implementation as it is.

    Raises:
        UsageError: there is no such device, or the implementation is not torch: others choose their device
            themselves.
    """
    if device is None:
        return implementation, {}
    if implementation != "torch":
        why = "others choose the device they compute on themselves"
        raise UsageError(f"device: expected the implementation torch, because {why}; got {implementation!r}")
    name = device_of(device)
    with stated_precision(name) as told:
        return OnDevice(name), {"device": told}
