"""An implementation made of one function of named NumPy arrays, for programs that have no API like torch's.

Made by users; judging calls it like any other implementation, and a trace comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UsageError, named
from conformance.subjects.supports import EVERYTHING, Supports, as_supports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.cases.case import Config
    from conformance.subjects.declarations import Excuse
    from conformance.subjects.protocol import Task, Trace

    Arrays = Mapping[str, Any]
    # From the cotangents by the names of the outputs to the gradients by the names of the inputs.
    Pullback = Callable[[Arrays], Arrays]
    # From the name of a case, its settings and its arrays to the outputs by name, with or without a pullback.
    Function = Callable[[str, Config, Arrays], Arrays | tuple[Arrays, Pullback]]
    # From the name of a case and its settings to why a sample cannot be run.
    Declines = Callable[[str, Config], str | None]


class Functional:
    """An implementation made of one function `f(case, config, arrays)`.

    `case` is the name of the case, `config` has the sizes and flags of the sample, and `arrays` has the NumPy
    arrays by the reference's names, data and parameters, in the dtype that the results must have. `f` returns

    - the outputs by name, and `pullback`, which takes the cotangents by the names of the outputs, and returns
      the gradients by the names of the inputs; or
    - the outputs alone: they are judged, and the report says "forward only".

    A function has no layer that could be called in another way, and no arguments to mistake: uses and bad
    calls are not judged.

    Args:
        name: the name in reports.
        f: the function.
        supports: its limits, such as the cases that it knows.
        declines: from the name of a case and its settings to why a sample cannot be run, or None; for what
            `supports` cannot say. Such a sample is skipped with that reason.
        excuses: the differences that it declares.
        accuracy: the accuracy class of its tanh and sigmoid, `relative` or `absolute`.
        nan_conventions: `torch`, or `own` where others hold at NaN.

    Raises:
        UsageError: the name is not a string or is empty, `f` or `declines` cannot be called, or `supports` is
            not a `Supports`.

    Example:
        >>> import numpy as np
        >>> import conformance
        >>> def tanh(case, config, arrays):
        ...     y = np.tanh(arrays["input"])
        ...     return {"output": y}, lambda cotangents: {"input": cotangents["output"] * (1 - y * y)}
        >>> mine = conformance.Functional("mine", tanh, supports=conformance.Supports(cases=["tanh"]))
        >>> conformance.run(mine, ["tanh"], samples=3).exit_code
        0
    """

    uses: frozenset[str] = frozenset()

    def __init__(
        self,
        name: str,
        f: Function,
        supports: Supports = EVERYTHING,
        *,
        declines: Declines | None = None,
        excuses: Sequence[Excuse] = (),
        accuracy: str = "relative",
        nan_conventions: str = "torch",
    ) -> None:
        for argument, given in {"f": f, **({"declines": declines} if declines is not None else {})}.items():
            if not callable(given):
                raise UsageError(f"Functional: {argument}: expected a function, got {given!r:.80}")
        self.name = named("Functional", name)
        self._f, self._declines = f, declines
        self.excuses, self.accuracy, self.nan_conventions = excuses, accuracy, nan_conventions
        as_supports(supports)
        # Whether there is a pullback is seen when it is called.
        backward = None if supports.backward else supports.backward
        self.supports = replace(supports, backward=backward, uses=(), bad_calls=False)

    def unsupported(self, task: Task) -> str | None:
        """Return what `declines` says; without it None, as the limits are declared in `supports`."""
        return None if self._declines is None else self._declines(task.case.name, task.config)

    def run(self, task: Task) -> Trace:
        """Call the function, and its pullback under the task's cotangents; see `Implementation.run`.

        Raises:
            TypeError: the function or its pullback returns something else than it should.
            KeyError: the function raises one; a note lists the names that the sample has.
        """
        arrays = task.inputs()
        there = f"config has {', '.join(task.config)}; this sample's arrays are {', '.join(arrays)}"
        try:
            returned: Any = self._f(task.case.name, task.config, arrays)
        except KeyError as error:
            # Most who write a function meet a sample that lacks an array, such as a bias.
            error.add_note(there)
            raise
        pair = isinstance(returned, tuple) and len(returned) == 2
        outputs, pullback = returned if pair else (returned, None)
        if not isinstance(outputs, Mapping) or not (pullback is None or callable(pullback)):
            told = "expected outputs by name, or such outputs and a pullback"
            raise TypeError(f"{self.name}: {told}, got {_told(returned)}")
        # The pullback may write to what it kept.
        trace = {
            name: array.copy() if isinstance(array, np.ndarray) else array for name, array in outputs.items()
        }
        if pullback is None or self.supports.backward is False or not task.differentiable:
            return trace
        floating = {name: each for name, each in trace.items() if np.asarray(each).dtype.kind == "f"}
        gradients: Any = pullback({name: task.cotangent(name, np.shape(a)) for name, a in floating.items()})
        # Without any it would pass for a function that has no pullback.
        if not isinstance(gradients, Mapping) or not gradients:
            raise TypeError(f"{self.name}: pullback: expected gradients by name, got {_told(gradients)}")
        return trace | {f"grad.{name}": gradient for name, gradient in gradients.items()}


def _told(value: object) -> str:
    inside = f" of {', '.join(type(each).__name__ for each in value)}" if isinstance(value, tuple) else ""
    return "none" if isinstance(value, Mapping) and not value else f"{type(value).__name__}{inside}"
