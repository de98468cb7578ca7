"""Cases of gradients of gradients: what `autograd.grad(create_graph=True)` returns, and its own gradients.

A call's outputs are its gradients, weighted with its own result, so that every gradient depends on all of its
inputs; the judge's backward then differentiates them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import CLASSES, FILLED, row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Case, Config

    Form = Callable[[Any, Any, Any], Any]

_UNUSED: dict[str, str | Callable[[Config], str | None]] = dict.fromkeys(
    ("no-grad", "inference-mode", "frozen-in-turn"),
    "torch raises: without a gradient of every input there is none to differentiate",
)


def _slopes(form: Form) -> Callable[..., Any]:
    """Return the call whose outputs are a form's gradients, by both of its inputs."""

    def call(t: Any, a: Any, b: Any) -> dict[str, Any]:
        # Results of operations, also where the program is given leaves.
        a, b = a * 1, b * 1
        output = form(t, a, b)
        found = t.autograd.grad([output], [a, b], [output], create_graph=True)
        return {f"slope.{name}": each for name, each in zip("ab", found, strict=True)}

    return call


def _freed(t: Any, a: Any, b: Any) -> Any:
    output = t.exp(a) * b
    (slope,) = t.autograd.grad(output, a, output, create_graph=True, retain_graph=False)
    return t.autograd.grad(slope, b, slope)


def _without_history(t: Any, a: Any, b: Any) -> Any:
    output = t.exp(a) * b
    (slope,) = t.autograd.grad(output, a, output)
    return t.autograd.grad(slope, b, slope)


# Of two equal tensors, none is the larger one.
_TIE = {"same-tensor": "what is chosen between a tensor and itself is at a tie"}


def _of_equal_rows(config: Config) -> str | None:
    return "the largest of equal rows is at a tie" if config["form"] == "largest" else None


def _case(
    aspect: str,
    forms: Mapping[str, Form],
    classes: tuple[str, ...] = CLASSES,
    unused: Mapping[str, str | Callable[[Config], str | None]] = _UNUSED,
) -> Case:
    return row(
        f"autograd.grad@{aspect}",
        "NF NF",
        {label: _slopes(form) for label, form in forms.items()},
        {
            "freed graph": (_freed, ("second time", "retain_graph=True")),
            "gradient without history": (_without_history, ("require grad",)),
        },
        classes=classes,
        regimes=("normal",),
        several_outputs=True,
        unused=unused,
    )


CASES = (
    _case(
        "second-arithmetic",
        {
            "add": lambda t, a, b: t.add(a * b, b * b, alpha=2),
            "sub": lambda t, a, b: (a * a - b) - t.sub(b * b, a, alpha=3),
            "mul": lambda t, a, b: a * b * a[:, :1],
            "div": lambda t, a, b: a / (b * b + 1) + 2 / (a * a + 1) + b / 3,
            "neg": lambda t, a, b: -(a * b),
            "pow": lambda t, a, b: a**3 + (a * a + 1) ** b + 2.0**b,
            "lerp": lambda t, a, b: t.lerp(a, b, a * b),
        },
        FILLED,
    ),
    _case(
        "second-functions",
        {
            "exp": lambda t, a, b: t.exp(a * 0.25) * b + t.expm1(a * 0.25),
            "log": lambda t, a, b: t.log(a * a + 1) * b + t.log1p(b * b),
            "sqrt": lambda t, a, b: t.sqrt(a * a + 1) * b + t.rsqrt(b * b + 1),
            "square": lambda t, a, b: t.square(a) * t.reciprocal(b * b + 1),
            "tanh": lambda t, a, b: t.tanh(a * b) + t.sigmoid(a) * b,
            "sin": lambda t, a, b: t.sin(a) * t.cos(b),
            "erf": lambda t, a, b: t.erf(a) * b + t.nn.functional.logsigmoid(b),
            "silu": lambda t, a, b: t.nn.functional.silu(a) * b + t.nn.functional.elu(b),
            "softmax": lambda t, a, b: (
                t.softmax(t.stack([a * b, b], 2), 2)[:, :, 0] * a
                + t.log_softmax(t.stack([a, b], 0), 0)[1] * b
            ),
        },
        FILLED,
    ),
    _case(
        "second-products",
        {
            "matmul": lambda t, a, b: (a @ b.T) @ a,
            "stacks": lambda t, a, b: (a.unsqueeze(-1) @ b.unsqueeze(-2)) @ a.unsqueeze(-1),
            "vectors": lambda t, a, b: t.dot(a[:, 0], b[:, 0]) * a + (a @ b[0]).unsqueeze(1) * b,
            "linear": lambda t, a, b: t.nn.functional.linear(a, b, a[0, :1] * b[:, 0]),
        },
        FILLED,
    ),
    _case(
        "second-reductions",
        {
            "sum": lambda t, a, b: (a * b).sum(0) * a.sum() + (a * a).sum(1, keepdim=True) * b,
            "mean": lambda t, a, b: (a * b).mean(0) * a.mean() * b,
            "logsumexp": lambda t, a, b: t.logsumexp(a * b, 1, keepdim=True) * a,
            "largest": lambda t, a, b: (a * b).amax(0) * a + (a * b).max(1).values.unsqueeze(1) * b,
            "norm": lambda t, a, b: (a * b).norm(2, 1) ** 2 + (a.norm(1) * b).sum(1),
            "cumsum": lambda t, a, b: t.cumsum(a * b, 1) * a,
        },
        FILLED,
        _UNUSED | {"expanded": _of_equal_rows},
    ),
    _case(
        "second-shapes",
        {
            "reshape": lambda t, a, b: (a * b).reshape(-1) * a.flatten(),
            "transpose": lambda t, a, b: (a * b).transpose(0, 1) * a.permute(1, 0),
            "expand": lambda t, a, b: (a * b)[:1].expand(a.shape) * a,
            "getitem": lambda t, a, b: (a * b)[:, :1] * a[[0, 0]][1:, ::2],
            "cat": lambda t, a, b: t.cat([a * b, b], 1) * t.stack([a, b], 0).sum(0)[:, :1],
            "split": lambda t, a, b: (a * b).split(1, 1)[0] * (a * b).unbind(0)[0],
            "flip": lambda t, a, b: (a * b).flip(1) * a.roll(1, 0),
        },
        FILLED,
    ),
    _case(
        "second-choices",
        {
            "where": lambda t, a, b: t.where(a > b, a * b, b * b),
            "maximum": lambda t, a, b: t.maximum(a * b, b) * t.minimum(a, b * b),
            "clamp": lambda t, a, b: t.clamp(a * b, -0.5, 0.5) * a * b,
            "relu": lambda t, a, b: t.relu(a * b) * a + t.nn.functional.leaky_relu(b) * a,
            "abs": lambda t, a, b: t.abs(a * b) * a,
        },
        unused=_UNUSED | _TIE,
    ),
)
