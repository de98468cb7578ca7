"""Cases of dropout: without randomness, and in training by the mask that each side drew.

Two generators drop different elements, so that the results of training cannot be compared with torch's.
The mask is read off the output: an element was dropped where it is zero. The program computes what follows
from that mask and returns the difference from the output, which is zero on every side. How the mask is drawn
is judged by other cases, whose outputs are draws.
"""

from __future__ import annotations

from functools import partial
from math import tanh
from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._draws import Form, draws, seeded
from conformance.cases._law import DRAWS, Discrete
from conformance.cases._steps import GATES
from conformance.cases.case import BadCall, Built, Case, LayerProgram, Mapped, Values, of_module
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

# 1/(1-p) is a power of two, so that scaling rounds nothing; at 0.75 it is not 1/p.
_SHARES: Mapping[str, tuple[Scalar, ...]] = {"p": (0.5, 0.75)}
# Far larger than a zero with noise, far smaller than drawn values.
_ZERO = 1e-30


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input(tuple(int(config[name]) for name in "NLF"))}


def _kept(output: Any) -> Any:
    return output.detach().abs() > _ZERO


def _drawing(t: Any, config: Config) -> Callable[[Any], Any]:
    p = float(config["p"])
    if config["module"]:
        module: Callable[[Any], Any] = t.nn.Dropout(p)
        return module
    return lambda x: t.nn.functional.dropout(x, p, training=True)


def _own_mask(t: Any, x: Values, *, one_side: bool = False) -> dict[str, Any]:
    p, given = float(x.config["p"]), x["input"]
    dropout = _drawing(t, x.config)
    with seeded(t, int(x.config["generator"])):
        output = dropout(given)
    mask = _kept(output).to(given.dtype)
    return {"residual": output if one_side else output - given * (mask / (1 - p))}


def _layer_inputs(kind: str, config: Config) -> dict[str, Input]:
    n, length, features, hidden = (int(config[name]) for name in "NLIH")
    rows = len(GATES[kind]) * hidden
    return {
        "input": Input((length, n, features)),
        "weight_ih": Input((rows, features), fan_in=features, weight=True),
        "weight_hh": Input((rows, hidden), fan_in=hidden, weight=True),
        "bias_ih": Input((rows,), weight=True),
        "bias_hh": Input((rows,), weight=True),
    }


def _showing(t: Any, kind: str, like: Any) -> dict[str, Any]:
    """Return the parameters of a layer whose output is zero exactly where its input is.

    Each output depends on one input and on no step before it: by the identity in the candidate's block, and a
    gate that is closed for the state that is carried on.
    """
    gates, hidden = GATES[kind], like.shape[1]
    blocks = {gate: t.zeros(hidden, hidden, dtype=like.dtype) for gate in gates}
    blocks["g" if kind == "LSTM" else "n"] = t.eye(hidden, dtype=like.dtype)
    # So far below zero that its sigmoid is zero in every dtype. In torch's GRU, z keeps the old state.
    shut = {"LSTM": "f", "GRU": "z", "RNN": ""}[kind]
    bias = [t.full((hidden,), -1000.0 if gate == shut else 0.0, dtype=like.dtype) for gate in gates]
    return {
        "weight_ih": t.cat([blocks[gate] for gate in gates], 0),
        "weight_hh": t.zeros(len(gates) * hidden, hidden, dtype=like.dtype),
        "bias_ih": t.cat(bias, 0),
        "bias_hh": t.zeros(len(gates) * hidden, dtype=like.dtype),
    }


def _between_layers(kind: str) -> Any:
    def program(t: Any, x: Values, *, one_side: bool = False) -> Mapped:
        p, like = float(x.config["p"]), x["weight_hh"]
        drawn = {name: x[name].detach() for name in x if name != "input"}
        showing = _showing(t, kind, like)

        def made(features: int, *layers: Mapping[str, Any], **options: Any) -> Any:
            layer = getattr(t.nn, kind)(
                features, like.shape[1], num_layers=len(layers), dtype=like.dtype, **options
            )
            state = {f"{name}_l{k}": each for k, given in enumerate(layers) for name, each in given.items()}
            layer.load_state_dict(state)
            return layer

        features = x["input"].shape[-1]
        both, below = made(features, drawn, showing, dropout=p), made(features, drawn)
        above = made(like.shape[1], showing)
        with seeded(t, int(x.config["generator"])):
            output, _ = both(x["input"])
        mask = _kept(output).to(like.dtype) / (1 - p)
        shown, _ = below(x["input"])
        expected, _ = above(shown * mask)
        # On both sides, because the oracle has no rounding where it drops an element that the subject keeps.
        undropped = above(shown)[0] / (1 - p)

        def gradients() -> dict[str, Any]:
            if one_side:
                return {name: getattr(both, f"{name}_l0").grad for name in drawn}
            return {
                name: getattr(both, f"{name}_l0").grad + getattr(below, f"{name}_l0").grad for name in drawn
            }

        residual = output if one_side else (output + undropped) - (expected + undropped)
        return Mapped({"residual": residual}, gradients)

    return program


