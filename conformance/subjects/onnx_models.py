"""ONNX models: recurrent nodes read as arrays with names, written as a chain of nodes, and run one by one.

The weights of node NAME are the arrays NAME.W, NAME.R and NAME.B. A node that computes what torch's layers do
not is refused. Called by subjects.checkpoints, subjects.layer_runs and subjects.peers.onnx.
"""

from __future__ import annotations

import os
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent

    # From a model and its inputs by name to its outputs.
    Runner = Callable[[Any, Mapping[str, Array]], Sequence[Array]]

_KINDS = ("LSTM", "GRU", "RNN")

# The activations of one direction, as torch's layers have them; and of the RNN the other that it can have.
_ACTIVATIONS = {
    "LSTM": (("sigmoid", "tanh", "tanh"),),
    "GRU": (("sigmoid", "tanh"),),
    "RNN": (("tanh",), ("relu",)),
}

# The places of a node's inputs after X.
_WEIGHTS = ((1, "W"), (2, "R"), (3, "B"))
_INITIAL = ((5, "initial_h"), (6, "initial_c"))
_PEEPHOLES = 7

# Version 14 of the operators is the last that changed the recurrent ones; old runtimes read it too.
_OPSET = 14
_IR_VERSION = 8


def read_model(path: Path) -> tuple[dict[str, Array], frozenset[str]]:
    """Read the weights of a model: those of its recurrent nodes by the nodes, others by their names.

    Returns:
        The arrays, and the names of the nodes whose activation is relu.

    Raises:
        UsageError: it is not a model, or a recurrent node computes what torch's layers do not.
    """
    import onnx

    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except OSError:
        raise
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else ""
        raise UsageError(
            f"file {str(path)!r}: expected an ONNX model: {type(error).__name__}: {first}"
        ) from error
    constants = dict(_constants(onnx, model.graph))
    arrays: dict[str, Array] = {}
    relu: set[str] = set()
    used: set[str] = set()
    for number, node in enumerate(each for each in model.graph.node if each.op_type in _KINDS):
        name = node.name or f"{node.op_type}_{number}"
        if _nonlinearity(onnx, node, name, constants) == "relu":
            relu.add(name)
        for letter, given in _weights(node):
            if given not in constants:
                raise UsageError(f"node {name!r}: expected {letter} to be an initializer, got {given!r}")
            arrays[f"{name}.{letter}"] = constants[given]
            used.add(given)
    kept = {each.name: constants[each.name] for each in model.graph.initializer if each.name not in used}
    if twice := sorted({*kept} & {*arrays}):
        raise UsageError(f"file {str(path)!r}: two arrays have the name {twice[0]!r}")
    return {**arrays, **kept}, frozenset(relu)


def _constants(onnx: Any, graph: Any) -> Iterator[tuple[str, Array]]:
    """Yield the arrays of a graph by name: initializers, and the values of constant nodes."""
    for each in graph.initializer:
        yield each.name, onnx.numpy_helper.to_array(each)
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            yield node.output[0], onnx.numpy_helper.to_array(node.attribute[0].t)


def _weights(node: Any) -> Iterator[tuple[str, str]]:
    """Yield W, R and, where it has one, B, each with the name of what the node gets."""
    for place, letter in _WEIGHTS:
        if place < len(node.input) and node.input[place]:
            yield letter, node.input[place]


def _nonlinearity(onnx: Any, node: Any, name: str, constants: Mapping[str, Array]) -> str:
    """Return an RNN's nonlinearity, or tanh; raise unless the node computes what a layer of torch does."""
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    for told in _differences(node, attributes, constants):
        raise UsageError(f"node {name!r}: {told}, which torch's {node.op_type} does not compute")
    given = [each.decode().lower() for each in attributes.get("activations", ())]
    return "relu" if given[:1] == ["relu"] else "tanh"


def _differences(node: Any, attributes: Mapping[str, Any], constants: Mapping[str, Array]) -> Iterator[str]:
    """Yield what a node computes that a layer of torch does not."""
    if len(node.input) > _PEEPHOLES and node.input[_PEEPHOLES]:
        yield "it has peepholes (the input P)"
    if "clip" in attributes:
        yield f"it has clip={attributes['clip']:g}"
    if attributes.get("input_forget"):
        yield "it has input_forget=1"
    if node.op_type == "GRU" and not attributes.get("linear_before_reset"):
        yield "it has linear_before_reset=0, the reset gate before the recurrent product"
    direction = attributes.get("direction", b"forward").decode()
    if direction == "reverse":
        yield "it has the reverse direction alone"
    given = tuple(each.decode().lower() for each in attributes.get("activations", ()))
    times = 2 if direction == "bidirectional" else 1
    if given and given not in [each * times for each in _ACTIVATIONS[node.op_type]]:
        yield f"it has the activations {', '.join(given)}"
    for place, called in _INITIAL:
        if place < len(node.input) and np.any(constants.get(node.input[place], 0)):
            yield f"it has a constant {called} that is not zero"


