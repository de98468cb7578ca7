"""Elementwise operations of one, two and three operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import CLASSES, function, method, row
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config

_CLASSES = ("small", "one", "empty", "pow2", "wide", "strided", "zero")


def _unary(
    name: str,
    *regimes: str,
    positive: bool = False,
    classes: tuple[str, ...] = ("small", "empty", "pow2", "strided", "zero"),
) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        call = getattr(x["input"], name) if x.config["method"] else lambda: getattr(t, name)(x["input"])
        return {"output": call()}

    return Case(
        name=name,
        space=Space({"N": "batch", "F": "feature"}, classes, regimes, {"method": (False, True)}),
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


def _positive_inputs(config: Config) -> dict[str, Input]:
    return {name: Input(each.shape, positive=True) for name, each in _binary_inputs(config).items()}


def _binary(
    name: str, symbol: str, *regimes: str, exact: bool = False, positive: bool = False, samples: int = 30
) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        if x.config["operator"]:
            return {"output": getattr(x["input"], symbol)(x["other"])}
        return {"output": getattr(t, name)(x["input"], x["other"])}

    return Case(
        name=name,
        space=Space(
            {"N": "batch", "F": "feature"},
            (*_CLASSES, "square"),
            regimes,
            {"broadcast": _BROADCAST, "operator": (False, True)},
        ),
        inputs=_positive_inputs if positive else _binary_inputs,
        program=program,
        samples=samples,
        exact_on_integers=exact,
        base={"N": 2, "F": 3, "broadcast": "none", "operator": False},
        bad_calls=(
            BadCall("sizes that do not broadcast", ("3", "4", "dimension 1"), shapes={"other": (2, 4)}),
        ),
    )


CASES = (
    _unary("sigmoid", "normal", "saturated", "steep", "tiny", "huge", "nonfinite", classes=_CLASSES),
    _unary("tanh", "normal", "saturated", "steep", "tiny", "huge", "nonfinite", classes=_CLASSES),
    _unary("relu", "normal", "integer", "huge", "nonfinite"),
    _unary("exp", "normal", "saturated", "tiny", "nonfinite"),
    _unary("expm1", "normal", "saturated", "tiny", "nonfinite"),
    _unary("log", "normal", "huge", "nonfinite", positive=True),
    _unary("log1p", "normal", "huge", "tiny", "nonfinite", positive=True),
    # Not tiny: denormals are zero to some kernels, and the reciprocal of zero is inf.
    _unary("sqrt", "normal", "huge", "nonfinite", positive=True),
    _unary("rsqrt", "normal", "huge", "nonfinite", positive=True),
    _unary("reciprocal", "normal", "huge", "nonfinite", positive=True),
    _unary("square", "normal", "tiny", "huge", "nonfinite"),
    _unary("abs", "normal", "integer", "tiny", "huge", "nonfinite"),
    _unary("neg", "normal", "tiny", "huge", "nonfinite"),
    _unary("sin", "normal", "saturated", "tiny", "nonfinite"),
    _unary("cos", "normal", "saturated", "tiny", "nonfinite"),
    _unary("erf", "normal", "saturated", "tiny", "nonfinite"),
    _unary("sign", "normal", "integer", "tiny", "huge", "nonfinite"),
    _unary("floor", "normal", "saturated", "nonfinite"),
    _unary("ceil", "normal", "saturated", "nonfinite"),
    _unary("round", "normal", "saturated", "nonfinite"),
    _unary("trunc", "normal", "saturated", "nonfinite"),
    row(
        "round@halves",
        "NF",
        {"halves": lambda t, a: t.round(t.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], dtype=a.dtype))},
        grad=False,
    ),
    _binary("add", "__add__", "normal", "cancelling", "tiny", "huge", "integer", "nonfinite", exact=True),
    _binary("mul", "__mul__", "normal", "tiny", "huge", "integer", "nonfinite", exact=True),
    _binary(
        "sub",
        "__sub__",
        "normal",
        "cancelling",
        "tiny",
        "huge",
        "integer",
        "nonfinite",
        exact=True,
        samples=20,
    ),
    _binary("div", "__truediv__", "normal", "saturated", "nonfinite", samples=20),
    # Fewer draws leave a row out that is broadcast to a square.
    _binary("pow", "__pow__", "normal", "nonfinite", positive=True, samples=42),
    row(
        "add@alpha",
        "NF F",
        {
            "function": lambda t, a, b: t.add(a, b, alpha=2.5),
            "method": lambda t, a, b: a.add(b, alpha=-0.5),
            "number": lambda t, a, b: 2 + a + 1.5 + b,
            "sub": lambda t, a, b: t.sub(a, b, alpha=2.5),
            "rsub": lambda t, a, b: t.rsub(a, b, alpha=0.3),
            "number first": lambda t, a, b: 1.5 - a - b,
        },
    ),
    row(
        "pow@numbers",
        "NF",
        {
            "square": lambda t, a: a**2,
            "cube": lambda t, a: t.pow(a, 3),
            "zero": lambda t, a: a**0,
            "half": lambda t, a: a.abs() ** 0.5,
            "inverse": lambda t, a: (a.abs() + 1) ** -1,
            "number first": lambda t, a: 2**a,
            "float first": lambda t, a: t.pow(0.5, a),
        },
        {"negative power of integers": (lambda t, a: t.arange(3) ** -1, ("negative",))},
        regimes=("normal", "nonfinite"),
    ),
    # Not tiny quotients: near a whole number, one rounding decides which.
    row(
        "div@rounding",
        "NF",
        {
            "floor": lambda t, a: t.div(a * 4, 1.5, rounding_mode="floor"),
            "trunc": lambda t, a: (a * 4).div(1.5, rounding_mode="trunc"),
            "floor_divide": lambda t, a: t.floor_divide(a.detach() * 4, 1.5),
            "operator": lambda t, a: (a.detach() * 4) // 1.5,
            "true": lambda t, a: 3 / (a.abs() + 1),
            "integers": lambda t, a: t.div(t.arange(-4, 5), 3, rounding_mode="trunc"),
        },
        {
            "mode": (lambda t, a: t.div(a, a, rounding_mode="up"), ("up",)),
            "zero": (lambda t, a: t.arange(3) // 0, ("ZeroDivisionError",)),
        },
        regimes=("normal", "nonfinite"),
    ),
    row(
        "remainder",
        "NF",
        {
            "function": lambda t, a: t.remainder(a * 4, 1.5),
            "operator": lambda t, a: (a * 4) % -1.5,
            "integers": lambda t, a: t.arange(-4, 5) % 3,
        },
        {"sizes": (lambda t, a: t.remainder(a, t.ones(5)), ("4", "5"))},
        regimes=("normal", "nonfinite"),
    ),
    row(
        "addcmul",
        "NF NF F",
        {
            "function": function("addcmul"),
            "value": lambda t, a, b, c: t.addcmul(a, b, c, value=-0.5),
            "in place": lambda t, a, b, c: (a * 1).addcmul_(b, c, value=2),
        },
        {"sizes": (lambda t, a, b, c: t.addcmul(a, b, t.ones(5)), ("4", "5"))},
        regimes=("normal", "cancelling", "nonfinite"),
    ),
    row(
        "addcdiv",
        "NF NF F",
        {
            "function": function("addcdiv"),
            "value": lambda t, a, b, c: t.addcdiv(a, b, c + 1, value=-0.5),
            "in place": lambda t, a, b, c: (a * 1).addcdiv_(b, c + 0.5, value=2),
        },
        {"sizes": (lambda t, a, b, c: t.addcdiv(a, b, t.ones(5)), ("4", "5"))},
        positive=True,
        regimes=("normal", "nonfinite"),
    ),
    row(
        "lerp",
        "NF NF F",
        {
            "near": lambda t, a, b, c: t.lerp(a, b, 0.25),
            "far": lambda t, a, b, c: a.lerp(b, 0.75),
            "weights": lambda t, a, b, c: t.lerp(a, b, c * 0.25),
            "in place": lambda t, a, b, c: (a * 1).lerp_(b, 0.1),
        },
        {
            "dtype of end": (
                lambda t, a, b, c: t.lerp(a, b.double(), 0.5),
                ("end", "float", "double|float64"),
            ),
            "sizes": (lambda t, a, b, c: t.lerp(a, t.ones(5), 0.5), ("4", "5")),
        },
        regimes=("normal", "cancelling", "nonfinite"),
    ),
    row(
        "maximum",
        "NF F",
        {"function": function("maximum"), "method": method("maximum")},
        {"a number": (lambda t, a, b: t.maximum(a, 1.0), ("other", "float"))},
        classes=(*CLASSES, "square"),
        regimes=("normal", "integer", "nonfinite"),
    ),
    row(
        "minimum",
        "NF F",
        {"function": function("minimum"), "method": method("minimum")},
        {"a number": (lambda t, a, b: t.minimum(a, 1.0), ("other", "float"))},
        classes=(*CLASSES, "square"),
        regimes=("normal", "integer", "nonfinite"),
    ),
    row(
        "clamp",
        "NF F",
        {
            "both": lambda t, a, b: t.clamp(a, -0.5, 0.5),
            "low": lambda t, a, b: a.clamp(min=0.25),
            "high": lambda t, a, b: a.clamp(max=0.25),
            "tensors": lambda t, a, b: t.clamp(a, b, b + 0.5),
            "in place": lambda t, a, b: (a * 1).clamp_(-0.5, 0.5),
            "clip": lambda t, a, b: t.clip(a, -0.5, 0.5),
            "integers": lambda t, a, b: t.arange(-4, 5).clamp(-2, 2),
        },
        {"no bound": (lambda t, a, b: t.clamp(a), ("min", "max"))},
        regimes=("normal", "saturated", "nonfinite"),
    ),
    row(
        "where",
        "NF F",
        {
            "function": lambda t, a, b: t.where(a > 0, a, b),
            "method": lambda t, a, b: a.where(a > b, b * 2),
            "number": lambda t, a, b: t.where(a > 0, a, 0.5),
        },
        {
            "sizes": (lambda t, a, b: t.where(a > 0, a, t.ones(5)), ("4", "5")),
            "condition": (lambda t, a, b: t.where(a, a, b), ("condition", "bool")),
        },
        regimes=("normal", "huge", "nonfinite"),
    ),
    row(
        "absolute",
        "NF NF",
        {
            "absolute": lambda t, a, b: t.absolute(a),
            "negative": lambda t, a, b: t.negative(a),
            "subtract": lambda t, a, b: t.subtract(a, b),
            "multiply": lambda t, a, b: t.multiply(a, b),
            "divide": lambda t, a, b: t.divide(a, b.abs() + 1),
        },
    ),
)
