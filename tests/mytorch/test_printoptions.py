"""How tensors are shown under the options of set_printoptions, against torch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import mytorch

BOTH = (torch, mytorch)
OPTIONS = {
    "default": {},
    "precision": {"precision": 2},
    "no digits": {"precision": 0},
    "threshold": {"threshold": 3},
    "one edge": {"threshold": 3, "edgeitems": 1},
    "no edges": {"threshold": 3, "edgeitems": 0},
    "narrow": {"linewidth": 10},
    "wide": {"linewidth": 200},
    "scientific": {"sci_mode": True},
    "not scientific": {"sci_mode": False},
    "short": {"profile": "short"},
    "full": {"profile": "full", "linewidth": 60},
    "a profile with more": {"profile": "short", "precision": 6},
    "no profile": {"profile": "none"},
}
nan, inf = float("nan"), float("inf")
TENSORS = {
    "0-dim": 1.5,
    "fractions": [0.12345, 100.0, -2.0],
    "whole": [1.0, -2.0, 0.0],
    "zeros": [0.0, -0.0],
    "large": [1e10, 1.0, 0.0, inf],
    "small": [1e-6, 0.5, nan],
    "one small": [1e-5],
    "whole, not finite": [1.0, 0.0, -inf],
    "not finite": [0.0, nan, -inf],
    "integers": [[1, -200], [3, 4]],
    "bools": [True, False],
    "matrix": np.arange(35.0).reshape(5, 7) / 8,
    "cube": np.arange(2 * 9 * 8).reshape(2, 9, 8),
    "long": np.arange(1500.0),
    "float64": np.arange(9, dtype=np.float64) / 3,
    "float16": np.array([65504, 1], np.float16),
    "empty": np.zeros((0, 3)),
}


@pytest.fixture(autouse=True)
def _restored():
    yield
    for t in BOTH:
        t.set_printoptions(profile="default")


@pytest.mark.parametrize(("options", "data"), list(itertools.product(OPTIONS, TENSORS)))
def test_tensors_are_shown_as_torch_shows_them(options, data):
    texts = []
    for t in BOTH:
        t.set_printoptions(**OPTIONS[options])
        texts.append(repr(t.tensor(TENSORS[data])))
    assert texts[1].replace("mytorch", "torch") == texts[0]


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_what_follows_the_numbers_is_broken_into_lines(width):
    texts = []
    for t in BOTH:
        # As many characters, though the dtype's name has two more here.
        t.set_printoptions(linewidth=width)
        texts.append(repr(t.ones(3, 4, requires_grad=True)) + repr(t.ones(4, requires_grad=True) * 2))
    assert texts[1] == texts[0]


def test_what_is_not_given_stays(same_text):
    def program(t):
        t.set_printoptions(precision=2, sci_mode=True)
        t.set_printoptions(threshold=3)
        t.set_printoptions(profile="short", edgeitems=1)
        t.set_printoptions()
        return t.arange(6.0) / 7

    same_text(program)


BAD = {
    "no option": lambda t: t.set_printoptions(digits=3),
    "precision": lambda t: (t.set_printoptions(precision="a"), repr(t.tensor([1.5]))),
    "threshold": lambda t: (t.set_printoptions(threshold="a"), repr(t.tensor([1.5]))),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)
