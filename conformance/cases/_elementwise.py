"""Cases of elementwise functions of one and two tensors.

The families arithmetic, elementary, rounding and activation have such functions; each is one line there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Constant

CLASSES = ("small", "one", "empty", "pow2", "wide", "strided", "zero", "large")


def unary(
    name: str,
    *regimes: str,
    positive: bool = False,
    classes: tuple[str, ...] = ("small", "empty", "pow2", "strided", "zero", "large"),
    constant: Constant | None = None,
) -> Case:
    """Return the case of a function of one tensor, called as a function and as a method.

    Args:
        name: the function and the method.
        regimes: as in `Space`.
        positive: the values are not negative.
        classes: as in `Space`.
        constant: as in `Case`.
    """

    def program(t: Any, x: Values) -> dict[str, Any]:
        call = getattr(x["input"], name) if x.config["method"] else lambda: getattr(t, name)(x["input"])
        return {"output": call()}

    return Case(
        name=name,
        space=Space({"N": "batch", "F": "feature"}, classes, regimes, {"method": (False, True)}),
        inputs=lambda config: {"input": Input((int(config["N"]), int(config["F"])), positive=positive)},
        program=program,
        constant=constant or {},
    )


_BROADCAST = ("none", "row", "column", "scalar", "outer", "middle")


def _binary_inputs(config: Config) -> dict[str, Input]:
    n, f = int(config["N"]), int(config["F"])
    a, b = {
        "none": ((n, f), (n, f)),
        "row": ((n, f), (f,)),
        "column": ((n, 1), (n, f)),
        "scalar": ((n, f), ()),
        "outer": ((n, 1), (f,)),
        "middle": ((n, 1, f), (3, 1)),
    }[str(config["broadcast"])]
    # The second operand can be nearly the negative of the first only where it is not smaller.
    return {"input": Input(a), "other": Input(b, against="input" if len(b) == len(a) else None)}


def _positive_inputs(config: Config) -> dict[str, Input]:
    return {name: Input(each.shape, positive=True) for name, each in _binary_inputs(config).items()}


def binary(
    name: str,
    symbol: str,
    *regimes: str,
    exact: bool = False,
    positive: bool = False,
    samples: int = 30,
    constant: Constant | None = None,
) -> Case:
    """Return the case of a function of two tensors that broadcast, called as a function and as a method.

    Args:
        name: the function.
        symbol: the method: that of an operator, e.g. `__add__`, or one of the function's name.
        regimes: as in `Space`.
        exact: only sums, products and copies.
        positive: the values are not negative.
        samples: the number of samples that a run draws.
        constant: as in `Case`.
    """

    def program(t: Any, x: Values) -> dict[str, Any]:
        if x.config["operator"]:
            return {"output": getattr(x["input"], symbol)(x["other"])}
        return {"output": getattr(t, name)(x["input"], x["other"])}

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "F": "feature"},
            (*CLASSES, "square"),
            regimes,
            {"broadcast": _BROADCAST, "operator": (False, True)},
        ),
        inputs=_positive_inputs if positive else _binary_inputs,
        program=program,
        samples=samples,
        constant=constant or {},
        exact_on_integers=exact,
        base={"N": 2, "F": 3, "broadcast": "none", "operator": False},
        bad_calls=(
            BadCall("sizes that do not broadcast", ("3", "4", "dimension 1"), shapes={"other": (2, 4)}),
        ),
    )
