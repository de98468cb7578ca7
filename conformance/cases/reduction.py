"""Reductions: over everything, one axis or several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import BadCall, Case, Values
from conformance.draw import Space
from conformance.values import Input

if TYPE_CHECKING:
    from conformance.case import Config

_AXES = {"none": None, "first": 0, "last": -1, "two": (0, 2), "all": (0, 1, 2), "bad": 3}


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input(tuple(int(config[name]) for name in "NLF"), pairs=True)}


def _reduction(name: str, *regimes: str, exact: bool) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        dim = _AXES[str(x.config["dim"])]
        arguments = {} if dim is None else {"dim": dim, "keepdim": x.config["keepdim"]}
        return {"output": getattr(t, name)(x["input"], **arguments)}

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            ("small", "one", "empty", "pow2", "long", "wide", "strided"),
            regimes,
            {"dim": ("none", "first", "last", "two", "all"), "keepdim": (False, True)},
        ),
        inputs=_inputs,
        program=program,
        samples=28,
        exact_on_integers=exact,
        base={"N": 2, "L": 3, "F": 4, "dim": "none", "keepdim": False},
        bad_calls=(BadCall("dim out of range", ("-3", "2", "3"), config={"dim": "bad"}),),
    )


CASES = (
    _reduction("sum", "normal", "cancelling", "tiny", "integer", exact=True),
    _reduction("mean", "normal", "cancelling", "tiny", exact=False),
)
