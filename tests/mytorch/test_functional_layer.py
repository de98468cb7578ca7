"""Layers that `layer_of` declares have torch's constructors and Python's errors, and are ordinary classes."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
import torch

import mytorch
from mytorch.nn.modules._functional_layer import FunctionalLayer, UnaryLayer, layer_of


def declared(kind: type) -> list[type]:
    return [each for sub in kind.__subclasses__() for each in (sub, *declared(sub))]


ROWS = sorted(
    {kind.__name__ for kind in declared(FunctionalLayer) if hasattr(mytorch.nn, kind.__name__)},
)


def test_the_rows_are_the_activations_and_the_losses():
    assert len(ROWS) == 12 + 9
    assert {"Sigmoid", "Hardtanh", "Softmax", "MSELoss", "CrossEntropyLoss"} < set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_constructor_has_the_parameters_of_torchs(name):
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(getattr(t.nn, name)).parameters.values()]
        for t in (mytorch, torch)
    )
    # torch.nn.Module takes anything and refuses it then.
    assert ours == [p for p in theirs if p[0] not in {"args", "kwargs"}]


def test_a_signature_shows_the_annotations():
    assert str(inspect.signature(mytorch.nn.LeakyReLU)) == (
        "(negative_slope: 'float' = 0.01, inplace: 'bool' = False) -> None"
    )
    assert inspect.signature(mytorch.nn.MSELoss).parameters["reduce"].annotation == "bool | None"


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "message"),
    [
        ("Sigmoid", (1,), {}, "Sigmoid.__init__() takes 1 positional argument but 2 were given"),
        ("ReLU", (1, 2), {}, "ReLU.__init__() takes from 1 to 2 positional arguments but 3 were given"),
        ("ReLU", (), {"x": 1}, "ReLU.__init__() got an unexpected keyword argument 'x'"),
        ("ReLU", (1, 2), {"x": 1}, "ReLU.__init__() got an unexpected keyword argument 'x'"),
        ("ELU", (1.0,), {"alpha": 1.0}, "ELU.__init__() got multiple values for argument 'alpha'"),
        (
            "HuberLoss",
            ("sum",),
            {"beta": 1.0},
            "HuberLoss.__init__() got an unexpected keyword argument 'beta'",
        ),
    ],
)
@pytest.mark.parametrize("t", [mytorch, torch], ids=["mytorch", "torch"])
def test_wrong_arguments_are_refused_as_python_refuses_them(t, name, args, kwargs, message):
    with pytest.raises(TypeError) as caught:
        getattr(t.nn, name)(*args, **kwargs)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ROWS)
def test_copies_keep_the_options(name):
    layer = getattr(mytorch.nn, name)()
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301 - our own bytes
        assert type(twin) is type(layer)
        assert twin.__dict__ == layer.__dict__


def test_options_are_plain_attributes():
    layer = mytorch.nn.LeakyReLU(0.5)
    layer.negative_slope = 0.25
    assert layer(mytorch.tensor([-1.0])).item() == -0.25
    del layer.negative_slope
    assert not hasattr(layer, "negative_slope")
    assert not hasattr(mytorch.nn.LeakyReLU, "negative_slope")


def test_a_deprecated_option_is_no_attribute():
    loss = mytorch.nn.MSELoss()
    assert not hasattr(loss, "size_average")
    assert not hasattr(loss, "reduce")


def test_the_warning_of_a_deprecated_option_names_the_caller():
    with pytest.warns(UserWarning, match="reduction='sum'") as caught:
        assert mytorch.nn.SmoothL1Loss(size_average=False).reduction == "sum"
    assert caught[0].filename == __file__


def test_tensors_by_name():
    x, y = mytorch.ones(2), mytorch.zeros(2)
    assert mytorch.nn.ReLU().forward(input=x).tolist() == [1.0, 1.0]
    assert mytorch.nn.MSELoss()(target=y, input=x).item() == 1.0


@pytest.mark.parametrize("t", [mytorch, torch], ids=["mytorch", "torch"])
def test_a_subclass_has_a_constructor_of_its_own(t):
    class Focal(t.nn.CrossEntropyLoss):
        gamma: float

        def __init__(self, gamma, weight=None):
            super().__init__(weight, reduction="none")
            self.gamma = gamma

        def forward(self, input, target):
            loss = super().forward(input, target)
            return ((1 - (-loss).exp()) ** self.gamma * loss).mean()

    focal = Focal(2.0, weight=t.tensor([1.0, 2.0]))
    assert list(inspect.signature(Focal).parameters) == ["gamma", "weight"]
    assert list(focal.state_dict()) == ["weight"]
    assert focal(t.zeros(1, 2), t.tensor([1])).item() == pytest.approx(2 * 0.6931472 * 0.75**2, rel=1e-6)


def test_a_layer_keeps_its_own_constructor():
    @layer_of(mytorch.add)
    class Double(UnaryLayer):
        other: float

        def __init__(self):
            super().__init__()
            self.other = 1.0

    assert Double()(mytorch.ones(1)).item() == 2.0
    assert repr(Double()) == "Double(other=1.0)"
