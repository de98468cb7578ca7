"""Cases whose outputs are random draws: seeded by the sample, and the generator left as it was.

The families that draw call `draws`, which returns a case; its laws are tested by judging.distributions.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases.case import BadCall, Case
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conformance.cases._law import Law
    from conformance.cases._table import Bad
    from conformance.cases.case import Config, Constant, Values


class Form(NamedTuple):
    """One way to draw.

    Attributes:
        run: from the namespace and the dtype to draw in to the outputs, by name.
        laws: the laws of those outputs that are random; the others are compared exactly.
    """

    run: Callable[[Any, Any], Mapping[str, Any]]
    laws: Mapping[str, Law]


@contextmanager
def seeded(t: Any, seed: int) -> Iterator[None]:
    """Draw the same numbers each time, and restore the generator's state."""
    before = t.get_rng_state()
    t.manual_seed(seed)
    try:
        yield
    finally:
        t.set_rng_state(before)


def draws(
    name: str,
    forms: Mapping[str, Form],
    bad: Mapping[str, Bad] | None = None,
    constant: Constant | None = None,
) -> Case:
    """Return the case of a function or layer that draws.

    Args:
        name: the public name that it judges, with an aspect where another case has the name.
        forms: the ways to draw, by a label, one sample each.
        bad: the bad calls, by a label, each with what the message must mention; a call takes the namespace.
        constant: as in `Case`.
    """

    def program(t: Any, x: Values) -> Mapping[str, Any]:
        if x.call:
            return {"output": x.call(t)}
        # A drawn number between -2 and 2; 28 bits of it tell any two samples apart.
        with seeded(t, int(abs(float(x["seed"][0])) * 2**28)):
            return forms[str(x.config["form"])].run(t, x["seed"].dtype)

    def laws(config: Config) -> Mapping[str, Law]:
        return forms[str(config["form"])].laws

    return Case(
        name=name,
        space=Space({}, ("small",), ("normal",), {"form": tuple(forms)}),
        inputs=lambda config: {"seed": Input((1,), grad=False)},
        program=program,
        samples=len(forms),
        distribution=laws,
        constant=constant or {},
        base={"form": next(iter(forms))},
        bad_calls=tuple(
            BadCall(label, mentions, call=call) for label, (call, mentions) in (bad or {}).items()
        ),
    )
