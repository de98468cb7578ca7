"""The layers of losses, and torch's old flags of their functions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def probabilities(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(size=shape)


X, Y = draw(3, 4), draw(3, 4, seed=1)
P, Q = probabilities(3, 4), probabilities(3, 4, seed=1)
LOGS, T = draw(3, 5), np.array([0, 4, 2])


@pytest.mark.parametrize("name", ["l1_loss", "cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("flags", [{"size_average": False}, {"reduce": False}, {"size_average": True}])
def test_the_old_flags(name, flags):
    def on(t):
        target = t.tensor(T) if name == "cross_entropy" else t.tensor(probabilities(3, 5, seed=1))
        x = t.tensor(probabilities(3, 5))
        with pytest.warns(UserWarning, match="size_average and reduce"):
            return getattr(t.nn.functional, name)(x, target, **flags).numpy()

    np.testing.assert_allclose(on(mytorch), on(torch), rtol=1e-14)


MODULES = {
    "MSELoss": ({"reduction": "sum"}, (X, Y)),
    "L1Loss": ({"reduction": "sum"}, (X, Y)),
    "SmoothL1Loss": ({"beta": 0.5}, (X, Y)),
    "HuberLoss": ({"delta": 0.5}, (X, Y)),
    "BCELoss": ({"weight": P}, (P, Q)),
    "BCEWithLogitsLoss": ({"weight": P, "pos_weight": P[0]}, (X, Q)),
    "NLLLoss": ({"weight": np.arange(1.0, 6), "ignore_index": 2}, (LOGS, T)),
    "CrossEntropyLoss": ({"weight": np.arange(1.0, 6), "ignore_index": 2, "label_smoothing": 0.1}, (LOGS, T)),
    "KLDivLoss": ({"reduction": "batchmean", "log_target": True}, (X, Y)),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    options, arrays = MODULES[name]
    results = []
    for t in (mytorch, torch):
        given = {k: t.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        module = getattr(t.nn, name)(**given)
        loss = module(*(t.tensor(a) for a in arrays))
        results.append((repr(module), list(module.state_dict()), loss.item()))
    (text, state, got), (their_text, their_state, expected) = results
    assert (text, state) == (their_text, their_state)
    assert got == pytest.approx(expected, rel=1e-14)
