"""Many noisy values of each tensor, next to its clean one.

They are kept on the storage of the clean tensor: so views need no replicates of their own, a change in place
through one view reaches all of them, and they are freed with the storage. Made and read by mode.py and
vectorized.py.

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

# The attribute of a storage that holds its noisy values. torch keeps the attributes of a storage for as long
# as any tensor has it, in Python or not.
_KEPT = "_conformance_replicates"
_BYTES = torch.float64.itemsize


def storage_id(tensor: torch.Tensor) -> int:
    """Return the identity of a storage, unique among those alive."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - torch has no public identity of a storage


class _Kept:
    """The noisy values of one storage.

    Attributes:
        owner: the replicates that they belong to.
        values: one row of numbers per replicate, as long as the storage.
        nbytes: the size of the storage.
    """

    __slots__ = ("nbytes", "owner", "values")

    def __init__(self, owner: Replicates, values: torch.Tensor, nbytes: int) -> None:
        self.owner, self.values, self.nbytes = owner, values, nbytes


class Replicates:
    """The noisy values of float64 tensors.

    Args:
        count: the number of replicates of each tensor.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def __contains__(self, clean: torch.Tensor) -> bool:
        """Whether a tensor has noisy values."""
        if clean.dtype != torch.float64:
            return False
        kept = getattr(clean.untyped_storage(), _KEPT, None)
        return kept is not None and kept.owner is self

    def get(self, clean: torch.Tensor) -> torch.Tensor | None:
        """Return a view of the noisy values of a tensor, (count, *shape); None where it has none."""
        kept = self._kept(clean)
        return None if kept is None else self._view(kept, clean)

    def make(self, clean: torch.Tensor) -> torch.Tensor:
        """Return the same; if a tensor has none, make them first: copies of its whole storage."""
        return self._view(self._kept(clean) or self._keep(clean, self._copies(clean)), clean)

    def every(self, clean: torch.Tensor) -> torch.Tensor:
        """Return the noisy values, (count, *shape); the clean ones, repeated, if a tensor has none."""
        found = self.get(clean)
        return clean.expand(self.count, *clean.shape) if found is None else found

    def of_rank(self, clean: torch.Tensor, rank: int) -> torch.Tensor:
        """Return the noisy values as (count, 1, …, *shape), of `rank` dimensions behind the first.

        So they broadcast with others as their clean tensors do. A tensor without noisy values is returned as
        it is.
        """
        kept = self._kept(clean)
        return clean if kept is None else self._view(kept, clean, max(0, rank - clean.dim()))

    def alone(self, clean: torch.Tensor, k: int) -> torch.Tensor:
        """Return one replicate; the clean tensor if it has none."""
        found = self.get(clean)
        return clean if found is None else found[k]

    def put(self, clean: torch.Tensor, noisy: torch.Tensor) -> None:
        """Take the noisy values, (count, *shape), of a tensor that an operation has just made."""
        fills = clean.untyped_storage().nbytes() == clean.numel() * _BYTES and clean.is_contiguous()
        if fills and noisy.is_contiguous() and not noisy.storage_offset():
            self._keep(clean, noisy)
        else:
            self.make(clean).copy_(noisy)

    def overwrite(self, clean: torch.Tensor, noisy: torch.Tensor) -> None:
        """Take the noisy values of a tensor that an operation has written into."""
        own = self.make(clean)
        if noisy.data_ptr() != own.data_ptr():
            own.copy_(noisy)

    def _kept(self, clean: torch.Tensor) -> _Kept | None:
        if clean.dtype != torch.float64:
            return None
        storage = clean.untyped_storage()
        kept: _Kept | None = getattr(storage, _KEPT, None)
        if kept is None or kept.owner is not self:
            return None
        if kept.nbytes == storage.nbytes():
            return kept
        # The storage was resized; the values that it held before are kept.
        resized = self._copies(clean)
        old = kept.values.view(self.count, kept.nbytes // _BYTES)
        size = min(old.shape[1], resized.shape[1])
        resized[:, :size] = old[:, :size]
        return self._keep(clean, resized)

    def _copies(self, clean: torch.Tensor) -> torch.Tensor:
        size = clean.untyped_storage().nbytes() // _BYTES
        return clean.as_strided((size,), (1,), 0).repeat(self.count, 1)

    def _view(self, kept: _Kept, clean: torch.Tensor, more: int = 0) -> torch.Tensor:
        """Return the values that belong to a tensor, with `more` dimensions of 1 behind the first."""
        return kept.values.as_strided(
            (self.count, *(1,) * more, *clean.shape),
            (kept.nbytes // _BYTES, *(0,) * more, *clean.stride()),
            clean.storage_offset(),
        )

    def _keep(self, clean: torch.Tensor, values: torch.Tensor) -> _Kept:
        storage: Any = clean.untyped_storage()
        kept = _Kept(self, values, storage.nbytes())
        setattr(storage, _KEPT, kept)
        return kept
