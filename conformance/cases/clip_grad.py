"""Cases of clipping of gradients by norm and by value, and the norm of several tensors."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from conformance.cases._linear_model import SIZES, backward, inputs
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space

if TYPE_CHECKING:
    from conformance.sampling.sample import Scalar

_CLASSES = ("small", "one", "pow2", "strided")


def _clipped(name: str, limit: str, flags: dict[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    """Return the case of a clipping: the gradients after it, and its result."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        weight, bias, idle = (x[key].clone().requires_grad_() for key in ("weight", "bias", "bias"))
        backward(t, x, weight, bias)
        if x.config["spoilt"]:
            weight.grad.fill_(float("inf"))
        options = {key: x.config[key] for key in flags if key != "limit"}
        # Tensor by tensor: torch's operations on lists of tensors have no rounding rule.
        options |= {limit: x.config["limit"], "foreach": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            returned = getattr(t.nn.utils, name)([weight, idle, bias], **options)
        found = {} if returned is None else {"norm": returned}
        return found | {"grad of weight": weight.grad, "grad of bias": bias.grad}

    settings = {**flags, "spoilt": (False,)}
    return Case(
        name=f"nn.utils.{name}",
        space=Space(
            SIZES,
            _CLASSES,
            ("normal", "saturated"),
            settings,
        ),
        inputs=inputs,
        program=program,
        samples=16,
        training=True,
        base={"N": 2, "I": 3, "O": 2} | {key: values[0] for key, values in settings.items()},
        bad_calls=bad,
    )


def _total_norm(t: Any, x: Values) -> dict[str, Any]:
    tensors = [x["weight"], x["bias"], x["input"]]
    # Tensor by tensor, as in clipping.
    norm = t.nn.utils.get_total_norm(
        tensors, x.config["norm_type"], x.config["error_if_nonfinite"], foreach=False
    )
    return {"norm": norm.detach()}


CASES = (
    Case(
        name="nn.utils.get_total_norm",
        space=Space(
            SIZES,
            _CLASSES,
            ("normal", "huge"),
            {"norm_type": (2.0, 1.0, float("inf")), "error_if_nonfinite": (False,)},
        ),
        inputs=inputs,
        program=_total_norm,
        samples=12,
        training=True,
        base={"N": 2, "I": 3, "O": 2, "norm_type": 2.0, "error_if_nonfinite": False},
        bad_calls=(BadCall("a norm that is not a number", ("norm",), config={"norm_type": "norm"}),),
    ),
    _clipped(
        "clip_grad_norm_",
        "max_norm",
        {
            "limit": (0.5, 0.01, 100.0),
            "norm_type": (2.0, 1.0, 3.0, float("inf")),
            "error_if_nonfinite": (False,),
        },
        BadCall("an infinite norm", ("non-finite",), config={"spoilt": True, "error_if_nonfinite": True}),
    ),
    _clipped(
        "clip_grad_value_",
        "clip_value",
        {"limit": (0.5, 2.0**-7, 128.0)},
        BadCall("a limit that is not a number", ("limit",), config={"limit": "limit"}),
    ),
)
