"""One call of a case on a namespace: its tensors, its layer, and backward under the sample's cotangents.

Made by subjects.torchlike. The plain call and every use (`_uses.py`) run through it, so that gradients are
read in one place, by the reference's names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases.case import Built, LayerProgram, Mapped, Values, data_of, of_function

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from conformance.cases.case import BadCall, Case, Config, Gradients, Program, Tensors

    # From a name and a shape to an array: a cotangent.
    Cotangent = Callable[[str, tuple[int, ...]], Any]
    # From a name and a tensor to the tensor that is used instead, with the same values.
    Change = Callable[[str, Any], Any]


class Unused(Exception):  # noqa: N818 - not an error: the layer has nothing to use in that way
    """A subject's layer cannot be used in this way; the message says why, and becomes that of a SKIP."""


def kept(value: Any) -> Any:
    """Return a copy of a result, because later operations may change it in place."""
    return value.copy() if isinstance(value, np.ndarray) else value.detach().clone()


def flag(value: bool | int | tuple[int, ...]) -> Any:
    """Return a boolean or integers as an array, which are compared exactly."""
    return np.asarray(value)


@dataclass(frozen=True)
class Call:
    """All that a use needs to call a case, in any way, on one namespace.

    Attributes:
        t: the namespace.
        case: the case.
        config: the sample's settings.
        arrays: returns new copies of the sample's arrays, by the reference's names.
        cotangent: from an output's name and shape to its cotangent, an array.
        differentiable: the names of the inputs whose gradients are observables.
        program: the program that runs the case here.
        seams: the steps of the program.
        bare: the program is the subject's own and only a function: of no module, and with tensors of any
            making.
        bad_call: the mistakes, in a bad call.
        dtype: the lane, which is the dtype of every floating tensor.
    """

    t: Any
    case: Case
    config: Config
    arrays: Callable[[], Mapping[str, Any]]
    cotangent: Cotangent
    differentiable: frozenset[str]
    program: Program
    seams: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    bare: bool = False
    bad_call: BadCall | None = None
    dtype: str = ""

    def layer(self, frozen: Collection[str] = (), change: Change | None = None) -> Layer:
        """Make the layer anew, from tensors of its own.

        Args:
            frozen: names of inputs that do not require a gradient, data or parameters.
            change: replaces each tensor before it requires a gradient, e.g. by one of other strides.
        """
        tensors = {name: self.tensor(array) for name, array in self.arrays().items()}
        if change is not None:
            tensors = {name: change(name, tensor) for name, tensor in tensors.items()}
        for name in self.differentiable - frozenset(frozen):
            if tensors[name].is_floating_point():
                tensors[name].requires_grad_()
        return self.layer_of(tensors, frozen)

    def tensor(self, array: Any) -> Any:
        """Return an array as a tensor. In the lane `bfloat16`, which NumPy lacks, float32 arrays carry it."""
        given = self.t.from_numpy(array)
        half = self.dtype == "bfloat16" and given.is_floating_point()
        return given.to(self.t.bfloat16) if half else given

    def layer_of(self, tensors: dict[str, Any], frozen: Collection[str] = ()) -> Layer:
        """Make the layer from given tensors, which already require gradients or do not."""
        values = Values(tensors, self.config, self.seams, self.bad_call, self.case.name, self.dtype)
        whole = isinstance(self.program, LayerProgram)
        build = self.program.build if isinstance(self.program, LayerProgram) else of_function(self.program)
        built = build(self.t, values, self.config)
        for name in frozen:
            if name in built.parameters:
                built.parameters[name].requires_grad_(False)
        return Layer(self, tensors, built, whole)

    def own(self) -> None:
        """Require that the layer is the namespace's own: a bare function has only the uses of a function.

        Raises:
            Unused: the program is a bare function of the subject's.
        """
        if self.bare:
            raise Unused("a bare function has only the uses of a function")


class Layer:
    """A layer with leaves of its own, which may be called any number of times.

    Attributes:
        tensors: the leaves by the reference's names, data and parameters.
        built: the layer.
        data: the leaves that are data.
    """

    def __init__(self, call: Call, tensors: dict[str, Any], built: Built, whole: bool) -> None:
        self.tensors, self.built = tensors, built
        self.data = data_of(tensors)
        self._call, self._whole = call, whole
        self._mapped: Gradients | None = None

    def __call__(self, data: Tensors | None = None) -> Mapping[str, Any]:
        """Call the layer with its data, or with other data, and return its outputs."""
        returned: Any = self.built.call(self.data if data is None else data)
        if isinstance(returned, Mapped):
            self._mapped = returned.gradients
            return returned.outputs
        outputs: Mapping[str, Any] = returned
        return outputs

    def backward(
        self,
        outputs: Mapping[str, Any],
        *,
        retain_graph: bool = False,
        change: Change | None = None,
    ) -> None:
        """Run backward from the given outputs, under the sample's cotangents.

        Args:
            outputs: the outputs by name, or some of them.
            retain_graph: as in torch.
            change: replaces each cotangent, a tensor.
        """
        # Where nothing is differentiable, a namespace need not have gradients at all.
        if not self._call.differentiable:
            return
        roots = {name: output for name, output in outputs.items() if output.requires_grad}
        if not roots:
            return
        self._call.t.autograd.backward(
            list(roots.values()),
            [self.cotangent(name, output, change) for name, output in roots.items()],
            **({"retain_graph": True} if retain_graph else {}),
        )

    def cotangent(self, name: str, output: Any, change: Change | None = None) -> Any:
        """Return the cotangent of an output, a tensor."""
        given = self._call.tensor(self._call.cotangent(name, tuple(output.shape)))
        return given if change is None else change(name, given)

    def raw_gradients(self) -> dict[str, Any]:
        """Return the gradients as they are, None included, by the reference's names."""
        # A gradient is read from one of three places:
        # - the leaf, of data and of a function's parameters;
        # - the layer (`Built.gradients`), where it computes with copies of the parameters;
        # - what the program returned (`Mapped`), likewise.
        found = {name: self.tensors[name].grad for name in sorted(self._call.differentiable)}
        if self._whole and self.built.module is not None and self.built.parameters:
            found |= self.built.gradients()
        if self._mapped is not None:
            found |= self._mapped()
        return found

    def gradients(self) -> dict[str, Any]:
        """Return copies of the gradients that there are, as `grad.` and the reference's name."""
        return {f"grad.{name}": kept(grad) for name, grad in self.raw_gradients().items() if grad is not None}

    def forget(self) -> None:
        """Set every gradient to None."""
        for leaf in (*self.tensors.values(), *self.built.parameters.values()):
            leaf.grad = None


def plain(call: Call) -> dict[str, Any]:
    """Run forward and backward once, as most layers are used: the call that every use is compared with."""
    layer = call.layer()
    outputs = layer()
    found = results(outputs)
    # A case that trains returns parameters after optimiser steps, and nothing is differentiated.
    if call.case.training:
        return found
    layer.backward(outputs)
    return found | layer.gradients()


def results(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of the outputs."""
    return {name: kept(output) for name, output in outputs.items()}


def labelled(label: str, trace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trace with a label before each name."""
    return {f"{label}/{name}": value for name, value in trace.items()}
