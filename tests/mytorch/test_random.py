"""Random tensors: their distributions, and what a seed determines."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

import mytorch

COUNT = 200_000


@pytest.mark.parametrize("dtype", [mytorch.float16, mytorch.float32, mytorch.float64])
def test_rand(dtype):
    x = mytorch.rand(COUNT, dtype=dtype, generator=mytorch.Generator().manual_seed(1)).numpy()
    assert x.dtype == dtype.numpy
    assert x.min() >= 0
    assert x.max() < 1
    # Five standard deviations of the mean of so many.
    assert abs(x.astype(np.float64).mean() - 0.5) < 5 * np.sqrt(1 / 12 / COUNT) + 2**-11
    assert np.histogram(x, 10, (0, 1))[0].min() > 0.09 * COUNT


@pytest.mark.parametrize("dtype", [mytorch.float16, mytorch.float32, mytorch.float64])
def test_randn(dtype):
    x = mytorch.randn(COUNT, dtype=dtype, generator=mytorch.Generator().manual_seed(1)).numpy()
    assert x.dtype == dtype.numpy
    wide = x.astype(np.float64)
    assert abs(wide.mean()) < 5 / np.sqrt(COUNT)
    assert abs(wide.var() - 1) < 5 * np.sqrt(2 / COUNT)


def test_randint_and_randperm():
    x = mytorch.randint(-2, 3, (1000,))
    assert x.dtype is mytorch.int64
    assert set(x.tolist()) == {-2, -1, 0, 1, 2}
    assert set(mytorch.randint(2, (100,)).tolist()) == {0, 1}
    p = mytorch.randperm(50)
    assert sorted(p.tolist()) == list(range(50))
    assert p.tolist() != list(range(50))


def test_shapes_and_likes():
    x = mytorch.zeros(2, 3, dtype=mytorch.float64)
    for made in (mytorch.rand_like(x), mytorch.randn_like(x)):
        assert made.shape == (2, 3)
        assert made.dtype is mytorch.float64
    assert mytorch.rand(()).shape == ()
    assert mytorch.randn(size=(2,)).shape == (2,)
    assert mytorch.rand(0, 3).shape == (0, 3)


def test_a_seed_determines_the_numbers():
    mytorch.manual_seed(3)
    first = [mytorch.rand(3).tolist(), mytorch.randn(2).tolist()]
    mytorch.manual_seed(3)
    assert [mytorch.rand(3).tolist(), mytorch.randn(2).tolist()] == first
    assert mytorch.initial_seed() == 3
    mytorch.manual_seed(4)
    assert mytorch.rand(3).tolist() != first[0]
    mytorch.manual_seed(-1)
    assert mytorch.initial_seed() == 2**64 - 1


# What `int` takes, torch's manual_seed takes; a generator's own takes integers only.
SEEDS = (np.int64(3), np.uint8(3), 3.7, np.float32(3), "3", True)


@pytest.mark.parametrize("seed", SEEDS, ids=repr)
def test_a_seed_is_what_int_takes(seed):
    for t in (mytorch, torch):
        before = t.get_rng_state()
        try:
            t.manual_seed(seed)
            assert t.initial_seed() == int(seed)
        finally:
            t.set_rng_state(before)


@pytest.mark.parametrize("seed", [None, [3], "a", float("inf")], ids=repr)
def test_what_is_no_number_is_no_seed(seed, refused_alike):
    refused_alike(lambda t: t.manual_seed(seed))


@pytest.mark.parametrize("seed", [3.0, "3", True, None], ids=repr)
def test_a_generators_own_seed_is_an_integer(seed, refused_alike):
    refused_alike(lambda t: t.Generator().manual_seed(seed))


RANGES = {
    "bound": lambda t: t.randint(2, (3,)),
    "bound and size by name": lambda t: t.randint(high=2, size=(3,)),
    "size by name": lambda t: t.randint(2, size=[3]),
    "all by name": lambda t: t.randint(low=0, high=2, size=(3,)),
    "bound by name": lambda t: t.randint(0, high=2, size=t.Size([3])),
    "NumPy's integers": lambda t: t.randint(high=np.int64(2), size=(np.int64(3),)),
    "no bound": lambda t: t.randint(size=(3,)),
    "no size": lambda t: t.randint(high=2),
    "one size": lambda t: t.randint(0, 2, 3),
}


@pytest.mark.parametrize("call", RANGES.values(), ids=RANGES.keys())
def test_randint_takes_torchs_forms(call):
    kinds = []
    for t in (torch, mytorch):
        try:
            made = call(t)
            kinds.append(tuple(made.shape))
            assert set(made.tolist()) <= {0, 1}
        except TypeError as error:
            kinds.append(type(error))
    assert kinds[0] == kinds[1]


def test_a_generator_of_ones_own_leaves_the_default_alone():
    mytorch.manual_seed(3)
    expected = mytorch.rand(3).tolist()
    mytorch.manual_seed(3)
    mytorch.rand(100, generator=mytorch.Generator())
    assert mytorch.rand(3).tolist() == expected


def test_state():
    mytorch.rand(5)
    state = mytorch.random.get_rng_state()
    expected = mytorch.rand(3).tolist()
    mytorch.random.set_rng_state(state)
    assert mytorch.rand(3).tolist() == expected


def test_seed_is_drawn_from_the_system():
    generator = mytorch.Generator()
    assert generator.seed() != generator.seed()


def test_the_source_of_numbers_is_loaded_on_first_use():
    program = "import sys, mytorch; assert 'numpy.random' not in sys.modules; mytorch.rand(1)"
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - the program is the line above
