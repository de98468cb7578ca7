"""ONNX models: a recurrent node that computes something else is refused, and a written model runs."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from conformance.errors import UsageError
from conformance.reference.conversion import Names, convert
from conformance.subjects.checkpoints import load
from conformance.subjects.onnx_models import import_onnxruntime

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

OPTIONS = {"LSTM": {}, "GRU": {"linear_before_reset": 1}, "RNN": {}}
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@pytest.fixture
def model(tmp_path):
    """Write a model of one node."""

    def write(kind, *, inputs=(), constants=None, weights=True, name="rnn", directions=1, **attributes):
        rows = GATES[kind] * 5
        arrays = {
            "w": np.ones((directions, rows, 3), np.float32),
            "r": np.ones((directions, rows, 5), np.float32),
            "b": np.ones((directions, 2 * rows), np.float32),
            "other": np.arange(3),
            **(constants or {}),
        }
        helper, floats = onnx.helper, onnx.TensorProto.FLOAT
        given = [helper.make_tensor_value_info("x", floats, ["L", "N", 3])]
        if not weights:
            del arrays["w"]
            given.append(helper.make_tensor_value_info("w", floats, [directions, rows, 3]))
        attributes = {"hidden_size": 5, **OPTIONS[kind], **attributes}
        node = helper.make_node(kind, ["x", "w", "r", "b", *inputs], ["y"], name, **attributes)
        graph = helper.make_graph(
            [node],
            "g",
            given,
            [helper.make_tensor_value_info("y", floats, ["L", directions, "N", 5])],
            [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
        onnx.save(made, tmp_path / "model.onnx")
        return tmp_path / "model.onnx"

    return write


@pytest.mark.parametrize("kind", GATES)
def test_a_plain_node_is_read_by_its_name(kind, model):
    found = load(model(kind))
    assert found.arrays.keys() == {"rnn.W", "rnn.R", "rnn.B", "other"}
    assert (found.relu, found.told) == (frozenset(), True)


def test_a_node_without_a_name_gets_one(model):
    assert {"LSTM_0.W", "LSTM_0.R"} <= load(model("LSTM", name="")).arrays.keys()


def test_relu_is_read(model, tmp_path):
    path = model("RNN", activations=["Relu"])
    assert load(path).relu == {"rnn"}
    there = convert("onnx", "torch", path, tmp_path / "out.npz")
    assert there.passed
    assert there.layers[0].source.nonlinearity == "relu"


NOT_ZERO = {"h": np.ones((1, 2, 5), np.float32)}
ZERO = {"h": np.zeros((1, 2, 5), np.float32)}
DIFFERENT = {
    "peepholes": (
        "LSTM",
        {"inputs": ["", "", "", "p"], "constants": {"p": np.ones((1, 15), np.float32)}},
        r"peepholes \(the input P\)",
    ),
    "the reset gate before the product": ("GRU", {"linear_before_reset": 0}, "linear_before_reset=0"),
    "clip": ("LSTM", {"clip": 3.0}, "clip=3"),
    "coupled gates": ("LSTM", {"input_forget": 1}, "input_forget=1"),
    "other activations": (
        "LSTM",
        {"activations": ["Sigmoid", "Relu", "Tanh"]},
        "activations sigmoid, relu, tanh",
    ),
    "an activation that torch lacks": ("RNN", {"activations": ["Affine"]}, "the activations affine"),
    "the reverse direction alone": ("RNN", {"direction": "reverse"}, "the reverse direction alone"),
    "two nonlinearities": (
        "RNN",
        {"activations": ["Relu", "Tanh"], "direction": "bidirectional", "directions": 2},
        "the activations relu, tanh",
    ),
    "a state that is not zero": (
        "GRU",
        {"inputs": ["", "h"], "constants": NOT_ZERO},
        "constant initial_h that is not zero",
    ),
}


@pytest.mark.parametrize(("kind", "changes", "told"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_node_that_computes_something_else_is_refused(kind, changes, told, model):
    with pytest.raises(
        UsageError, match=f"node 'rnn': it has .*{told}.*, which torch's {kind} does not compute"
    ):
        load(model(kind, **changes))


def test_a_state_of_zeros_and_stated_defaults_are_read(model):
    path = model("GRU", inputs=["", "h"], constants=ZERO, activations=["Sigmoid", "Tanh"])
    assert "rnn.W" in load(path).arrays


def test_weights_that_the_graph_gets_are_refused(model):
    with pytest.raises(UsageError, match="node 'rnn': expected W to be an initializer, got 'w'"):
        load(model("LSTM", weights=False))


def test_two_arrays_of_one_name_are_refused(model):
    with pytest.raises(UsageError, match=r"two arrays have the name 'rnn\.W'"):
        load(model("LSTM", constants={"rnn.W": np.ones(3)}))


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"none")
    with pytest.raises(UsageError, match="expected an ONNX model"):
        load(tmp_path / "x.onnx")


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("bias", [True, False])
def test_a_written_model_computes_all_layers_and_reads_back(kind, bias, tmp_path):
    if find_spec("onnxruntime") is None:
        pytest.skip("onnxruntime is not installed")
    runtime = import_onnxruntime()
    torch.manual_seed(0)
    rnn = getattr(torch.nn, kind)(3, 5, num_layers=2, bidirectional=True, bias=bias)
    state = torch.nn.ModuleDict({"rnn": rnn, "head": torch.nn.Linear(10, 2)}).state_dict()
    torch.save(state, tmp_path / "x.pt")
    assert convert("torch", "onnx", tmp_path / "x.pt", tmp_path / "x.onnx").passed
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # it says of the initializers of `head` that nothing uses them
    session = runtime.InferenceSession(tmp_path / "x.onnx", options, ["CPUExecutionProvider"])
    x = torch.randn(7, 2, 3)
    (output,) = session.run(["rnn.output"], {"rnn.input": x.numpy()})
    np.testing.assert_allclose(output, rnn(x)[0].detach().numpy(), atol=1e-6)
    assert convert("onnx", "torch", tmp_path / "x.onnx", tmp_path / "back.pt").passed
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert back.keys() == state.keys()
    assert all(
        torch.equal(back[name], each) and back[name].dtype == each.dtype for name, each in state.items()
    )


def test_a_pattern_that_a_node_cannot_have_is_refused(tmp_path):
    torch.save(torch.nn.RNN(3, 5).state_dict(), tmp_path / "x.pt")
    names = Names(written="{name}_{layer}")
    with pytest.raises(UsageError, match=r"expected one that ends in \.\{name\} for an ONNX model, got W_0"):
        convert("torch", "onnx", tmp_path / "x.pt", tmp_path / "x.onnx", names=names)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:Exporting a model to ONNX with a batch_size"
)
@pytest.mark.filterwarnings(
    "ignore::torch.jit.TracerWarning"
)  # all of torch's own, of the exporter without onnxscript
def test_a_model_that_torch_exports_is_read(tmp_path):
    """Names of nodes and of weights that an exporter chose, by a pattern of the user's."""
    torch.manual_seed(0)
    rnn = torch.nn.LSTM(3, 5, num_layers=2)
    torch.onnx.export(rnn, (torch.randn(4, 2, 3),), tmp_path / "x.onnx", dynamo=False)
    nodes = [node.name for node in onnx.load(tmp_path / "x.onnx").graph.node if node.op_type == "LSTM"]
    names = Names(read=("{layer:" + "|".join(nodes) + "}.{name}",))
    assert convert("onnx", "torch", tmp_path / "x.onnx", tmp_path / "back.npz", names=names).passed
    back = load(tmp_path / "back.npz").arrays
    for name, each in rnn.state_dict().items():
        np.testing.assert_array_equal(back[name], each.numpy())
