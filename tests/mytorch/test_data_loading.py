"""Datasets, samplers, collation and loaders against torch's."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.utils.data

import mytorch

Point = namedtuple("Point", "x y")  # noqa: PYI024 - torch keeps both kinds, and this is the shorter one


def described(value):
    """Return nested samples as plain values, with the kind of everything."""
    if isinstance(value, (mytorch.Tensor, torch.Tensor)):
        return str(value.dtype).replace("mytorch", "torch"), value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {k: described(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [described(v) for v in value]
    return value


def both(run):
    ours, theirs = described(run(mytorch)), described(run(torch))
    assert ours == theirs
    return ours


def rows(t, n=10):
    return t.utils.data.TensorDataset(t.arange(n), t.arange(n * 2.0).reshape(n, 2))


class Words:
    """A dataset that inherits nothing."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return {"word": "w" * index, "size": index, "share": index / 4}


def stream(t, n=5):
    class Numbers(t.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

    return Numbers()


LOADERS = {
    "one by one": lambda t: t.utils.data.DataLoader(rows(t)),
    "batches": lambda t: t.utils.data.DataLoader(rows(t), 4),
    "full batches": lambda t: t.utils.data.DataLoader(rows(t), batch_size=4, drop_last=True),
    "no batches": lambda t: t.utils.data.DataLoader(rows(t, 3), batch_size=None),
    "a sampler": lambda t: t.utils.data.DataLoader(rows(t), 2, sampler=[3, 1, 2]),
    "a batch sampler": lambda t: t.utils.data.DataLoader(rows(t), batch_sampler=[[1, 2], [], [5]][::2]),
    "collated": lambda t: t.utils.data.DataLoader(rows(t), 4, collate_fn=len),
    "a list": lambda t: t.utils.data.DataLoader([1.5, 2.5, 3.5], 2),
    "words": lambda t: t.utils.data.DataLoader(Words(), 3),
    "arrays without batches": lambda t: t.utils.data.DataLoader([(np.ones(2), {"a": np.float32(2)})], None),
    "a stream": lambda t: t.utils.data.DataLoader(stream(t), 2),
    "a stream in full batches": lambda t: t.utils.data.DataLoader(stream(t), 2, drop_last=True),
    "a stream without batches": lambda t: t.utils.data.DataLoader(stream(t), None),
    "a subset": lambda t: t.utils.data.DataLoader(t.utils.data.Subset(rows(t), [7, 7, 0]), 2),
    "joined": lambda t: t.utils.data.DataLoader(rows(t, 2) + rows(t, 3), 4),
}


@pytest.mark.parametrize("make", LOADERS.values(), ids=LOADERS)
def test_loaders(make):
    both(lambda t: list(make(t)))
    if "stream" not in make.__code__.co_names:
        both(lambda t: len(make(t)))


def test_a_loader_starts_anew_every_time():
    loader = mytorch.utils.data.DataLoader(rows(mytorch), 4)
    assert described(list(loader)) == described(list(loader))


def test_shuffling_gives_every_sample_once_in_an_order_of_its_own():
    loader = mytorch.utils.data.DataLoader(rows(mytorch, 50), 8, shuffle=True)
    epochs = [mytorch.cat([numbers for numbers, _ in loader]).tolist() for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)


def test_shuffling_follows_its_generator():
    def epoch(seed):
        generator = mytorch.Generator().manual_seed(seed)
        return described(
            list(mytorch.utils.data.DataLoader(rows(mytorch), 3, shuffle=True, generator=generator))
        )

    assert epoch(1) == epoch(1) != epoch(2)


BATCHES = [
    [1, 2],
    [True, False],
    [1.0, 2.0],
    [1, 2.5],
    ["a", "b"],
    [b"a", b"b"],
    [np.float32(1), np.float32(2)],
    [np.int64(1), np.int64(2)],
    [np.ones(2), np.zeros(2)],
    [(1, 2.0), (3, 4.0)],
    [[1, "a"], [3, "b"]],
    [{"a": 1, "b": [1]}, {"a": 2, "b": [2]}],
    [OrderedDict(a=1), OrderedDict(a=2)],
    [Point(1, 2), Point(3, 4)],
]


@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_default_collate(batch):
    both(lambda t: t.utils.data.default_collate(batch))
    both(lambda t: t.utils.data.default_collate([(t.ones(2), sample) for sample in batch]))


def test_gradients_flow_through_a_batch():
    weight = mytorch.ones(4, 2, requires_grad=True)
    (batch,) = next(iter(mytorch.utils.data.DataLoader(mytorch.utils.data.TensorDataset(weight), 2)))
    (batch * mytorch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert weight.grad.tolist() == [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("lengths", [[7, 3], [10, 0], [0.5, 0.5], [0.35, 0.35, 0.3], [1.0]])
def test_random_split(lengths):
    both(lambda t: [len(part) for part in t.utils.data.random_split(rows(t), lengths)])
    parts = mytorch.utils.data.random_split(rows(mytorch), lengths, mytorch.Generator().manual_seed(2))
    found = [number.item() for part in parts for number, _ in (part[i] for i in range(len(part)))]
    assert sorted(found) == list(range(10))
    assert found != list(range(10))


def test_an_empty_part_is_warned_of():
    for t in (mytorch, torch):
        with pytest.warns(UserWarning, match="split at index 1 is 0") as caught:
            t.utils.data.random_split(rows(t, 1), [0.5, 0.5])
        assert caught[0].filename == __file__ or t is torch


def test_concatenated_datasets_are_indexed_from_both_ends():
    both(lambda t: [(rows(t, 2) + rows(t, 3))[i] for i in (0, 1, 2, 4, -1, -5)])
    assert mytorch.utils.data.ConcatDataset([rows(mytorch), rows(mytorch, 1)]).cumulative_sizes == [10, 11]


def test_samplers():
    data = mytorch.utils.data
    assert list(data.SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(data.RandomSampler(range(6))) == list(range(6))
    drawn = list(data.RandomSampler(range(3), num_samples=8))
    assert len(drawn) == 8
    assert sorted(drawn[:3]) == sorted(drawn[3:6]) == [0, 1, 2]
    again = list(data.RandomSampler(range(3), replacement=True, num_samples=40))
    assert len(again) == 40
    assert set(again) == {0, 1, 2}
    assert list(data.BatchSampler(range(5), 2, drop_last=False)) == [[0, 1], [2, 3], [4]]
    assert [len(data.BatchSampler(range(5), 2, drop)) for drop in (True, False)] == [2, 3]


@pytest.mark.parametrize(
    "draw",
    [
        lambda t, g: t.utils.data.SubsetRandomSampler([3, 5, 8, 9], generator=g),
        lambda t, g: t.utils.data.WeightedRandomSampler(t.tensor([1, 0, 2, 3]), 20, generator=g),
        lambda t, g: t.utils.data.WeightedRandomSampler([0.5, 0, 2, 3], 3, replacement=False, generator=g),
    ],
)
def test_samplers_of_indices_and_weights(draw):
    orders = [list(draw(mytorch, mytorch.Generator().manual_seed(seed))) for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    theirs = draw(torch, torch.Generator().manual_seed(1))
    assert len(draw(mytorch, None)) == len(orders[0]) == len(theirs)
    assert set(orders[0]) == set(theirs)
    assert {type(index) for index in orders[0]} == {int}


def loader(**options):
    return lambda t: t.utils.data.DataLoader(
        rows(t), **{k: v(t) if callable(v) else v for k, v in options.items()}
    )


def streaming(**options):
    return lambda t: t.utils.data.DataLoader(stream(t), **options)


BAD = {
    "batch_size of zero": loader(batch_size=0),
    "batch_size below zero": loader(batch_size=-1),
    "batch_size as a bool": loader(batch_size=True),
    "batch_size as a float": loader(batch_size=2.5),
    "sampler and shuffle": loader(sampler=[1], shuffle=True),
    "batch_sampler and batch_size": loader(batch_sampler=[[1]], batch_size=2),
    "drop_last without batches": loader(batch_size=None, drop_last=True),
    "workers below zero": loader(num_workers=-1),
    "timeout below zero": loader(timeout=-1),
    "prefetching without workers": loader(prefetch_factor=2),
    "persisting without workers": loader(persistent_workers=True),
    "shuffling nothing": lambda t: t.utils.data.DataLoader(rows(t, 0), shuffle=True),
    "setting batch_size": lambda t: setattr(loader()(t), "batch_size", 3),
    "setting dataset": lambda t: setattr(loader()(t), "dataset", 3),
    "shuffling a stream": streaming(shuffle=True),
    "sampling a stream": streaming(sampler=[1]),
    "batches of a stream": streaming(batch_sampler=[[1]]),
    "length of a stream": lambda t: len(streaming()(t)),
    "index of a stream": lambda t: stream(t)[0],
    "sizes of tensors": lambda t: t.utils.data.TensorDataset(t.ones(2), t.ones(3)),
    "a dataset without samples": lambda t: t.utils.data.Dataset()[0],
    "joining nothing": lambda t: t.utils.data.ConcatDataset([]),
    "joining a stream": lambda t: t.utils.data.ConcatDataset([stream(t)]),
    "beyond the joined": lambda t: (rows(t) + rows(t))[-21],
    "split of another length": lambda t: t.utils.data.random_split(rows(t), [3, 3]),
    "split beyond the whole": lambda t: t.utils.data.random_split(rows(t), [0.9, 0.2]),
    "split below zero": lambda t: t.utils.data.random_split(rows(t), [-0.1, 1.1]),
    "drawing none": lambda t: t.utils.data.RandomSampler(range(3), num_samples=0),
    "drawing a float": lambda t: t.utils.data.RandomSampler(range(3), num_samples=2.0),
    "replacing": lambda t: t.utils.data.RandomSampler(range(3), replacement=3),
    "weighted drawing none": lambda t: t.utils.data.WeightedRandomSampler([1.0], 0),
    "weighted drawing True": lambda t: t.utils.data.WeightedRandomSampler([1.0], True),
    "weighted replacing": lambda t: t.utils.data.WeightedRandomSampler([1.0], 1, replacement=1),
    "weights of two dimensions": lambda t: t.utils.data.WeightedRandomSampler([[1.0]], 1),
    "more than there are weights": lambda t: list(t.utils.data.WeightedRandomSampler([1.0], 2, False)),
    "weights below zero": lambda t: list(t.utils.data.WeightedRandomSampler([1.0, -1.0], 1)),
    "indices without a length": lambda t: list(t.utils.data.SubsetRandomSampler(iter([1]))),
    "batches of zero": lambda t: t.utils.data.BatchSampler(range(3), 0, drop_last=False),
    "dropping": lambda t: t.utils.data.BatchSampler(range(3), 2, 3),
    "collating tuples of two lengths": lambda t: t.utils.data.default_collate([(1, 2), (3,)]),
    "collating None": lambda t: t.utils.data.default_collate([None, None]),
    "collating two sizes": lambda t: t.utils.data.default_collate([t.ones(2), t.ones(3)]),
    "collating text arrays": lambda t: t.utils.data.default_collate([np.array(["a"])]),
    "collating two keys": lambda t: t.utils.data.default_collate([{"a": 1}, {"b": 2}]),
    "collating nothing": lambda t: t.utils.data.default_collate([]),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad):
    errors = []
    for t in (mytorch, torch):
        try:
            bad(t)
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            errors.append(type(error))
    assert len(errors) == 2
    assert errors[0] is errors[1]


def test_utils_are_loaded_when_they_are_asked_for():
    code = (
        "import sys, mytorch\n"
        "before = 'mytorch.utils' in sys.modules\n"
        "mytorch.utils.data.DataLoader\n"
        "print(before, 'mytorch.utils' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - this file's own code
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mytorch.nonsense  # noqa: B018 - asking is what fails
