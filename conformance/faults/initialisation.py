"""Faults of initial values: another distribution, another bound, or values that repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay, in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

    # From the namespace, the right bound, a parameter's name and the parameter: fills the parameter.
    Fill = Callable[[Any, float, str, Any], object]
    # From the namespace, the right function, the tensor and the options: fills the tensor.
    Wrong = Callable[[Any, Callable[..., Any], Any, dict[str, Any]], object]

_RECURRENT = tuple(f"nn.{kind}{cell}" for kind in ("LSTM", "GRU", "RNN") for cell in ("", "Cell"))
_LAYERS = ("nn.Linear", *_RECURRENT)


def _bound(layer: Any) -> float:
    return float((layer.in_features if hasattr(layer, "in_features") else layer.hidden_size) ** -0.5)


def _layers(name: str, fill: Fill, story: str, layers: tuple[str, ...] = _LAYERS) -> Fault:
    """Return the fault of layers that fill each parameter so."""

    def replace(t: Any, correct: Any) -> Any:
        class Filled(correct):  # type: ignore[misc]  # a base class by namespace
            def reset_parameters(self) -> None:
                for key, parameter in self.named_parameters():
                    fill(t, _bound(self), key, parameter)

        return Filled

    cases = tuple(f"{layer}@initial" for layer in layers)
    return Fault(name, "initialisation", cases, story, around=in_place_of(layers, replace))


def _uniform(t: Any, bound: float, parameter: Any) -> None:
    t.nn.init.uniform_(parameter, -bound, bound)


def _glorot(t: Any, bound: float, key: str, parameter: Any) -> None:
    if "weight" in key:
        t.nn.init.xavier_uniform_(parameter)
    else:
        _uniform(t, bound, parameter)


def _zero_biases(t: Any, bound: float, key: str, parameter: Any) -> None:
    if "weight" in key:
        _uniform(t, bound, parameter)
    else:
        t.nn.init.zeros_(parameter)


def _reseeded(t: Any, bound: float, key: str, parameter: Any) -> None:
    # Not by `manual_seed`, with which torch seeds every kind of device, thousands of times.
    t.default_generator.manual_seed(0)
    _uniform(t, bound, parameter)


def _embedding(change: Callable[[Any, Any], object]) -> Around:
    """Return an embedding that changes its weight after it was drawn."""

    def replace(t: Any, correct: Any) -> Any:
        class Changed(correct):  # type: ignore[misc]  # a base class by namespace
            def reset_parameters(self) -> None:
                super().reset_parameters()
                with t.no_grad():
                    change(t, self)

        return Changed

    return in_place_of(("nn.Embedding",), replace)


def _embedded(name: str, change: Callable[[Any, Any], object], story: str) -> Fault:
    return Fault(name, "initialisation", ("nn.Embedding@initial",), story, around=_embedding(change))


def _padding_drawn(t: Any, layer: Any) -> None:
    if layer.padding_idx is not None:
        layer.weight[layer.padding_idx] = t.randn(layer.embedding_dim)


_SCALED = ("xavier_uniform_", "xavier_normal_", "orthogonal_")
_KAIMING = ("kaiming_uniform_", "kaiming_normal_")
_FANS = (*_SCALED[:2], *_KAIMING)
_DRAWN = (*_SCALED, *_KAIMING, "uniform_", "normal_")


def _functions(name: str, wrong: Wrong, story: str, functions: tuple[str, ...]) -> Fault:
    """Return the fault of functions of nn.init that fill so."""

    def around(t: Any, x: Values, correct: Callable[..., Any]) -> Any:
        def replaced(function: str) -> Callable[..., Any]:
            right = getattr(t.nn.init, function)

            def fill(tensor: Any, **options: Any) -> Any:
                with t.no_grad():
                    wrong(t, right, tensor, options)
                return tensor

            return fill

        return correct(Overlay(t, {f"nn.init.{function}": replaced(function) for function in functions}), x)

    cases = tuple(f"nn.init.{function}" for function in functions)
    return Fault(name, "initialisation", cases, story, around=around)


def _without_gain(t: Any, right: Callable[..., Any], tensor: Any, options: dict[str, Any]) -> None:
    right(tensor, **{**options, "gain": 1.0})


def _without_nonlinearity(t: Any, right: Callable[..., Any], tensor: Any, options: dict[str, Any]) -> None:
    right(tensor, **{**options, "nonlinearity": "linear"})


def _other_fan(t: Any, right: Callable[..., Any], tensor: Any, options: dict[str, Any]) -> None:
    other = {"fan_in": "fan_out", "fan_out": "fan_in"}[options.get("mode", "fan_in")]
    right(tensor, **{**options, "mode": other})


def _of_same_deviation(t: Any, right: Callable[..., Any], tensor: Any, options: dict[str, Any]) -> None:
    """Fill with the normal distribution instead of the uniform one, or the other way about."""
    right(tensor, **options)
    mean, std, bounded = float(tensor.mean()), float(tensor.std()), right.__name__ == "uniform_"
    if bounded or "uniform" in right.__name__:
        t.nn.init.normal_(tensor, mean, std)
    else:
        t.nn.init.uniform_(tensor, mean - 3**0.5 * std, mean + 3**0.5 * std)


def _times(factor: float) -> Wrong:
    return lambda t, right, tensor, options: right(tensor, **options).mul_(factor)


def _field_forgotten(t: Any, right: Callable[..., Any], tensor: Any, options: dict[str, Any]) -> None:
    right(tensor, **options).mul_((tensor.shape[2] if tensor.dim() > 2 else 1) ** 0.5)


def _one_sign(t: Any, right: Callable[..., Any], tensor: Any, options: dict[str, Any]) -> None:
    signs = t.sign(t.diagonal(right(tensor, **options)))
    tensor.mul_(-signs.reshape(-1, 1) if tensor.shape[0] == len(signs) else -signs)


FAULTS = (
    _layers("initial-glorot", _glorot, "draws weights by Glorot's rule, as Keras does"),
    _layers("initial-zero-biases", _zero_biases, "starts biases at zero, as Keras does"),
    _layers(
        "initial-normal",
        lambda t, bound, key, parameter: t.nn.init.normal_(parameter, 0.0, bound * 3**-0.5),
        "draws from a normal distribution of the same standard deviation",
    ),
    _layers(
        "initial-fan-out",
        lambda t, bound, key, parameter: _uniform(t, parameter.shape[0] ** -0.5, parameter),
        "takes the number of rows for that of columns",
        tuple(layer for layer in _LAYERS if "RNN" not in layer),  # of which both are H
    ),
    _layers(
        "initial-gain-forgotten",
        lambda t, bound, key, parameter: _uniform(t, 6**0.5 * bound, parameter),
        "forgets a = √5, so that the bound is √6 times as wide",
    ),
    _layers(
        "initial-wider",
        lambda t, bound, key, parameter: _uniform(t, 1.05 * bound, parameter),
        "a standard deviation 5 % too large",
    ),
    _layers(
        "initial-narrower",
        lambda t, bound, key, parameter: _uniform(t, 0.99 * bound, parameter),
        "a bound 1 % too small",
    ),
    _layers("initial-reseeded", _reseeded, "seeds the generator for each parameter", _RECURRENT),
    _embedded(
        "embedding-uniform",
        lambda t, layer: t.nn.init.uniform_(layer.weight, -(3**0.5), 3**0.5),
        "draws from a uniform distribution of the same standard deviation",
    ),
    _embedded(
        "embedding-narrower", lambda t, layer: layer.weight.mul_(0.95), "a standard deviation 5 % too small"
    ),
    _embedded("embedding-padding-drawn", _padding_drawn, "does not start the row of the padding at zero"),
    _functions("init-gain-forgotten", _without_gain, "does not use the gain", _SCALED),
    _functions("init-nonlinearity-forgotten", _without_nonlinearity, "does not use the gain", _KAIMING),
    _functions("init-other-fan", _other_fan, "takes fan_out for fan_in", _KAIMING),
    _functions("init-field-forgotten", _field_forgotten, "counts one input per channel of a kernel", _FANS),
    _functions(
        "init-other-distribution",
        _of_same_deviation,
        "draws from the normal for the uniform distribution, or the other way about",
        (*_FANS, "uniform_", "normal_"),
    ),
    _functions("init-wider", _times(1.05), "a standard deviation 5 % too large", _DRAWN),
    _functions("init-narrower", _times(0.95), "a standard deviation 5 % too small", _DRAWN),
    _functions(
        "init-orthogonal-one-sign",
        _one_sign,
        "returns a QR factor without Mezzadri's change of signs",
        ("orthogonal_",),
    ),
)
