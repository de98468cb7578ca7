"""A conversion shows parity, and a wrong one is caught by running it: each mistake here alone."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from conformance.errors import UsageError
from conformance.reference import conversion, layer_parity
from conformance.reference.conversion import Names, convert
from conformance.subjects import layouts
from conformance.subjects.checkpoints import load
from conformance.subjects.layouts import FRAMEWORKS
from conformance.subjects.weights import Entry

KINDS = ("LSTM", "GRU", "RNN")
TARGETS = [
    (name, kind)
    for name, framework in FRAMEWORKS.items()
    for kind in KINDS
    if kind in {layout.kind for layout in framework.layouts}
]


@pytest.fixture
def saved(tmp_path):
    """Save a state dict with a recurrent layer and others."""

    def save(kind, *, b_hn=True, **options):
        torch.manual_seed(3)
        rnn = getattr(torch.nn, kind)(3, 4, **options)
        if not b_hn:
            for name, bias in rnn.named_parameters():
                if "bias_hh" in name:
                    bias.data[-4:] = 0
        model = torch.nn.ModuleDict({"rnn": rnn, "norm": torch.nn.BatchNorm1d(4)})
        torch.save(model.state_dict(), tmp_path / "model.pt")
        return tmp_path / "model.pt"

    return save


@pytest.mark.parametrize(("name", "kind"), TARGETS, ids=map("-".join, TARGETS))
def test_parity_is_shown_for_each_framework_and_kind(name, kind, saved, tmp_path):
    out = tmp_path / "out.npz"
    b_hn = not name.startswith("flax") or kind != "GRU"
    there = convert("torch", name, saved(kind, b_hn=b_hn, bidirectional=True), out)
    (layer,) = there.layers
    assert there.passed
    assert [side.framework for side in layer.sides] == ["torch", name]
    for side in layer.sides:
        assert [each.name for each in side.observed] == ["output", "h_n", "c_n"][: 3 if kind == "LSTM" else 2]
        assert all(each.headroom >= 1 and 0 < each.tolerance < 1e-5 for each in side.observed)
    assert layer.notices
    assert all(layer.notices.values())
    before = load(tmp_path / "model.pt").arrays
    assert set(there.kept) == {each for each in before if each.startswith("norm.")}
    for each in there.kept:
        np.testing.assert_array_equal(load(out).arrays[each], before[each], strict=True)


def test_a_projection_and_float64_are_shown(saved, tmp_path):
    there = convert(
        "torch", "mytorch", saved("LSTM", proj_size=2, num_layers=2, dtype=torch.float64), tmp_path / "o.npz"
    )
    assert there.passed
    assert there.layers[0].changed == ()
    assert all(side.dtype == "float64" for side in there.layers[0].sides)
    assert max(each.error for side in there.layers[0].sides for each in side.observed) < 1e-14


def test_relu_is_another_function_than_tanh(saved, tmp_path):
    there = convert(
        "torch", "keras", saved("RNN", nonlinearity="relu"), tmp_path / "o.npz", nonlinearity="relu"
    )
    assert there.passed
    assert "relu" in str(there.layers[0].source)


def _swapped(parameters):
    gates = [*np.split(parameters["rnn.layers.0.forward.kernel"], 4, axis=1)]
    gates[1], gates[2] = gates[2], gates[1]
    return {**parameters, "rnn.layers.0.forward.kernel": np.concatenate(gates, axis=1)}


def _transposed(parameters):
    name = "rnn.layers.0.forward.recurrent_kernel"
    gates = np.split(parameters[name], 4, axis=1)
    return {**parameters, name: np.concatenate([gate.T for gate in gates], axis=1)}


def _without_the_second_bias(parameters):
    name = "rnn.layers.0.forward.bias"
    return {**parameters, name: parameters[name] - _bias_hh()}


def _with_the_second_bias_twice(parameters):
    name = "rnn.layers.0.forward.bias"
    return {**parameters, name: parameters[name] + _bias_hh()}


def _bias_hh():
    torch.manual_seed(3)
    return torch.nn.LSTM(3, 4, bidirectional=True).bias_hh_l0.detach().numpy()


def _directions_exchanged(parameters):
    other = {"forward": "backward", "backward": "forward"}
    return {
        ".".join(other.get(part, part) for part in name.split(".")): array
        for name, array in parameters.items()
    }


WRONG = [
    _swapped,
    _transposed,
    _without_the_second_bias,
    _with_the_second_bias_twice,
    _directions_exchanged,
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_conversion_is_caught_by_running_it_and_writes_nothing(wrong, saved, tmp_path, monkeypatch):
    right = conversion.laid_out
    monkeypatch.setattr(conversion, "laid_out", lambda *arguments: wrong(right(*arguments)))
    # The second check, of the bits that are read back, would catch these too; here the run has to.
    monkeypatch.setattr(conversion.Converted, "wrong", ())
    there = convert("torch", "keras", saved("LSTM", bidirectional=True), tmp_path / "out.npz")
    source, target = there.layers[0].sides
    assert source.passed
    assert not target.passed
    assert min(each.headroom for each in target.observed) < 1e-2
    assert not there.passed
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.pt"]


def _layout(kind, **changes):
    """Return keras's layouts, with other entries for one kind: by the target's name."""
    keras = FRAMEWORKS["keras"]

    def changed(layout):
        entries = tuple(changes.get(entry.target, entry) for entry in layout.entries)
        return replace(layout, entries=entries) if layout.kind == kind else layout

    return {**FRAMEWORKS, "keras": replace(keras, layouts=tuple(map(changed, keras.layouts)))}


# A wrong layout reads back what it wrote, bit for bit: only running it tells.
WRONG_LAYOUTS = {
    "torch's gates in keras's GRU": (
        "GRU",
        _layout("GRU", kernel=Entry("kernel", "weight_ih", "rzn", transpose=True)),
    ),
    "gates i, f, o, g": (
        "LSTM",
        _layout("LSTM", recurrent_kernel=Entry("recurrent_kernel", "weight_hh", "ifog", transpose=True)),
    ),
    "a recurrent matrix that is not transposed": (
        "RNN",
        _layout("RNN", recurrent_kernel=Entry("recurrent_kernel", "weight_hh")),
    ),
}


@pytest.mark.parametrize(("kind", "wrong"), WRONG_LAYOUTS.values(), ids=WRONG_LAYOUTS)
def test_a_wrong_layout_is_caught_by_running_it_alone(kind, wrong, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(layouts, "FRAMEWORKS", wrong)
    there = convert("torch", "keras", saved(kind), tmp_path / "out.npz")
    (layer,) = there.layers
    assert layer.wrong == ()
    assert layer.sides[0].passed
    assert not layer.sides[1].passed
    assert not there.passed


def test_the_two_biases_of_onnx_exchanged_are_caught_in_a_gru(saved, tmp_path, monkeypatch):
    onnx = FRAMEWORKS["onnx"]
    exchanged = {"bias_ih": "bias_hh", "bias_hh": "bias_ih"}
    wrong = [
        replace(
            layout,
            entries=tuple(
                replace(each, source=exchanged.get(each.source, each.source)) for each in layout.entries
            ),
        )
        for layout in onnx.layouts
    ]
    monkeypatch.setattr(layouts, "FRAMEWORKS", {**FRAMEWORKS, "onnx": replace(onnx, layouts=tuple(wrong))})
    assert not convert("torch", "onnx", saved("GRU"), tmp_path / "out.npz").passed


def test_a_weight_that_is_read_back_otherwise_is_not_shown(saved, tmp_path, monkeypatch):
    """A change within rounding, which running it cannot see."""
    right = conversion.laid_out

    def nearly(*arguments):
        return {name: np.nextafter(array, np.float32(9)) for name, array in right(*arguments).items()}

    monkeypatch.setattr(conversion, "laid_out", nearly)
    there = convert("torch", "onnx", saved("RNN"), tmp_path / "out.npz")
    assert all(side.passed for side in there.layers[0].sides)
    assert set(there.layers[0].wrong) == {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}
    assert not there.passed


@pytest.fixture
def keras_as(monkeypatch):
    """Put another function in the place of what runs keras's layers."""
    right = layer_parity.side

    def put(made):
        def side(name):
            given = right(name)
            return given._replace(run=made(given.run)) if name == "keras" else given

        monkeypatch.setattr(layer_parity, "side", side)

    return put


