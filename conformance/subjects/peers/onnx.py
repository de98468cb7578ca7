"""ONNX's recurrent nodes LSTM, GRU (`linear_before_reset=1`) and RNN, by onnxruntime and by onnx itself.

A node runs forward only. Each layer is a model of one node, in one direction or in both, whose weights are
torch's as the layout of ONNX in subjects.layouts has them; subjects.onnx_models makes the model and runs it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from conformance.subjects.layouts import FRAMEWORKS, cell_map
from conformance.subjects.onnx_models import by_onnxruntime, by_reference_evaluator, run_node
from conformance.subjects.peers._layers import layers
from conformance.subjects.supports import Supports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.cases.case import Config
    from conformance.sampling.values import Array
    from conformance.subjects.functional import Functional
    from conformance.subjects.onnx_models import Runner

    States = tuple[Array, ...]


def onnxruntime() -> Functional:
    """Return the recurrent layers of onnxruntime, on its CPU provider and in one thread.

    It says itself that it has no double: "LSTM operator does not support double yet", and "Could not find an
    implementation" for RNN. A batch of no rows ends its process, in LSTM and GRU. The errors of its tanh and
    sigmoid are small beside 1, not beside the result.

    Its RNN with relu makes 0 of NaN, where torch's, and its own operator Relu, return NaN, and of some NaN
    its LSTM makes numbers. That is not declared, and fails in the regime `nonfinite`.
    """
    return layers(
        "onnxruntime",
        partial(_direction, by_onnxruntime),
        both=partial(_both, by_onnxruntime),
        supports=Supports(dtypes=["float32"], backward=False, empty_batch=False),
        accuracy="absolute",
    )


def reference_evaluator() -> Functional:
    """Return the recurrent layers of onnx's reference evaluator, in float64 and in float32.

    It is NumPy's arithmetic. It ignores the lengths of sequences (`sequence_lens`), which is why packed
    sequences are outside, and the activations of LSTM and GRU, which torch's layers leave at their defaults.
    """
    return layers(
        "onnx.reference",
        partial(_direction, by_reference_evaluator),
        both=partial(_both, by_reference_evaluator),
        supports=Supports(backward=False),
        declines=_without_relu,
    )


def _without_relu(kind: str, config: Config) -> str | None:
    """Say why the evaluator has no such RNN, which has an activation for Tanh and for Affine only."""
    del kind
    told = "onnx's reference evaluator raises RuntimeError: Unknown activation function 'Relu'."
    return told if config.get("nonlinearity") == "relu" else None


def _direction(
    runner: Runner, kind: str, p: Mapping[str, Array], x: Array, states: States, nonlinearity: str
) -> tuple[tuple[Array, States], None]:
    """Run one direction of one layer."""
    given = tuple(state[None] for state in states)
    output, *lasts = run_node(kind, _weights(kind, [p]), x, given, nonlinearity, runner)
    return (output[:, 0], tuple(last[0] for last in lasts)), None


def _both(
    runner: Runner,
    kind: str,
    p: tuple[Mapping[str, Array], Mapping[str, Array]],
    x: Array,
    states: States,
    nonlinearity: str,
) -> tuple[Array, States]:
    """Run one layer in both directions, by a bidirectional node."""
    output, *lasts = run_node(kind, _weights(kind, p), x, states, nonlinearity, runner)
    length, directions, batch, hidden = output.shape
    return output.swapaxes(1, 2).reshape(length, batch, directions * hidden), tuple(lasts)


def _weights(kind: str, p: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return W, R and, with biases, B of the directions, which are on their first axis."""
    weights = cell_map(FRAMEWORKS["onnx"].of_kind(kind), bias="bias_ih" in p[0])
    ways = [weights.to_subject(each) for each in p]
    return {name: np.concatenate([way[name] for way in ways]) for name in ways[0]}
