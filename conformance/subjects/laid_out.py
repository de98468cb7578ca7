"""A recurrent layer's parameters in another framework's layout, and what that changes.

Written by the weight map of that framework (subjects.layouts). What changes the function is refused. Called
by `conformance convert`, through reference.conversion, of what subjects.convert has read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.errors import UsageError
from conformance.subjects.convert import called
from conformance.subjects.layouts import GATES, layer_map
from conformance.subjects.name_patterns import NamePattern, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent
    from conformance.subjects.layouts import Framework, Layout


def laid_out(layer: Recurrent, framework: Framework, pattern: str = "") -> dict[str, Array]:
    """Return the parameters of a layer as another framework has them, by name.

    Args:
        layer: the layer.
        framework: whose layout it gets.
        pattern: the names of the parameters; by default the framework's.

    Raises:
        UsageError: the framework has no such layer, or it would compute something else there; two parameters
            would have the same name; or biases of a half dtype are added, which rounds.
    """
    try:
        layout = framework.of_kind(layer.kind)
        _check_function(layer, framework, layout)
        names = _names(layer, NamePattern(pattern or framework.patterns[0]), layout)
        weights = layer_map(
            layout,
            layers=layer.layers,
            directions=layer.directions,
            bias=layer.bias or layout.always_biased,
            projection=bool(layer.proj_size),
            named=lambda name, k, direction: names[name, k, direction],
        )
        return weights.to_subject({**layer.parameters, **_zero_biases(layer, layout)})
    except UsageError as error:
        raise UsageError(f"{called(layer.prefix)}: {error}") from error


def _check_function(layer: Recurrent, framework: Framework, layout: Layout) -> None:
    """Raise unless the framework's layer can compute what this one does."""
    if layer.proj_size and not layout.projects:
        raise UsageError(f"{framework.name} has no {layer.kind} with a projection (proj_size)")
    if layout.merges and layer.bias and layer.dtype.itemsize < 4:
        raise UsageError(f"{framework.name} has one bias, and a sum in {layer.dtype} rounds; cast to float32")
    for name, gates in (each for each in layout.zero if not isinstance(each, str)):
        for key, array in layer.parameters.items():
            blocks = np.split(array, len(GATES[layer.kind]))
            lacking = [np.abs(blocks[GATES[layer.kind].index(gate)]).max(initial=0) for gate in gates]
            if key.startswith(name) and max(lacking):
                told = f"expected zero in {key}, got up to {max(lacking):.3g}"
                raise UsageError(
                    f"{framework.name}'s {layout.cell} has no {name} in the gate {gates}: {told}"
                )


def _names(layer: Recurrent, named: NamePattern, layout: Layout) -> dict[tuple[str, int, int], str]:
    names: dict[tuple[str, int, int], str] = {}
    for entry in layout.entries:
        for k in range(layer.layers):
            for direction in range(1 if layout.stacked else layer.directions):
                name = named.filled(Place(layer.prefix, k, direction, entry.target))
                key = (entry.target, k, direction)
                if name in names.values() and names.get(key) != name:
                    raise UsageError(f"pattern {named.text!r}: two parameters get the name {name!r}")
                names[key] = name
    return names


def _zero_biases(layer: Recurrent, layout: Layout) -> dict[str, Array]:
    """Return the biases that a layer without any has in a framework whose layers always have some."""
    if layer.bias or not layout.always_biased:
        return {}
    weights = [name for name in layer.parameters if name.startswith("weight_ih")]
    return {
        name.replace("weight_ih", bias): np.zeros(len(layer.parameters[name]), layer.parameters[name].dtype)
        for name in weights
        for bias in ("bias_ih", "bias_hh")
    }


def remarks(layer: Recurrent, source: Framework, target: Framework, *, told: bool = False) -> Iterator[str]:
    """Yield, a line each, what a conversion changes without changing the function, and what it assumes.

    Args:
        layer: the layer, as it was read.
        source: the framework that it is from.
        target: the framework that it is for.
        told: the file stated what arrays do not show.
    """
    layout = target.of_kind(layer.kind)
    if layer.bias and layout.merges:
        gates = "".join(entry.gates or GATES[layer.kind] for entry in layout.entries if entry.merge)
        of = "" if {*gates} == {*GATES[layer.kind]} else f" (of the gates {', '.join(gates)})"
        back = "read back, bias_ih is the sum and bias_hh zero"
        yield f"bias_ih + bias_hh become one bias{of} in {target.name}: {back}"
    if not layer.bias and layout.always_biased:
        yield f"{target.name}'s layer always has biases: they are zero"
    if layer.kind == "GRU" and source.name == "onnx" and not told:
        yield "taken as linear_before_reset=1, which arrays do not show; with 0 it is another function"
    if layer.kind == "GRU" and target.name == "onnx":
        yield "it is for a node with linear_before_reset=1"
    if layer.kind == "GRU" and source.name == "keras" and not layer.bias:
        yield "taken as reset_after=True, which arrays without a bias do not show"
    if layer.kind == "GRU" and target.name == "keras":
        yield "it is for a layer with reset_after=True, the default"
