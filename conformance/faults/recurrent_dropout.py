"""Faults of the dropout between recurrent layers: other masks, or another scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    # From the namespace, the output of the layer below, p and the layer's number to the layer's input.
    Drop = Callable[[Any, Any, float, int], Any]

_LAYERS = ("nn.LSTM", "nn.GRU", "nn.RNN")


def _between(name: str, drop: Drop, story: str) -> Fault:
    """Return the fault of recurrent layers that drop so before each layer but the first."""

    def replace(t: Any, correct: Any) -> Any:
        class Stacked:
            def __init__(
                self, inputs: int, hidden: int, num_layers: int, dropout: float, **options: Any
            ) -> None:
                self.p = dropout
                self.layers = [correct(hidden if k else inputs, hidden, **options) for k in range(num_layers)]

            def load_state_dict(self, state: Any) -> None:
                for k, layer in enumerate(self.layers):
                    own = {key: each for key, each in state.items() if key.endswith(f"_l{k}")}
                    layer.load_state_dict({key.replace(f"_l{k}", "_l0"): each for key, each in own.items()})

            def __call__(self, value: Any) -> Any:
                for k, layer in enumerate(self.layers):
                    value, state = layer(drop(t, value, self.p, k) if k else value)
                return value, state

        return Stacked

    return Fault(
        name,
        "dropout",
        tuple(f"{layer}@draws" for layer in _LAYERS),
        story,
        around=in_place_of(_LAYERS, replace),
    )


def _right(t: Any, value: Any, p: float) -> Any:
    return t.nn.functional.dropout(value, p, training=True)


def _masked(first: Callable[[Any], Any]) -> Drop:
    """Return dropout by a mask that is drawn for a part of the input, and broadcast."""
    return lambda t, value, p, k: value * _right(t, t.ones_like(first(value)), p)


def _reseeding(t: Any, value: Any, p: float, k: int) -> Any:
    t.manual_seed(k)
    return _right(t, value, p)


def _one_for_all_layers() -> Drop:
    states: list[Any] = []

    def drop(t: Any, value: Any, p: float, k: int) -> Any:
        if k > 1:
            # The generator is as it was before the mask of the layer below.
            t.set_rng_state(states.pop())
        states.append(t.get_rng_state())
        return _right(t, value, p)

    return drop


FAULTS = (
    _between(
        "dropout-between-layers-unscaled",
        lambda t, value, p, k: _right(t, value, p) * (1 - p),
        "does not divide the kept elements by 1 - p",
    ),
    _between(
        "dropout-between-layers-scaled-by-p",
        lambda t, value, p, k: _right(t, value, p) * ((1 - p) / p),
        "divides the kept elements by p, which is right at 0.5",
    ),
    _between(
        "dropout-between-layers-too-often",
        lambda t, value, p, k: _right(t, value, p + 0.02) * ((1 - p - 0.02) / (1 - p)),
        "drops with probability p + 0.02",
    ),
    _between(
        "dropout-between-layers-same-each-step",
        _masked(lambda value: value[:1]),
        "drops the same elements in every step, as variational dropout does",
    ),
    _between(
        "dropout-between-layers-same-each-row",
        _masked(lambda value: value[:, :1]),
        "drops the same elements of every sequence",
    ),
    _between(
        "dropout-between-layers-of-whole-rows",
        _masked(lambda value: value[..., :1]),
        "draws once for all features of a position",
    ),
    _between("dropout-between-layers-same-each-call", _reseeding, "seeds its generator in every call"),
    _between(
        "dropout-between-layers-same-each-layer", _one_for_all_layers(), "draws one mask for all layers"
    ),
)
