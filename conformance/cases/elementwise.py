"""Elementwise operations of one and two operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import BadCall, Case, Values
from conformance.draw import Space
from conformance.values import Input

if TYPE_CHECKING:
    from conformance.case import Config

_CLASSES = ("small", "one", "empty", "pow2", "wide", "strided")


def _unary(name: str, *regimes: str, positive: bool = False) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        call = getattr(x["input"], name) if x.config["method"] else lambda: getattr(t, name)(x["input"])
        return {"output": call()}

    return Case(
        name=name,
        space=Space({"N": "batch", "F": "feature"}, _CLASSES, regimes, {"method": (False, True)}),
        inputs=lambda config: {"input": Input((int(config["N"]), int(config["F"])), positive=positive)},
        program=program,
    )


_BROADCAST = ("none", "row", "column", "scalar", "outer")


def _binary_inputs(config: Config) -> dict[str, Input]:
    n, f = int(config["N"]), int(config["F"])
    a, b = {
        "none": ((n, f), (n, f)),
        "row": ((n, f), (f,)),
        "column": ((n, 1), (n, f)),
        "scalar": ((n, f), ()),
        "outer": ((n, 1), (f,)),
    }[str(config["broadcast"])]
    # The second operand can mirror the first only where it is no smaller.
    return {"input": Input(a), "other": Input(b, against="input" if len(b) == len(a) else None)}


def _binary(name: str, symbol: str, *regimes: str, exact: bool = False) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        if x.config["operator"]:
            return {"output": getattr(x["input"], symbol)(x["other"])}
        return {"output": getattr(t, name)(x["input"], x["other"])}

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "F": "feature"},
            _CLASSES,
            regimes,
            {"broadcast": _BROADCAST, "operator": (False, True)},
        ),
        inputs=_binary_inputs,
        program=program,
        samples=30,
        exact_on_integers=exact,
        base={"N": 2, "F": 3, "broadcast": "none", "operator": False},
        bad_calls=(
            BadCall("sizes that do not broadcast", ("3", "4", "dimension 1"), shapes={"other": (2, 4)}),
        ),
    )


CASES = (
    _unary("sigmoid", "normal", "saturated", "tiny", "huge"),
    _unary("tanh", "normal", "saturated", "tiny", "huge"),
    _binary("add", "__add__", "normal", "cancelling", "tiny", "huge", "integer", exact=True),
    _binary("mul", "__mul__", "normal", "tiny", "huge", "integer", exact=True),
)
