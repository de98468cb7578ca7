"""Recurrent layers in a checkpoint, found by their names and read into torch's names and layout.

They are read by the weight map of their framework (subjects.layouts); laid_out.py writes them by that of
another. Called by `conformance convert`; reference.conversion runs both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UsageError
from conformance.subjects.layouts import DIRECTIONS, GATES, layer_map
from conformance.subjects.name_patterns import NamePattern, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.sampling.values import Array
    from conformance.subjects.layouts import Framework, Layout

# A recurrent layer has a parameter of one of these names; other layers have a `kernel` or a `bias` too.
_RECURRENT = frozenset({"weight_hh", "recurrent_kernel", "R", "hi.kernel", "dense_h.kernel"})

NONLINEARITIES = ("tanh", "relu")

# By layer and direction (0 for both where one array holds both), the parameters by their names in a layout.
Parts = dict[tuple[int, int], dict[str, "Array"]]


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer, as torch's `nn.LSTM`, `nn.GRU` and `nn.RNN` are, with several layers and directions.

    Attributes:
        prefix: what the names of its parameters begin with.
        layout: how they were laid out where they were read.
        layers: how many layers it has, as torch's `num_layers`.
        directions: 1, or 2 if it is bidirectional.
        parameters: by torch's names, `weight_ih_l0` …
        parts: as they were read.
        names: what each is called in the checkpoint, by its name in the layout, its layer and its direction.
        nonlinearity: of an RNN, `tanh` or `relu`.
    """

    prefix: str
    layout: Layout
    layers: int
    directions: int
    parameters: Mapping[str, Array] = field(repr=False)
    parts: Parts = field(repr=False)
    names: Mapping[tuple[str, int, int], str] = field(repr=False)
    nonlinearity: str = "tanh"

    @property
    def kind(self) -> str:
        """`LSTM`, `GRU` or `RNN`."""
        return self.layout.kind

    @property
    def bias(self) -> bool:
        """Whether it has biases."""
        return "bias_ih_l0" in self.parameters

    @property
    def input_size(self) -> int:
        """Torch's `input_size`."""
        return int(self.parameters["weight_ih_l0"].shape[1])

    @property
    def hidden_size(self) -> int:
        """Torch's `hidden_size`."""
        return int(self.parameters["weight_ih_l0"].shape[0]) // len(GATES[self.kind])

    @property
    def proj_size(self) -> int:
        """Torch's `proj_size`: 0 without a projection."""
        return len(self.parameters["weight_hr_l0"]) if "weight_hr_l0" in self.parameters else 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of its parameters."""
        return np.result_type(*self.parameters.values())

    def __str__(self) -> str:
        directions = ", both directions" if self.directions == 2 else ""
        projection = f", projection {self.proj_size}" if self.proj_size else ""
        relu = ", relu" if self.nonlinearity == "relu" else ""
        sizes = f"input {self.input_size}, hidden {self.hidden_size}{projection}"
        layers = f"{self.layers} layer{'s' if self.layers > 1 else ''}"
        bias = "" if self.bias else ", no bias"
        return f"{self.kind}, {layers}{directions}, {sizes}{bias}{relu}, {self.dtype}"


@dataclass(frozen=True)
class Found:
    """What a checkpoint holds.

    Attributes:
        layers: its recurrent layers.
        kept: all else, by name.
    """

    layers: tuple[Recurrent, ...]
    kept: Mapping[str, Array]


def find(
    arrays: Mapping[str, Array],
    framework: Framework,
    *,
    patterns: Sequence[str] = (),
    prefix: str = "",
    nonlinearity: str = "tanh",
    relu: frozenset[str] = frozenset(),
) -> Found:
    """Return the recurrent layers in a checkpoint, and what is not part of one.

    Args:
        arrays: the checkpoint, by name.
        framework: whose layout it has.
        patterns: the names of the parameters (subjects.name_patterns); by default the framework's.
        prefix: only layers whose prefix begins with it are taken.
        nonlinearity: of the RNNs, which arrays do not show.
        relu: the nodes of an ONNX model whose activation is relu.

    Raises:
        UsageError: a layer is incomplete, is not laid out as the framework does it, or computes what torch's
            layers do not.

    Example:
        >>> import numpy as np
        >>> from conformance.subjects.convert import find
        >>> from conformance.subjects.laid_out import laid_out
        >>> from conformance.subjects.layouts import FRAMEWORKS
        >>> arrays = {"a.weight_ih_l0": np.ones((4, 3)), "a.weight_hh_l0": np.ones((4, 4)), "x": np.ones(2)}
        >>> found = find(arrays, FRAMEWORKS["torch"])
        >>> str(found.layers[0]), [*found.kept]
        ('RNN, 1 layer, input 3, hidden 4, no bias, float64', ['x'])
        >>> {name: array.shape for name, array in laid_out(found.layers[0], FRAMEWORKS["keras"]).items()}
        {'a.layers.0.forward.kernel': (3, 4), 'a.layers.0.forward.recurrent_kernel': (4, 4)}
    """
    if nonlinearity not in NONLINEARITIES:
        raise UsageError(f"nonlinearity: expected {' or '.join(NONLINEARITIES)}, got {nonlinearity!r}")
    groups, kept = _grouped(arrays, framework, patterns or framework.patterns, prefix)
    layers = []
    for places in groups:
        activations = {name.rpartition(".")[0] in relu for name in places}
        if len(activations) > 1:
            at = called(next(iter(places.values())).prefix)
            raise UsageError(f"{at}: expected one nonlinearity in all layers, got tanh and relu")
        named = "relu" if activations == {True} else nonlinearity
        layers.append(_layer(arrays, places, framework, named))
    return Found(tuple(layers), kept)


def _grouped(
    arrays: Mapping[str, Array], framework: Framework, patterns: Sequence[str], prefix: str
) -> tuple[list[dict[str, Place]], dict[str, Array]]:
    """Return the names of each recurrent layer's parameters, with what they say, and all other arrays."""
    parameters = {entry.target for layout in framework.layouts for entry in layout.entries}
    compiled = [NamePattern(text) for text in patterns]
    groups: dict[tuple[int, str], dict[str, Place]] = {}
    for name in arrays:
        for number, pattern in enumerate(compiled):
            place = pattern.match(name, parameters)
            if place is not None and place.prefix.startswith(prefix):
                groups.setdefault((number, place.prefix), {})[name] = place
                break
    recurrent = [
        places for places in groups.values() if any(place.name in _RECURRENT for place in places.values())
    ]
    taken = {name for places in recurrent for name in places}
    return recurrent, {name: array for name, array in arrays.items() if name not in taken}


