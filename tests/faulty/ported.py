"""Recurrent layers of keras and onnxruntime that were given torch's weights without a thought, or with one.

Subjects of tests/conformance/diagnosis/test_peers.py, each in a process of its own.
"""

from __future__ import annotations

import os

import numpy as np

from conformance.subjects.functional import Functional
from conformance.subjects.supports import Supports


def _limits(case, *, both=False):
    return Supports(
        cases=[case],
        dtypes=["float32"],
        backward=False,
        layers=1,
        bidirectional=both,
        packed=False,
        projection=False,
        empty_batch=False,
    )


def _time_first(config, array):
    """Return an input as (L, N, I)."""
    if config["N"] == -1:
        return array[:, None]
    return array.swapaxes(0, 1) if config["batch_first"] else array


def _named(config, shown, **finals):
    """Return the results by torch's names: of the output (L, N, D·H), and of each final state (D, N, H)."""
    if config["N"] == -1:
        return {"output": shown[:, 0], **{name: each[:, 0] for name, each in finals.items()}}
    return {"output": shown.swapaxes(0, 1) if config["batch_first"] else shown, **finals}


def _state(config, arrays, name, rows):
    if name not in arrays:
        shape = (1 + config["bidirectional"], rows, config["H"])
        return np.zeros(shape, np.float32)
    return arrays[name][:, None] if config["N"] == -1 else arrays[name]


def _biases(config, arrays, suffix, height):
    if not config["bias"]:
        return [np.zeros(height, np.float32)] * 2
    return [arrays[f"bias_{which}_l0{suffix}"] for which in ("ih", "hh")]


def _gru_of_keras(_case, config, arrays):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    x = _time_first(config, arrays["input"]).swapaxes(0, 1)
    layer = keras.layers.GRU(config["H"], return_sequences=True, return_state=True, use_cudnn=False)
    layer.build(x.shape)
    # keras stores z, r, h; these are torch's r, z, n.
    biases = np.stack(_biases(config, arrays, "", 3 * config["H"]))
    layer.set_weights([arrays["weight_ih_l0"].T, arrays["weight_hh_l0"].T, biases])
    found = layer(x, initial_state=_state(config, arrays, "h0", len(x))[0])
    shown, final = (keras.ops.convert_to_numpy(each) for each in found)
    return _named(config, shown.swapaxes(0, 1), h_n=final[None])


def _onnx(*, onnx_order=True, second=1, reverse=True):
    def run(_case, config, arrays):
        return _lstm_of_onnx(config, arrays, onnx_order, second, reverse)

    return run


def _lstm_of_onnx(config, arrays, onnx_order, second, reverse):
    x = _time_first(config, arrays["input"])
    both, hidden = config["bidirectional"], config["H"]
    initial = [_state(config, arrays, name, x.shape[1]) for name in ("h0", "c0")]
    outs = []
    for direction, suffix in enumerate(("", "_reverse")[: 1 + both]):
        weights = [arrays[f"weight_{which}_l0{suffix}"] for which in ("ih", "hh")]
        b_ih, b_hh = _biases(config, arrays, suffix, 4 * hidden)
        each = [*weights, b_ih, second * b_hh]
        if onnx_order:
            # i, f, g, o is stored; ONNX reads i, o, f, c.
            each = [np.concatenate([np.split(a, 4)[gate] for gate in (0, 3, 1, 2)]) for a in each]
        states = [part[direction : direction + 1] for part in initial]
        outs.append(_node(x, each, states, "reverse" if direction and reverse else "forward"))
    shown, h, c = zip(*outs, strict=True)
    return _named(config, np.concatenate(shown, -1), h_n=np.concatenate(h), c_n=np.concatenate(c))


def _node(x, weights, states, direction):
    """Run one LSTM node, and return its outputs, (L, N, H), (1, N, H) and (1, N, H)."""
    import onnxruntime
    from onnx import TensorProto, helper

    hidden = states[0].shape[-1]
    given = {
        "X": x,
        "W": weights[0][None],
        "R": weights[1][None],
        "B": np.concatenate(weights[2:])[None],
        "h": states[0],
        "c": states[1],
    }
    node = helper.make_node(
        "LSTM",
        ["X", "W", "R", "B", "", "h", "c"],
        ["Y", "Yh", "Yc"],
        hidden_size=hidden,
        direction=direction,
    )
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, a.shape) for name, a in given.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("Y", "Yh", "Yc")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    shown, h, c = session.run(None, {name: np.ascontiguousarray(a) for name, a in given.items()})
    return shown[:, 0], h, c


keras_gru = Functional("keras", _gru_of_keras, _limits("nn.GRU"))
onnx_lstm = Functional("onnxruntime", _onnx(), _limits("nn.LSTM", both=True))
onnx_lstm_as_stored = Functional("onnxruntime", _onnx(onnx_order=False), _limits("nn.LSTM", both=True))
onnx_lstm_one_bias = Functional("onnxruntime", _onnx(second=0), _limits("nn.LSTM", both=True))
onnx_lstm_both_forward = Functional("onnxruntime", _onnx(reverse=False), _limits("nn.LSTM", both=True))
