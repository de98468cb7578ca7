"""Faults of the backward pass of LSTMs and other layers: the right value with a wrong gradient."""

from __future__ import annotations

from typing import Any

from conformance.faults.fault import LSTMS, MODELS, Fault


def scale_gradient(value: Any, factor: float) -> Any:
    """Return the value with a gradient that is multiplied by the factor, in any namespace with `detach`."""
    kept = value * factor
    return kept + (value - kept).detach()


def _cut(every: int) -> Any:
    def carry(t: Any, step: int, state: Any) -> Any:
        return tuple(part.detach() for part in state) if (step + 1) % every == 0 else state

    return carry


def _mean_bias(t: Any, parameters: Any, config: Any) -> Any:
    scaled = {
        name: scale_gradient(value, 1 / max(config["N"], 1))
        for name, value in parameters.items()
        if "bias" in name
    }
    return {**parameters, **scaled}


def _mean_linear_bias(t: Any, output: Any, bias: Any, config: Any) -> Any:
    """Replace the bias by one whose gradient is the mean over the rows."""
    rows = {1: 1, 2: config["N"], 3: config["N"] * config["L"]}[config["rank"]]
    return output - bias + scale_gradient(bias, 1 / max(rows, 1))


def _detached(seam: str, text: Any, name: str, story: str) -> Fault:
    return Fault(name, "backward", LSTMS, story, seams={seam: text})


def _wrong_sum(name: str) -> Any:
    def parameters(t: Any, p: Any, config: Any) -> Any:
        return {**p, name: scale_gradient(p[name], 2.0)}

    return parameters


# Over this many steps the gradient of a plain RNN, which has no gates, vanishes below float64's precision.
_VISIBLE = 64

_PATHS = (
    _detached(
        "output", lambda t, o, shown: o.detach() * shown, "no-path-through-o", "the output gate is detached"
    ),
    _detached(
        "output",
        lambda t, o, shown: o * shown.detach(),
        "no-path-to-c",
        "tanh(c), which the output gate multiplies, is detached",
    ),
    _detached(
        "update",
        lambda t, i, f, g, c: f.detach() * c + i * g,
        "no-path-through-f",
        "the forget gate is detached",
    ),
    _detached(
        "update",
        lambda t, i, f, g, c: f * c + i.detach() * g,
        "no-path-through-i",
        "the input gate is detached",
    ),
    _detached(
        "update",
        lambda t, i, f, g, c: f * c + i * g.detach(),
        "no-path-through-g",
        "the candidate is detached",
    ),
    _detached(
        "returned",
        lambda t, state: (state[0].detach(), state[1]),
        "cotangent-of-h-ignored",
        "the returned h has no gradient",
    ),
    _detached(
        "returned",
        lambda t, state: (state[0], state[1].detach()),
        "cotangent-of-c-ignored",
        "the returned c has no gradient",
    ),
    _detached(
        "linear",
        lambda t, p, step, h: (
            t.matmul(step.detach(), p["weight_ih"].T) + p["bias_ih"] + t.matmul(h, p["weight_hh"].T)
        ),
        "no-gradient-to-input",
        "the input is detached",
    ),
    _detached(
        "tanh",
        lambda t, z: scale_gradient(t.tanh(z), 1 + 1e-6),
        "tanh-derivative-off",
        "the derivative of tanh is off by one in a million",
    ),
    _detached(
        "sigmoid",
        lambda t, z: t.sigmoid(z).detach() + (t.sigmoid(z + 0.01) - t.sigmoid(z + 0.01).detach()),
        "sigmoid-derivative-elsewhere",
        "the derivative of the sigmoid is taken at another point",
    ),
)

FAULTS = (
    *(
        Fault(
            f"bptt-cut-{every}",
            "backward",
            ("models.LSTM", "nn.LSTM", "nn.GRU", *(("nn.RNN",) if every < _VISIBLE else ())),
            f"back-propagates through {every} step{'s' * (every > 1)} only, which short sequences do "
            "not show (MyGrad #4)",
            seams={"carry": _cut(every)},
            says=f"gradients stop after {every} step{'s' * (every > 1)}",
        )
        for every in (1, 4, 16, 64)
    ),
    Fault(
        "no-path-through-c",
        "backward",
        ("models.LSTM", "nn.LSTM"),
        "the cell state is detached between steps",
        seams={"carry": lambda t, step, state: (state[0], state[1].detach())},
    ),
    Fault(
        "no-path-through-h",
        "backward",
        ("models.LSTM", "nn.LSTM"),
        "the hidden state is detached between steps",
        seams={"carry": lambda t, step, state: (state[0].detach(), state[1])},
    ),
    *_PATHS,
    *(
        Fault(
            f"gradient-of-{name}-doubled",
            "backward",
            MODELS if "head" in name else LSTMS,
            "adds a gradient twice, as a leaf that is used twice may get it (micrograd #2)",
            seams={"parameters": _wrong_sum(name)},
            says=f"the gradient of {name} is added twice",
        )
        for name in ("weight_ih", "weight_hh", "bias_ih", "head.weight", "head.bias")
    ),
    Fault(
        "bias-gradient-mean",
        "backward",
        LSTMS,
        "averages the gradient of the biases over the batch instead of summing it",
        seams={"parameters": _mean_bias},
    ),
    Fault(
        "linear-bias-gradient-mean",
        "backward",
        ("nn.Linear",),
        "averages the bias's gradient over the rows instead of summing it",
        seams={"bias": _mean_linear_bias},
    ),
    Fault(
        "initial-state-detached",
        "backward",
        LSTMS,
        "gives no gradient to the initial states",
        seams={"initial": lambda t, state: tuple(part.detach() for part in state)},
    ),
)