def write_model(path: Path, arrays: Mapping[str, Array], layers: Sequence[Recurrent]) -> None:
    """Write a model: per recurrent layer a chain of nodes from its input (L, N, I) to its output (L, N, D·H).

    Other arrays are initializers that no node uses. States begin with zeros.

    Args:
        path: the file.
        arrays: all arrays, those of the layers by the names that `layers` has them under.
        layers: the recurrent layers, in the layout of ONNX.
    """
    import onnx

    nodes, inputs, outputs = [], [], []
    helper, double = onnx.helper, onnx.TensorProto.DOUBLE
    initializers = {name: np.asarray(array) for name, array in arrays.items()}
    for layer in layers:
        kind = double if layer.dtype == np.float64 else onnx.TensorProto.FLOAT
        given = f"{layer.prefix}input"
        inputs.append(helper.make_tensor_value_info(given, kind, ["length", "batch", layer.input_size]))
        shape = f"{layer.prefix}shape"
        # (L, N, D, H) → (L, N, D·H); a constant node, as all initializers are the checkpoint's.
        sizes = onnx.numpy_helper.from_array(np.array([0, 0, -1]))
        nodes.append(helper.make_node("Constant", [], [shape], value=sizes))
        for k in range(layer.layers):
            names = {letter: layer.names[letter, k, 0] for letter in layer.parts[k, 0]}
            start = names["W"].removesuffix(".W")
            if any(name != f"{start}.{letter}" for letter, name in names.items()):
                raise UsageError(
                    "to-pattern: expected one that ends in .{name} for an ONNX model, got " + names["W"]
                )
            last = k == layer.layers - 1
            output = f"{layer.prefix}output" if last else f"{start}.output"
            nodes += [
                _node(onnx, layer.kind, [given, names["W"], names["R"], names.get("B", "")], start, layer),
                helper.make_node("Transpose", [f"{start}.Y"], [f"{start}.Y_t"], perm=[0, 2, 1, 3]),
                helper.make_node("Reshape", [f"{start}.Y_t", shape], [output]),
            ]
            given = output
        width = layer.directions * layer.hidden_size
        outputs.append(helper.make_tensor_value_info(given, kind, ["length", "batch", width]))
    graph = helper.make_graph(
        nodes,
        "converted",
        inputs,
        outputs,
        [onnx.numpy_helper.from_array(array, name) for name, array in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _node(onnx: Any, kind: str, inputs: list[str], name: str, layer: Recurrent) -> Any:
    attributes = _attributes(kind, layer.directions, layer.nonlinearity)
    return onnx.helper.make_node(
        kind, inputs, [f"{name}.Y"], name, hidden_size=layer.hidden_size, **attributes
    )


def _attributes(kind: str, directions: int, nonlinearity: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {"direction": "bidirectional" if directions == 2 else "forward"}
    if kind == "GRU":
        attributes["linear_before_reset"] = 1
    if kind == "RNN":
        attributes["activations"] = [nonlinearity.capitalize()] * directions
    return attributes


def run_node(
    kind: str,
    parts: Mapping[str, Array],
    x: Array,
    states: tuple[Array, ...],
    nonlinearity: str,
    runner: Runner | None = None,
) -> tuple[Array, ...]:
    """Run one recurrent node.

    Args:
        kind: `LSTM`, `GRU` or `RNN`.
        parts: W, R and, with biases, B.
        x: the input, (L, N, I), float32 or float64.
        states: the initial states, each (D, N, H).
        nonlinearity: of an RNN.
        runner: what runs the model, from it and its inputs to its outputs; by default `by_onnxruntime`.

    Returns:
        Y (L, D, N, H) and the last states, each (D, N, H).
    """
    import onnx

    helper = onnx.helper
    initial = [name for (_, name), _ in zip(_INITIAL, states, strict=False)]
    inputs = ["X", "W", "R", "B" if "B" in parts else "", "", *initial]
    outputs = ["Y", "Y_h", "Y_c"][: 1 + len(states)]
    directions, hidden = len(parts["R"]), parts["R"].shape[2]
    node = helper.make_node(
        kind, inputs, outputs, hidden_size=hidden, **_attributes(kind, directions, nonlinearity)
    )
    fed = {"X": np.ascontiguousarray(x), **dict(zip(initial, states, strict=True)), **parts}
    floats = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        [node],
        "node",
        [helper.make_tensor_value_info(name, floats, array.shape) for name, array in fed.items()],
        [helper.make_tensor_value_info(name, floats, None) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    return tuple((runner or by_onnxruntime)(model, fed))


def by_onnxruntime(model: Any, fed: Mapping[str, Array]) -> Sequence[Array]:
    """Run a model by onnxruntime, in one thread."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return list(session.run(None, dict(fed)))


def import_onnxruntime() -> Any:
    """Import onnxruntime, without the telemetry that it begins as it is imported, and without its files.

    It writes an identifier and a database to $XDG_CACHE_HOME, and its session to $TMPDIR.
    """
    if (loaded := sys.modules.get("onnxruntime")) is not None:
        return loaded
    before = {name: os.environ.get(name) for name in ("XDG_CACHE_HOME", "TMPDIR")}
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.update(dict.fromkeys(before, folder))
        try:
            import onnxruntime

            onnxruntime.disable_telemetry_events()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
    return onnxruntime


def by_reference_evaluator(model: Any, fed: Mapping[str, Array]) -> Sequence[Array]:
    """Run a model by onnx's own evaluator, which is written in NumPy."""
    from onnx.reference import ReferenceEvaluator

    return list(ReferenceEvaluator(model).run(None, dict(fed)))
