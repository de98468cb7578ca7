"""Operations on lists of tensors have the values and the noise of the single operations."""

from __future__ import annotations

import pytest
import torch

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.rules import RULES
from conformance.errors import NoiseError

OPTIONS = {
    "SGD": {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1},
    "SGD nesterov": {"momentum": 0.9, "nesterov": True, "maximize": True},
    "Adam": {"weight_decay": 0.1, "amsgrad": True, "maximize": True},
    "AdamW": {},
    "RMSprop": {"momentum": 0.9, "centered": True, "weight_decay": 0.1},
    "Adagrad": {"lr_decay": 0.1, "weight_decay": 0.1},
    "NAdam": {"momentum_decay": 0.5, "weight_decay": 0.1, "maximize": True},
    "RAdam": {"betas": (0.9, 0.9), "weight_decay": 0.1, "maximize": True},
    "Adadelta": {"eps": 0.1, "weight_decay": 0.1, "maximize": True},
}


def drawn(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(len(shape)))


def walked(name, foreach):
    """Return two parameters after three steps with clipping."""
    parameters = [torch.nn.Parameter(drawn(3, 2)), torch.nn.Parameter(drawn(3))]
    optimizer = getattr(torch.optim, name.split()[0])(parameters, foreach=foreach, **OPTIONS[name])
    for step in range(3):
        for parameter in parameters:
            parameter.grad = drawn(*parameter.shape) * (step + 1)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=foreach)
        torch.nn.utils.clip_grad_value_(parameters, 0.5, foreach=foreach)
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


@pytest.mark.parametrize("name", OPTIONS)
def test_optimisers_of_lists_have_the_noise_of_those_of_single_tensors(name):
    spreads = []
    for foreach in (False, True):
        clean = walked(name, foreach)
        with Arithmetic(1, 64) as mode:
            found = walked(name, foreach)
            spreads.append([mode.replicates(each).std(0) for each in found])
        for each, expected in zip(found, clean, strict=True):
            torch.testing.assert_close(each, expected, rtol=1e-14, atol=0.0)
    for single, of_list in zip(*spreads, strict=True):
        assert (single > 0).all()
        torch.testing.assert_close(of_list, single, rtol=0.6, atol=0.0)


def test_the_norms_of_a_list_are_a_list():
    with Arithmetic(1, 2):
        norms = torch._foreach_norm([drawn(3), drawn(2, 2)], 1.0)
    assert [float(each) for each in norms] == [float(each.abs().sum()) for each in (drawn(3), drawn(2, 2))]


def test_an_operation_on_lists_whose_single_one_has_no_rule_is_refused_by_that_name():
    rules = {name: rule for name, rule in RULES.items() if name != "lgamma"}
    with pytest.raises(NoiseError, match="no rule says how lgamma rounds"), Arithmetic(1, rules=rules):
        torch._foreach_lgamma([drawn(3)])
