"""Cases as rows of a table: a public function, the calls to compare, and the bad calls.

The families of functions call `row`, which returns a case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Built, Case, LayerProgram, Values, of_module
from conformance.sampling.space import BARE, Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config, Constant

    Form = Callable[..., Any]
    Bad = tuple[Form, tuple[str, ...]]

KINDS = {"N": "batch", "L": "length", "F": "feature"}
CLASSES = ("small", "one", "empty", "strided", "zero", "large")
# For functions that take the first feature, or divide by the number of features.
FEATURED = ("small", "one", "empty", "strided", "large")
# For functions that need at least one element.
FILLED = ("small", "one", "pow2", "strided", "large")
# The sizes of the bad calls, which their messages must name.
BASE: Mapping[str, int] = {"N": 2, "L": 3, "F": 4}


def shape_of(letters: str, config: Config) -> tuple[int, ...]:
    """Return the shape that letters mean: sizes by their names, and 1."""
    return tuple([1 if letter == "1" else int(config[letter]) for letter in letters])


def outputs_of(result: Any) -> dict[str, Any]:
    """Return a call's result as outputs named as in a named tuple, or numbered."""
    if isinstance(result, dict):
        return result
    if not isinstance(result, (tuple, list)):
        return {"output": result}
    named = dict(zip(("values", "indices"), result, strict=True)) if hasattr(result, "indices") else {}
    return named or {f"output{i}": each for i, each in enumerate(result)}


def row(
    name: str,
    inputs: str,
    forms: Mapping[str, Form],
    bad: Mapping[str, Bad] | None = None,
    *,
    regimes: tuple[str, ...] = ("normal",),
    classes: tuple[str, ...] = CLASSES,
    positive: bool = False,
    grad: bool = True,
    samples: int = 0,
    exact: bool = False,
    several_outputs: bool = False,
    unused: Mapping[str, str | Callable[[Config], str | None]] | None = None,
    constant: Constant | None = None,
) -> Case:
    """Return the case of one public function.

    Args:
        name: the public name that it judges.
        inputs: the shapes of its tensors, as "NLF F": sizes by their names, 1, and "-" for a 0-dim tensor.
        forms: the calls, by a label; `form(t, *tensors)` takes the namespace and the tensors.
        bad: the bad calls, by a label, each with what the message must mention.
        regimes: as in `Space`.
        classes: as in `Space`.
        positive: the values are not negative.
        grad: the gradients are compared.
        samples: the number of samples; by default two for each form, and each class and regime at least once.
        exact: only sums, products and copies.
        several_outputs: as in `Case`.
        unused: as in `Case`.
        constant: as in `Case`.
    """
    letters = [each.strip("-") for each in inputs.split()]
    names = [f"x{i}" for i in range(len(letters))]

    def program(t: Any, x: Values) -> dict[str, Any]:
        call = x.call or forms[str(x.config["form"])]
        return outputs_of(call(t, *[x[each] for each in names]))

    def arrays(config: Config) -> dict[str, Input]:
        shapes = [shape_of(each, config) for each in letters]
        # In the regime `cancelling`, the second tensor mirrors the first, or elements their neighbours.
        long = next((i for i, shape in enumerate(shapes) if shape and letters[i][-1] != "1"), None)
        return {
            each: Input(
                shape,
                positive=positive,
                grad=grad,
                pairs=i == long,
                against="x0" if i == 1 and shape == shapes[0] else None,
            )
            for i, (each, shape) in enumerate(zip(names, shapes, strict=True))
        }

    sizes = {letter: kind for letter, kind in KINDS.items() if letter in inputs}
    space = Space(sizes, classes, regimes, {"form": tuple(forms)})
    # Enough draws that each form gets a tensor of more than one element.
    full = sum(each not in BARE for each, _ in space.pairs)
    rounds = -(-len(forms) // full)
    return Case(
        name=name,
        space=space,
        inputs=arrays,
        program=program,
        samples=samples or max(2 * len(forms), rounds * space.combinations),
        exact_on_integers=exact,
        several_outputs=several_outputs,
        unused=unused or {},
        constant=constant or {},
        base={letter: BASE[letter] for letter in sizes} | {"form": next(iter(forms))},
        bad_calls=tuple(
            BadCall(label, mentions, call=call) for label, (call, mentions) in (bad or {}).items()
        ),
    )


def plain_module(name: str) -> Case:
    """Return the case of a module without options, which is applied to each element."""

    def build(t: Any, x: Values, config: Config) -> Built:
        return of_module(getattr(t.nn, name)(), lambda layer, data: {"output": layer(data["x0"])})

    return Case(
        name=f"nn.{name}",
        space=Space({"N": "batch", "F": "feature"}, CLASSES, ("normal", "saturated"), {"form": ("module",)}),
        inputs=lambda config: {"x0": Input((int(config["N"]), int(config["F"])))},
        program=LayerProgram(build),
        base={"N": 2, "F": 4, "form": "module"},
    )


def method(name: str) -> Form:
    """Return the call of a method."""
    return lambda t, x, *rest: getattr(x, name)(*rest)


def function(name: str) -> Form:
    """Return the call of a function of the namespace."""
    return lambda t, *tensors: getattr(t, name)(*tensors)
