"""Names that torch gave up: they warn as torch does, and do what the new names do."""

from __future__ import annotations

import inspect

import pytest
import torch

import mytorch
from mytorch import nn

# The functions of nn.init whose old name torch keeps; a test compares.
INIT = ("constant", "kaiming_normal", "kaiming_uniform", "normal", "orthogonal", "uniform")
INIT += ("xavier_normal", "xavier_uniform")
LACKING = {"dirac", "eye", "sparse"}


@pytest.mark.parametrize("name", INIT)
def test_old_initialisers_warn_and_fill(name):
    arguments = (2.5,) if name == "constant" else ()
    filled, warned = [], []
    for t in (torch, mytorch):
        with pytest.warns(FutureWarning) as caught:
            x = getattr(t.nn.init, name)(t.zeros(3, 4), *arguments)
        assert caught[0].filename == __file__
        warned.append(str(caught[0].message))
        filled.append(x)
    assert warned[1] == warned[0]
    mytorch.manual_seed(1)
    with pytest.warns(FutureWarning, match=f"in favor of `nn.init.{name}_`"):
        old = getattr(nn.init, name)(mytorch.zeros(3, 4), *arguments)
    mytorch.manual_seed(1)
    assert mytorch.equal(old, getattr(nn.init, f"{name}_")(mytorch.zeros(3, 4), *arguments))


def test_every_old_initialiser_is_there():
    old = {
        name
        for name, value in vars(torch.nn.init).items()
        if inspect.isfunction(value) and hasattr(torch.nn.init, f"{name}_")
    }
    assert old - LACKING == set(INIT)
    assert not any(hasattr(nn.init, f"{name}_") for name in LACKING)


def test_old_clipping_warns_and_clips():
    warned = []
    for t in (torch, mytorch):
        w = t.zeros(2, requires_grad=True)
        (w * t.tensor([3.0, 4.0])).sum().backward()
        with pytest.warns(FutureWarning) as caught:
            norm = t.nn.utils.clip_grad_norm([w], max_norm=1.0)
        assert (norm.item(), w.grad.tolist()) == (5, pytest.approx([0.6, 0.8], rel=1e-6))
        assert caught[0].filename == __file__
        warned.append(str(caught[0].message))
    assert warned[1] == warned[0].replace("torch", "mytorch")
