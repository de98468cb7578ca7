"""Initialisers: what they fill in and refuse as torch does, and how their draws are spread."""

from __future__ import annotations

import numpy as np
import pytest

import mytorch
from mytorch import nn

SAME = {
    "gain": lambda t: [
        float(t.nn.init.calculate_gain(name)) for name in ("linear", "tanh", "relu", "leaky_relu")
    ],
    "gain of a slope": lambda t: t.nn.init.calculate_gain("leaky_relu", 0.3),
    "gain of no slope": lambda t: t.nn.init.calculate_gain("leaky_relu", "a"),
    "gain of nothing": lambda t: t.nn.init.calculate_gain("x"),
    "constant": lambda t: t.nn.init.constant_(t.nn.Parameter(t.zeros(2)), 1.5),
    "ones": lambda t: t.nn.init.ones_(t.zeros(2)),
    "zeros": lambda t: t.nn.init.zeros_(t.ones(2)),
    "kaiming of a vector": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2)),
    "kaiming of a mode": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2), mode="x"),
    "uniform backwards": lambda t: t.nn.init.uniform_(t.zeros(2), 1, 0),
    "uniform without end": lambda t: t.nn.init.uniform_(t.zeros(2), float("-inf"), 0),
    "uniform of integers": lambda t: t.nn.init.uniform_(t.zeros(2).long()),
    "normal of a negative std": lambda t: t.nn.init.normal_(t.zeros(2), 0, -1),
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_the_same_text_gives_what_it_gives_on_torch(case, same_text):
    same_text(case)


BAD = {
    "xavier_uniform_: vector": lambda t: t.nn.init.xavier_uniform_(t.ones(3)),
    "xavier_normal_: vector": lambda t: t.nn.init.xavier_normal_(t.ones(3)),
    "kaiming_normal_: vector": lambda t: t.nn.init.kaiming_normal_(t.ones(3)),
    "kaiming_normal_: mode": lambda t: t.nn.init.kaiming_normal_(t.ones(3, 2), mode="x"),
    "orthogonal_: vector": lambda t: t.nn.init.orthogonal_(t.ones(3)),
    "orthogonal_: integers": lambda t: t.nn.init.orthogonal_(t.ones(2, 2, dtype=t.int64)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_normal_and_uniform_draw_what_they_say():
    mytorch.manual_seed(3)
    n = 40_000
    normal = nn.init.normal_(mytorch.empty(n), 2.0, 3.0).numpy()
    assert abs(normal.mean() - 2) < 10 * 3 / n**0.5
    assert abs(normal.std() - 3) < 10 * 3 / n**0.5
    uniform = nn.init.uniform_(mytorch.empty(n, dtype=mytorch.float64), -1.0, 3.0).numpy()
    assert uniform.min() >= -1
    assert uniform.max() <= 3
    assert abs(uniform.mean() - 1) < 10 * 4 / 12**0.5 / n**0.5


def test_a_generator_of_ones_own_decides_the_draws():
    drawn = [
        fill(mytorch.empty(3, 3), generator=mytorch.Generator().manual_seed(4)).tolist()
        for fill in (nn.init.uniform_, nn.init.uniform_, nn.init.kaiming_uniform_)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_kaiming_bounds(mode):
    drawn = nn.init.kaiming_uniform_(mytorch.empty(200, 50, 2), mode=mode, nonlinearity="relu").numpy()
    bound = (6 / (100 if mode == "fan_in" else 400)) ** 0.5
    assert 0.99 * bound < abs(drawn).max() <= bound


def spread(name, shape, **options):
    return getattr(mytorch.nn.init, name)(mytorch.empty(*shape), **options).numpy()


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_xavier(gain):
    drawn = spread("xavier_uniform_", (200, 100), gain=gain)
    bound = gain * (6 / 300) ** 0.5
    assert 0.99 * bound < abs(drawn).max() <= bound
    assert spread("xavier_normal_", (200, 100), gain=gain).std() == pytest.approx(
        gain * (2 / 300) ** 0.5, rel=0.03
    )


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_kaiming_normal(mode):
    drawn = spread("kaiming_normal_", (200, 50, 2), mode=mode, nonlinearity="relu")
    assert drawn.std() == pytest.approx((2 / (100 if mode == "fan_in" else 400)) ** 0.5, rel=0.03)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (3, 2, 4)])
def test_orthogonal(shape):
    drawn = spread("orthogonal_", shape, gain=2.0).reshape(shape[0], -1).astype(float)
    product = drawn @ drawn.T if drawn.shape[0] <= drawn.shape[1] else drawn.T @ drawn
    np.testing.assert_allclose(product, 4 * np.eye(min(drawn.shape)), atol=1e-5)


def test_orthogonal_matrices_are_not_all_turned_one_way():
    # Without the choice of signs every draw would have the same sign on R's diagonal.
    signs = {tuple(np.sign(spread("orthogonal_", (2, 2))[0])) for _ in range(60)}
    assert len(signs) == 4


@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "orthogonal_"])
def test_nothing_is_filled_in_what_is_empty(name):
    assert spread(name, (3, 0)).shape == (3, 0)
    assert spread(name, (0, 0)).shape == (0, 0)
