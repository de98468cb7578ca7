"""Parameters as one vector, and back, as torch has them."""

from __future__ import annotations

import pytest
import torch

import mytorch


@pytest.mark.parametrize("t", [torch, mytorch])
def test_there_and_back(t):
    layer = t.nn.Linear(3, 2)
    vector = t.nn.utils.parameters_to_vector(layer.parameters())
    assert vector.requires_grad
    assert vector.tolist() == [*layer.weight.flatten().tolist(), *layer.bias.tolist()]
    given = t.arange(8.0)
    t.nn.utils.vector_to_parameters(given, layer.parameters())
    assert layer.weight.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert layer.bias.requires_grad
    # The memory is the vector's.
    given.add_(1)
    assert layer.bias.tolist() == [7, 8]
    with pytest.raises(TypeError, match=r"expected .*Tensor, but got: list"):
        t.nn.utils.vector_to_parameters([1.0], layer.parameters())
    with pytest.raises(RuntimeError, match="2"):
        t.nn.utils.vector_to_parameters(t.ones(7), layer.parameters())
