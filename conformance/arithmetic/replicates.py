"""Many noisy values of each tensor, next to its clean one.

They are kept on the storage of the clean tensor: so views need no replicates of their own, a change in place
through one view reaches all of them, and they are freed with the storage. Made and read by mode.py and
vectorized.py.

The noisy values of a tensor go one of three ways from here:

- the tensor's storage has none: `get` gives None, and `every` the clean values once per replicate;
- its storage has some: `get` gives a view of them, with the tensor's shape, strides and offset;
- its storage was resized since: they are copied into the new size first, and then viewed.

New ones come in by `put`, which keeps them as they are if the result fills its storage and copies them
otherwise, and by `make`, which starts from copies of the clean values. `reserve` refuses them before they are
made, if all together would take too much memory.

Complex numbers are kept as pairs of float64 numbers, so that a storage has one set of noisy values, whether a
tensor shows it as complex numbers or as their real and imaginary parts.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The attribute of a storage that holds its noisy values. torch keeps the attributes of a storage for as long
# as any tensor has it, in Python or not.
_KEPT = "_conformance_replicates"
_BYTES = torch.float64.itemsize
# Dimensions that broadcast.
_ONES = tuple((1,) * rank for rank in range(65))
# The dtypes that have noisy values.
FOLLOWED = (torch.float64, torch.complex128)


def storage_id(tensor: torch.Tensor) -> int:
    """Return the identity of a storage, unique among those alive."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - torch has no public identity of a storage


class OverfullError(Exception):
    """The replicates of all tensors together would have more numbers than they may; fewer would fit."""


