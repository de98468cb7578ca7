"""Declarative weight maps: which part of which reference parameter each parameter of a subject holds.

A map is data. It copies values to the subject and gradients (or values) back. A parameter that it leaves out,
on either side, is an error, and so is a block that is written or used twice. Used by the subjects whose
parameters have other names or layouts, and by the conversion of checkpoints; subjects.layouts has the maps of
the frameworks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.sampling.values import Array


@dataclass(frozen=True)
class Entry:
    """One parameter of the subject, or a part of one that holds parts of several of the reference's.

    Attributes:
        target: its name there.
        source: the reference's parameter that it holds, or a part of.
        gates: the blocks of the source's first axis, in its order (`"i"`, `"ifog"`); all if empty.
        transpose: the subject stores the transpose.
        merge: a second source that is added: the subject has one bias where the reference has two.
        block: how many blocks of the target stand before these, in one that several entries fill: ONNX's bias
            has the recurrent one from block 4, equinox's GRU a part that is merged and one that is not.
        stack: the place on a new first axis of the target, such as the direction in ONNX.

    Example:
        >>> import numpy as np
        >>> from conformance import Entry, WeightMap
        >>> onnx = WeightMap((Entry("B", "bias_ih", stack=0), Entry("B", "bias_hh", stack=0, block=4)))
        >>> onnx.to_subject({"bias_ih": np.arange(4.0), "bias_hh": np.arange(4.0, 8.0)})["B"]
        array([[0., 1., 2., 3., 4., 5., 6., 7.]])
    """

    target: str
    source: str
    gates: str = ""
    transpose: bool = False
    merge: str = ""
    block: int = 0
    stack: int | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The one or two parameters of the reference that it reads."""
        return (self.source, self.merge) if self.merge else (self.source,)


