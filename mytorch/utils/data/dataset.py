"""Datasets: collections of samples, by index or in a stream of their own order."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from itertools import accumulate
from math import floor, isclose
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mytorch.creation.random_tensors import randperm
from mytorch.random import default_generator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mytorch._tensor import Tensor
    from mytorch.random import Generator

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Base class of datasets whose samples have an index.

    A subclass defines `__getitem__`, and `__len__` if its loader shuffles or counts.

    Source: https://docs.pytorch.org/docs/stable/data.html

    Examples:
        >>> class Squares(data.Dataset):
        ...     def __getitem__(self, index):
        ...         return index**2
        >>> Squares()[3]
        9
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            f"{type(self).__name__} has no __getitem__: subclasses of Dataset define it"
        )

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """Base class of datasets that are read in their own order; a subclass defines `__iter__`.

    Source: https://docs.pytorch.org/docs/stable/data.html

    Examples:
        >>> class Countdown(data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter([3, 2, 1])
        >>> [batch.tolist() for batch in data.DataLoader(Countdown(), batch_size=2)]
        [[3, 2], [1]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"{type(self).__name__} has no __iter__: subclasses of IterableDataset define it"
        )


class TensorDataset(Dataset[tuple[Any, ...]]):
    """The rows of tensors: a sample is a tuple with one row of each.

    Args:
        *tensors: of the same first size.

    Raises:
        AssertionError: the first sizes differ (torch's class).

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset

    Examples:
        >>> dataset = data.TensorDataset(mytorch.eye(3), mytorch.tensor([5, 6, 7]))
        >>> len(dataset)
        3
        >>> dataset[1]
        (tensor([0., 1., 0.]), tensor(6))
    """

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.shape[0] for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(f"Size mismatch between tensors: got first sizes {sizes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple([tensor[index] for tensor in self.tensors])

    def __len__(self) -> int:
        return self.tensors[0].shape[0]  # type: ignore[no-any-return]  # a size is an int


class Subset(Dataset[T_co]):
    """Some of the samples of a dataset.

    Args:
        dataset: the dataset.
        indices: the indices of its samples, in order.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Subset

    Examples:
        >>> dataset = data.TensorDataset(mytorch.tensor([5, 6, 7]))
        >>> subset = data.Subset(dataset, [2, 0])
        >>> len(subset), subset[0]
        (2, (tensor(7),))
    """

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Any]):
    """The samples of several datasets, one after the other.

    Args:
        datasets: datasets with an index and a length.

    Attributes:
        cumulative_sizes: number of samples up to the end of each dataset.

    Raises:
        AssertionError: there are no datasets, or one is an IterableDataset (torch's class).

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.ConcatDataset

    Examples:
        >>> first = data.TensorDataset(mytorch.tensor([5, 6]))
        >>> second = data.TensorDataset(mytorch.tensor([7, 8, 9]))
        >>> both = data.ConcatDataset([first, second])
        >>> len(both), both[2]
        (5, (tensor(7),))
    """

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                raise AssertionError("ConcatDataset does not support IterableDataset")  # noqa: TRY004 - torch's class
        self.cumulative_sizes = list(accumulate(_length(dataset) for dataset in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        place = index + len(self) if index < 0 else index
        if place < 0:
            raise ValueError(
                f"absolute value of index should not exceed dataset length {len(self)}, got {index}"
            )
        which = bisect_right(self.cumulative_sizes, place)
        return self.datasets[which][place - (self.cumulative_sizes[which - 1] if which else 0)]


def random_split(
    dataset: Dataset[T_co], lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset[T_co]]:
    """Split a dataset at random into parts of given lengths.

    Args:
        dataset: a dataset with a length.
        lengths: the lengths, or fractions that add up to 1, which are rounded down; the first parts get the
            remaining samples, one each.
        generator: source of the order; the default generator if None.

    Returns:
        The parts.

    Raises:
        ValueError: the lengths do not add up to that of the dataset, or a fraction is not between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split

    Examples:
        >>> generator = mytorch.Generator().manual_seed(1)
        >>> train, test = data.random_split(range(10), [0.7, 0.3], generator)
        >>> len(train), len(test), sorted([*train, *test]) == list(range(10))
        (7, 3, True)
    """
    whole = _length(dataset)
    sizes = (
        _from_fractions(lengths, whole) if isclose(sum(lengths), 1) and sum(lengths) <= 1 else list(lengths)
    )
    if sum(sizes) != whole:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"Expected {whole}, got {sum(sizes)}"
        )
    order = randperm(int(sum(sizes)), generator=generator or default_generator).tolist()
    ends = accumulate(int(size) for size in sizes)
    return [Subset(dataset, order[end - int(size) : end]) for end, size in zip(ends, sizes, strict=True)]


def _from_fractions(fractions: Sequence[float], whole: int) -> list[float]:
    sizes = []
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1: got {fraction}")
        sizes.append(floor(whole * fraction))
    for i in range(whole - sum(sizes)):
        sizes[i % len(sizes)] += 1
    for i, size in enumerate(sizes):
        if not size:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                UserWarning,
                stacklevel=3,
            )
    return list(sizes)


def _length(dataset: Any) -> int:
    # As in torch, Dataset has no __len__: a subclass without one gets Python's error here.
    return len(dataset)
