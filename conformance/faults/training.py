"""The right value, the wrong gradient."""

from __future__ import annotations

from typing import Any

from conformance.faults.fault import LSTMS, MODELS, Fault


def scale_gradient(value: Any, factor: float) -> Any:
    """Return the value with a gradient that is multiplied by the factor, in any namespace with `detach`."""
    kept = value * factor
    return kept + (value - kept).detach()


def _cut(every: int) -> Any:
    def carry(t: Any, step: int, state: Any) -> Any:
        del t
        return tuple(part.detach() for part in state) if (step + 1) % every == 0 else state

    return carry


def _mean_bias(t: Any, parameters: Any, config: Any) -> Any:
    del t
    scaled = {
        name: scale_gradient(value, 1 / max(config["N"], 1))
        for name, value in parameters.items()
        if "bias" in name
    }
    return {**parameters, **scaled}


def _mean_linear_bias(t: Any, output: Any, bias: Any, config: Any) -> Any:
    """Put in the bias's place one whose gradient is the mean over the rows."""
    del t
    rows = {1: 1, 2: config["N"], 3: config["N"] * config["L"]}[config["rank"]]
    return output - bias + scale_gradient(bias, 1 / max(rows, 1))


def _detached(seam: str, text: Any, name: str, story: str) -> Fault:
    return Fault(name, "backward", LSTMS, {seam: text}, story)


def _wrong_sum(name: str) -> Any:
    def parameters(t: Any, p: Any, config: Any) -> Any:
        del t, config
        return {**p, name: scale_gradient(p[name], 2.0)}

    return parameters


# So many steps of a plain RNN leave nothing of a gradient that float64 could show: it has no gate that keeps.
_VISIBLE = 64

_PATHS = (
    _detached(
        "output", lambda t, o, shown: o.detach() * shown, "no-path-through-o", "the output gate is detached"
    ),
    _detached(
        "output", lambda t, o, shown: o * shown.detach(), "no-path-to-c", "the shown memory is detached"
    ),
    _detached(
        "update",
        lambda t, i, f, g, c: f.detach() * c + i * g,
        "no-path-through-f",
        "the forget gate is detached",
    ),
    _detached("update", lambda t, i, f, g, c: f * c + i.detach() * g, "no-path-through-i", "i is detached"),
    _detached("update", lambda t, i, f, g, c: f * c + i * g.detach(), "no-path-through-g", "g is detached"),
    _detached(
        "returned",
        lambda t, state: (state[0].detach(), state[1]),
        "cotangent-of-h-ignored",
        "what is returned as h has no gradient",
    ),
    _detached(
        "returned",
        lambda t, state: (state[0], state[1].detach()),
        "cotangent-of-c-ignored",
        "what is returned as c has no gradient",
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
            {"carry": _cut(every)},
            f"back-propagates through {every} steps only, which a short test cannot see (MyGrad #4)",
        )
        for every in (1, 4, 16, 64)
    ),
    Fault(
        "no-path-through-c",
        "backward",
        ("models.LSTM", "nn.LSTM"),
        {"carry": lambda t, step, state: (state[0], state[1].detach())},
        "the cell state is detached between steps",
    ),
    Fault(
        "no-path-through-h",
        "backward",
        ("models.LSTM", "nn.LSTM"),
        {"carry": lambda t, step, state: (state[0].detach(), state[1])},
        "the hidden state is detached between steps",
    ),
    *_PATHS,
    *(
        Fault(
            f"gradient-of-{name}-doubled",
            "backward",
            MODELS if "head" in name else LSTMS,
            {"parameters": _wrong_sum(name)},
            "adds a gradient twice, as a leaf used twice may (micrograd #2)",
        )
        for name in ("weight_ih", "weight_hh", "bias_ih", "head.weight", "head.bias")
    ),
    Fault(
        "bias-gradient-mean",
        "backward",
        LSTMS,
        {"parameters": _mean_bias},
        "averages the gradient of the biases over the batch where it must be summed",
    ),
    Fault(
        "linear-bias-gradient-mean",
        "backward",
        ("nn.Linear",),
        {"bias": _mean_linear_bias},
        "averages the bias's gradient over the rows where it must be summed",
    ),
    Fault(
        "initial-state-detached",
        "backward",
        LSTMS,
        {"initial": lambda t, state: tuple(part.detach() for part in state)},
        "gives no gradient to the initial states",
    ),
)
