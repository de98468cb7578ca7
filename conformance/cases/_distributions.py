"""Cases of classes of `distributions`: what is asked of them, of which arrays, checked and unchecked.

The families of distributions call `distribution`, which returns a case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config

    # From the namespace, the tensors and the options of the classes to what is compared.
    Ask = Callable[[Any, Values, dict[str, Any]], Any]
    Bad = tuple[Callable[[Any], Any], tuple[str, ...]]


# torch makes logits of probabilities between eps and 1 - eps.
_CLAMPED = "probabilities are clamped to the eps of their dtype, so that it is another function in half types"


class Asked(NamedTuple):
    """One thing to ask of a distribution.

    Attributes:
        inputs: the names of the arrays that it takes.
        ask: asks it.
    """

    inputs: str
    ask: Ask


def arrays(config: Config) -> dict[str, Input]:
    """Return the arrays that forms choose from; deviations have no axis of the batch."""
    n, f = int(config["N"]), int(config["F"])
    return {
        **{name: Input((n, f)) for name in ("loc", "value", "logits")},
        "scale": Input((f,), positive=True),
        "weights": Input((n, f), positive=True),
        "probs": Input((n, f), bounded=True),
    }


def distribution(
    name: str,
    forms: Mapping[str, Asked],
    bad: Mapping[str, Bad],
    classes: tuple[str, ...],
    regimes: tuple[str, ...] = ("normal", "saturated"),
    given: Callable[[Config], dict[str, Input]] = arrays,
    validate: tuple[bool, ...] = (True, False),
) -> Case:
    """Return the case of a class or function of `distributions`.

    Args:
        name: its name there.
        forms: what is asked of it, by a label.
        bad: the bad calls, by a label, each with what the message must mention.
        classes: as in `Space`.
        regimes: as in `Space`.
        given: from settings to the arrays that forms choose from.
        validate: whether arguments and values are checked.
    """

    def program(t: Any, x: Values) -> dict[str, Any]:
        if x.call:
            return {"output": x.call(t)}
        return {"output": forms[str(x.config["form"])].ask(t, x, {"validate_args": x.config["validate"]})}

    def inputs(config: Config) -> dict[str, Input]:
        every = given(config)
        return {each: every[each] for each in forms[str(config["form"])].inputs.split()}

    def clamped(config: Config) -> str | None:
        # Those of the normal distribution are values, of which it gives the quantiles.
        of_them = {"weights", "probs"}.intersection(forms[str(config["form"])].inputs.split())
        return _CLAMPED if of_them and name != "Normal" else None

    return Case(
        name=f"distributions.{name}",
        space=Space(
            {"N": "batch", "F": "feature"},
            classes,
            regimes,
            {"form": tuple(forms), "validate": validate},
            large={"N": 300},
            # torch cannot check the logits of no rows.
            settle=lambda config: {} if config["N"] else {"validate": False},
        ),
        inputs=inputs,
        program=program,
        samples=2 * len(forms) + len(classes),
        not_in_half=clamped,
        unused={"same-tensor": "a number of one parameter may be none of another"},
        base={"N": 2, "F": 3, "form": next(iter(forms)), "validate": validate[0]},
        bad_calls=tuple(BadCall(label, mentions, call=call) for label, (call, mentions) in bad.items()),
    )
