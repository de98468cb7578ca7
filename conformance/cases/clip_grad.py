"""Cases of clipping of gradients by norm and by value, and the norm of several tensors."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._linear_model import SIZES, backward, inputs
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.sample import Scalar

_CLASSES = ("small", "one", "pow2", "strided")

# The ways in which tensors are given, as a list unless said otherwise: a generator, which can be read only
# once; one tensor; tensors that are zero, all of them or one.
_FORMS: Mapping[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "generator": lambda tensors: (each for each in tensors),
    "one": lambda tensors: tensors[0],
    "zeros": list,
    "a zero": tuple,
}
_ZEROS = {"zeros": ("weight", "bias"), "a zero": ("bias",)}


_OF_ZEROS = {"norm": where("it is the norm of zeros", form="zeros")}


def _clipped(name: str, limit: str, flags: Mapping[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    """Return the case of a clipping: the gradients after it, and its result."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        form = str(x.config["form"])
        own = {key: x[key].clone().requires_grad_() for key in ("weight", "idle", "bias")}
        backward(t, x, own["weight"], own["bias"])
        for key in _ZEROS.get(form, ()):
            own[key].grad.zero_()
        if x.config["spoilt"]:
            own["weight"].grad.fill_(float("inf"))
        options = {key: x.config[key] for key in flags if key != "limit"} | {limit: x.config["limit"]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            returned = getattr(t.nn.utils, name)(_FORMS[form](list(own.values())), **options)
        found = {} if returned is None else {"norm": returned}
        # `idle` has no gradient before, and none after.
        return found | {f"grad of {key}": each.grad for key, each in own.items() if each.grad is not None}

    settings = {"form": tuple(_FORMS), **flags, "spoilt": (False,)}
    return Case(
        name=f"nn.utils.{name}",
        space=Space(SIZES, _CLASSES, ("normal", "saturated"), settings),
        inputs=inputs,
        program=program,
        constant={
            **(_OF_ZEROS if name == "clip_grad_norm_" else {}),
            "grad of weight": where("it is set to 0", form="zeros"),
            "grad of bias": where("it is set to 0", form=("zeros", "a zero")),
        },
        samples=16,
        training=True,
        base={"N": 2, "I": 3, "O": 2} | {key: values[0] for key, values in settings.items()},
        bad_calls=bad,
    )


def _total_norm(t: Any, x: Values) -> dict[str, Any]:
    if x.call:
        return {"norm": x.call(t)}
    form = str(x.config["form"])
    own = {key: x[key].clone() for key in ("weight", "bias", "input")}
    for key in _ZEROS.get(form, ()):
        own[key].zero_()
    tensors = [own["weight"], own["bias"]] if form == "zeros" else list(own.values())
    norm = t.nn.utils.get_total_norm(
        _FORMS[form](tensors), x.config["norm_type"], x.config["error_if_nonfinite"]
    )
    return {"norm": norm}


_NORMS = (2.0, 1.0, 3.0, float("inf"))

CASES = (
    Case(
        name="nn.utils.get_total_norm",
        space=Space(
            SIZES,
            _CLASSES,
            ("normal", "huge"),
            {"form": tuple(_FORMS), "norm_type": _NORMS, "error_if_nonfinite": (False,)},
        ),
        inputs=inputs,
        program=_total_norm,
        constant=_OF_ZEROS,
        samples=16,
        training=True,
        base={"N": 2, "I": 3, "O": 2, "form": "list", "norm_type": 2.0, "error_if_nonfinite": False},
        bad_calls=(
            BadCall("a norm that is not a number", ("norm",), config={"norm_type": "norm"}),
            BadCall(
                "an infinite norm",
                ("non-finite",),
                call=lambda t: t.nn.utils.get_total_norm([t.tensor([float("inf")])], 2.0, True),
            ),
        ),
    ),
    _clipped(
        "clip_grad_norm_",
        "max_norm",
        {
            "limit": (0.5, 0.01, 100.0),
            "norm_type": _NORMS,
            "error_if_nonfinite": (False, True),
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