def test_a_framework_that_raises_is_not_shown(saved, tmp_path, keras_as):
    def raising(*_):
        raise RuntimeError("no such device")

    keras_as(lambda _: raising)
    there = convert("torch", "keras", saved("RNN"), tmp_path / "out.npz")
    assert there.layers[0].sides[1].failed == "RuntimeError: no such device"
    assert not there.passed


def test_a_framework_that_warns_is_shown_even_where_warnings_are_errors(saved, tmp_path, keras_as):
    def warning(run):
        def warns(*arguments):
            warnings.warn("numpy.old is deprecated", DeprecationWarning, stacklevel=1)
            return run(*arguments)

        return warns

    keras_as(warning)
    assert convert("torch", "keras", saved("RNN"), tmp_path / "out.npz").passed


@pytest.mark.parametrize(
    "got", [lambda x: x[:1], lambda x: (x[0], x[1][None]), lambda x: (x[0] * np.nan, x[1])]
)
def test_results_of_another_shape_or_nan_are_not_shown(got, saved, tmp_path, keras_as):
    keras_as(lambda run: lambda *arguments: tuple(got(run(*arguments))))
    assert not convert("torch", "keras", saved("GRU"), tmp_path / "out.npz").passed


def test_a_less_accurate_tanh_is_told_apart_from_another_function(tmp_path, keras_as):
    torch.manual_seed(0)
    small = {name: each.numpy() * np.float32(1e-4) for name, each in torch.nn.RNN(3, 4).state_dict().items()}
    np.savez(tmp_path / "given.npz", **small)

    def of_sigmoid(run):
        def less(*arguments):
            h = np.arctanh(run(*arguments)[0].astype(np.float64)).astype(np.float32)
            h = 2 / (1 + np.exp(-2 * h)) - 1
            return h, h[-1:]

        return less

    keras_as(of_sigmoid)
    there = convert("npz", "keras", tmp_path / "given.npz", tmp_path / "out.npz")
    assert [each.absolute for each in there.layers[0].sides[0].observed] == [False, False]
    assert [each.absolute for each in there.layers[0].sides[1].observed] == [True, True]
    assert there.passed


