"""DataLoader: iterates over a dataset in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mytorch.utils.data._collate import default_collate, default_convert
from mytorch.utils.data._workers import divided, hired, in_turn, say_once
from mytorch.utils.data.dataset import IterableDataset
from mytorch.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mytorch.random import Generator
    from mytorch.utils.data._workers import Worker
    from mytorch.utils.data.dataset import Dataset

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"})


class DataLoader(Generic[T_co]):
    """Iterate over a dataset in batches, in its order or in a random one, which is drawn anew each time.

    Args:
        dataset: a dataset with an index and a length, or an IterableDataset.
        batch_size: number of samples per batch; None for single samples.
        shuffle: whether the order is random.
        sampler: yields the indices in order; excludes `shuffle`.
        batch_sampler: yields lists of indices; excludes `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: number of workers, whom the calling process plays in turn: no processes are started, and
            a warning says so once. Each has its own random numbers, and its own copy of an IterableDataset.
        collate_fn: makes a batch of a list of samples; `default_collate` if None.
        pin_memory: accepted as in torch; no effect on a CPU.
        drop_last: whether a smaller last batch is dropped.
        timeout: only 0 without workers; with them accepted as in torch, without effect.
        worker_init_fn: called with the number of each worker before it makes batches.
        multiprocessing_context: only None without workers; with them accepted as in torch, without effect.
        generator: source of the random order; the default generator if None.
        prefetch_factor: only None without workers; with them accepted as in torch, without effect.
        persistent_workers: whether the workers of the first epoch make the batches of the next ones, too,
            instead of new ones.
        pin_memory_device: accepted as in torch; no effect on a CPU.
        in_order: accepted as in torch; batches are always in order.

    Raises:
        ValueError: options exclude each other, a number is out of its range, or an option needs workers.
        TypeError: `multiprocessing_context` is not one.
        AssertionError: `timeout` is set without workers, when batches are asked for (torch's class).

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader

    Examples:
        >>> dataset = data.TensorDataset(mytorch.arange(10), mytorch.zeros(10, 3))
        >>> for number, features in data.DataLoader(dataset, batch_size=4):
        ...     print(number, features.shape)
        tensor([0, 1, 2, 3]) mytorch.Size([4, 3])
        tensor([4, 5, 6, 7]) mytorch.Size([4, 3])
        tensor([8, 9]) mytorch.Size([2, 3])
    """

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _refuse_options_of_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            _refuse_order(shuffle, sampler, batch_sampler)
        _refuse_both(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = _context_from(multiprocessing_context, num_workers)
        self.in_order = in_order
        self.persistent_workers = persistent_workers
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.generator = generator
        if sampler is None:
            sampler = _Endless() if iterable else _order(dataset, shuffle, generator)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        own: Callable[[Any], Any] = default_convert if batch_sampler is None else default_collate
        self.collate_fn = own if collate_fn is None else collate_fn
        self._workers: list[Worker] | None = None
        self._ready = True
        if num_workers:
            say_once(num_workers)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self.__dict__.get("_ready"):
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        stream = isinstance(self.dataset, IterableDataset)
        if self.num_workers:
            if self._workers is None or not self.persistent_workers:
                self._workers = hired(self.dataset, self.num_workers, self.worker_init_fn, self.generator)
            if stream:
                return in_turn(self._workers, self._of_stream)
            return divided(self._workers, self._fetched, self._requests())
        if self.timeout:
            raise AssertionError(f"timeout={self.timeout} needs num_workers > 0: expected timeout=0")
        return self._of_stream(self.dataset) if stream else map(self._fetched, self._requests())

    def _requests(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _fetched(self, request: Any) -> Any:
        """Return the batch of some indices, or the sample of one."""
        dataset: Any = self.dataset
        if self.batch_sampler is None:
            return self.collate_fn(dataset[request])
        many = getattr(dataset, "__getitems__", None)
        return self.collate_fn(many(request) if many else [dataset[index] for index in request])

    def _of_stream(self, dataset: Any) -> Iterator[Any]:
        stream: Iterator[Any] = iter(dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, stream)
            return
        batch = []
        for sample in stream:
            batch.append(sample)
            if len(batch) == self.batch_size:
                yield self.collate_fn(batch)
                batch = []
        if batch and not self.drop_last:
            yield self.collate_fn(batch)

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            count = len(self.dataset)  # type: ignore[arg-type]  # without a length, Python's error
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        counted: Any = self._requests()
        return len(counted)


def _order(dataset: Any, shuffle: bool | None, generator: Generator | None) -> Iterable[int]:
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


class _Endless:
    """The sampler of an iterable dataset, which needs no indices; BatchSampler checks its options."""

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 0


def _refuse_order(shuffle: bool | None, sampler: object, batch_sampler: object) -> None:
    given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
            )


def _refuse_both(
    batch_size: int | None, shuffle: bool | None, sampler: object, batch_sampler: object, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )


def _refuse_options_of_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            f"num_workers option should be non-negative, got {num_workers}; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing: let num_workers > 0 to "
            f"enable it, otherwise set prefetch_factor to None, got {prefetch_factor}"
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(f"prefetch_factor option should be non-negative, got {prefetch_factor}")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0, got num_workers=0")


def _context_from(given: Any, num_workers: int) -> Any:
    """Return a way to start processes: none are started, but torch checks it, and programs may ask for it."""
    if given is None:
        return None
    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            "num_workers=0"
        )
    import multiprocessing  # noqa: PLC0415 - hardly any program gives one

    methods = multiprocessing.get_all_start_methods()
    if isinstance(given, str):
        if given not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {methods!r}, but got "
                f"multiprocessing_context={given!r}"
            )
        return multiprocessing.get_context(given)
    if not isinstance(given, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the "
            f"start method, but got multiprocessing_context={given}"
        )
    return given
