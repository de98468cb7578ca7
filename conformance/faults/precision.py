"""Faults of precision: recurrent layers that compute less exactly than their arithmetic allows."""

from __future__ import annotations

from typing import Any

from conformance.faults._bits import to_bits
from conformance.faults.fault import GRUS, LSTMS, RNNS, Fault

# How many significant bits a format keeps of float64's 53.
_BITS = {"float16": 11, "bfloat16": 8, "tf32": 11, "float32": 24}


def _stored(bits: int) -> Any:
    return lambda t, parameters, config: {name: to_bits(value, bits) for name, value in parameters.items()}


def _one_off(name: str, amount: float) -> Any:
    """Change the last element of a parameter by a relative amount."""

    def parameters(t: Any, p: Any, config: Any) -> Any:
        del config
        flat = p[name].detach().reshape(-1)
        change = t.cat([t.zeros_like(flat[:-1]), flat[-1:] * amount], dim=0)
        return {**p, name: p[name] + change.reshape(p[name].shape)}

    return parameters


def _fast(function: str) -> Any:
    """Keep 18 bits in float32 only, so near to the tolerance that a lenient judge passes it."""

    def kernel(t: Any, z: Any) -> Any:
        value = getattr(t, function)(z)
        return to_bits(value, 18) if "float32" in str(z.dtype) else value

    return kernel


def _tanh_from_saved(t: Any, z: Any) -> Any:
    """Return tanh with the derivative of its float16 rounding."""
    y = t.tanh(z).detach()
    return y + (z - z.detach()) * (1 - to_bits(y, 11) ** 2)


def _sigmoid_from_saved(t: Any, z: Any) -> Any:
    """Return the sigmoid with the derivative of its float16 rounding."""
    y = t.sigmoid(z).detach()
    saved = to_bits(y, 11)
    return y + (z - z.detach()) * (saved * (1 - saved))


def _approximate_tanh(t: Any, z: Any) -> Any:
    """Approximate tanh by a quotient of polynomials, as embedded runtimes do, to about 1e-4."""
    z = t.clamp(z, -4.9, 4.9)
    square = z * z
    above = z * (135135.0 + square * (17325.0 + square * (378.0 + square)))
    return above / (135135.0 + square * (62370.0 + square * (3150.0 + square * 28.0)))


# The seams that GRUs and plain RNNs have too.
_CASES = {
    "sigmoid": (*LSTMS, *GRUS),
    "tanh": (*LSTMS, *GRUS, *RNNS),
    "parameters": (*LSTMS, *GRUS, *RNNS),
}


def _fault(name: str, seam: str, text: Any, story: str) -> Fault:
    return Fault(name, "precision", _CASES.get(seam, LSTMS), story, seams={seam: text})


FAULTS = (
    *(
        _fault(
            f"weights-{name}",
            "parameters",
            _stored(_BITS[name]),
            f"stores the weights with the {_BITS[name]} significant bits of {name}",
        )
        for name in ("float16", "bfloat16", "float32")
    ),
    *(
        _fault(
            f"inputs-{name}",
            "linear",
            lambda t, p, step, h, bits=_BITS[name]: (
                t.matmul(to_bits(step, bits), to_bits(p["weight_ih"], bits).T)
                + p["bias_ih"]
                + t.matmul(to_bits(h, bits), to_bits(p["weight_hh"], bits).T)
            ),
            f"rounds the operands of its matrix products to {name}, as tensor cores do",
        )
        for name in ("tf32", "bfloat16")
    ),
    _fault(
        "activations-float16", "sigmoid", lambda t, z: to_bits(t.sigmoid(z), 11), "keeps gates in float16"
    ),
    _fault("candidates-float16", "tanh", lambda t, z: to_bits(t.tanh(z), 11), "keeps candidates in float16"),
    Fault(
        "states-float16",
        "precision",
        ("models.LSTM", "nn.LSTM", "nn.GRU", "nn.RNN"),
        "carries the states in float16",
        seams={"carry": lambda t, step, state: tuple(to_bits(part, 11) for part in state)},
    ),
    _fault(
        "one-weight-off", "parameters", _one_off("weight_hh", 1e-4), "one weight is off by 1e-4 of itself"
    ),
    _fault("one-bias-off", "parameters", _one_off("bias_ih", 1e-5), "one bias is off by 1e-5 of itself"),
    _fault("sigmoid-scaled", "sigmoid", lambda t, z: t.sigmoid(z) * (1 + 1e-5), "the sigmoid is off by 1e-5"),
    _fault("tanh-scaled", "tanh", lambda t, z: t.tanh(z) * (1 - 1e-6), "tanh is off by 1e-6"),
    *(
        _fault(f"{name}-fast", name, _fast(name), "computes float32 by a fast kernel, right to 18 of 24 bits")
        for name in ("sigmoid", "tanh")
    ),
    _fault("tanh-saved-float16", "tanh", _tanh_from_saved, "saves candidates for backward in float16"),
    _fault("sigmoid-saved-float16", "sigmoid", _sigmoid_from_saved, "saves gates for backward in float16"),
    _fault("tanh-approximate", "tanh", _approximate_tanh, "approximates tanh by a quotient of polynomials"),
    _fault(
        "sigmoid-by-tanh",
        "sigmoid",
        lambda t, z: t.tanh(z * 0.5) * 0.5 + 0.5,
        "computes the sigmoid as tanh(x/2)/2 + 1/2, which loses digits where it is nearly 0",
    ),
    _fault(
        "sigmoid-overflows",
        "sigmoid",
        lambda t, z: t.exp(z) / (1.0 + t.exp(z)),
        "computes the sigmoid by exp(x), which is inf / inf for large x",
    ),
    _fault(
        "tanh-by-exp",
        "tanh",
        lambda t, z: (t.exp(2.0 * z) - 1.0) / (t.exp(2.0 * z) + 1.0),
        "computes tanh by exp, which loses digits near 0 and is NaN at 50",
    ),
)