def called(prefix: str) -> str:
    """Return what messages call the layer whose parameters' names begin with a prefix."""
    return f"layer {prefix!r}" if prefix else "the layer"


def _layer(
    arrays: Mapping[str, Array], places: Mapping[str, Place], framework: Framework, nonlinearity: str
) -> Recurrent:
    """Return the recurrent layer of some parameters."""
    prefix = next(iter(places.values())).prefix
    parts: Parts = {}
    for name, place in places.items():
        part = parts.setdefault((place.layer, place.direction), {})
        if place.name in part:
            raise UsageError(
                f"{called(prefix)}: two parameters are read as {place.name}, the second {name!r}"
            )
        if arrays[name].dtype.kind != "f":
            raise UsageError(f"{name}: expected numbers of a floating dtype, got {arrays[name].dtype}")
        if not np.isfinite(arrays[name]).all():
            raise UsageError(f"{name}: expected finite numbers, got NaN or infinity, which hide any mistake")
        part[place.name] = arrays[name]
    names = {(place.name, place.layer, place.direction): name for name, place in places.items()}
    layers = 1 + max(layer for layer, _ in parts)
    directions = 1 + max(direction for _, direction in parts)
    for layer in range(layers):
        for direction in range(directions):
            if (layer, direction) not in parts:
                way = "the reverse direction of " if direction else ""
                raise UsageError(f"{called(prefix)}: {way}layer {layer} is missing")
    refused = []
    for layout in framework.layouts:
        try:
            layer_found = _as(layout, prefix, parts, layers, directions)
        except UsageError as error:
            refused.append((layout, error))
            continue
        return replace(layer_found, names=names, nonlinearity=nonlinearity)
    raise _unreadable(prefix, framework, parts, refused)


