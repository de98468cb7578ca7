"""Cases of nn.utils.rnn: sequences of different lengths, padded and packed, which moves values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

    Program = Callable[[Any, Values], dict[str, Any]]


def _lengths(config: Config) -> list[int]:
    """Return lengths from 1 to L, one per sequence, one of them L; longest first if the settings need it."""
    found = [1 + (3 * k + int(config["L"]) - 1) % int(config["L"]) for k in range(int(config["N"]))]
    return sorted(found, reverse=True) if config.get("sorted") else found


# Up to so many numbers torch's sort keeps the order of equal ones.
_STABLE = 16


def _settle(config: Config) -> dict[str, Scalar]:
    """Sort many sequences first: torch leaves the order of equal lengths open, and shows it as an output."""
    return {"sorted": True} if "sorted" in config and int(config["N"]) > _STABLE else {}


def _padded(config: Config) -> dict[str, Input]:
    n, length, features = (int(config[name]) for name in "NLF")
    return {"input": Input((n, length, features) if config.get("batch_first") else (length, n, features))}


def _apart(config: Config) -> dict[str, Input]:
    return {f"s{k}": Input((n, int(config["F"]))) for k, n in enumerate(_lengths(config))}


def _sequences(x: Values) -> list[Any]:
    if x.config.get("empty"):
        return []
    return [x[f"s{k}"] for k in range(len(x)) if f"s{k}" in x]


def _fields(packed: Any) -> dict[str, Any]:
    order = {name: getattr(packed, name) for name in ("sorted_indices", "unsorted_indices")}
    numbers = {name: value for name, value in order.items() if value is not None}
    return {"data": packed.data, "batch_sizes": packed.batch_sizes, **numbers}


def _pack(t: Any, x: Values) -> dict[str, Any]:
    config = x.config
    lengths = config.get("lengths") or _lengths(config)
    flags = {"batch_first": config["batch_first"], "enforce_sorted": config["sorted"]}
    return _fields(t.nn.utils.rnn.pack_padded_sequence(x["input"], lengths, **flags))


def _unpack(t: Any, x: Values) -> dict[str, Any]:
    config = x.config
    packed = t.nn.utils.rnn.pack_sequence(_sequences(x), enforce_sorted=config["sorted"])
    total = None if config["total"] == "none" else int(config["L"]) + int(config["total"])
    output, lengths = t.nn.utils.rnn.pad_packed_sequence(packed, config["batch_first"], -1.5, total)
    return {"output": output, "lengths": lengths}


def _pad(t: Any, x: Values) -> dict[str, Any]:
    options = {"batch_first": x.config["batch_first"], "padding_side": x.config["side"]}
    return {"output": t.nn.utils.rnn.pad_sequence(_sequences(x), padding_value=2.5, **options)}


def _pack_sequence(t: Any, x: Values) -> dict[str, Any]:
    return _fields(t.nn.utils.rnn.pack_sequence(_sequences(x), enforce_sorted=x.config["sorted"]))


def _unpack_sequence(t: Any, x: Values) -> dict[str, Any]:
    packed = t.nn.utils.rnn.pack_sequence(_sequences(x), enforce_sorted=x.config["sorted"])
    return {f"out{k}": part for k, part in enumerate(t.nn.utils.rnn.unpack_sequence(packed))}


def _unpad_sequence(t: Any, x: Values) -> dict[str, Any]:
    # torch transposes its argument in place, which a leaf does not allow: it gets a copy.
    lengths = t.tensor(_lengths(x.config)[: int(x.config.get("given", x.config["N"]))])
    parts = t.nn.utils.rnn.unpad_sequence(x["input"] * 1, lengths, x.config["batch_first"])
    return {f"out{k}": part for k, part in enumerate(parts)}


_OTHERS = {"out*/grad.s*": where("other outputs do not depend on it", use="only-one-output")}


def _case(name: str, inputs: Any, program: Program, flags: dict[str, tuple[Any, ...]], *bad: BadCall) -> Case:
    return Case(
        name=f"nn.utils.rnn.{name}",
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "pow2", "strided", "square", "large"),
            ("normal",),
            flags,
            large={"N": 20, "L": 140, "F": 130},
            settle=_settle,
        ),
        inputs=inputs,
        program=program,
        constant=_OTHERS if name == "unpack_sequence" else {},
        samples=14,
        several_outputs=name in {"unpack_sequence", "unpad_sequence"},
        base={"N": 2, "L": 3, "F": 4} | {key: values[0] for key, values in flags.items()},
        bad_calls=bad,
    )


_FIRST = {"batch_first": (False, True)}
_SORTED = {"sorted": (True, False)}

CASES = (
    _case(
        "pack_padded_sequence",
        _padded,
        _pack,
        {**_FIRST, **_SORTED},
        BadCall("unsorted lengths", ("lengths", "sorted", "enforce_sorted"), {"lengths": [1, 3]}),
        BadCall("length 0", ("lengths", "greater than 0"), {"lengths": [3, 0]}),
        BadCall("too few lengths", ("lengths", "1", "2"), {"lengths": [3]}),
        BadCall("nothing to pack", ("empty",), shapes={"input": (3, 0, 4)}),
        BadCall("no batch", ("[-1, 0]", "1"), shapes={"input": (3,)}),
    ),
    _case(
        "pad_packed_sequence",
        _apart,
        _unpack,
        {**_FIRST, **_SORTED, "total": ("none", 0, 2)},
        BadCall("total length", ("total_length", "2", "3"), {"total": -1}),
    ),
    _case(
        "pad_sequence",
        _apart,
        _pad,
        {**_FIRST, "side": ("right", "left")},
        BadCall("side", ("padding_side", "middle"), {"side": "middle"}),
        BadCall("no sequence", ("empty",), {"empty": True}),
        BadCall("features", ("4", "5"), shapes={"s0": (3, 5)}),
    ),
    _case(
        "pack_sequence",
        _apart,
        _pack_sequence,
        _SORTED,
        BadCall("an empty sequence", ("lengths", "greater than 0"), shapes={"s1": (0, 4)}),
        BadCall("unsorted sequences", ("lengths", "sorted"), shapes={"s0": (1, 4), "s1": (3, 4)}),
    ),
    _case("unpack_sequence", _apart, _unpack_sequence, _SORTED),
    _case(
        "unpad_sequence",
        _padded,
        _unpad_sequence,
        _FIRST,
        BadCall("too few lengths", ("zip", "shorter"), {"given": 1}),
    ),
)
