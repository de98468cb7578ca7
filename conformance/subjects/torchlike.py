"""Runs a case's program on any namespace that has torch's API.

Called by judging and, for a namespace of their own, by users; a trace comes out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases.case import Mapped, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Around, Case, Program
    from conformance.subjects.protocol import Task, Trace


class TorchLike:
    """An implementation whose namespace has torch's names: `tensor`, `autograd.backward`, `nn` and so on.

    Args:
        name: the name in reports.
        module: the namespace's import name; imported on first use.
        programs: its own programs, by case, where the case's does not fit; a layer's is a `LayerProgram`.
        seams: faulty steps, by case and seam. A case named here runs the case's own program, written out
            where it is.
        around: functions around the case's own program, by case.
    """

    def __init__(
        self,
        name: str,
        module: str,
        programs: Mapping[str, Program] | None = None,
        seams: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None,
        around: Mapping[str, Around] | None = None,
    ) -> None:
        self.name = name
        self._module = module
        self._programs = dict(programs or {})
        self._seams = dict(seams or {})
        self._around = dict(around or {})

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
        if steps is None and around is None:
            return self._programs.get(case.name, case.program), case.seams
        whole = case.written_out if case.written_out and steps is not None else case.program
        program = whole if around is None else lambda t, x: around(t, x, whole)
        return program, {**case.seams, **(steps or {})}

    def run(self, task: Task) -> Trace:
        """Run forward and backward; see `Implementation.run`."""
        return {name: _array(value) for name, value in self.observables(task).items()}

    def observables(self, task: Task) -> dict[str, Any]:
        """Run forward and backward, and return the results as tensors of the namespace.

        A task goes one of four ways from here, once its program has returned the outputs:

        - The case trains: the outputs are parameters after optimiser steps, and nothing is differentiated.
        - No output needs a gradient, or no input is differentiable: backward is not run, and only gradients
          that the program left itself are returned.
        - Backward runs under the task's cotangents; the gradients are read from the task's tensors.
        - The program computed with copies of its parameters (`Mapped`): after backward, their gradients are
          read by `gradients()` instead.
        """
        t = self.namespace
        program, seams = self.program(task.case)
        tensors = {name: t.from_numpy(array) for name, array in task.inputs().items()}
        for name in task.differentiable:
            if tensors[name].is_floating_point():
                tensors[name].requires_grad_()
        returned = program(t, Values(tensors, task.config, seams, task.bad_call))
        outputs = returned.outputs if isinstance(returned, Mapped) else returned
        found = {name: _kept(output) for name, output in outputs.items()}
        if task.case.training:
            return found
        self._backward(t, task, outputs)
        gradients = {name: tensors[name].grad for name in sorted(task.differentiable)}
        if isinstance(returned, Mapped):
            gradients |= returned.gradients()
        return found | {f"grad.{name}": _kept(grad) for name, grad in gradients.items() if grad is not None}

    @staticmethod
    def _backward(t: Any, task: Task, outputs: Mapping[str, Any]) -> None:
        roots = [(name, output) for name, output in outputs.items() if output.requires_grad]
        if not roots or not task.differentiable:
            return
        cotangents = [t.from_numpy(task.cotangent(name, tuple(output.shape))) for name, output in roots]
        t.autograd.backward([output for _, output in roots], cotangents)


def _kept(value: Any) -> Any:
    # A copy, because later operations may change it in place.
    return value.copy() if isinstance(value, np.ndarray) else value.detach().clone()


def _array(value: Any) -> np.ndarray:
    return value if isinstance(value, np.ndarray) else np.asarray(value.numpy())
