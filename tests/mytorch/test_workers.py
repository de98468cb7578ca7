"""Workers of a DataLoader, played by one process: a program finds what torch's processes give.

What torch gives stands here as numbers: starting its processes takes too long for a test.
"""

from __future__ import annotations

import multiprocessing
import random

import numpy as np
import pytest
import torch
import torch.utils.data

import mytorch
from mytorch.utils import data
from mytorch.utils.data import _workers


@pytest.fixture(autouse=True)
def _said_already(monkeypatch):
    monkeypatch.setattr(_workers, "_said", True)


class Sharded(data.IterableDataset):
    """Numbers that tell which worker read them; the second worker has one more."""

    def __init__(self, count):
        self.first, self.count = 0, count

    def __iter__(self):
        worker = data.get_worker_info().id
        return iter([100 * worker + k for k in range(self.first, self.count + worker)])


class Drawing(data.Dataset):
    """Numbers of all three generators."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return np.random.random(), random.random(), mytorch.rand(()).item()  # noqa: NPY002, S311 - as datasets do


class Telling(Drawing):
    def __getitem__(self, index):
        worker = data.get_worker_info()
        return (
            index,
            worker.id,
            worker.num_workers,
            worker.seed - worker.id,
            mytorch.initial_seed() - worker.seed,
        )


def lists(loader):
    return [batch.tolist() if isinstance(batch, mytorch.Tensor) else batch for batch in loader]


@pytest.mark.parametrize(
    ("count", "options", "expected"),
    [
        (5, {"batch_size": 2}, [[0, 1], [100, 101], [2, 3], [102, 103], [4], [104, 105]]),
        (3, {"batch_size": 2, "drop_last": True}, [[0, 1], [100, 101], [102, 103]]),
        (2, {"batch_size": None}, [0, 100, 1, 101, 102]),
    ],
)
def test_each_worker_reads_its_own_stream(count, options, expected):
    assert lists(data.DataLoader(Sharded(count), num_workers=2, **options)) == expected


def test_each_worker_changes_its_own_copy_of_a_stream():
    def begin(worker):
        data.get_worker_info().dataset.first = worker + 1

    dataset = Sharded(4)
    loader = data.DataLoader(dataset, 2, num_workers=2, worker_init_fn=begin)
    assert lists(loader) == [[1, 2], [102, 103], [3], [104]]
    assert dataset.first == 0


def test_workers_of_a_dataset_with_an_index_take_turns():
    loader = data.DataLoader(Telling(), 2, num_workers=2)
    batches = [[column.tolist() for column in batch] for batch in loader]
    assert [batch[:3] for batch in batches] == [
        [[0, 1], [0, 0], [2, 2]],
        [[2, 3], [1, 1], [2, 2]],
        [[4, 5], [0, 0], [2, 2]],
        [[6], [1], [2]],
    ]
    # One seed of the loader, from which the workers count on.
    assert len({seed for batch in batches for seed in batch[3]}) == 1
    assert not any(any(batch[4]) for batch in batches)
    assert len(loader) == 4
    assert loader.prefetch_factor == 2
    assert data.get_worker_info() is None


def test_batches_and_order_are_those_without_workers():
    dataset = data.TensorDataset(mytorch.arange(7))

    def order(workers):
        generator = mytorch.Generator().manual_seed(3)
        sampler = data.RandomSampler(dataset, generator=generator)
        return [
            batch.tolist() for (batch,) in data.DataLoader(dataset, 3, sampler=sampler, num_workers=workers)
        ]

    assert order(2) == order(0)


def test_the_programs_random_numbers_are_not_touched():
    def draws():
        return np.random.random(), random.random()  # noqa: NPY002, S311 - what is not touched

    def begin(worker):
        np.random.seed(worker)  # noqa: NPY002 - as programs do
        random.seed(worker)

    np.random.seed(1)  # noqa: NPY002 - see above
    random.seed(1)
    loader = data.DataLoader(Drawing(), 4, num_workers=2, worker_init_fn=begin, persistent_workers=True)
    epochs = [[column.tolist() for column in batch[:2]] for _ in range(2) for batch in loader]
    assert draws() == (0.417022004702574, 0.13436424411240122)
    # torch's processes draw these.
    assert epochs[0][0][:2] == [0.5488135039273248, 0.7151893663724195]
    assert epochs[1][0][:2] == [0.417022004702574, 0.7203244934421581]
    assert epochs[1][1][:2] == [0.13436424411240122, 0.8474337369372327]
    # Persistent workers draw on, others begin again.
    assert epochs[2] != epochs[0]
    anew = data.DataLoader(Drawing(), 4, num_workers=2, worker_init_fn=begin)
    epochs = [[column.tolist() for column in batch[:2]] for _ in range(2) for batch in anew]
    assert epochs[2] == epochs[0]


def test_a_seed_decides_what_workers_draw():
    def epoch():
        mytorch.manual_seed(5)
        return [
            [column.tolist() for column in batch] for batch in data.DataLoader(Drawing(), 4, num_workers=2)
        ]

    first = epoch()
    assert epoch() == first
    assert first[0] != first[1]


def test_errors_of_workers_arrive():
    def fail(worker):
        raise KeyError(worker)

    with pytest.raises(KeyError):
        list(data.DataLoader(Drawing(), num_workers=1, worker_init_fn=fail))
    assert data.get_worker_info() is None


def test_that_no_processes_are_started_is_said_once(monkeypatch):
    monkeypatch.setattr(_workers, "_said", False)
    with pytest.warns(UserWarning, match="num_workers=2 starts no processes: .* the same ones") as caught:
        data.DataLoader([1, 2], num_workers=2)
    data.DataLoader([1, 2], num_workers=2)  # a second warning would be an error
    assert [warning.filename for warning in caught] == [__file__]


def test_a_context_is_checked_and_kept():
    loader = data.DataLoader(
        [1], num_workers=1, multiprocessing_context="spawn", timeout=3, prefetch_factor=4
    )
    assert loader.multiprocessing_context is multiprocessing.get_context("spawn")
    assert data.DataLoader([1]).multiprocessing_context is None


BAD = {
    "context without workers": lambda t: t.utils.data.DataLoader([1], multiprocessing_context="spawn"),
    "unknown context": lambda t: t.utils.data.DataLoader(
        [1], num_workers=1, multiprocessing_context="threads"
    ),
    "no context": lambda t: t.utils.data.DataLoader([1], num_workers=1, multiprocessing_context=3),
    "prefetching below zero": lambda t: t.utils.data.DataLoader([1], num_workers=1, prefetch_factor=-1),
    "timeout without workers": lambda t: list(t.utils.data.DataLoader([1], timeout=1)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_outside_of_workers_there_is_no_info():
    assert torch.utils.data.get_worker_info() is data.get_worker_info() is None
