"""Cases of convolutions over one and two dimensions, as layers and as functions."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._windows import LENGTHS, by_dimension, each, settings
from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, load, of_module, parameters_of
from conformance.sampling.space import UNBATCHED, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config, Tensors
    from conformance.sampling.sample import Scalar


def _sizes(rank: int, config: Config) -> list[int]:
    """Return as many elements as there are windows without padding, one after the other."""
    windows = zip(
        LENGTHS[rank],
        by_dimension(rank, config, "kernel"),
        by_dimension(rank, config, "dilation"),
        strict=True,
    )
    return [int(config[name]) + dilation * (k - 1) for name, k, dilation in windows]


def _inputs(rank: int) -> Callable[[Config], dict[str, Input]]:
    def inputs(config: Config) -> dict[str, Input]:
        groups = int(config["groups"])
        channels, outputs = int(config["C"]), int(config["O"]) * groups
        kernel = by_dimension(rank, config, "kernel")
        batch = () if config["N"] == UNBATCHED else (int(config["N"]),)
        fan_in = channels
        for k in kernel:
            fan_in *= k
        shapes = {
            "input": Input((*batch, channels * groups, *_sizes(rank, config)), pairs=True),
            "weight": Input((outputs, channels, *kernel), fan_in=fan_in, weight=True),
        }
        return shapes | ({"bias": Input((outputs,), weight=True)} if config["bias"] else {})

    return inputs


def options_of(config: Config) -> dict[str, Any]:
    """Return the options that function and module have in common."""
    same = config["padding"] == "same"
    return {
        "stride": 1 if same else each(config, "stride"),
        "padding": "same" if same else each(config, "padding"),
        "dilation": each(config, "dilation"),
        "groups": config["groups"],
    }


def _build(rank: int) -> Callable[[Any, Values, Config], Built]:
    def build(t: Any, x: Values, config: Config) -> Built:
        given, options = parameters_of(x), {**options_of(config), **x.options}

        def call(compute: Any, data: Tensors) -> dict[str, Any]:
            with warnings.catch_warnings():
                # torch warns that padding an even window to the same size may copy the input.
                warnings.filterwarnings("ignore", "Using padding='same'", UserWarning)
                return {"output": compute(data["input"])}

        if not config["module"]:
            function = getattr(t.nn.functional, f"conv{rank}d")
            return Built(partial(call, partial(_function, function, given, options)), given)
        outputs, channels = given["weight"].shape[:2]
        module = getattr(t.nn, f"Conv{rank}d")(
            channels * int(config["groups"]),
            outputs,
            each(config, "kernel"),
            bias="bias" in given,
            padding_mode=config["mode"],
            dtype=given["weight"].dtype,
            **options,
        )
        return of_module(module, call, load(module, given))

    return build


def _function(function: Any, given: Tensors, options: Tensors, data: Any) -> Any:
    return function(data, given["weight"], given.get("bias"), **options)


def _settled(rank: int) -> Callable[[Config], dict[str, Scalar]]:
    def settled(config: Config) -> dict[str, Scalar]:
        """Return the settings that run, and of which the output depends on the input.

        Only the layer has modes of padding; of "reflect", there are fewer elements than the input has.
        """
        pairs = zip(LENGTHS[rank], by_dimension(rank, config, "kernel"), strict=True)
        # Windows of one element would meet nothing but padding.
        lost = any(int(config[name]) == 1 and k == 1 for name, k in pairs)
        padding = 0 if lost and config["padding"] != "same" else config["padding"]
        small = min(_sizes(rank, config)) < 3
        plain = small or padding == 0 or not config["module"]
        return {"padding": padding, "mode": "zeros" if plain else config["mode"]}

    return settled


def _case(rank: int) -> Case:
    lengths = LENGTHS[rank]
    sizes, function = (6, 6)[:rank], {"module": False}
    flags: dict[str, tuple[Scalar, ...]] = {
        "kernel": (3, 2, 1, 2),
        "stride": (1, 2),
        "padding": (0, 1, "same", 2, 1, "same"),
        "dilation": (1, 2),
        "groups": (1, 2),
        "bias": (True, True, False),
        "mode": ("zeros", "reflect", "replicate", "circular"),
        "module": (True, True, False),
        **settings(rank),
    }
    return Case(
        name=f"nn.Conv{rank}d",
        space=Space(
            {"N": "batch", **dict.fromkeys(lengths, "length"), "C": "feature", "O": "feature"},
            ("small", "one", "empty", "pow2", "unbatched", "strided", "square", "large"),
            ("normal", "cancelling", "integer", "nonfinite"),
            flags,
            large={"C": 130, lengths[0]: 140, "N": 130},
            plain={
                "stride": 1,
                "dilation": 1,
                "groups": 1,
                "mode": "zeros",
                "bias": True,
                "module": True,
                **({"given": "number"} if rank == 2 else {}),
            },
            without=(("one", "integer"),),
            settle=_settled(rank),
        ),
        inputs=_inputs(rank),
        program=LayerProgram(_build(rank)),
        # Pairs of numbers are a setting more, in two dimensions.
        samples=40 if rank == 1 else 52,
        exact_on_integers=True,
        base={
            "N": 2,
            "C": 3,
            "O": 5,
            **dict.fromkeys(lengths, 4),
            **{name: values[0] for name, values in flags.items()},
        },
        bad_calls=(
            BadCall("channels of the input", ("3", "4"), shapes={"input": (2, 4, *sizes)}),
            BadCall("rank of the input", (f"{rank + 1}D", f"{rank + 2}D", "[3]"), shapes={"input": (3,)}),
            BadCall("window larger than the input", ("2", "3"), shapes={"input": (2, 3, *(2,) * rank)}),
            BadCall("size of the bias", ("bias", "4", "5"), function, shapes={"bias": (4,)}),
            BadCall("padding by an unknown name", ("full",), {"padding": "full"}),
            BadCall("mode of padding", ("padding_mode", "mirror"), {"mode": "mirror"}),
            BadCall("groups of the channels", ("groups=2", "divisible"), function, options={"groups": 2}),
            BadCall(
                "dtype of the input",
                ("Double|double", "Float|float"),
                function,
                dtypes={"input": "float64"},
            ),
            BadCall("no stride", ("stride",), function, options={"stride": 0}),
        ),
    )


CASES = (_case(1), _case(2))
