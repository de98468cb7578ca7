"""Outputs of a program that are factors of a decomposition, and the invariants that are judged of them.

`found_in` runs a program once and watches: an output is a factor if it is what torch's operation returned, or
a transposed or conjugate view of it. A program that computes something else of vectors, such as `3 * U[:,
0]`, has outputs that depend on their signs in ways that nobody knows: those are compared as they are, with
the signs and the order that torch's vectors have (arithmetic/gauge.py).

Called by reference.program, which keeps what was found, and by reference.draws, which adds the invariants to
the observables. All of it is computed in float64, on both sides, from the factors as they came; so rounding
in the invariants does not count.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from conformance.arithmetic import backward
from conformance.arithmetic.overloads import overload
from conformance.arithmetic.replicates import storage_id
from conformance.arithmetic.rules import RULES
from conformance.reference.decompositions import DECOMPOSITIONS, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from conformance.arithmetic.rules.rule import Rule
    from conformance.reference.decompositions import Decomposition

# A vector whose product with the right one is below this is another vector.
_SAME = 0.5


@dataclass(frozen=True)
class Place:
    """Where a factor is among the outputs.

    Attributes:
        output: the name of the output.
        dims: the dimensions of the output in the order that the factor has them.
        conjugate: whether it is the conjugate.
    """

    output: str
    dims: tuple[int, ...]
    conjugate: bool

    def factor(self, output: Tensor) -> Tensor:
        """Return the factor that an output is, which may have more dimensions in front."""
        more = output.dim() - len(self.dims)
        found = output.permute(*range(more), *(more + each for each in self.dims))
        return found.conj() if self.conjugate else found

    def output_of(self, factor: Tensor) -> Tensor:
        """Return the output that a factor is."""
        found = factor.permute(*(self.dims.index(each) for each in range(len(self.dims))))
        return found.conj() if self.conjugate else found


@dataclass(frozen=True)
class Factorization:
    """One decomposition, some of whose factors are outputs.

    Attributes:
        decomposition: which.
        matrix: what was decomposed, computed without rounding.
        right: the right factors, all of them, by name.
        places: where those are that the program returns.
        alone: whether the program uses the vectors of its decompositions for nothing else.
    """

    decomposition: Decomposition
    matrix: Tensor
    right: Mapping[str, Tensor]
    places: Mapping[str, Place]
    alone: bool

    @property
    def reported(self) -> dict[str, Place]:
        """The factors among the outputs that are not judged as they are."""
        return {name: each for name, each in self.places.items() if name in self.decomposition.reported}

    def invariants(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what is judged, by name, from the outputs; those may have a dimension more in front.

        Args:
            values: outputs in float64, complex ones as their parts.
        """
        factors = {name: place.factor(_joined(place.output, values)) for name, place in self.places.items()}
        made = self.decomposition.invariants(self.matrix, factors, self.right)
        found: dict[str, Tensor] = {}
        for name, value in made.items():
            factor, _, what = name.partition(".")
            found |= _parted(f"{self.places[factor].output}.{what}", value)
        return found

    def departures(self, invariants: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return how far products of vectors may be from zero, in roundings, by name; see `Departure`."""
        if self.decomposition.departs is None:
            return {}
        length, angle = self.decomposition.departs(max(self.matrix.shape[-2:]))
        own = {f"{place.output}.orthogonality" for place in self.places.values()}
        found = {}
        for name, value in invariants.items():
            # Of complex vectors the parts.
            if name.removesuffix(".real").removesuffix(".imag") in own:
                one = torch.eye(value.shape[-1], dtype=torch.float64)
                found[name] = (angle + (length - angle) * one).expand(value.shape)
        return found

    def parts(self, name: str) -> list[str]:
        """Return the names of the observables that a factor is: two of a complex one."""
        return [*_parted(self.places[name].output, self.right[name])]

    @property
    def outputs(self) -> list[str]:
        """The names of the observables that are reported, and not judged as they are."""
        return [part for name in self.reported for part in self.parts(name)]

    def turned(self, values: Mapping[str, Tensor], cotangents: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the cotangents of the right factors that are those of somebody's, by output.

        Where vectors have another sign or phase than the right ones, their cotangents have it, too. Columns
        that are other vectors keep theirs: they are wrong anyway.

        Args:
            values: somebody's outputs.
            cotangents: their cotangents.
        """
        own = {name: place.factor(_joined(place.output, values)) for name, place in self.places.items()}
        given = {
            name: self.places[name].factor(_joined(self.places[name].output, cotangents))
            for name in self.reported
        }
        order = None if self.decomposition.ordered or "L" not in own else nearest(self.right["L"], own["L"])
        found: dict[str, Tensor] = {}
        for name, cotangent in given.items():
            vectors, moved = own[name], cotangent
            if order is not None:
                picked = order if name == "L" else order.unsqueeze(-2).expand(moved.shape)
                vectors, moved = vectors.gather(-1, picked), moved.gather(-1, picked)
            if name != "L":
                axis = -1 if name in {"Vh", "R"} else -2
                moved = moved * _phases(self.right[name], vectors, axis).conj()
            found |= _parted(self.places[name].output, self.places[name].output_of(moved))
        return found

    def free_axis(self, name: str) -> int | None:
        """Return the dimension of an output over which columns have no order; None where they have one."""
        return None if self.decomposition.ordered else self.places[name].dims[-1]


def _phases(right: Tensor, own: Tensor, axis: int) -> Tensor:
    """Return the sign or phase of each vector along an axis; 1 where it is another vector."""
    overlap = (right.conj() * own).sum(axis, keepdim=True)
    sizes = right.abs().square().sum(axis, keepdim=True)
    return torch.where(overlap.abs() > _SAME * sizes, overlap.sgn(), 1.0)


class _Watching(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own lacks annotations
    """Notes the decompositions of a program, and which vectors are used afterwards.

    Attributes:
        found: the decomposition, its matrix, and its results.
        used: the storages of results that something was computed of.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own lacks annotations
        self.found: list[tuple[Decomposition, Tensor, tuple[Tensor, ...]]] = []
        self.used: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation."""
        del types
        out = func(*args, **(kwargs or {}))
        if self.found:
            results = {storage_id(each) for each in tensors(out)}
            self.used |= {storage_id(each) for each in tensors((args, kwargs or {}))} - results
        known = DECOMPOSITIONS.get(overload(func).name)
        if known is not None and isinstance(out, tuple):
            matrix = known.matrix(*args, **(kwargs or {})).detach().clone()
            self.found.append((known, matrix.resolve_conj(), out))
        return out


def tensors(value: Any) -> list[Tensor]:
    """Return the tensors in arguments or results; sparse ones have no storage to be told apart by."""
    if isinstance(value, Tensor):
        return [value] if value.layout is torch.strided else []
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [tensor for each in value for tensor in tensors(each)]


def found_in(run: Callable[[], Iterable[tuple[str, Tensor]]]) -> tuple[Factorization, ...]:
    """Run a program, and return the decompositions whose factors it returns.

    Args:
        run: the program; returns its outputs by name.
    """
    with _Watching() as watching:
        outputs = {name: each for name, each in run() if each.layout is torch.strided}
    if not watching.found:
        return ()
    found = []
    reported = {
        storage_id(factor)
        for known, _, results in watching.found
        for name, factor in zip(known.factors, results, strict=True)
        if name in known.reported
    }
    for known, matrix, results in watching.found:
        factors = dict(zip(known.factors, results, strict=True))
        places = {
            name: place
            for name, factor in factors.items()
            if factor.numel() and (place := _place(factor, outputs)) is not None
        }
        # Values that have an order are judged as they are.
        if any(name in known.reported for name in places):
            right = {name: each.detach().clone() for name, each in factors.items()}
            found.append(Factorization(known, matrix, right, places, alone=False))
    whole = {place.output for each in found for place in each.places.values()}
    partly = {storage_id(each) for name, each in outputs.items() if name not in whole}
    alone = not reported & (watching.used | partly)
    return tuple(replace(each, alone=alone) for each in found)


def _place(factor: Tensor, outputs: Mapping[str, Tensor]) -> Place | None:
    """Return where a factor is among the outputs: the first that is all of it, in any order of dimensions."""
    for name, output in outputs.items():
        same = storage_id(output) == storage_id(factor) and output.dtype == factor.dtype
        if not same or output.dim() != factor.dim() or output.storage_offset() != factor.storage_offset():
            continue
        plain = tuple(range(factor.dim()))
        for dims in (plain, *itertools.permutations(plain)):
            moved = output.permute(dims)
            if (moved.shape, moved.stride()) == (factor.shape, factor.stride()):
                return Place(name, dims, output.is_conj() != factor.is_conj())
    return None


def rules_for(found: Sequence[Factorization], *, alone: bool) -> Mapping[str, Rule]:
    """Return the rules of a program's operations.

    Where all that is made of the vectors is judged by invariants, replicates keep the vectors that they come
    to: those of nearly equal values, too, between which rounding chooses. Elsewhere they have the signs of
        the clean ones, and are another branch where rounding mixes them.

    Args:
        found: the decompositions whose factors it returns.
        alone: whether no gradients are asked for, which are computed from the vectors.
    """
    if not alone or not found or not all(each.alone for each in found):
        return RULES
    return {
        **RULES,
        **{
            name: replace(RULES[name], together=backward.together(getattr(torch.ops.aten, name).default))
            for name in {each.decomposition.operation for each in found}
        },
    }


def _joined(name: str, values: Mapping[str, Tensor]) -> Tensor:
    if name in values:
        return values[name].double()
    return torch.complex(values[f"{name}.real"].double(), values[f"{name}.imag"].double())


def _parted(name: str, value: Tensor) -> dict[str, Tensor]:
    value = value.resolve_conj()
    return {f"{name}.real": value.real, f"{name}.imag": value.imag} if value.is_complex() else {name: value}


def weighted(found: Sequence[Factorization], cotangents: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of the squares of vectors, by output.

    Both parts of a complex number have one weight, so that no phase changes the sum; so have all columns
    where their order is free.

    Args:
        found: the decompositions.
        cotangents: numbers of the outputs' shapes, of which the weights are made.
    """
    made: dict[str, Tensor] = {}
    for each in found:
        for name in each.reported:
            given = [part for part in each.parts(name) if part in cotangents]
            axis = each.free_axis(name)
            for part in given:
                weight = cotangents[part if name == "L" else given[0]]
                made[part] = weight if axis is None else weight.select(axis, 0).unsqueeze(axis)
    return made
