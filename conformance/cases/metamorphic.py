"""Relations: properties of two calls of one layer that hold for any function that the layer computes.

A relation's program builds a layer as its ordinary case does, and goes one of two ways from there:

- It calls the layer in two ways that must agree (rows in another order, time split in two, packed or padded)
  and returns the differences of the outputs. On the oracle these are rounding errors only, and so are the
  deviations. The harness differentiates them: the backward of f(x) - g(x) under one cotangent is the
  difference of the two gradients.
- With cotangents of its own, it runs backward itself, in two ways that must agree, and returns the
  differences of the gradients (`_Backward`).

`RELATIONS` lists them; `CASES` holds one case per relation and layer, e.g. `nn.LSTM@split-time`.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._related import ATTENTION, LAYERS, RECURRENT, Related
from conformance.cases._unrolled import lengths
from conformance.cases.case import Built, Case, Mapped, Values, data_of
from conformance.cases.recurrent import call_layer
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.cases.case import Tensors

    Minus = Callable[[Any, Any], Any]
    from conformance.sampling.sample import Scalar

# Not `one` and `empty`: with fewer than two rows and steps, most relations hold for any function.
_CLASSES = ("small", "pow2", "strided")


@dataclass(frozen=True)
class Relation:
    """One thing that must hold.

    Attributes:
        aspect: its name.
        layers: the layers of which it holds.
        program: from the layer, namespace and values to the differences, which it takes by its last argument:
            in `Case.one_side` that returns the side before the other is subtracted.
        flags: settings that it adds, or of the layer's, those values for which it holds.
        cotangents: how many per output the program takes itself; if any, it differentiates itself.
        classes: as in `Space`.
        sizes: kinds of sizes other than the layer's.
    """

    aspect: str
    layers: Sequence[Related]
    program: Callable[[Related, Any, Values, Minus], Mapped | dict[str, Any]]
    flags: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    cotangents: int = 0
    classes: tuple[str, ...] = _CLASSES
    sizes: Mapping[str, str] = field(default_factory=dict)


def _ready(layer: Related, t: Any, x: Values) -> tuple[Built, dict[str, Any]]:
    """Return the layer, and its data."""
    own = x.having({name: x[name] for name in x if not name.startswith("cotangent.")})
    return layer.build(t, own), data_of(own)


def _first(one: Any, other: Any) -> Any:
    return one


def _differences(minus: Minus, built: Built, one: Tensors, other: Tensors) -> Mapped:
    outputs = {name: minus(one[name], other[name]) for name in one}
    return Mapped(outputs, built.gradients)


def _permuted(t: Any, tensor: Any, axis: int) -> Any:
    """Put the odd positions first: an order that is not its own inverse from four elements on."""
    count = tensor.shape[axis]
    order = [*range(1, count, 2), *range(0, count, 2)]
    return t.cat([tensor.narrow(axis, k, 1) for k in order], axis)


def _batch_permutation(layer: Related, t: Any, x: Values, minus: Minus) -> Mapped:
    built, data = _ready(layer, t, x)
    whole = built.call(data)
    moved = built.call({name: _permuted(t, each, layer.axis(name, x.config)) for name, each in data.items()})
    whole = {name: _permuted(t, each, layer.axis(name, x.config)) for name, each in whole.items()}
    return _differences(minus, built, whole, moved)


def _rows(layer: Related, t: Any, x: Values, minus: Minus) -> Mapped:
    """Call with all rows at once, and with each alone: as a batch of one, or without a batch."""
    built, data = _ready(layer, t, x)
    alone = []
    for k in range(int(x.config["N"])):
        row = {name: each.narrow(layer.axis(name, x.config), k, 1) for name, each in data.items()}
        if x.config["batched"]:
            alone.append(built.call(row))
            continue
        shown = built.call({name: each.squeeze(layer.axis(name, x.config)) for name, each in row.items()})
        # Without a batch the one axis before the features counts steps, in either order.
        alone.append({name: each.unsqueeze(layer.axis(name, x.config)) for name, each in shown.items()})
    joined = {name: t.cat([row[name] for row in alone], layer.axis(name, x.config)) for name in alone[0]}
    return _differences(minus, built, built.call(data), joined)


def _split_time(layer: Related, t: Any, x: Values, minus: Minus) -> Mapped:
    built, data = _ready(layer, t, x)
    time = 1 - layer.axis("input", x.config)
    at, length = int(x.config["L"]) // 2, int(x.config["L"])
    early = built.call({**data, "input": data["input"].narrow(time, 0, at)})
    carried = {"h0": early["h_n"]} | ({"c0": early["c_n"]} if "c_n" in early else {})
    late = built.call({"input": data["input"].narrow(time, at, length - at), **carried})
    joined = {**late, "output": t.cat([early["output"], late["output"]], time)}
    return _differences(minus, built, built.call(data), joined)


def _equal(t: Any, x: Values, built: Built, data: Tensors) -> dict[str, Any]:
    """Call the module of a layer built for packed sequences with sequences of one length."""
    return call_layer(t, built.module, data, {**x.config, "form": "equal"})


def _packed_padded(layer: Related, t: Any, x: Values, minus: Minus) -> Mapped:
    """In one direction the steps after a sequence's end do not change the outputs before it."""
    built, data = _ready(layer, t, x)
    packed, padded = built.call(data), _equal(t, x, built, data)["output"]
    time, count = 1 - layer.axis("input", x.config), lengths(x.config)
    shown = [[float(step < n) for n in count] for step in range(int(x.config["L"]))]
    mask = t.tensor(shown, dtype=padded.dtype).unsqueeze(-1)
    last = t.cat([_step(padded, time, k, n - 1) for k, n in enumerate(count)], 0)
    return _differences(
        minus,
        built,
        {"output": packed["output"], "last": packed["h_n"][-1]},
        {"output": padded * (mask if time == 0 else mask.transpose(0, 1)), "last": last},
    )


