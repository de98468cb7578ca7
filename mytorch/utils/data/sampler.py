"""Samplers: the order in which the samples of a dataset are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from mytorch._core.dtypes import float64
from mytorch.creation.distributions import multinomial
from mytorch.creation.from_data import as_tensor
from mytorch.creation.random_tensors import randint, randperm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence, Sized

    from mytorch._tensor import Tensor
    from mytorch.random import Generator

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """Base class of samplers; a subclass defines `__iter__`, and `__len__` if the number is known.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Sampler

    Examples:
        >>> class EvenFirst(data.Sampler):
        ...     def __iter__(self):
        ...         return iter([0, 2, 1, 3])
        >>> [batch.tolist() for batch in data.DataLoader([5, 6, 7, 8], batch_size=2, sampler=EvenFirst())]
        [[5, 7], [6, 8]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__: subclasses of Sampler define it")


class SequentialSampler(Sampler[int]):
    """Yield the indices in order.

    Args:
        data_source: the dataset.

    Examples:
        >>> sampler = data.SequentialSampler(["a", "b", "c"])
        >>> len(sampler), list(sampler)
        (3, [0, 1, 2])
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Yield the indices in random order.

    Args:
        data_source: the dataset.
        replacement: whether an index may occur again before all others have occurred.
        num_samples: number of draws; the length of the dataset if None.
        generator: source of the order; the default generator if None.

    Raises:
        TypeError: `replacement` is not a bool.
        ValueError: `num_samples` is not a positive int.

    Examples:
        >>> order = list(data.RandomSampler(["a", "b", "c"]))
        >>> sorted(order)
        [0, 1, 2]
        >>> len(list(data.RandomSampler(["a", "b", "c"], replacement=True, num_samples=5)))
        5
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not _is_positive(self.num_samples):
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """The number of indices that are drawn."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        count, left = len(self.data_source), self.num_samples
        if self.replacement:
            yield from randint(0, count, (left,), generator=self.generator).tolist()
            return
        while left > 0:
            order = randperm(count, generator=self.generator).tolist()
            yield from order[:left]
            left -= count

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Yield given indices, each once, in random order.

    Args:
        indices: the indices.
        generator: source of the order; the default generator if None.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SubsetRandomSampler

    Examples:
        >>> sampler = data.SubsetRandomSampler([3, 5, 8])
        >>> len(sampler), sorted(sampler)
        (3, [3, 5, 8])
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for place in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Yield indices, each with the probability that its weight has among all weights.

    Args:
        weights: the weights, one per index; their sum need not be 1.
        num_samples: number of draws.
        replacement: whether an index may occur again.
        generator: source of the draws; the default generator if None.

    Raises:
        ValueError: `num_samples` is not a positive int, `replacement` is not a bool, or `weights` does not
            have one dimension.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler

    Examples:
        >>> sampler = data.WeightedRandomSampler([0.0, 0.5, 0.5], num_samples=2, replacement=False)
        >>> sorted(sampler)
        [1, 2]
    """

    def __init__(
        self,
        weights: Sequence[float] | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not _is_positive(num_samples):
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(  # noqa: TRY004 - torch's class
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Yield lists of indices.

    Args:
        sampler: yields the indices.
        batch_size: length of a list.
        drop_last: whether a shorter last list is dropped.

    Raises:
        ValueError: `batch_size` is not a positive int, or `drop_last` is not a bool.

    Examples:
        >>> sampler = data.SequentialSampler(range(5))
        >>> list(data.BatchSampler(sampler, batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not _is_positive(batch_size):
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")  # noqa: TRY004 - torch's class
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]  # without a length, Python's error
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def _is_positive(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0
