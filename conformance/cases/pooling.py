"""Cases of maxima and means over windows of one and two dimensions, as functions and as layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Built, Case, LayerProgram, of_module
from conformance.sampling.space import UNBATCHED, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Build, Config, Tensors, Values
    from conformance.sampling.sample import Scalar

# The names of the sizes that windows slide over, by rank.
_LENGTHS = {1: ("L",), 2: ("H", "W")}


def _inputs(rank: int) -> Callable[[Config], dict[str, Input]]:
    def inputs(config: Config) -> dict[str, Input]:
        batch = () if config["N"] == UNBATCHED else (int(config["N"]),)
        sizes = [_size(config, name) for name in _LENGTHS[rank]]
        return {"input": Input((*batch, int(config["C"]), *sizes), pairs=True)}

    return inputs


def _size(config: Config, name: str) -> int:
    """Return a size that every window without padding fits into."""
    reach = int(config.get("dilation", 1)) * (int(config.get("kernel", 1)) - 1)
    return int(config[name]) + reach


def _each(rank: int, config: Config, name: str) -> Any:
    """Return a setting: the layers of two dimensions have another stride along the second."""
    value = int(config[name])
    return value if rank == 1 or name == "padding" else (value, value % 2 + 1)


def _sliding_options(rank: int, config: Config) -> dict[str, Any]:
    stride = None if config["stride"] == 0 else _each(rank, config, "stride")
    options = {"kernel_size": int(config["kernel"]), "stride": stride, "padding": config["padding"]}
    options |= {"ceil_mode": config["ceil_mode"]}
    if "dilation" in config:
        return {**options, "dilation": config["dilation"], "return_indices": config["return_indices"]}
    options |= {"count_include_pad": config["count_include_pad"]}
    return options | ({"divisor_override": config["divisor"] or None} if "divisor" in config else {})


def _adaptive_options(rank: int, config: Config) -> dict[str, Any]:
    first = int(config["outputs"])
    # One number along both dimensions, or another one along the second, or as many as there are.
    both = {1: first, 2: (first, first % 3 + 1), 3: (first, None)}
    return {"output_size": first if rank == 1 else both[int(config["O"]) % 3 + 1]}


def options_of(rank: int, config: Config) -> dict[str, Any]:
    """Return the arguments of the function and of the layer."""
    return _adaptive_options(rank, config) if "outputs" in config else _sliding_options(rank, config)


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


def _settled(config: Config) -> dict[str, Scalar]:
    """Return a padding that the windows allow: at most half of one."""
    return {"padding": min(int(config["padding"]), int(config["kernel"]) // 2)}


_REGIMES = ("normal", "cancelling", "nonfinite")


def _case(rank: int, kind: str, flags: dict[str, tuple[Scalar, ...]], *bad: BadCall, **fields: Any) -> Case:
    lengths, snake = _LENGTHS[rank], {"Max": "max", "Avg": "avg", "AdaptiveAvg": "adaptive_avg"}[kind]
    adaptive = kind == "AdaptiveAvg"
    settings = {**flags, "module": (False, True)}
    options = partial(options_of, rank)
    name = f"{snake}_pool{rank}d"
    return Case(
        name=f"nn.functional.{name}",
        space=Space(
            {"N": "batch", **dict.fromkeys(lengths, "length"), "C": "feature"}
            | ({"O": "feature"} if adaptive and rank == 2 else {}),
            ("small", "one", "empty", "pow2", "unbatched", "strided", "large"),
            fields.pop("regimes", _REGIMES),
            settings,
            large={"C": 130, lengths[0]: 140, "N": 130},
            settle=(lambda config: {}) if adaptive else _settled,
        ),
        inputs=_inputs(rank),
        program=LayerProgram(_build(name, f"{kind}Pool{rank}d", options)),
        samples=24,
        base={
            **dict.fromkeys(("N", "O"), 2),
            "C": 3,
            **dict.fromkeys(lengths, 4),
            **{key: values[0] for key, values in settings.items()},
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
_OUTPUTS: dict[str, tuple[Scalar, ...]] = {"outputs": (2, 1, 3, 5)}
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