def _step(output: Any, time: int, row: int, step: int) -> Any:
    """One row's output at one step, (1, features)."""
    return output.narrow(time, step, 1).narrow(1 - time, row, 1).reshape(1, -1)


def _packed_alone(layer: Related, t: Any, x: Values, minus: Minus) -> Mapped:
    built, data = _ready(layer, t, x)
    time, length = 1 - layer.axis("input", x.config), int(x.config["L"])
    alone = []
    for k, n in enumerate(lengths(x.config)):
        row = {name: each.narrow(layer.axis(name, x.config), k, 1) for name, each in data.items()}
        shown = _equal(t, x, built, {**row, "input": row["input"].narrow(time, 0, n)})
        missing = t.zeros_like(shown["output"].narrow(time, 0, 1))
        shown["output"] = t.cat([shown["output"], *[missing] * (length - n)], time)
        alone.append(shown)
    joined = {name: t.cat([row[name] for row in alone], layer.axis(name, x.config)) for name in alone[0]}
    return _differences(minus, built, built.call(data), joined)


def _keys_permuted(layer: Related, t: Any, x: Values, minus: Minus) -> Mapped:
    """Attention does not depend on the order of its keys, each with its value."""
    built, data = _ready(layer, t, x)
    moved = {name: _permuted(t, each, 2) if name != "query" else each for name, each in data.items()}
    return _differences(minus, built, built.call(data), built.call(moved))


class _Backward:
    """The backward of one layer under many cotangents: over one kept graph, or a new one per cotangent."""

    def __init__(self, layer: Related, t: Any, x: Values) -> None:
        self._t = t
        self.kept = bool(x.config["kept"])
        self._built, data = _ready(layer, t, x)
        self._data = {name: each.detach().requires_grad_() for name, each in data.items()}
        self.leaves = {**self._data, **self._built.parameters}
        self._shown: Tensors = {}

    def shown(self) -> Tensors:
        """The outputs, from a new call unless the graph is kept."""
        if not self.kept or not self._shown:
            self._shown = self._built.call(self._data)
        return self._shown

    def vjp(self, cotangents: Tensors) -> dict[str, Any]:
        """Return the gradients of all leaves."""
        shown = self.shown()
        roots, given = list(shown.values()), [cotangents[name] for name in shown]
        found = self._t.autograd.grad(roots, list(self.leaves.values()), given, retain_graph=self.kept)
        return dict(zip(self.leaves, found, strict=True))

    def accumulate(self, cotangents: Tensors) -> None:
        """Add the gradients to those that the leaves have."""
        shown = self.shown()
        given = [cotangents[name] for name in shown]
        self._t.autograd.backward(list(shown.values()), given, retain_graph=self.kept)


