"""Cases of the parameters that layers start with: their distribution, shape, dtype and requires_grad.

The fewest parameters of a recurrent layer are its biases: there are as many layers as give `DRAWS` of them.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from conformance.cases._draws import Form, draws
from conformance.cases._facts import facts
from conformance.cases._law import DRAWS, NORMAL_DRAWS, Continuous
from conformance.cases._steps import GATES
from conformance.cases.initialisation import symmetric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_FEATURES, _WIDTH = 4, 100
# More features than inputs, so that 1/√I is not 1/√H.
_INPUTS = 32
_HIDDEN: Mapping[str, int] = {"LSTM": 64, "GRU": 80, "RNN": 128}


def _fresh(t: Any, layer: Any, *, reset: bool) -> Any:
    """Return a layer; its parameters are drawn anew, over zeros, if it is reset."""
    if reset:
        with t.no_grad():
            for parameter in layer.parameters():
                parameter.zero_()
        layer.reset_parameters()
    return layer


def _linear(*, reset: bool) -> Form:
    def run(t: Any, dtype: Any) -> dict[str, Any]:
        layer = _fresh(t, t.nn.Linear(_FEATURES, DRAWS, dtype=dtype), reset=reset)
        return {
            "weight": layer.weight[: DRAWS // _FEATURES],
            "bias": layer.bias,
            "facts": t.cat([facts(t, layer.weight), facts(t, layer.bias)]),
        }

    # By torch's documentation, both between -1/√I and 1/√I.
    bound = _FEATURES**-0.5
    return Form(run, {"weight": symmetric(bound), "bias": symmetric(bound, axes=(0,))})


def _convolution(rank: int, kernel: tuple[int, ...], *, reset: bool) -> Form:
    inputs = _FEATURES
    for k in kernel:
        inputs *= k

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        # In two groups, so that a weight has half of the channels.
        made = getattr(t.nn, f"Conv{rank}d")(2 * _FEATURES, DRAWS, kernel, groups=2, dtype=dtype)
        layer = _fresh(t, made, reset=reset)
        return {
            "weight": layer.weight.reshape(DRAWS, inputs)[: DRAWS // inputs],
            "bias": layer.bias,
            "facts": t.cat([facts(t, layer.weight), facts(t, layer.bias)]),
        }

    bound = inputs**-0.5
    return Form(run, {"weight": symmetric(bound), "bias": symmetric(bound, axes=(0,))})


def _embedding(*, padding: int | None, reset: bool) -> Form:
    def run(t: Any, dtype: Any) -> dict[str, Any]:
        layer = t.nn.Embedding(NORMAL_DRAWS // _WIDTH, _WIDTH, padding_idx=padding, dtype=dtype)
        weight = _fresh(t, layer, reset=reset).weight
        drawn = weight if padding is None else t.cat([weight[:padding], weight[padding + 1 :]])
        zeros = weight[: 0 if padding is None else padding + 1][-1:]
        return {"weight": drawn, "padding": zeros, "facts": facts(t, weight)}

    return Form(run, {"weight": Continuous(axes=(0, 1))})


def _layer_norm(t: Any, dtype: Any) -> dict[str, Any]:
    layer = t.nn.LayerNorm(_WIDTH, dtype=dtype)
    return {"weight": layer.weight, "bias": layer.bias, "facts": facts(t, layer.weight)}


def _count(kind: str) -> int:
    """Return how many layers have `DRAWS` biases."""
    return ceil(DRAWS / (2 * len(GATES[kind]) * _HIDDEN[kind]))


def _recurrent(kind: str, make: Callable[[Any, Any], Sequence[tuple[Any, ...]]]) -> Form:
    """Return the form of recurrent layers.

    Args:
        kind: of the cell.
        make: from the namespace and the dtype to weight_ih, weight_hh, bias_ih and bias_hh of each layer.
    """

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        layers = make(t, dtype)
        some = ceil(DRAWS / len(layers))
        return {
            "weight_ih": t.stack([weight.detach().reshape(-1)[:some] for weight, _, _, _ in layers]),
            "weight_hh": t.stack([weight.detach().reshape(-1)[:some] for _, weight, _, _ in layers]),
            "bias": t.stack([t.cat([ih.detach(), hh.detach()]) for _, _, ih, hh in layers]),
            "facts": t.cat([facts(t, parameter) for parameter in layers[-1]]),
        }

    law = symmetric(_HIDDEN[kind] ** -0.5)
    return Form(run, dict.fromkeys(("weight_ih", "weight_hh", "bias"), law))


_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _stacked(t: Any, dtype: Any, kind: str, count: int, *, reset: bool) -> list[tuple[Any, ...]]:
    """Return the parameters of `count` layers of one module; those that are reset go both ways."""
    directions = 2 if reset else 1
    options = {"num_layers": ceil(count / directions), "bidirectional": reset, "dtype": dtype}
    module = _fresh(t, getattr(t.nn, kind)(_INPUTS, _HIDDEN[kind], **options), reset=reset)
    suffixes = [f"_l{k}{end}" for k in range(module.num_layers) for end in ("", "_reverse")[:directions]]
    return [tuple(getattr(module, f"{name}{suffix}") for name in _NAMES) for suffix in suffixes]


def _cells(t: Any, dtype: Any, kind: str, count: int, *, reset: bool) -> list[tuple[Any, ...]]:
    cells = [getattr(t.nn, f"{kind}Cell")(_INPUTS, _HIDDEN[kind], dtype=dtype) for _ in range(count)]
    return [tuple(getattr(_fresh(t, cell, reset=reset), name) for name in _NAMES) for cell in cells]


def _both(kind: str, make: Callable[..., list[tuple[Any, ...]]]) -> Form:
    """Return the form of layers of which a quarter were reset, and the others are as they were made."""

    def layers(t: Any, dtype: Any) -> list[tuple[Any, ...]]:
        count = _count(kind)
        reset = ceil(count / 4)
        made = make(t, dtype, kind, count - reset, reset=False)
        return [*made, *make(t, dtype, kind, reset, reset=True)]

    return _recurrent(kind, layers)


CASES = (
    draws("nn.Linear@initial", {"made": _linear(reset=False), "reset": _linear(reset=True)}),
    *(
        draws(
            f"nn.Conv{len(kernel)}d@initial",
            {
                "made": _convolution(len(kernel), kernel, reset=False),
                "reset": _convolution(len(kernel), kernel, reset=True),
            },
        )
        for kernel in ((3,), (2, 3))
    ),
    draws(
        "nn.Embedding@initial",
        {"made": _embedding(padding=None, reset=False), "padded": _embedding(padding=3, reset=True)},
        constant={"padding": "the row of padding is 0 at first"},
    ),
    draws(
        "nn.LayerNorm@initial", {"made": Form(_layer_norm, {})}, constant={"bias": "biases are 0 at first"}
    ),
    *(draws(f"nn.{kind}@initial", {"made-and-reset": _both(kind, _stacked)}) for kind in GATES),
    *(draws(f"nn.{kind}Cell@initial", {"made-and-reset": _both(kind, _cells)}) for kind in GATES),
)
