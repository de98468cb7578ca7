"""Workers of a DataLoader, played in turn by the process that asks for the batches.

torch starts processes. What a program can tell of them is kept: `worker_init_fn` runs in each,
`get_worker_info` says which one is at work, each has random numbers of its own, and each reads its own copy
of a stream.
"""

from __future__ import annotations

import copy
import random
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from mytorch.creation.random_tensors import randint
from mytorch.random import default_generator
from mytorch.utils.data.dataset import IterableDataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from mytorch.random import Generator

_said = False
_at_work: ContextVar[WorkerInfo | None] = ContextVar("_at_work", default=None)


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What `get_worker_info` tells of the worker.

    Attributes:
        id: its number, from 0.
        num_workers: how many there are.
        seed: the seed of its random numbers.
        dataset: the dataset that it reads; its own copy, if that is a stream.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


def get_worker_info() -> WorkerInfo | None:
    """Return which worker of a DataLoader is at work.

    Returns:
        Its number, their number, its seed and its dataset; None outside of workers.

    Source: https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info
    """
    return _at_work.get()


def say_once(num_workers: int) -> None:
    """Warn, once per process, that no processes are started.

    Args:
        num_workers: how many were asked for.
    """
    global _said  # noqa: PLW0603 - it is the process's
    if not _said:
        _said = True
        warnings.warn(
            f"num_workers={num_workers} starts no processes: mytorch's DataLoader makes all batches in the "
            "process that asks for them, the same ones in the same order",
            UserWarning,
            stacklevel=3,
        )


class Worker:
    """One worker: its dataset, and the random numbers that it draws, apart from the program's.

    Args:
        info: what is known of it.
        init: called once with its number, as `worker_init_fn` is.
    """

    def __init__(self, info: WorkerInfo, init: Callable[[int], object] | None) -> None:
        self.info = info
        before = _states()
        try:
            random.seed(info.seed)
            default_generator.manual_seed(info.seed)
            np.random.seed(np.random.SeedSequence(info.seed).generate_state(4))  # noqa: NPY002 - see _states
            self._states = _states()
        finally:
            _set_states(before)
        if init is not None:
            with self.at_work():
                init(info.id)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let what is called draw this worker's random numbers, and `get_worker_info` return its info."""
        token, before = _at_work.set(self.info), _states()
        _set_states(self._states)
        try:
            yield
        finally:
            self._states = _states()
            _set_states(before)
            _at_work.reset(token)


def hired(
    dataset: Any, num_workers: int, init: Callable[[int], object] | None, generator: Generator | None
) -> list[Worker]:
    """Return the workers of a loader.

    Args:
        dataset: the loader's.
        num_workers: how many.
        init: the loader's `worker_init_fn`.
        generator: the loader's, of which their seeds are drawn.
    """
    base = int(randint(0, 2**63 - 1, (), generator=generator).item())
    stream = isinstance(dataset, IterableDataset)
    return [
        Worker(WorkerInfo(i, num_workers, base + i, copy.copy(dataset) if stream else dataset), init)
        for i in range(num_workers)
    ]


def divided(workers: list[Worker], fetch: Callable[[Any], Any], requests: Iterable[Any]) -> Iterator[Any]:
    """Yield the batches of a dataset with an index, of which each worker makes one in turn.

    Args:
        workers: the workers.
        fetch: makes a batch.
        requests: what it is called with: the indices.
    """
    for worker, request in zip(cycle(workers), requests, strict=False):
        with worker.at_work():
            batch = fetch(request)
        yield batch


def in_turn(workers: list[Worker], stream: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
    """Yield a batch of each worker's stream in turn, until all are at their end.

    Args:
        workers: the workers.
        stream: returns the batches of a dataset.
    """
    streams = [(worker, stream(worker.info.dataset)) for worker in workers]
    while streams:
        for each in list(streams):
            worker, batches = each
            with worker.at_work():
                batch = next(batches, _END)
            if batch is _END:
                streams.remove(each)
            else:
                yield batch


_END = object()


def _states() -> tuple[Any, Any, Any]:
    """Return the states of the generators that a process has: those of Python, NumPy and mytorch."""
    return random.getstate(), np.random.get_state(), default_generator.get_state()  # noqa: NPY002 - the process's


def _set_states(states: tuple[Any, Any, Any]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002 - see _states
    default_generator.set_state(states[2])
