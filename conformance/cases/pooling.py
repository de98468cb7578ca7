"""Cases of maxima and means over windows of one and two dimensions, as functions and as layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._windows import LENGTHS, by_dimension, each, settings
from conformance.cases.case import BadCall, Built, Case, LayerProgram, of_module
from conformance.sampling.space import UNBATCHED, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Build, Config, Tensors, Values
    from conformance.sampling.sample import Scalar


def _inputs(rank: int) -> Callable[[Config], dict[str, Input]]:
    def inputs(config: Config) -> dict[str, Input]:
        batch = () if config["N"] == UNBATCHED else (int(config["N"]),)
        return {"input": Input((*batch, int(config["C"]), *_sizes(rank, config)), pairs=True)}

    return inputs


def _sizes(rank: int, config: Config) -> list[int]:
    """Return sizes that every window without padding fits into."""
    if "kernel" not in config:
        return [int(config[name]) for name in LENGTHS[rank]]
    kernel = by_dimension(rank, config, "kernel")
    dilation = by_dimension(rank, config, "dilation") if "dilation" in config else (1,) * rank
    windows = zip(LENGTHS[rank], kernel, dilation, strict=True)
    return [int(config[name]) + step * (k - 1) for name, k, step in windows]


def _sliding_options(config: Config) -> dict[str, Any]:
    stride = None if config["stride"] == 0 else each(config, "stride")
    options: dict[str, Any] = {"kernel_size": each(config, "kernel"), "stride": stride}
    options |= {"padding": each(config, "padding"), "ceil_mode": config["ceil_mode"]}
    if "dilation" in config:
        return {**options, "dilation": each(config, "dilation"), "return_indices": config["return_indices"]}
    options |= {"count_include_pad": config["count_include_pad"]}
    return options | ({"divisor_override": config["divisor"] or None} if "divisor" in config else {})


def _adaptive_options(rank: int, config: Config) -> dict[str, Any]:
    first = int(config["outputs"])
    # One number along both dimensions, or another one along the second, or as many as there are.
    both = {1: first, 2: (first, first % 3 + 1), 3: (first, None)}
    return {"output_size": first if rank == 1 else both[int(config["O"]) % 3 + 1]}


def options_of(rank: int, config: Config) -> dict[str, Any]:
    """Return the arguments of the function and of the layer."""
    return _adaptive_options(rank, config) if "outputs" in config else _sliding_options(config)


def _build(name: str, layer: str, options: Callable[[Config], dict[str, Any]]) -> Build:
    def build(t: Any, x: Values, config: Config) -> Built:
        given = {**options(config), **x.options}

        def call(compute: Any, data: Tensors) -> dict[str, Any]:
            result = compute(data["input"])
            return (
                dict(zip(("output", "indices"), result, strict=True))
                if isinstance(result, tuple)
                else {"output": result}
            )

        if config["module"]:
            return of_module(getattr(t.nn, layer)(**given), call)
        return Built(partial(call, partial(getattr(t.nn.functional, name), **given)))

    return build


def _settled(rank: int) -> Callable[[Config], dict[str, Scalar]]:
    def settled(config: Config) -> dict[str, Scalar]:
        """Return a padding that the windows allow: at most half of one."""
        kernel = by_dimension(rank, config, "kernel")
        for padding in range(int(config["padding"]), 0, -1):
            pads = by_dimension(rank, {**config, "padding": padding}, "padding")
            if all(pad <= k // 2 for pad, k in zip(pads, kernel, strict=True)):
                return {"padding": padding}
        return {"padding": 0}

    return settled


_REGIMES = ("normal", "cancelling", "nonfinite")


def _case(rank: int, kind: str, flags: dict[str, tuple[Scalar, ...]], *bad: BadCall, **fields: Any) -> Case:
    lengths, snake = LENGTHS[rank], {"Max": "max", "Avg": "avg", "AdaptiveAvg": "adaptive_avg"}[kind]
    adaptive = kind == "AdaptiveAvg"
    flags = {**flags, "module": (False, True), **({} if adaptive else settings(rank))}
    options = partial(options_of, rank)
    name = f"{snake}_pool{rank}d"
    return Case(
        name=f"nn.functional.{name}",
        space=Space(
            {"N": "batch", **dict.fromkeys(lengths, "length"), "C": "feature"}
            | ({"O": "feature"} if adaptive and rank == 2 else {}),
            ("small", "one", "empty", "pow2", "unbatched", "strided", "large"),
            fields.pop("regimes", _REGIMES),
            flags,
            large={"C": 130, lengths[0]: 140, "N": 130},
            settle=(lambda config: {}) if adaptive else _settled(rank),
        ),
        inputs=_inputs(rank),
        program=LayerProgram(_build(name, f"{kind}Pool{rank}d", options)),
        samples=48 if adaptive else 36,
        base={
            **dict.fromkeys(("N", "O"), 2),
            "C": 3,
            **dict.fromkeys(lengths, 4),
            **{key: values[0] for key, values in flags.items()},
        },
        bad_calls=(
            BadCall("rank of the input", ("2, 3, 4, 4, 4|5|4D",), shapes={"input": (2, 3, 4, 4, 4)}),
            *bad,
        ),
        **fields,
    )


_SLIDING: dict[str, tuple[Scalar, ...]] = {
    "kernel": (2, 3, 1, 4),
    # None, which is the size of a window, is 0 here.
    "stride": (0, 1, 2, 3),
    "padding": (0, 1, 2),
    "ceil_mode": (False, True),
}
_MAX = {**_SLIDING, "dilation": (1, 2), "return_indices": (False, True)}
_AVG = {**_SLIDING, "count_include_pad": (True, False)}
_BAD = (
    BadCall("window of no elements", ("kernel_size|stride", "0|zero"), options={"kernel_size": 0}),
    BadCall("more padding than half of a window", ("half", "2"), options={"padding": 2}),
    BadCall("window larger than the input", ("9|0", "small|Invalid"), options={"kernel_size": 9}),
)
_OUTPUTS: dict[str, tuple[Scalar, ...]] = {"outputs": (2, 1, 3, 5, 3, 2)}
_NEGATIVE = BadCall("fewer windows than none", ("output_size", "-1"), options={"output_size": -1})

CASES = (
    *(_case(rank, "Max", _MAX, *_BAD, regimes=(*_REGIMES, "ties", "tiny")) for rank in (1, 2)),
    _case(1, "Avg", _AVG, *_BAD),
    _case(
        2,
        "Avg",
        {**_AVG, "divisor": (0, 3)},
        *_BAD,
        BadCall("division by zero", ("divisor", "zero"), options={"divisor_override": 0}),
    ),
    *(_case(rank, "AdaptiveAvg", _OUTPUTS, _NEGATIVE) for rank in (1, 2)),
)