def _given(x: Values, which: str) -> dict[str, Any]:
    start = f"cotangent.{which}."
    return {name.removeprefix(start): x[name] for name in x if name.startswith(start)}


def _linearity(layer: Related, t: Any, x: Values, minus: Minus) -> dict[str, Any]:
    """Backward is linear in the cotangent, for any layer."""
    a, b = float(x.config["a"]), -0.75
    one, two = _given(x, "0"), _given(x, "1")
    backward = _Backward(layer, t, x)
    both = backward.vjp({name: a * one[name] + b * two[name] for name in one})
    by_one, by_two = backward.vjp(one), backward.vjp(two)
    return {f"grad.{name}": minus(minus(both[name], a * by_one[name]), b * by_two[name]) for name in both}


def _accumulation(layer: Related, t: Any, x: Values, minus: Minus) -> dict[str, Any]:
    """Two backward calls leave the sum of the gradients that each alone leaves."""
    one, two = _given(x, "0"), _given(x, "1")
    backward = _Backward(layer, t, x)
    both = backward.vjp({name: one[name] + two[name] for name in one})
    for cotangents in (one, two):
        backward.accumulate(cotangents)
    return {f"grad.{name}": minus(leaf.grad, both[name]) for name, leaf in backward.leaves.items()}


_KEPT: Mapping[str, tuple[Scalar, ...]] = {"kept": (False, True)}
_ONE_DIRECTION: Mapping[str, tuple[Scalar, ...]] = {"bidirectional": (False,)}
_FORMS: Mapping[str, tuple[Scalar, ...]] = {"form": ("sorted", "unsorted")}

RELATIONS = (
    # Two rows change places in one way only, which leaves a mistake that treats both alike as it is.
    Relation("batch-permutation", LAYERS, _batch_permutation, sizes={"N": "several"}),
    Relation("single-rows", LAYERS, _rows, {"batched": (True, False)}),
    Relation("split-time", RECURRENT, _split_time, _ONE_DIRECTION),
    Relation("packed-padded", RECURRENT, _packed_padded, {**_ONE_DIRECTION, **_FORMS}),
    Relation("packed-alone", RECURRENT, _packed_alone, _FORMS, classes=("small", "strided")),
    Relation("key-permutation", (ATTENTION,), _keys_permuted, {"causal": (False,)}),
    Relation("linearity", LAYERS, _linearity, {**_KEPT, "a": (0.5, -3.0)}, 2),
    Relation("accumulation", LAYERS, _accumulation, _KEPT, 2),
)


def _case(relation: Relation, layer: Related) -> Case:
    def inputs(config: Mapping[str, Scalar]) -> dict[str, Input]:
        cotangents = {
            f"cotangent.{k}.{name}": Input(shape, grad=False)
            for k in range(relation.cotangents)
            for name, shape in layer.outputs(layer.settings(config)).items()
        }
        return {**layer.inputs(config), **cotangents}

    def program(t: Any, x: Values, minus: Minus = operator.sub) -> Mapped | dict[str, Any]:
        return relation.program(layer, t, x.having(x, layer.settings(x.config)), minus)

    return Case(
        name=f"{layer.name}@{relation.aspect}",
        space=Space(
            {**layer.sizes, **relation.sizes},
            relation.classes,
            layer.regimes,
            {**layer.flags, **relation.flags},
            settle=layer.settled,
        ),
        inputs=inputs,
        program=program,
        samples=4,
        # A seam is replaced in the layer's ordinary case only: here it is correct.
        seams=layer.case.seams,
        constant=layer.case.constant,
        training=bool(relation.cotangents),
        one_side=partial(program, minus=_first),
    )


CASES = tuple(_case(relation, layer) for relation in RELATIONS for layer in relation.layers)
