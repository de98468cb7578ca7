"""Cases of layer, batch and group normalization, with and without their parameters."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, load, of_module, parameters_of
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config, Tensors
    from conformance.sampling.sample import Scalar


def _norm_inputs(config: Config) -> dict[str, Input]:
    shape = tuple(int(config[name]) for name in "NLF")
    own = shape[-int(config["rank"]) :]
    inputs = {"input": Input(shape)}
    if config["affine"] != "none":
        inputs["weight"] = Input(own, weight=True)
    if config["affine"] == "both":
        inputs["bias"] = Input(own, weight=True)
    return inputs


def _over_the_batch(config: Config) -> str | None:
    return "a layer over all axes is made for one batch size" if config["rank"] == 3 else None


def _layer_norm(t: Any, x: Values, config: Config) -> Built:
    given = parameters_of(x)
    sizes, eps = tuple(int(config[name]) for name in "NLF")[-int(config["rank"]) :], config["eps"]
    module, parameters = None, given
    if config["module"]:
        module = t.nn.LayerNorm(sizes, eps, bool(given), "bias" in given, dtype=x["input"].dtype)
        parameters = load(module, given)

    def call(module: Any, data: Tensors) -> dict[str, Any]:
        with warnings.catch_warnings():
            # torch's decomposition warns of the variance of an empty batch.
            warnings.simplefilter("ignore", UserWarning)
            if module is not None:
                return {"output": module(data["input"])}
            return {"output": t.nn.functional.layer_norm(data["input"], sizes, eps=eps, **given)}

    return Built(partial(call, None), parameters) if module is None else of_module(module, call, parameters)


def _channel_inputs(letters: str, config: Config) -> dict[str, Input]:
    """Return the arrays of a layer of channels, (N, C, *); letters are the sizes behind the channels."""
    channels = int(config["C"]) * int(config.get("groups", 1))
    sizes = [int(config[name]) for name in letters][: int(config.get("rank", 4)) - 2]
    inputs = {"input": Input((int(config["N"]), channels, *sizes))}
    if config["affine"] != "none":
        inputs["weight"] = Input((channels,), weight=True)
    if config["affine"] == "both":
        inputs["bias"] = Input((channels,), weight=True)
    if config.get("tracked"):
        # Weights to `Input`, so that regimes leave them as they are: they are what earlier batches left.
        inputs["running_mean"] = Input((channels,), weight=True, grad=False)
        inputs["running_var"] = Input((channels,), weight=True, grad=False, positive=True)
    return inputs


def _affine(given: Tensors, config: Config) -> dict[str, bool]:
    return {"affine": config["affine"] != "none", "bias": "bias" in given}


def _count_of(config: Config) -> int:
    """Return how many values a channel has."""
    sizes = ["N"] if config.get("rank") == 2 else [name for name in "NLHW" if name in config]
    count = 1
    for name in sizes:
        count *= int(config[name])
    return count


def _enough(config: Config) -> dict[str, Scalar]:
    """Return the settings that run: one value has no variance, and only the layer has a mean of all batches.

    What is evaluated has running statistics.
    """
    training = bool(config["training"]) and _count_of(config) != 1
    lacking = config["momentum"] == "none" and not config["module"]
    momentum = 0.1 if lacking else config["momentum"]
    return {"training": training, "tracked": bool(config["tracked"]) or not training, "momentum": momentum}


def _in_batches_only(config: Config) -> str | None:
    return "a batch of equal rows has no variance" if config.get("rank") == 2 else None


def _trained_on_several(config: Config) -> str | None:
    return "one value of a channel has no variance to train on" if _count_of(config) == 1 else None


_BALANCED = "it is 0: what is normalized has the sum 0"
_MEMORY = ("running_mean", "running_var")
# The batches that a layer has seen before.
_SEEN = 3


def _batch_norm(rank: int) -> Callable[[Any, Values, Config], Built]:
    def build(t: Any, x: Values, config: Config) -> Built:
        given, training = parameters_of(x), bool(config["training"])
        momentum = None if config["momentum"] == "none" else config["momentum"]
        options = {"momentum": momentum, "eps": config["eps"]}

        def layer(module: Any, data: Tensors) -> dict[str, Any]:
            if not config["tracked"]:
                return {"output": module(data["input"])}
            # From the same state in every call; new tensors, because a gradient may need the old ones.
            for name in _MEMORY:
                setattr(module, name, data[name].detach().clone())
            module.num_batches_tracked.fill_(_SEEN)
            output = module(data["input"])
            return {"output": output, **{name: getattr(module, name).clone() for name in _MEMORY}}

        def function(data: Tensors) -> dict[str, Any]:
            memory = {name: data[name].clone() if name in data else None for name in _MEMORY}
            settings = {**memory, **given, **options}
            output = t.nn.functional.batch_norm(data["input"], training=training, **settings)
            return {"output": output, **{name: each for name, each in memory.items() if each is not None}}

        if not config["module"]:
            return Built(function, given)
        module = getattr(t.nn, f"BatchNorm{rank}d")(
            x["input"].shape[1],
            **options,
            **_affine(given, config),
            track_running_stats=config["tracked"],
            dtype=x["input"].dtype,
        ).train(training)
        # The call sets what is tracked.
        module.load_state_dict({name: each.detach() for name, each in given.items()}, strict=False)
        return of_module(module, layer, given)

    return build


def _group_norm(t: Any, x: Values, config: Config) -> Built:
    given, eps = parameters_of(x), config["eps"]
    groups = int(config["groups"])

    def function(data: Tensors) -> dict[str, Any]:
        return {"output": t.nn.functional.group_norm(data["input"], groups, eps=eps, **given)}

    if not config["module"]:
        return Built(function, given)
    module = t.nn.GroupNorm(
        groups, x["input"].shape[1], eps, **_affine(given, config), dtype=x["input"].dtype
    )
    return of_module(module, parameters=load(module, given))


def _batch_case(rank: int, letters: str, **sizes: str) -> Case:
    flags: dict[str, tuple[Scalar, ...]] = {
        "affine": ("both", "weight", "none"),
        "eps": (1e-5, 1e-2),
        "momentum": (0.1, 0.75, "none"),
        "tracked": (True, True, False),
        "training": (True, True, False),
        "module": (True, False),
    }
    if rank == 1:
        flags["rank"] = (2, 3)
    base: dict[str, Scalar] = {"N": 2, "C": 3, **dict.fromkeys(sizes, 4)}
    function = {"module": False}
    wrong_rank = (3, 3, 3) if rank == 2 else (2, 3, 4, 5)
    return Case(
        name=f"nn.BatchNorm{rank}d",
        space=Space(
            {"N": "batch", "C": "feature", **sizes},
            ("small", "empty", "pow2", "strided", "square", "large"),
            ("normal", "saturated", "offset", "zeros", "nonfinite"),
            flags,
            plain={"affine": "both", "momentum": 0.1, "tracked": True, "module": True},
            settle=_enough,
        ),
        inputs=partial(_channel_inputs, letters),
        program=LayerProgram(_batch_norm(rank)),
        samples=30,
        unused={"expanded": _in_batches_only, "train-then-eval": _trained_on_several},
        constant=dict.fromkeys(
            ("grad.input", "grad.weight"), where(_BALANCED, use="sum-as-loss", training=True)
        ),
        base=base | {name: values[0] for name, values in flags.items()},
        bad_calls=(
            BadCall("rank of the input", (f"{len(wrong_rank)}D",), shapes={"input": wrong_rank}),
            BadCall("features of the input", ("3", "5"), shapes={"input": (2, 5, *(4,) * (2 * rank - 2))}),
            BadCall("size of the weight", ("weight", "3", "5"), function, shapes={"weight": (5,)}),
            BadCall(
                "one value of each channel",
                ("more than 1 value", "[1, 3"),
                function,
                shapes={"input": (1, 3, *(1,) * (2 * rank - 2))},
            ),
            BadCall("dtype of the weight", ("mixed dtype", "Float"), function, dtypes={"weight": "float64"}),
        ),
    )


CASES = (
    Case(
        name="nn.LayerNorm",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            # Not one: the variance of one feature is 0, and the gradient is rounding errors only.
            ("small", "empty", "pow2", "wide", "strided", "zero", "large"),
            ("normal", "saturated", "offset", "zeros", "nonfinite"),
            {
                "rank": (1, 2, 3),
                "affine": ("both", "weight", "none"),
                "eps": (1e-5, 1e-2),
                "module": (True, False),
            },
        ),
        inputs=_norm_inputs,
        program=LayerProgram(_layer_norm),
        samples=24,
        unused={"other-size-between": _over_the_batch},
        base={"N": 2, "L": 3, "F": 4, "rank": 1, "affine": "both", "eps": 1e-5, "module": True},
        bad_calls=(
            BadCall("width of the input", ("4", "5"), shapes={"input": (2, 3, 5)}),
            BadCall(
                "dtype of the weight",
                ("mixed dtype", "Float"),
                {"module": False},
                dtypes={"weight": "float64"},
            ),
        ),
    ),
    _batch_case(1, "L", L="length"),
    _batch_case(2, "HW", H="length", W="length"),
    Case(
        name="nn.GroupNorm",
        space=Space(
            {"N": "batch", "C": "feature", "L": "length", "W": "length"},
            ("small", "empty", "pow2", "strided", "square", "large"),
            ("normal", "saturated", "offset", "zeros", "nonfinite"),
            {
                "groups": (2, 1, 3),
                "affine": ("both", "weight", "none"),
                "eps": (1e-5, 1e-2),
                "rank": (3, 2, 4),
                "module": (True, False),
            },
        ),
        inputs=partial(_channel_inputs, "LW"),
        program=LayerProgram(_group_norm),
        samples=24,
        base={
            **dict.fromkeys(("N", "C", "groups"), 2),
            **dict.fromkeys(("L", "W", "rank"), 3),
            "affine": "both",
            "eps": 1e-5,
            "module": True,
        },
        bad_calls=(
            BadCall("channels of the input", ("4", "6"), shapes={"input": (2, 6, 3)}),
            BadCall("groups that do not divide", ("5", "2"), {"module": False}, shapes={"input": (2, 5, 3)}),
            BadCall("rank of the input", ("2", "1"), {"module": False}, shapes={"input": (4,)}),
            BadCall(
                "dtype of the weight",
                ("mixed dtype", "Float"),
                {"module": False},
                dtypes={"weight": "float64"},
            ),
        ),
    ),
)
