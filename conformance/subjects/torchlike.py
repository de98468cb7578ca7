"""Runs a case's program on any namespace that has torch's API.

Called by judging and, for a namespace of their own, by users; a trace comes out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases._call import Call, plain
from conformance.cases._uses import USES, find_use
from conformance.cases.case import LayerProgram, of_function
from conformance.errors import named
from conformance.subjects.supports import EVERYTHING, Supports, as_supports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.cases.case import Around, Built, Case, Config, Program, Values
    from conformance.subjects.declarations import Excuse
    from conformance.subjects.protocol import Task, Trace

    # From the namespace and a layer to a layer that is used instead.
    Wrap = Callable[[Any, Built], Built]


class TorchLike:
    """An implementation whose namespace has torch's names: `tensor`, `autograd.backward`, `nn` and so on.

    Args:
        name: the name in reports.
        module: the namespace's import name; imported on first use.
        programs: its own programs, by case, where the case's does not fit; a layer's is a `LayerProgram`.
            The argument `x` of a program tells it the settings (`x.config`), the case (`x.case`) and the
            dtype (`x.dtype`), so that one program can serve several cases.
        seams: faulty steps, by case and seam. A case named here runs the case's own program, written out
            where it is.
        around: functions around the case's own program, by case.
        wraps: functions around the layer that a program builds, by case.
        supports: its limits. Without backward, programs are given tensors that need no gradient.
        excuses: the differences that it declares.
        accuracy: the accuracy class of its tanh and sigmoid, `relative` or `absolute`.
        nan_conventions: `torch`, or `own` where others hold at NaN.

    Attributes:
        uses: the names of the uses in which it can be called: all, or those that `supports` names.
    """

    uses = frozenset(USES)
    supports = EVERYTHING
    excuses: Sequence[Excuse] = ()
    accuracy = "relative"
    nan_conventions = "torch"

    def __init__(
        self,
        name: str,
        module: str,
        programs: Mapping[str, Program] | None = None,
        seams: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None,
        around: Mapping[str, Around] | None = None,
        wraps: Mapping[str, Wrap] | None = None,
        *,
        supports: Supports = EVERYTHING,
        excuses: Sequence[Excuse] | None = None,
        accuracy: str | None = None,
        nan_conventions: str | None = None,
    ) -> None:
        self.name = named("TorchLike", name)
        # A class of its own may declare all of these once, for all its instances.
        if supports is not EVERYTHING:
            self.supports = as_supports(supports)
        if self.supports.uses is not None:
            self.uses = frozenset(self.supports.uses)
        self.excuses = self.excuses if excuses is None else excuses
        self.accuracy = accuracy or self.accuracy
        self.nan_conventions = nan_conventions or self.nan_conventions
        self._module = module
        self._programs = dict(programs or {})
        self._seams = dict(seams or {})
        self._around = dict(around or {})
        self._wraps = dict(wraps or {})

    @property
    def namespace(self) -> Any:
        """The module with torch's API."""
        return importlib.import_module(self._module)

    def unsupported(self, task: Task) -> str | None:
        """Return None: every task is run, and a name that the namespace lacks becomes an ERROR."""
        del task
        return None

    def program(self, case: Case) -> tuple[Program, Mapping[str, Callable[..., Any]]]:
        """Return the program that runs a case here, and its seams."""
        steps, around = self._seams.get(case.name), self._around.get(case.name)
        wrap = self._wraps.get(case.name)
        if steps is None and around is None:
            own = self._programs.get(case.name, case.program)
            return own if wrap is None else _wrapped(own, wrap), case.seams
        whole = case.written_out if case.written_out and steps is not None else case.program
        program = whole if around is None else lambda t, x: around(t, x, whole)
        return program, {**case.seams, **(steps or {})}

    def run(self, task: Task) -> Trace:
        """Run forward and backward; see `Implementation.run`."""
        return {name: _array(value) for name, value in self.observables(task).items()}

    def observables(self, task: Task) -> dict[str, Any]:
        """Run a task, and return the results as tensors of the namespace, or as arrays where they are flags.

        A sample without a use is called plainly: forward, then backward under the task's cotangents. Another
        is called as its use says (`cases._uses`).
        """
        program, seams = self.program(task.case)
        call = Call(
            self.namespace,
            task.case,
            task.config,
            task.inputs,
            task.cotangent,
            frozenset() if self.supports.backward is False else task.differentiable,
            program,
            seams,
            bare=task.case.name in self._programs and not isinstance(program, LayerProgram),
            bad_call=task.bad_call,
            dtype=task.dtype,
        )
        if not task.sample.use:
            return plain(call)
        return dict(find_use(task.sample.use, task.case, task.config).run(call))


def _wrapped(program: Program, wrap: Wrap) -> LayerProgram:
    """Return a program whose layer is used through `wrap`."""
    build = program.build if isinstance(program, LayerProgram) else of_function(program)

    def wrapped(t: Any, x: Values, config: Config) -> Built:
        return wrap(t, build(t, x, config))

    return LayerProgram(wrapped)


def _array(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    # NumPy has no bfloat16, and float32 holds all of its numbers.
    return np.asarray((value.float() if str(value.dtype).endswith("bfloat16") else value).numpy())
