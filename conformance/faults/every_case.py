"""Faults that do not depend on the case: they run on every case whose results can show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases import CASES, comparison, logic, lr_scheduler
from conformance.cases.case import Mapped, Values
from conformance.faults._bits import significant
from conformance.faults._rewriting import changed, on_gradient, on_outputs
from conformance.faults.fault import Fault
from conformance.sampling.space import draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Case


def _floating(value: Any) -> bool:
    return hasattr(value, "is_floating_point") and value.is_floating_point()


def _through_float32(t: Any, x: Values, correct: Any) -> Any:
    dtypes = {value.dtype for value in x.values() if _floating(value)}
    narrow = {name: value.to(t.float32) for name, value in x.items() if _floating(value)}
    returned = correct(t, changed(x, narrow))

    def wide(value: Any) -> Any:
        return value.to(*dtypes) if _floating(value) and dtypes else value

    outputs = on_outputs(returned, lambda _, output: wide(output))
    if not isinstance(outputs, Mapped):
        return outputs
    return Mapped(outputs.outputs, lambda: {name: wide(grad) for name, grad in outputs.gradients().items()})


def _inputs_rounded(t: Any, x: Values, correct: Any) -> Any:
    return correct(
        t, changed(x, {name: significant(t, value, 8) for name, value in x.items() if _floating(value)})
    )


def _outputs_rounded(bits: int) -> Callable[..., Any]:
    def program(t: Any, x: Values, correct: Any) -> Any:
        return on_outputs(
            correct(t, x), lambda _, output: significant(t, output, bits) if _floating(output) else output
        )

    return program


def _one_off(t: Any, x: Values, correct: Any) -> Any:
    """Change the last element of the last output that has any: by 1e-4, relative and absolute, or by one."""
    returned = correct(t, x)
    outputs = returned.outputs if isinstance(returned, Mapped) else returned
    last = next((name for name in reversed(list(outputs)) if outputs[name].numel()), None)

    def change(name: str, output: Any) -> Any:
        if name != last:
            return output
        flat = output.detach().reshape(-1)
        if not _floating(output):
            off = 1 - flat[-1:].to(t.int64) if flat.dtype == t.bool else flat[-1:] + 1
            return t.cat([flat[:-1], off.to(flat.dtype)], 0).reshape(output.shape)
        off = (flat[-1:].abs() + 1) * 1e-4
        return output + t.cat([t.zeros_like(flat[:-1]), off], 0).reshape(output.shape)

    return on_outputs(returned, change)


def _first_gradient(factor: float) -> Callable[..., Any]:
    def program(t: Any, x: Values, correct: Any) -> Any:
        names = [name for name, value in x.items() if value.requires_grad]
        if not names:
            return correct(t, x)
        return on_gradient(x, names[0], lambda grad: grad * factor, lambda: correct(t, x))

    return program


def _differentiable(case: Case) -> bool:
    """Return whether a case compares gradients, as its inputs declare."""
    sample = draw(case.name, case.space, 0, 1)[0]
    return not case.training and any(spec.grad for spec in case.inputs(sample.settings).values())


# Counts, positions, truth values and random draws: the results have no digits to lose and no gradient.
WHOLE = (
    *(case.name for case in (*comparison.CASES, *logic.CASES)),
    *("any", "all", "argmax", "argmin", "argsort", "nonzero", "unique", "result_type", "manual_seed"),
    *("searchsorted", "bucketize"),
    *("randperm", "multinomial", "bernoulli", "empty"),
    *("utils.data.BatchSampler", "utils.data.random_split"),
    "Tensor.bernoulli_",
)
# Step functions with integer values: the gradient is zero.
STEPS = (
    *("ceil", "floor", "round", "round@halves", "sign", "trunc"),
    *("Tensor.ceil_", "Tensor.floor_", "Tensor.round_", "Tensor.sign_", "Tensor.trunc_"),
    *("Tensor.floor_divide_", "Tensor.zero_"),
)
# The results do not depend on the data, and have few digits.
CONSTANT = (
    *("arange", "eye", "full", "linspace", "ones", "zeros", "nn.init.constant_"),
    *("Tensor.normal_", "Tensor.uniform_"),
)

# Every bit of a rate is compared, as a whole number: the results have no digits, the inputs have.
BIT_PATTERNS = tuple(case.name for case in lr_scheduler.CASES)

# Differences that are pure rounding, with no right digits; these cases have faults of their own.
DIFFERENCES = tuple(name for name, case in CASES.items() if case.residuals)

# Random draws, of which no single number is right or wrong, have faults of their own too.
_ALL = tuple(name for name, case in CASES.items() if not case.distribution)
_DIGITS = tuple(name for name in _ALL if name not in {*WHOLE, *STEPS, *CONSTANT, *DIFFERENCES})
_ROUNDED = tuple(name for name in _DIGITS if name not in BIT_PATTERNS)
_GRADIENTS = tuple(name for name in _DIGITS if _differentiable(CASES[name]))


def _fault(name: str, cases: tuple[str, ...], program: Any, story: str, computes: str = "") -> Fault:
    return Fault(name, "every case", cases, story, around=program, computes=computes)


FAULTS = (
    _fault(
        "float64-in-float32",
        _DIGITS,
        _through_float32,
        "computes float64 in float32 and casts back, as OpenVINO's CPU plugin does",
        "float32",
    ),
    _fault("outputs-float16", _ROUNDED, _outputs_rounded(11), "keeps results with the 11 bits of float16"),
    _fault("outputs-bfloat16", _ROUNDED, _outputs_rounded(8), "keeps results with the 8 bits of bfloat16"),
    _fault(
        "inputs-bfloat16-everywhere",
        _DIGITS,
        _inputs_rounded,
        "reads its operands with the 8 bits of bfloat16",
    ),
    _fault(
        "one-element-off",
        _ALL,
        _one_off,
        "the last element is off by 1e-4, or an integer by one, as when a loop ends one step early",
    ),
    _fault(
        "gradient-missing", _GRADIENTS, _first_gradient(0.0), "one input's gradient is zero: a path is cut"
    ),
    _fault(
        "gradient-doubled",
        _GRADIENTS,
        _first_gradient(2.0),
        "one input's gradient is added twice, as a leaf that is used twice may get it (micrograd #2)",
    ),
)