@dataclass(frozen=True)
class WeightMap:
    """All parameters of a subject, by entries.

    Attributes:
        entries: one for each of the subject's parameters, or several where it is filled in parts.
        layout: the order of the gates in the reference, e.g. `"ifgo"`.
        zero: parameters of the reference that the subject does not have, or a parameter and those of its
            gates, as `("bias_hh", "n")`; they are zero, and their gradients are not observables.

    Raises:
        UsageError: a block of a target is written twice or by nothing, a block of a source is used twice, an
            entry has a gate that the layout lacks, or the entries of a target disagree.
    """

    entries: tuple[Entry, ...]
    layout: str = "ifgo"
    zero: tuple[str | tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for target, parts in self._targets().items():
            _fills(target, parts, self.layout)
        used: dict[tuple[str, str], str] = {}
        for source, gates, user in self._uses():
            for gate in gates:
                if gate not in self.layout:
                    raise UsageError(
                        f"weight map: gate {gate!r} of {source} is not in the layout {self.layout!r}"
                    )
                if (source, gate) in used:
                    users = f"{used[source, gate]} and {user}"
                    raise UsageError(f"weight map: gate {gate!r} of {source} is used twice, by {users}")
                used[source, gate] = user

    def to_subject(self, reference: Mapping[str, Array]) -> dict[str, Array]:
        """Return the subject's parameters, from the reference's.

        Raises:
            UsageError: a parameter of the reference is mapped nowhere, one that the map names is missing, one
                that it declares zero is not, or one that it cuts into gates cannot be cut evenly.
        """
        self._check(reference)
        return {target: self._joined(parts, reference) for target, parts in self._targets().items()}

    def to_reference(self, subject: Mapping[str, Array], *, gradients: bool = False) -> dict[str, Array]:
        """Return the reference's parameters, or their gradients, from the subject's.

        Args:
            subject: every parameter of the subject, by its own names.
            gradients: these are gradients: of two biases that were added, both have the gradient of the sum.
                Of values, the first gets the sum and the second zero. Gates that are declared zero are zero,
                and have NaN as gradient.

        Raises:
            UsageError: a parameter of the subject is mapped nowhere, one that the map names is missing, or
                one cannot be cut evenly.
        """
        targets = self._targets()
        _compare("subject", set(subject), set(targets))
        reference: dict[str, Array] = {}
        for target, parts in targets.items():
            for entry, value in _cut(subject[target], parts, self.layout):
                self._put(reference, entry.source, entry.gates, value)
                if entry.merge:
                    second = value if gradients else np.zeros_like(value)
                    self._put(reference, entry.merge, entry.gates, second)
        for name, gates in self._zeros():
            if name in reference:  # in part; one that is zero as a whole is left out
                for gate in gates:
                    self._block(reference[name], gate)[...] = np.nan if gradients else 0
        return reference

    def _targets(self) -> dict[str, list[Entry]]:
        """Return the entries of each target, by their places in it."""
        targets: dict[str, list[Entry]] = {}
        for entry in self.entries:
            targets.setdefault(entry.target, []).append(entry)
        for parts in targets.values():
            parts.sort(key=lambda entry: (entry.stack or 0, entry.block))
        return targets

    def _zeros(self) -> Iterator[tuple[str, str]]:
        """Yield what is declared zero: a parameter and its gates."""
        for each in self.zero:
            yield (each, self.layout) if isinstance(each, str) else each

    def _uses(self) -> Iterator[tuple[str, str, str]]:
        """Yield each use of a parameter of the reference: its name, its gates, and by whom."""
        for entry in self.entries:
            for source in entry.sources:
                yield source, entry.gates or self.layout, entry.target
        for name, gates in self._zeros():
            yield name, gates, "zero"

    def _block(self, value: Array, gate: str) -> Array:
        height = value.shape[0] // len(self.layout)
        k = self.layout.index(gate)
        return np.asarray(value[k * height : (k + 1) * height])

    def _joined(self, parts: list[Entry], reference: Mapping[str, Array]) -> Array:
        """Return a target, from its entries."""
        slots: dict[int | None, list[Array]] = {}
        for entry in parts:
            value = reference[entry.source]
            if entry.merge:
                _same_shape(entry.sources, value, reference[entry.merge])
                value = value + reference[entry.merge]
            if entry.gates:
                value = np.concatenate([self._block(value, gate) for gate in entry.gates])
            slots.setdefault(entry.stack, []).append(value)
        whole = [np.concatenate(pieces) for pieces in slots.values()]
        whole = [value.T for value in whole] if parts[0].transpose else whole
        return np.ascontiguousarray(whole[0] if None in slots else np.stack(whole))

    def _put(self, reference: dict[str, Array], name: str, gates: str, value: Array) -> None:
        """Write the blocks of some gates into a parameter of the reference."""
        if not gates:
            reference[name] = np.array(value, order="C")
            return
        height = value.shape[0] // len(gates)
        shape = (height * len(self.layout), *value.shape[1:])
        whole = reference.setdefault(name, np.full(shape, np.nan, dtype=value.dtype))
        if whole.shape != shape:
            raise UsageError(f"weight map: the parts of {name} need the shapes {whole.shape} and {shape}")
        for k, gate in enumerate(gates):
            self._block(whole, gate)[...] = value[k * height : (k + 1) * height]

    def _check(self, reference: Mapping[str, Array]) -> None:
        blocks: dict[str, set[str]] = {}
        for name, gates, user in self._uses():
            if user != "zero" or name in reference:
                blocks.setdefault(name, set()).update(gates)
        _compare("reference", set(reference), set(blocks))
        for name, mapped in blocks.items():
            if lacking := "".join(gate for gate in self.layout if gate not in mapped):
                raise UsageError(f"weight map: gates {lacking!r} of {name} are mapped nowhere")
        cut = {name for entry in self.entries if entry.gates for name in entry.sources}
        cut |= {each[0] for each in self.zero if not isinstance(each, str)}
        for name in sorted(cut):
            rows = len(reference[name])
            if rows % len(self.layout):
                raise UsageError(
                    f"weight map: {rows} rows of {name} are not a multiple of its {len(self.layout)} gates"
                )
        for name, gates in self._zeros():
            if name in reference and np.any(
                reference[name] if gates == self.layout else [self._block(reference[name], g) for g in gates]
            ):
                of = "" if gates == self.layout else f" in the gates {gates!r}"
                raise UsageError(f"weight map: {name} is declared zero{of}, but holds other numbers")


def _size(entry: Entry, layout: str) -> int:
    """Return how many blocks of the target an entry fills."""
    return len(entry.gates or layout)


def _fills(target: str, parts: list[Entry], layout: str) -> None:
    """Raise unless the entries of a target fill it, each block once; they come by their places."""
    if len({entry.transpose for entry in parts}) > 1:
        raise UsageError(f"weight map: {target} is transposed by some of its entries only")
    stacks = sorted({entry.stack for entry in parts}, key=lambda stack: -1 if stack is None else stack)
    if stacks not in ([None], list(range(len(stacks)))):
        raise UsageError(f"weight map: expected the places 0, 1, … of {target} to be filled, got {stacks}")
    ends = dict.fromkeys(stacks, 0)
    for entry in parts:
        where = target if entry.stack is None else f"{target}[{entry.stack}]"
        if entry.block < ends[entry.stack]:
            raise UsageError(f"weight map: block {entry.block} of {where} is written twice")
        if entry.block > ends[entry.stack]:
            raise UsageError(f"weight map: block {ends[entry.stack]} of {where} is written by nothing")
        ends[entry.stack] += _size(entry, layout)
    if len(set(ends.values())) > 1:
        raise UsageError(f"weight map: the places of {target} have different numbers of blocks")


def _cut(value: Array, parts: list[Entry], layout: str) -> Iterator[tuple[Entry, Array]]:
    """Yield the entries of a target, each with its part, in the reference's orientation."""
    name = parts[0].target
    stacks = {entry.stack for entry in parts}
    if None not in stacks and len(value) != len(stacks):
        raise UsageError(
            f"weight map: expected {len(stacks)} places on the first axis of {name}, got {len(value)}"
        )
    for stack in stacks:
        here = [entry for entry in parts if entry.stack == stack]
        whole = value if stack is None else value[stack]
        whole = whole.T if parts[0].transpose else whole
        if len(here) == 1 and not here[0].gates:  # not cut at all
            yield here[0], whole
            continue
        blocks = sum(_size(entry, layout) for entry in here)
        if len(whole) % blocks:
            raise UsageError(
                f"weight map: {len(whole)} rows of {name} are not a multiple of its {blocks} blocks"
            )
        height = len(whole) // blocks
        for entry in here:
            yield entry, whole[entry.block * height : (entry.block + _size(entry, layout)) * height]


def _same_shape(names: tuple[str, ...], first: Array, second: Array) -> None:
    if first.shape != second.shape:
        shapes = f"{first.shape} and {second.shape}"
        raise UsageError(f"weight map: {' and '.join(names)} are added, but have the shapes {shapes}")


def _compare(side: str, given: set[str], mapped: set[str]) -> None:
    if given - mapped:
        raise UsageError(f"weight map: left unmapped in the {side}: {', '.join(sorted(given - mapped))}")
    if mapped - given:
        raise UsageError(f"weight map: missing in the {side}: {', '.join(sorted(mapped - given))}")
