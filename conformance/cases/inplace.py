"""Cases of in-place methods and their gradients: of a result, through a view, and into a buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import OVERWRITTEN, SLOPE
from conformance.cases._table import FEATURED, row

if TYPE_CHECKING:
    from conformance.cases._table import Bad, Form
    from conformance.cases.case import Case, Constant

_REFUSED = {
    "a leaf": (lambda t, a, b: a.mul_(2), ("leaf",)),
    "a view of a leaf": (lambda t, a, b: a[0].mul_(2), ("view", "leaf")),
    "sizes": (lambda t, a, b: (b * 1).add_(a), ("[4]|4", "[2, 4]|2")),
    "the shape of a leaf": (lambda t, a, b: a.unsqueeze_(0), ("leaf",)),
}


def _changed(name: str, *arguments: Any, **options: Any) -> Form:
    """Return the call that changes a product of which a view was taken, and uses both."""

    def form(t: Any, a: Any, b: Any) -> dict[str, Any]:
        x = a * 1.5
        row = x[:, :1]
        getattr(x, name)(*(b if each is ... else each for each in arguments), **options)
        return {"output": x, "view": row * 2}

    return form


def _positive(name: str) -> Form:
    return lambda t, a, b: getattr(a.abs() + 0.5, name)()


def _scaled(name: str) -> Form:
    return lambda t, a, b: getattr(a * 4, name)()


def _in_place(
    name: str,
    forms: dict[str, Form],
    constant: Constant | None = None,
    bad: dict[str, Bad] | None = None,
) -> Case:
    return row(f"Tensor.{name}", "NF F", forms, bad, classes=FEATURED, constant=constant)


def _loop(t: Any, a: Any, b: Any) -> Any:
    out = t.zeros(a.shape[0], 3, a.shape[1], dtype=a.dtype)
    h = a
    for step in range(3):
        h = (h * b).tanh()
        out[:, step] = h
        out[:, step] += step * b
    return out


def _through_view(t: Any, a: Any, b: Any) -> dict[str, Any]:
    x = a * 1.5
    other = x.t()
    x[:, :1].mul_(b[0])
    return {"base": x, "view": other.sum(1)}


def _reshaped(name: str, *arguments: int) -> Form:
    """Return the call that gives a view another shape, and writes through it."""

    def form(t: Any, a: Any, b: Any) -> dict[str, Any]:
        x = a * 1.5
        column = x[:, :1]
        getattr(column, name)(*arguments).mul_(b[0])
        return {"base": x, "view": column * 2}

    return form


_SMOOTH = ("exp_", "log_", "sqrt_", "log1p_", "expm1_", "sin_", "cos_", "reciprocal_", "rsqrt_", "square_")
_OTHER = ("abs_", "neg_", "sigmoid_", "tanh_", "relu_", "tril_", "triu_")
_STEPS = ("sign_", "floor_", "ceil_", "round_", "trunc_")

CASES = (
    _in_place(
        "add_",
        {
            "tensor": _changed("add_", ...),
            "number": _changed("add_", 2),
            "alpha": _changed("add_", ..., alpha=-0.5),
            "old form": _changed("add_", 0.5, ...),
        },
    ),
    _in_place("sub_", {"tensor": _changed("sub_", ...), "alpha": _changed("sub_", ..., alpha=2)}),
    _in_place(
        "mul_",
        {
            "tensor": _changed("mul_", ...),
            "number": _changed("mul_", 2),
            "through a view": _through_view,
            "into a buffer": _loop,
        },
        bad=_REFUSED,
    ),
    _in_place("div_", {"number": _changed("div_", 3), "tensor": lambda t, a, b: (a * 1.5).div_(b.abs() + 1)}),
    _in_place(
        "cumprod_",
        {
            "first": _changed("cumprod_", 0),
            "last": _changed("cumprod_", -1),
        },
        bad={
            "dtype": (
                lambda t, a, b: (a * 1).cumprod_(0, dtype=t.int8),
                ("dtype", "float|double", "signed char|int8"),
            ),
        },
    ),
    _in_place("pow_", {"number": _changed("pow_", 3)}),
    _in_place(
        "zero_",
        {"all": _changed("zero_"), "part": lambda t, a, b: (a * b)[:, :1].zero_()},
        {"output": "it is set to 0", "view": "it is set to 0", "grad.*": OVERWRITTEN},
    ),
    _in_place(
        "fill_",
        {"number": _changed("fill_", 2.5), "tensor": lambda t, a, b: (a * 1.5).fill_(b[0])},
        {"grad.x0": OVERWRITTEN},
    ),
    _in_place(
        "copy_",
        {"tensor": _changed("copy_", ...), "of another dtype": lambda t, a, b: (a * 1.5).copy_(b > 0)},
        {"grad.x0": OVERWRITTEN},
    ),
    _in_place("clamp_", {"both": _changed("clamp_", -0.5, 0.5), "keyword": _changed("clamp_", max=0.25)}),
    _in_place(
        "unsqueeze_", {"first": _changed("unsqueeze_", 0), "through a view": _reshaped("unsqueeze_", -1)}
    ),
    _in_place("squeeze_", {"one": _changed("squeeze_", 1), "through a view": _reshaped("squeeze_")}),
    _in_place("t_", {"all": _changed("t_"), "through a view": _reshaped("t_")}),
    _in_place(
        "transpose_",
        {
            "both": _changed("transpose_", 0, -1),
            "axes": _changed("swapaxes_", 1, 0),
            "through a view": _reshaped("transpose_", 1, 0),
        },
    ),
    _in_place("remainder_", {"number": _changed("remainder_", 1.5)}),
    _in_place("floor_divide_", {"number": lambda t, a, b: (a.detach() * 8).floor_divide_(3)}),
    *(_in_place(name, {"positive": _positive(name)}) for name in _SMOOTH),
    *(_in_place(name, {"scaled": _scaled(name)}) for name in _OTHER),
    *(_in_place(name, {"scaled": _scaled(name)}, {"grad.*": SLOPE}) for name in _STEPS),
)
