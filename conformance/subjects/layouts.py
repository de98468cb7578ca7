"""How frameworks lay out recurrent parameters, as data: gates, transposes, biases and directions.

A `Layout` is one kind of layer of one framework, for one layer in one direction; `cell_map` and `layer_map`
make weight maps of it, whose reference are torch's parameters. Used by the conversion of checkpoints, and by
the implementations that run these frameworks. Each was run beside torch (docs/convert.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.errors import UsageError, unknown
from conformance.subjects.weights import Entry, WeightMap

if TYPE_CHECKING:
    from collections.abc import Callable

# The gates of each kind of layer, in torch's order.
GATES = {"LSTM": "ifgo", "GRU": "rzn", "RNN": "h"}

# What follows torch's name of a parameter, by the direction.
DIRECTIONS = ("", "_reverse")


@dataclass(frozen=True)
class Layout:
    """How a framework lays out the parameters of one layer in one direction.

    Attributes:
        kind: `LSTM`, `GRU` or `RNN`.
        entries: one for each parameter, from those of torch's cell (`weight_ih` …), and `weight_hr`.
        zero: what of torch's the framework lacks, as in a `WeightMap`.
        always_biased: the framework has no layer without biases.
        stacked: one array holds both directions, on a new first axis.
        cell: the class, where a framework has several of a kind.
    """

    kind: str
    entries: tuple[Entry, ...]
    zero: tuple[str | tuple[str, str], ...] = ()
    always_biased: bool = False
    stacked: bool = False
    cell: str = ""

    @property
    def projects(self) -> bool:
        """Whether there is a place for a projection."""
        return any(entry.source == "weight_hr" for entry in self.entries)

    @property
    def merges(self) -> bool:
        """Whether biases are added."""
        return any(entry.merge for entry in self.entries)

    def chosen(self, *, bias: bool, projection: bool = False) -> tuple[Entry, ...]:
        """Return the entries of a layer with or without biases and a projection."""
        without: tuple[str, ...] = () if projection else ("weight_hr",)
        without += () if bias else ("bias_ih", "bias_hh")
        return tuple(entry for entry in self.entries if entry.source not in without)


@dataclass(frozen=True)
class Framework:
    """What a framework calls its parameters, and how it lays them out.

    Attributes:
        name: as on the command line.
        layouts: all that are read; the first of a kind is written.
        patterns: the names of parameters (subjects.name_patterns) that are read, in the order in which they
            are tried; by the first they are written.
    """

    name: str
    layouts: tuple[Layout, ...]
    patterns: tuple[str, ...]

    def of_kind(self, kind: str) -> Layout:
        """Return the layout that is written.

        Raises:
            UsageError: there is no such layer.
        """
        for layout in self.layouts:
            if layout.kind == kind:
                return layout
        kinds = ", ".join(dict.fromkeys(layout.kind for layout in self.layouts))
        raise UsageError(f"{self.name} has no {kind} layer: expected {kinds}")


def _torch(kind: str) -> Layout:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    projection = (Entry("weight_hr", "weight_hr"),) if kind == "LSTM" else ()
    return Layout(kind, (*(Entry(name, name) for name in names), *projection))


_KERNELS = ("kernel", "recurrent_kernel")


def _transposed(gates: str, names: tuple[str, str]) -> tuple[Entry, ...]:
    sources = ("weight_ih", "weight_hh")
    return tuple(
        Entry(name, source, gates, transpose=True) for name, source in zip(names, sources, strict=True)
    )


# https://keras.io/api/layers/recurrent_layers: columns are gates; only the GRU of `reset_after=True` has two
# biases.
_KERAS = (
    Layout("LSTM", (*_transposed("ifgo", _KERNELS), Entry("bias", "bias_ih", "ifgo", merge="bias_hh"))),
    Layout(
        "GRU",
        (
            *_transposed("zrn", _KERNELS),
            Entry("bias", "bias_ih", "zrn", stack=0),
            Entry("bias", "bias_hh", "zrn", stack=1),
        ),
    ),
    Layout("RNN", (*_transposed("h", _KERNELS), Entry("bias", "bias_ih", merge="bias_hh"))),
)

# https://onnx.ai/onnx/operators/onnx__LSTM.html (and GRU, RNN): W, R and B have the directions on the first
# axis, and B has [Wb, Rb] on the second.
_ONNX_GATES = {"LSTM": "iofg", "GRU": "zrn", "RNN": "h"}


def _onnx(kind: str) -> Layout:
    gates = _ONNX_GATES[kind]
    return Layout(
        kind,
        (
            Entry("W", "weight_ih", gates),
            Entry("R", "weight_hh", gates),
            Entry("B", "bias_ih", gates),
            Entry("B", "bias_hh", gates, block=len(gates)),
        ),
        stacked=True,
    )


# https://flax.readthedocs.io/en/latest/api_reference/flax.nnx/nn/recurrent.html: kernels are (in, out). The
# LSTMs have biases on the hidden side only, the others on the input side only: GRUCell has no b_hn.
_DENSE = ("dense_i.kernel", "dense_h.kernel")
_FLAX_NAMES = {"i": "i", "f": "f_", "g": "g", "o": "o"}
_LSTM_CELL = Layout(
    "LSTM",
    (
        *(Entry(f"i{name}.kernel", "weight_ih", gate, transpose=True) for gate, name in _FLAX_NAMES.items()),
        *(Entry(f"h{gate}.kernel", "weight_hh", gate, transpose=True) for gate in "ifgo"),
        *(Entry(f"h{gate}.bias", "bias_ih", gate, merge="bias_hh") for gate in "ifgo"),
    ),
    always_biased=True,
    cell="LSTMCell",
)
_OPTIMIZED_LSTM_CELL = Layout(
    "LSTM",
    (*_transposed("ifgo", _DENSE), Entry("dense_h.bias", "bias_ih", "ifgo", merge="bias_hh")),
    always_biased=True,
    cell="OptimizedLSTMCell",
)
_FLAX = (
    Layout(
        "GRU",
        (
            *_transposed("rzn", _DENSE),
            Entry("dense_i.bias", "bias_ih", "rz", merge="bias_hh"),
            Entry("dense_i.bias", "bias_ih", "n", block=2),
        ),
        zero=(("bias_hh", "n"),),
        always_biased=True,
        cell="GRUCell",
    ),
    Layout(
        "RNN",
        (*_transposed("h", _DENSE), Entry("dense_i.bias", "bias_ih", merge="bias_hh")),
        always_biased=True,
        cell="SimpleCell",
    ),
)

# https://docs.kidger.site/equinox/api/nn/rnn: torch's matrices; the GRU has b_hn apart, and the other biases
# added.
_EQUINOX = (
    Layout(
        "LSTM",
        (
            Entry("weight_ih", "weight_ih"),
            Entry("weight_hh", "weight_hh"),
            Entry("bias", "bias_ih", merge="bias_hh"),
        ),
    ),
    Layout(
        "GRU",
        (
            Entry("weight_ih", "weight_ih"),
            Entry("weight_hh", "weight_hh"),
            Entry("bias", "bias_ih", "rz", merge="bias_hh"),
            Entry("bias", "bias_ih", "n", block=2),
            Entry("bias_n", "bias_hh", "n"),
        ),
    ),
)

_OF_TORCH = ("{prefix}{name}_l{layer}{direction:|_reverse}", "{prefix}{name}")
_OF_CELLS = ("{prefix}layers.{layer}.{direction:forward|backward}.{name}", "{prefix}{name}")
_OF_NODES = ("{prefix}layers.{layer}.{name}", "{prefix}{name}")

FRAMEWORKS = {
    each.name: each
    for each in (
        *(Framework(name, (*map(_torch, GATES),), _OF_TORCH) for name in ("torch", "mytorch", "npz")),
        Framework("keras", _KERAS, _OF_CELLS),
        Framework("flax", (_LSTM_CELL, _OPTIMIZED_LSTM_CELL, *_FLAX), _OF_CELLS),
        Framework("flax-optimized", (_OPTIMIZED_LSTM_CELL, _LSTM_CELL, *_FLAX), _OF_CELLS),
        Framework("equinox", _EQUINOX, _OF_CELLS),
        Framework("onnx", (*map(_onnx, GATES),), _OF_NODES),
    )
}


def find_framework(name: str) -> Framework:
    """Return a framework by its name.

    Raises:
        UsageError: there is none; the message suggests others.
    """
    if name not in FRAMEWORKS:
        raise unknown("framework", name, FRAMEWORKS, f"Expected one of {', '.join(FRAMEWORKS)}.")
    return FRAMEWORKS[name]


def cell_map(layout: Layout, *, bias: bool = True) -> WeightMap:
    """Return the weight map of a cell, from the parameters of torch's.

    Args:
        layout: the framework's.
        bias: whether the cell has biases.

    Example:
        >>> from conformance.subjects.layouts import FRAMEWORKS, cell_map
        >>> [entry.target for entry in cell_map(FRAMEWORKS["equinox"].of_kind("LSTM")).entries]
        ['weight_ih', 'weight_hh', 'bias']
    """
    entries = layout.chosen(bias=bias)
    if layout.stacked:
        entries = tuple(replace(entry, stack=0) for entry in entries)
    return WeightMap(entries, GATES[layout.kind], layout.zero if bias else ())


def layer_map(
    layout: Layout,
    *,
    layers: int = 1,
    directions: int = 1,
    bias: bool = True,
    projection: bool = False,
    named: Callable[[str, int, int], str] = "layers.{1}.{2}.{0}".format,
) -> WeightMap:
    """Return the weight map of a layer of torch, or of several on each other.

    Args:
        layout: the framework's.
        layers: how many there are, as torch's `num_layers`.
        directions: 1, or 2 of a bidirectional layer.
        bias: whether there are biases.
        projection: whether there is a projection, as with torch's `proj_size`.
        named: what a parameter is called, from its name in the layout, its layer and its direction, which is
            always 0 where one array holds both.

    Raises:
        UsageError: two parameters get the same name, or there is no place for a projection.

    Example:
        >>> from conformance.subjects.layouts import FRAMEWORKS, layer_map
        >>> [entry.target for entry in layer_map(FRAMEWORKS["keras"].of_kind("RNN"), directions=2).entries]
        ['layers.0.0.kernel', 'layers.0.0.recurrent_kernel', 'layers.0.0.bias', 'layers.0.1.kernel', \
'layers.0.1.recurrent_kernel', 'layers.0.1.bias']
    """
    if projection and not layout.projects:
        raise UsageError("there is no place for a projection (proj_size) in the layout")
    entries: list[Entry] = []
    zero: list[str | tuple[str, str]] = []
    for layer in range(layers):
        for direction in range(directions):
            end = f"_l{layer}{DIRECTIONS[direction]}"
            entries += (
                replace(
                    entry,
                    target=named(entry.target, layer, 0 if layout.stacked else direction),
                    source=f"{entry.source}{end}",
                    merge=f"{entry.merge}{end}" if entry.merge else "",
                    stack=direction if layout.stacked else entry.stack,
                )
                for entry in layout.chosen(bias=bias, projection=projection)
            )
            zero += (
                f"{each}{end}" if isinstance(each, str) else (f"{each[0]}{end}", each[1])
                for each in (layout.zero if bias else ())
            )
    return WeightMap(tuple(entries), GATES[layout.kind], tuple(zero))