_GENERATOR: Mapping[str, tuple[Scalar, ...]] = {"generator": (1, 2, 3)}


def _layer(kind: str) -> Case:
    return Case(
        name=f"nn.{kind}@own-mask",
        space=Space(
            {"N": "batch", "L": "length", "I": "feature", "H": "feature"},
            ("small", "pow2", "strided"),
            ("normal",),
            {**_SHARES, **_GENERATOR},
        ),
        inputs=lambda config: _layer_inputs(kind, config),
        program=_between_layers(kind),
        samples=6,
        one_side=partial(_between_layers(kind), one_side=True),
    )


def _settled(config: Config) -> dict[str, Scalar]:
    # Random results are not compared here: in training only nothing or everything can be dropped.
    return {"training": bool(config["training"]) and config["p"] in {0.0, 1.0}}


def _dropout(t: Any, x: Values, config: Config) -> Built:
    p, training = config["p"], config["training"]
    if config["module"]:
        return of_module(t.nn.Dropout(p).train(training))
    return Built(lambda data: {"output": t.nn.functional.dropout(data["input"], p, training=training)})


# Calls, steps, rows and features.
_DRAWN = (4, 10, DRAWS // 2000, 50)
# The labels of the forms, with p.
_P: Mapping[str, float] = {"tenth": 0.1, "half": 0.5}


def _masks(p: float, call: Callable[[Any, Any], Any], *values: float) -> Form:
    """Return the form of several calls: values that are dropped or kept, independent of all neighbours.

    Args:
        p: the probability of dropping.
        call: from the namespace and ones, (steps, rows, features), to the output.
        values: the outputs other than zero; by default what is left of a one.
    """

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        calls, *shape = _DRAWN
        return {"draws": t.stack([call(t, t.ones(shape, dtype=dtype)) for _ in range(calls)])}

    return Form(run, {"draws": Discrete((0.0, *(values or (1 / (1 - p),))), axes=(0, 1, 2, 3))})


def _shown(kind: str, value: float) -> float:
    """Return the output of the layer of `_showing` for an input."""
    return tanh(tanh(value) / 2) / 2 if kind == "LSTM" else tanh(value)


def _two_gaps(kind: str, p: float) -> Form:
    """Return the form of three layers, whose output is zero where either of the two masks between them is."""

    def call(t: Any, ones: Any) -> Any:
        size = ones.shape[-1]
        layer = getattr(t.nn, kind)(size, size, num_layers=3, dropout=p, dtype=ones.dtype)
        weights = _showing(t, kind, ones[0])
        layer.load_state_dict({f"{name}_l{k}": each for name, each in weights.items() for k in range(3)})
        return layer(ones)[0]

    once = _shown(kind, 1.0)
    return _masks(p, call, _shown(kind, _shown(kind, once / (1 - p)) / (1 - p)))


def _attention(p: float) -> Form:
    """Return the form of attention that gives all positions the same weight, to values of the identity."""

    def call(t: Any, ones: Any) -> Any:
        steps, _, size = ones.shape
        value = t.eye(size, dtype=ones.dtype).expand(steps, size, size)
        key = t.zeros_like(value)
        return t.nn.functional.scaled_dot_product_attention(t.zeros_like(ones), key, value, dropout_p=p)

    return _masks(p, call, 1 / (1 - p) / _DRAWN[-1])


_MASKS = (
    draws(
        "nn.Dropout@draws",
        {
            "module": _masks(0.1, lambda t, ones: t.nn.Dropout(0.1)(ones)),
            "function": _masks(0.1, lambda t, ones: t.nn.functional.dropout(ones, 0.1)),
            "module-half": _masks(0.5, lambda t, ones: t.nn.Dropout()(ones)),
            "function-half": _masks(0.5, lambda t, ones: t.nn.functional.dropout(ones)),
        },
    ),
    *(draws(f"nn.{kind}@draws", {label: _two_gaps(kind, p) for label, p in _P.items()}) for kind in GATES),
    draws(
        "nn.functional.scaled_dot_product_attention@draws", {label: _attention(p) for label, p in _P.items()}
    ),
)


def _of_channels(rank: int) -> tuple[Case, ...]:
    """Return the cases of dropout of whole channels, (N, C, *): as those of elements."""
    letters, name = "NCLW"[: rank + 2], f"Dropout{rank}d"
    kinds = {"N": "batch", "C": "feature", "L": "length", "W": "length"}
    sizes = {letter: kinds[letter] for letter in letters}
    everything = where("everything is dropped", p=1.0, training=True)

    def inputs(config: Config) -> dict[str, Input]:
        return {"input": Input(tuple(int(config[letter]) for letter in letters))}

    def drop(t: Any, config: Config, training: bool) -> Any:
        if config["module"]:
            return getattr(t.nn, name)(config["p"]).train(training)
        return partial(getattr(t.nn.functional, name.lower()), p=config["p"], training=training)

    def build(t: Any, x: Values, config: Config) -> Built:
        call = drop(t, config, bool(config["training"]))
        return of_module(call) if config["module"] else Built(lambda data: {"output": call(data["input"])})

    def own_mask(t: Any, x: Values, *, one_side: bool = False) -> dict[str, Any]:
        given = x["input"]
        dropout = drop(t, x.config, training=True)
        with seeded(t, int(x.config["generator"])):
            output = dropout(given)
        # The first element of a channel says whether all of it is dropped.
        first = _kept(output)[(..., *[slice(0, 1)] * rank)].to(given.dtype)
        return {"residual": output if one_side else output - given * (first / (1 - float(x.config["p"])))}

    def drawn(p: float, *, module: bool) -> Form:
        def run(t: Any, dtype: Any) -> dict[str, Any]:
            calls, rows, channels = 4, DRAWS // 200, 50
            ones = t.ones([rows, channels, *[2] * rank], dtype=dtype)
            call = drop(t, {"p": p, "module": module}, training=True)
            return {"draws": t.stack([call(ones)[(..., *[0] * rank)] for _ in range(calls)])}

        return Form(run, {"draws": Discrete((0.0, 1 / (1 - p)), axes=(0, 1, 2))})

    return (
        Case(
            name=f"nn.{name}",
            space=Space(
                sizes,
                ("small", "one", "empty", "pow2", "strided"),
                ("normal", "nonfinite"),
                {"p": (0.5, 0.0, 0.9, 1.0), "training": (False, True), "module": (True, False)},
                settle=_settled,
            ),
            inputs=inputs,
            program=LayerProgram(build),
            constant=dict.fromkeys(("output", "grad.input"), everything),
            samples=14,
            base={**dict.fromkeys(letters, 3), "p": 0.5, "training": False, "module": True},
            bad_calls=(
                BadCall("p above one", ("between 0 and 1", "1.5"), config={"p": 1.5}),
                BadCall("p below zero", ("between 0 and 1", "-0.5"), config={"p": -0.5, "module": False}),
            ),
        ),
        Case(
            name=f"nn.{name}@own-mask",
            space=Space(
                sizes,
                ("small", "empty", "pow2", "strided"),
                ("normal",),
                {**_SHARES, "module": (True, False), **_GENERATOR},
            ),
            inputs=inputs,
            program=own_mask,
            samples=10,
            one_side=partial(own_mask, one_side=True),
        ),
        draws(
            f"nn.{name}@draws",
            {"module": drawn(0.1, module=True), "function-half": drawn(0.5, module=False)},
        ),
    )


CASES = (
    *_of_channels(1),
    *_of_channels(2),
    Case(
        name="nn.Dropout",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "empty", "pow2", "strided", "zero"),
            ("normal", "nonfinite"),
            {"p": (0.5, 0.0, 0.9, 1.0), "training": (False, True), "module": (True, False)},
            settle=_settled,
        ),
        inputs=_inputs,
        program=LayerProgram(_dropout),
        constant=dict.fromkeys(
            ("output", "grad.input"), where("everything is dropped", p=1.0, training=True)
        ),
        samples=18,
        base={"N": 2, "L": 3, "F": 4, "p": 0.5, "training": False, "module": True},
        bad_calls=(
            BadCall("p above one", ("between 0 and 1", "1.5"), config={"p": 1.5}),
            BadCall("p below zero", ("between 0 and 1", "-0.5"), config={"p": -0.5, "module": False}),
        ),
    ),
    Case(
        name="nn.Dropout@own-mask",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "empty", "pow2", "strided"),
            ("normal",),
            {**_SHARES, "module": (True, False), **_GENERATOR},
        ),
        inputs=_inputs,
        program=_own_mask,
        samples=10,
        one_side=partial(_own_mask, one_side=True),
    ),
    *(_layer(kind) for kind in GATES),
    *_MASKS,
)
