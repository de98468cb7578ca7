"""Many noisy values of each tensor, next to its clean one.

They are kept by the storage of the clean tensor: so views need no replicates of their own, and a change in
place through one view reaches all of them. Made and read by mode.py and vectorized.py.

The noisy values of a tensor go one of three ways from here:

- the tensor's storage has none: `get` gives None, and `every` the clean values once per replicate;
- its storage has some: `get` gives a view of them, with the tensor's shape, strides and offset;
- its storage was resized since: they are copied into the new size first, and then viewed.

New ones come in by `put`, which keeps them as they are if the result fills its storage and copies them
otherwise, and by `make`, which starts from copies of the clean values.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing import reductions

# How many new storages are added before the replicates of those that the program has freed are freed too.
_SWEEP = 256


def storage_id(tensor: torch.Tensor) -> int:
    """Return the identity of a storage, unique among those alive."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - torch has no public identity of a storage


class Replicates:
    """The noisy values of float64 tensors.

    Args:
        count: the number of replicates of each tensor.
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
        """Return the same; if a tensor has none, make them first: copies of its whole storage."""
        values = self._values(clean)
        return self._view(self._hold(clean, self._copies(clean)) if values is None else values, clean)

    def every(self, clean: torch.Tensor) -> torch.Tensor:
        """Return the noisy values, (count, *shape); the clean ones, repeated, if a tensor has none."""
        found = self.get(clean)
        return clean.expand(self.count, *clean.shape) if found is None else found

    def of_rank(self, clean: torch.Tensor, rank: int) -> torch.Tensor:
        """Return the noisy values as (count, 1, …, *shape), of `rank` dimensions behind the first.

        So they broadcast with others as their clean tensors do. A tensor without noisy values is returned as
        it is.
        """
        found = self.get(clean)
        if found is None or rank <= clean.dim():
            return clean if found is None else found
        return found.view(self.count, *(1,) * (rank - clean.dim()), *clean.shape)

    def alone(self, clean: torch.Tensor, k: int) -> torch.Tensor:
        """Return one replicate; the clean tensor if it has none."""
        found = self.get(clean)
        return clean if found is None else found[k]

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
        # The storage was resized; the values that it held before are kept.
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
        # While a weak reference to a storage is held, no other storage gets the same identity.
        weakly: Any = reductions.StorageWeakRef
        self._held[storage_id(clean)] = weakly(clean.untyped_storage()), values
        return values