def _as(layout: Layout, prefix: str, parts: Parts, layers: int, directions: int) -> Recurrent:
    """Return the layer of parameters that have this layout, or raise a UsageError."""
    subject = {
        f"{layer}.{direction}.{name}": array
        for (layer, direction), part in parts.items()
        for name, array in part.items()
    }
    first = parts[0, 0]
    if layout.stacked and "R" in first:
        directions = len(first["R"])
    biases = [entry.target for entry in layout.entries if entry.source in {"bias_ih", "bias_hh"}]
    weights = layer_map(
        layout,
        layers=layers,
        directions=directions,
        bias=any(name in first for name in biases),
        projection=layout.projects and "weight_hr" in first,
        named="{1}.{2}.{0}".format,
    )
    found = Recurrent(prefix, layout, layers, directions, weights.to_reference(subject), parts, {})
    _check_shapes(found)
    return found


def _check_shapes(found: Recurrent) -> None:
    """Raise unless the shapes are those of one layer of torch."""
    for name, array in found.parameters.items():
        if array.ndim != (1 if name.startswith("bias") else 2):
            raise UsageError(
                f"expected {name} in {1 if name.startswith('bias') else 2} dimensions, got {array.shape}"
            )
    rows = len(GATES[found.kind]) * found.hidden_size
    width = found.proj_size or found.hidden_size
    for layer in range(found.layers):
        for end in DIRECTIONS[: found.directions]:
            before = found.directions * width if layer else found.input_size
            expected: dict[str, tuple[int, ...]] = {"weight_ih": (rows, before), "weight_hh": (rows, width)}
            expected |= {"bias_ih": (rows,), "bias_hh": (rows,)} if found.bias else {}
            expected |= {"weight_hr": (width, found.hidden_size)} if found.proj_size else {}
            for name, shape in expected.items():
                got = found.parameters[f"{name}_l{layer}{end}"].shape
                if got != shape:
                    raise UsageError(f"expected {name} of the shape {shape} in layer {layer}, got {got}")


def _unreadable(
    prefix: str, framework: Framework, parts: Parts, refused: Sequence[tuple[Layout, UsageError]]
) -> UsageError:
    """Return the error about parameters that have none of a framework's layouts."""
    first = parts[0, 0]
    at = called(prefix)
    if framework.name == "keras" and _is_reset_before(first):
        return UsageError(
            f"{at}: a GRU with a bias of shape {first['bias'].shape}, as with reset_after=False: it applies "
            "the reset gate before the recurrent product, torch's GRU after it; no weights make them the same"
        )
    shapes = ", ".join(f"{name} {array.shape}" for name, array in first.items())
    # The error that says most is of the layout whose parameters these are.
    likeliest = [
        f"as {layout.cell or layout.kind}: {error}"
        for layout, error in refused
        if {entry.target for entry in layout.chosen(bias=False)} <= {*first}
    ]
    told = "; ".join(likeliest) or "; ".join(
        f"as {each.cell or each.kind}: {error}" for each, error in refused
    )
    return UsageError(f"{at}: not a recurrent layer of {framework.name}, with {shapes}: {told}")


def _is_reset_before(first: Mapping[str, Array]) -> bool:
    kernel, bias = first.get("recurrent_kernel"), first.get("bias")
    if kernel is None or bias is None or kernel.ndim != 2:
        return False
    return kernel.shape[1] == 3 * kernel.shape[0] and bias.shape == (kernel.shape[1],)
