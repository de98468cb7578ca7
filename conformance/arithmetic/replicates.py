"""Many noisy values of each tensor beside its clean one.

They are kept by the storage that holds the clean one: so views need nothing of their own, and neither does a
change in place through one of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing import reductions

# When so many storages have come since, those that the program has let go of are let go of here too.
_SWEEP = 256


def storage_id(tensor: torch.Tensor) -> int:
    """Return what tells a living storage from any other."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - torch has no public identity of a storage


class Replicates:
    """The noisy values of float64 tensors.

    Args:
        count: how many of each.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        # By storage: a weak reference to it, and the noisy values of all that it holds.
        self._held: dict[int, tuple[Any, torch.Tensor]] = {}
        self._room = _SWEEP

    def __contains__(self, clean: torch.Tensor) -> bool:
        """Whether a tensor has noisy values."""
        return clean.dtype == torch.float64 and storage_id(clean) in self._held

    def get(self, clean: torch.Tensor) -> torch.Tensor | None:
        """Return a view of the noisy values of a tensor, (count, *shape); None where it has none."""
        values = self._values(clean) if clean.dtype == torch.float64 else None
        return None if values is None else self._view(values, clean)

    def make(self, clean: torch.Tensor) -> torch.Tensor:
        """Return likewise, and where it has none make them: copies of its whole storage."""
        values = self._values(clean)
        return self._view(self._hold(clean, self._copies(clean)) if values is None else values, clean)

    def put(self, clean: torch.Tensor, noisy: torch.Tensor) -> None:
        """Take the noisy values, (count, *shape), of a tensor that an operation has just made."""
        fills = clean.is_contiguous() and clean.untyped_storage().nbytes() == clean.nbytes
        if fills and noisy.is_contiguous():
            self._hold(clean, noisy.view(self.count, clean.numel()))
        else:
            self.make(clean).copy_(noisy)

    def _values(self, clean: torch.Tensor) -> torch.Tensor | None:
        held = self._held.get(storage_id(clean))
        if held is None:
            return None
        values = held[1]
        if values.shape[1] * clean.element_size() == clean.untyped_storage().nbytes():
            return values
        # It was resized since; what was there before is there still.
        resized = self._copies(clean)
        kept = min(values.shape[1], resized.shape[1])
        resized[:, :kept] = values[:, :kept]
        return self._hold(clean, resized)

    def _copies(self, clean: torch.Tensor) -> torch.Tensor:
        size = clean.untyped_storage().nbytes() // clean.element_size()
        return clean.as_strided((size,), (1,), 0).repeat(self.count, 1)

    def _view(self, values: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
        strides = (values.shape[1], *clean.stride())
        return values.as_strided((self.count, *clean.shape), strides, clean.storage_offset())

    def _hold(self, clean: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        if len(self._held) >= self._room:
            self._held = {key: held for key, held in self._held.items() if not held[0].expired()}
            self._room = len(self._held) + _SWEEP
        # As long as a weak reference to it is held, no other storage gets the same identity.
        weakly: Any = reductions.StorageWeakRef
        self._held[storage_id(clean)] = weakly(clean.untyped_storage()), values
        return values
