"""Cases of functions that reduce all axes, one axis or several.

The families reduction and statistics have such functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config

_AXES = {
    "none": None,
    "first": 0,
    "middle": 1,
    "last": -1,
    "pair": (0, 1),
    "negative": (-2, 0),
    "two": (0, 2),
    "all": (0, 1, 2),
}
# How many elements NumPy and many kernels add up at once.
_BLOCK = 4096
# All axes or one of them, for functions that do not take several.
ONE = ("none", "first", "middle", "last")
_CLASSES = ("small", "one", "empty", "pow2", "long", "wide", "strided", "zero", "large")


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input(tuple(int(config[name]) for name in "NLF"), pairs=True)}


def _reduced_where_large(config: Config) -> Config:
    """Reduce the last axis where it is larger than a block of 4,096 elements."""
    kept = config["dim"] in {"first", "middle", "pair", "negative"}
    return {"dim": "last"} if kept and int(config["F"]) > _BLOCK else {}


def reduction(
    name: str,
    *regimes: str,
    exact: bool,
    classes: tuple[str, ...] = _CLASSES,
    axes: tuple[str, ...] = tuple(_AXES),
    samples: int = 28,
    unused: Mapping[str, str] | None = None,
    large: Mapping[str, int] | None = None,
    settle: Callable[[Config], Config] = _reduced_where_large,
    **options: Any,
) -> Case:
    """Return the case of a function that reduces axes.

    Args:
        name: the function.
        regimes: as in `Space`.
        exact: only sums and copies.
        classes: as in `Space`.
        axes: the axes that are reduced, by the names in `_AXES`.
        samples: the number of samples that a run draws.
        unused: as in `Case`.
        large: as in `Space`.
        settle: as in `Space`.
        options: further arguments of every call.
    """

    def program(t: Any, x: Values) -> dict[str, Any]:
        dim = _AXES[str(x.config["dim"])]
        arguments = {} if dim is None else {"dim": dim, "keepdim": x.config["keepdim"]}
        return {"output": getattr(t, name)(x["input"], **{**arguments, **x.options}, **options)}

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "L": "length", "F": "feature"},
            classes,
            regimes,
            {"dim": axes, "keepdim": (False, True)},
            large=large,
            settle=settle,
        ),
        inputs=_inputs,
        program=program,
        samples=samples,
        unused=unused or {},
        exact_on_integers=exact,
        base={"N": 2, "L": 3, "F": 4, "dim": axes[0], "keepdim": False},
        bad_calls=(BadCall("dim out of range", ("-3", "2", "3"), options={"dim": 3}),),
    )