def test_what_the_weights_hide_is_said(tmp_path):
    torch.manual_seed(0)
    given = {
        name: each.numpy() for name, each in torch.nn.LSTM(3, 4, bidirectional=True).state_dict().items()
    }
    given |= {name: np.zeros_like(array) for name, array in given.items() if "bias_hh" in name}
    given |= {name: np.tile(np.eye(4, dtype=np.float32), (4, 1)) for name in given if "weight_hh" in name}
    for name in [each for each in given if "reverse" not in each]:
        given[f"{name}_reverse"] = given[name]
    np.savez(tmp_path / "given.npz", **given)
    (layer,) = convert("npz", "onnx", tmp_path / "given.npz", tmp_path / "out.npz").layers
    assert layer.passed
    assert layer.notices == {
        "gates in another order": True,
        "a transposed recurrent matrix": False,
        "a dropped bias_hh": False,
        "exchanged directions": False,
    }


def test_without_a_recurrent_layer_nothing_is_shown_or_written(tmp_path):
    np.savez(tmp_path / "given.npz", weight=np.ones((2, 3)))
    there = convert("npz", "keras", tmp_path / "given.npz", tmp_path / "out.npz")
    assert (there.layers, there.kept, there.passed) == ((), ("weight",), False)
    assert not (tmp_path / "out.npz").exists()


REFUSED = {
    "an unknown framework": ("tensorflow", "torch", "model.pt", "o.npz", "unknown framework 'tensorflow'"),
    "a model that is not of onnx": ("torch", "keras", "model.pt", "o.onnx", "has the layout onnx, not keras"),
    "npz in another file": (
        "torch",
        "npz",
        "model.pt",
        "o.safetensors",
        "npz is torch's layout in an npz file",
    ),
    "an ending": ("torch", "keras", "model.pt", "o.h5", "expected a name that ends in .safetensors .npz"),
    "the same file": ("torch", "torch", "model.pt", "model.pt", "expected another file"),
    "no file": ("torch", "keras", "none.pt", "o.npz", r"expected a \.pt file, got none"),
}


@pytest.mark.parametrize(("of", "to", "file", "out", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_converted_is_refused(of, to, file, out, told, saved, tmp_path):
    saved("LSTM")
    with pytest.raises(UsageError, match=told):
        convert(of, to, tmp_path / file, tmp_path / out)


def test_a_name_that_another_array_has_is_refused(tmp_path):
    torch.manual_seed(0)
    arrays = {name: each.numpy() for name, each in torch.nn.RNN(3, 4).state_dict().items()}
    np.savez(tmp_path / "given.npz", **arrays, kernel=np.ones(3))
    with pytest.raises(UsageError, match="two arrays get the name 'kernel'"):
        convert(
            "npz", "keras", tmp_path / "given.npz", tmp_path / "o.npz", names=Names(written="{prefix}{name}")
        )
