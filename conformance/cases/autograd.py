"""Cases of autograd itself: gradients of chosen inputs, custom functions and hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config

_SIZES = {"N": "batch", "F": "feature"}
_CLASSES = ("small", "one", "empty", "pow2", "wide", "strided", "large")
_REGIMES = ("normal", "saturated")


def _inputs(config: Config) -> dict[str, Input]:
    shape = int(config["N"]), int(config["F"])
    # The program differentiates by itself, with cotangents of its own.
    given = {name: Input(shape, grad=False) for name in ("cotangent.inner", "cotangent.outer")}
    return {"a": Input(shape), "b": Input(shape)} | given


def _grad(t: Any, x: Values) -> dict[str, Any]:
    a, b, unused = (x[name].detach().requires_grad_() for name in ("a", "b", "cotangent.inner"))
    inner = t.sigmoid(a * b)
    outer = t.tanh(inner) * a
    wanted = {"leaves": [a, b], "inside": [inner, a], "root": [outer, b], "unused": [a, unused]}
    cotangents = [x["cotangent.inner"], x["cotangent.outer"]][: int(x.config["cotangents"])]
    found = t.autograd.grad([inner, outer], wanted[str(x.config["wanted"])], cotangents or None)
    return {f"grad.{position}": each for position, each in enumerate(found)}


def _function(t: Any, x: Values) -> dict[str, Any]:
    """Apply a custom function with two outputs, σ(a)·b and σ(a), that uses every part of ctx."""
    count = int(x.config["gradients"])

    class Gate(t.autograd.Function):  # type: ignore[misc]  # a base class by namespace
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any, scale: float) -> Any:
            gate = t.sigmoid(a * scale)
            ctx.save_for_backward(gate, b)
            ctx.scale = scale
            opened = gate > 0
            ctx.mark_non_differentiable(opened)
            return gate * b, gate, opened

        @staticmethod
        def backward(ctx: Any, by_product: Any, by_gate: Any, _: Any) -> Any:
            gate, b = ctx.saved_tensors
            by_a = (by_product * b + by_gate) * gate * (1 - gate) * ctx.scale
            by_b = by_product * gate if ctx.needs_input_grad[1] else None
            return (by_a, by_b, None)[:count]

    product, gate, _ = Gate.apply(x["a"], x["b"], x.config["scale"])
    return {"product": product} | ({"gate": gate} if x.config["both"] else {})


def _hook(t: Any, x: Values) -> dict[str, Any]:
    """Register a hook on a result, which changes the gradient, and one on a leaf."""
    b = x["b"].detach()
    inner = t.tanh(x["a"])
    if x.config["returned"] == "other":
        inner.register_hook(lambda grad: grad * b)
    else:
        inner.register_hook(lambda grad: t.cat([grad, grad]))
    seen = inner.register_hook(lambda grad: grad * 100)
    seen.remove()
    x["b"].register_hook(lambda grad: grad + grad)
    return {"output": inner * x["b"]}


def _pair(config: Config) -> dict[str, Input]:
    shape = int(config["N"]), int(config["F"])
    return {"a": Input(shape), "b": Input(shape)}


def _variable(t: Any, x: Values) -> dict[str, Any]:
    """Compute with a variable, which shares the memory of the tensor that it is made of, and no history."""
    if x.call:
        return {"output": x.call(t)}
    a, b = (x[name].detach().clone().requires_grad_() for name in ("a", "b"))
    wrapped = {"tensor": x["a"].detach().clone(), "result": t.tanh(a)}[str(x.config["of"])]
    recorded = bool(x.config["requires_grad"])
    variable = t.autograd.Variable(wrapped, requires_grad=recorded)
    output = t.tanh(variable) * variable * b
    wanted = [variable, b] if recorded else [b]
    grads = t.autograd.grad([output], wanted, [x["b"].detach()])
    flags = [variable.requires_grad, variable.is_leaf, isinstance(wrapped, t.autograd.Variable)]
    before = variable.detach().clone()
    with t.no_grad():
        wrapped.mul_(0)
    found = {"before": before, "after": variable.detach(), "flags": t.tensor(flags)}
    return found | {f"grad.{position}": each for position, each in enumerate(grads)}


CASES = (
    Case(
        name="autograd.Variable",
        space=Space(_SIZES, _CLASSES, _REGIMES, {"of": ("tensor", "result"), "requires_grad": (True, False)}),
        inputs=_pair,
        program=_variable,
        constant={"after": "its memory is multiplied by 0"},
        training=True,
        base={"N": 2, "F": 3, "of": "tensor", "requires_grad": True},
        bad_calls=(
            BadCall("a list", ("tensor", "list"), call=lambda t: t.autograd.Variable([1.0])),
            BadCall(
                "integers",
                ("floating",),
                call=lambda t: t.autograd.Variable(t.ones(2, dtype=t.int64), requires_grad=True),
            ),
        ),
    ),
    Case(
        name="autograd.grad",
        space=Space(_SIZES, _CLASSES, _REGIMES, {"wanted": ("leaves", "inside", "root"), "cotangents": (2,)}),
        inputs=_inputs,
        program=_grad,
        training=True,
        base={"N": 2, "F": 3, "wanted": "leaves", "cotangents": 2},
        bad_calls=(
            BadCall("an input that is not used", ("index 1", "allow_unused"), config={"wanted": "unused"}),
            BadCall("shape of a cotangent", ("[2, 4]", "[2, 3]"), shapes={"cotangent.inner": (2, 4)}),
            BadCall("number of cotangents", ("2 tensors", "1 gradients"), config={"cotangents": 1}),
            BadCall("no cotangent of a matrix", ("scalar",), config={"cotangents": 0}),
        ),
    ),
    Case(
        name="autograd.Function",
        space=Space(
            _SIZES, _CLASSES, _REGIMES, {"scale": (1.0, 0.5), "both": (True, False), "gradients": (3,)}
        ),
        inputs=_pair,
        program=_function,
        several_outputs=True,
        base={"N": 2, "F": 3, "scale": 1.0, "both": True, "gradients": 3},
        bad_calls=(
            BadCall("number of gradients", ("expected 3", "got 2"), config={"gradients": 2}),
            BadCall("sizes inside forward", ("3", "4", "dimension 1"), shapes={"b": (2, 4)}),
        ),
    ),
    Case(
        name="Tensor.register_hook",
        space=Space(_SIZES, _CLASSES, _REGIMES, {"returned": ("other",)}),
        inputs=_pair,
        program=_hook,
        unused=dict.fromkeys(
            ("no-grad", "inference-mode", "frozen-in-turn"),
            "torch raises: without gradients there is nothing to hook",
        ),
        base={"N": 2, "F": 3, "returned": "other"},
        bad_calls=(
            BadCall("a hook that changes the shape", ("hook", "size"), config={"returned": "longer"}),
        ),
    ),
)