def parts(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view of complex numbers as float64 numbers: (..., 2), real and imaginary."""
    return torch.view_as_real(tensor.resolve_conj())


class _Kept:
    """The noisy values of one storage.

    Attributes:
        owner: the replicates that they belong to.
        values: as many numbers per replicate as the storage has, in its order, (count, *shape); float64 or
            complex128, as the tensor that they came for.
        shape: the shape.
        nbytes: the size of the storage.
    """

    __slots__ = ("nbytes", "owner", "shape", "values")

    def __init__(self, owner: Replicates, values: torch.Tensor, shape: torch.Size, nbytes: int) -> None:
        self.owner, self.values, self.shape, self.nbytes = owner, values, shape, nbytes
        owner.numbers += owner.count * (nbytes // _BYTES)

    def __del__(self) -> None:
        # torch.compile makes one without __init__, as an example for its tracing.
        if hasattr(self, "owner"):
            self.owner.numbers -= self.owner.count * (self.nbytes // _BYTES)

    def flat(self, dtype: torch.dtype) -> torch.Tensor:
        """Return a view of the values as numbers of a dtype, (count, size of the storage)."""
        values = self.values.view(self.owner.count, self.nbytes // self.values.itemsize)
        return values if values.dtype == dtype else values.view(dtype)


class Replicates:
    """The noisy values of float64 and complex128 tensors.

    Args:
        count: the number of replicates of each tensor.
        limit: how many numbers all of them may have; one replicate of each tensor may always be held.

    Attributes:
        numbers: how many they have now; a complex number is two.
    """

    def __init__(self, count: int, limit: int = sys.maxsize) -> None:
        self.count = count
        self.numbers = 0
        self._limit = limit if count > 1 else sys.maxsize
        # Whether any of the tensors are complex.
        self._complex = False

    def reserve(self, size: int) -> None:
        """Refuse to hold the replicates of a tensor of that size, if they would be too many with the others.

        Raises:
            OverfullError: they would.
        """
        if self.numbers + self.count * size > self._limit:
            raise OverfullError(f"{self.count} replicates of {size} numbers, and {self.numbers} held already")

    def __contains__(self, clean: torch.Tensor) -> bool:
        """Whether a tensor has noisy values."""
        if clean.dtype not in FOLLOWED:
            return False
        kept = getattr(clean.untyped_storage(), _KEPT, None)
        return kept is not None and kept.owner is self

    def get(self, clean: torch.Tensor) -> torch.Tensor | None:
        """Return a view of the noisy values of a tensor, (count, *shape); None where it has none."""
        kept = self._kept(clean)
        if kept is None:
            return None
        viewed = self._view(kept, clean)
        return _resolved(viewed, clean) if self._complex else viewed

    def make(self, clean: torch.Tensor) -> torch.Tensor:
        """Return the same; if a tensor has none, make them first: copies of its whole storage."""
        return _resolved(self._made(clean), clean)

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
        if kept is None:
            return clean
        more = rank - clean.dim()
        viewed = self._view(kept, clean) if more <= 0 else self._view(kept, clean, (1,) * more)
        return _resolved(viewed, clean) if self._complex else viewed

    def aligned(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any] | None:
        """Return arguments with the replicates of those that have some, of one rank, so that they broadcast.

        Returns:
            None where none has some, and where that is not all that there is to ask: where a tensor is of
            another dtype than float64 or in a list, tensors are complex, or there are arguments by name,
            other than the layout of the result, which has one dimension less.
        """
        if self._complex or (kwargs and [*kwargs] != ["memory_format"]):
            return None
        rank, noisy = 0, False
        found: list[Any] = []
        for each in args:
            kept: Any = None
            if isinstance(each, torch.Tensor):
                if each.dtype is not torch.float64:
                    return None
                if (dim := each.dim()) > rank:
                    rank = dim
                if (kept := self._kept(each)) is not None:
                    noisy = True
            elif isinstance(each, (list, tuple)):
                return None
            found.append(kept)
        if not noisy:
            return None
        for place, each in enumerate(args):
            kept = found[place]
            found[place] = each if kept is None else self._view(kept, each, _ONES[rank - each.dim()])
        return found

    def some(self, values: Sequence[Any]) -> bool:
        """Whether any tensor among values, or in lists among them, has noisy values, and none is complex."""
        if self._complex:
            return False
        found = False
        for each in values:
            if isinstance(each, torch.Tensor):
                if each.dtype is torch.complex128:
                    return False
                found = found or self._kept(each) is not None
            elif isinstance(each, (list, tuple)) and each and isinstance(each[0], torch.Tensor):
                found = found or self.some(each)
        return found

    def alone(self, clean: torch.Tensor, k: int) -> torch.Tensor:
        """Return one replicate; the clean tensor if it has none."""
        found = self.get(clean)
        return clean if found is None else found[k]

    def put(self, clean: torch.Tensor, noisy: torch.Tensor) -> None:
        """Take the noisy values, (count, *shape), of a tensor that an operation has just made."""
        storage = clean.untyped_storage()
        fills = storage.nbytes() == clean.nbytes and clean.is_contiguous()
        if fills and noisy.is_contiguous() and not noisy.storage_offset():
            self._keep(clean, noisy, storage)
        else:
            self._made(clean).copy_(noisy)

    def overwrite(self, clean: torch.Tensor, noisy: torch.Tensor) -> None:
        """Take the noisy values of a tensor that an operation has written into."""
        own = self._made(clean)
        if noisy.data_ptr() != own.data_ptr():
            own.copy_(_resolved(noisy, clean))

    def _made(self, clean: torch.Tensor) -> torch.Tensor:
        """Return a view of what is stored; if a tensor has no noisy values, make them first."""
        return self._view(self._kept(clean) or self._keep(clean, self._copies(clean)), clean)

    def _kept(self, clean: torch.Tensor) -> _Kept | None:
        if clean.dtype is not torch.float64:
            if clean.dtype is not torch.complex128:
                return None
            self._complex = True
        storage = clean.untyped_storage()
        kept: _Kept | None = getattr(storage, _KEPT, None)
        if kept is None or kept.owner is not self:
            return None
        if kept.nbytes == storage.nbytes():
            return kept
        # The storage was resized; the values that it held before are kept.
        resized = self._copies(clean)
        old = kept.flat(resized.dtype)
        size = min(old.shape[1], resized.shape[1])
        resized[:, :size] = old[:, :size]
        return self._keep(clean, resized)

    def _copies(self, clean: torch.Tensor) -> torch.Tensor:
        nbytes = clean.untyped_storage().nbytes()
        self.reserve(nbytes // _BYTES)
        # As it is stored: the marks of a conjugate and of a negative belong to the view.
        stored = clean.conj() if clean.is_conj() else clean
        stored = torch._neg_view(stored) if stored.is_neg() else stored  # noqa: SLF001 - no public name
        return stored.as_strided((nbytes // clean.itemsize,), (1,), 0).repeat(self.count, 1)

    def _view(self, kept: _Kept, clean: torch.Tensor, ones: tuple[int, ...] = ()) -> torch.Tensor:
        """Return the values that belong to a tensor, with some dimensions of 1 behind the first."""
        shape, values = clean.shape, kept.values
        if self._complex and values.dtype != clean.dtype:
            values = kept.flat(clean.dtype)
        elif not ones and shape == kept.shape and clean.is_contiguous():
            return values
        return values.as_strided(
            (self.count, *ones, *shape),
            (kept.nbytes // values.itemsize, *ones, *clean.stride()),
            clean.storage_offset(),
        )

    def _keep(self, clean: torch.Tensor, values: torch.Tensor, storage: Any = None) -> _Kept:
        storage = clean.untyped_storage() if storage is None else storage
        if clean.dtype is not torch.float64:
            self._complex = True
        kept = _Kept(self, values, values.shape[1:], storage.nbytes())
        storage._conformance_replicates = kept  # noqa: SLF001 - the attribute is ours: `_KEPT`
        return kept


def _resolved(viewed: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    """Return what a tensor shows of stored numbers, which may be marked as its conjugates or negatives.

    Marks of the replicates themselves would be overlooked: torch resolves them before an operation reaches a
    dispatch mode, and not in it.
    """
    viewed = viewed.conj_physical() if clean.is_conj() else viewed
    return -viewed if clean.is_neg() else viewed
