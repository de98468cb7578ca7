"""What the faults of uses have in common: which cases a use fits, and layers that are wrong when so used."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.cases.case import Mapped
from conformance.faults._rewriting import on_outputs
from conformance.faults.every_case import CONSTANT, STEPS, WHOLE
from conformance.faults.fault import Fault
from conformance.sampling.space import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from conformance.cases.case import Built, Case, Tensors
    from conformance.sampling.sample import Scalar

    # From the namespace, the layer, the data and what was kept from the calls before, to the outputs.
    Change = Callable[[Any, Built, Tensors, dict[str, Any]], Any]

# The draws of a case in one of which its uses fit, if in any.
_DRAWS = 8

# Cases whose gradients are all zero, or that have none, in the samples that uses are judged in.
FLAT = (
    *(*WHOLE, *STEPS, *CONSTANT),
    *("div@rounding", "nn.init.calculate_gain", "Tensor.fill_", "sum@dtype", "nn.functional.hardtanh"),
    *("Tensor.to", "Tensor.size", "tensor", "normal", "remainder", "nn.utils.vector_to_parameters"),
)
# Cases whose gradients are zero where an element is cut off, masked or not the largest: of few elements, any.
CUT = (
    *("clamp", "Tensor.clamp_", "relu", "Tensor.relu_", "masked_fill", "min", "max", "amin", "amax"),
    *("clamp_min", "clamp_max", "index_fill"),
    *("norm@orders", "nn.functional.nll_loss", "nn.functional.scaled_dot_product_attention"),
)
# Cases of one number in most of their settings: their cotangents have no strides.
SINGLE = (
    *("dot", "sum", "mean", "amax", "amin", "max", "min", "var", "var@correction", "std", "prod", "norm"),
    *(f"nn.functional.{name}_loss" for name in ("nll", "mse", "l1", "smooth_l1", "huber", "ctc")),
    *("nn.functional.cross_entropy", "nn.functional.kl_div", "nn.functional.binary_cross_entropy"),
    *("nn.functional.binary_cross_entropy_with_logits", "topk", "median", "distributions.Independent"),
)


@cache
def fitting(use: str) -> tuple[str, ...]:
    """Return the names of the cases that a use applies to."""
    return tuple(name for name, case in CASES.items() if _fits(use, case))


def _fits(use: str, case: Case) -> bool:
    return any(USES[use].why_unused(case, settings) is None for settings in _drawn(case.name))


@cache
def _drawn(name: str) -> tuple[Mapping[str, Scalar], ...]:
    """Return the settings that a case is asked in; kept, because every use asks in the same."""
    case = CASES[name]
    drawn = draw(name, case.space, 1, min(_DRAWS, case.default_samples))
    return tuple(sample.settings for sample in drawn)


def fault(
    name: str, family: str, use: str, wrap: Callable[[Any, Built], Built], story: str, cases: Iterable[str]
) -> Fault:
    """Return a fault of one use."""
    return Fault(name, family, tuple(cases), story, wrap=wrap, uses=(use,))


def without(use: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the names of the cases that a use applies to, but for some."""
    return tuple(name for name in fitting(use) if name not in names)


def among(use: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the names of those cases among some that a use applies to."""
    return tuple(name for name in fitting(use) if name in names)


def calling(change: Change) -> Callable[[Any, Built], Built]:
    """Return a wrap whose layer is called by `change`, which may keep things from one call for the next."""

    def wrap(t: Any, built: Built) -> Built:
        kept: dict[str, Any] = {}
        return replace(built, call=lambda data: change(t, built, data, kept))

    return wrap


def with_module(change: Callable[[Any, Any], None]) -> Callable[[Any, Built], Built]:
    """Return a wrap that changes the layer's module, called as `change(t, module)`."""

    def wrap(t: Any, built: Built) -> Built:
        if built.module is not None:
            change(t, built.module)
        return built

    return wrap


def floating(value: Any) -> bool:
    """Whether a value is a tensor of floating numbers."""
    return hasattr(value, "is_floating_point") and bool(value.is_floating_point())


def outputs_of(returned: Mapping[str, Any] | Mapped) -> Mapping[str, Any]:
    """Return a call's outputs by name."""
    return returned.outputs if isinstance(returned, Mapped) else returned


def altered(returned: Any) -> Any:
    """Return a call's result with another value in every element."""

    def change(_: str, output: Any) -> Any:
        return output + 1 if floating(output) or "bool" not in str(output.dtype) else output.logical_not()

    return on_outputs(returned, change)


def detached(returned: Any) -> Any:
    """Return a call's result without history; what required a gradient still does."""
    return on_outputs(returned, lambda _, out: out.detach().requires_grad_(out.requires_grad))


def through(t: Any, returned: Any, backward: Callable[[Any, int], Any]) -> Any:
    """Return a call's result whose gradients a function changes, each time that backward comes by.

    Args:
        t: the namespace.
        returned: the outputs by name.
        backward: from the gradient of an output, and how often one has come before, to the changed one.
    """

    class Through(t.autograd.Function):  # type: ignore[misc]  # a base class by namespace
        @staticmethod
        def forward(ctx: Any, value: Any) -> Any:
            ctx.times = 0
            return value.clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            ctx.times += 1
            return backward(grad, ctx.times - 1)

    return on_outputs(returned, lambda _, out: Through.apply(out) if out.requires_grad else out)
