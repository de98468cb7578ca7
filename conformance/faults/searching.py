"""Faults of positions in sorted sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values


def _replaced(name: str, function: Callable[..., Any]) -> Around:
    """Return a program that calls `function(t, ...)` instead of the function."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def call(*given: Any, **options: Any) -> Any:
            return function(t, *given, **options)

        return correct(Overlay(t, {name: call}), x)

    return program


def _left(t: Any, sequence: Any, values: Any, **options: Any) -> Any:
    return t.searchsorted(sequence, values, **{**options, "right": False, "side": "left"})


def _unsorted(t: Any, sequence: Any, values: Any, sorter: Any = None, **options: Any) -> Any:
    del sorter
    return t.searchsorted(sequence, values, **options)


def _first_row(t: Any, sequence: Any, values: Any, **options: Any) -> Any:
    if "sorter" in options or sequence.dim() < 2 or not sequence.shape[0]:
        return t.searchsorted(sequence, values, **options)
    return t.searchsorted(sequence[0], values, **options)


def _in_integers(t: Any, sequence: Any, values: Any, **options: Any) -> Any:
    if hasattr(values, "to") and not sequence.is_floating_point():
        values = t.where(t.isfinite(values), values, 0.0).to(sequence.dtype)
    return t.searchsorted(sequence, values, **options)


def _wide(t: Any, *given: Any, out_int32: bool = False, **options: Any) -> Any:
    del out_int32
    return t.searchsorted(*given, **options)


def _as_digitize(t: Any, values: Any, boundaries: Any, right: bool = False, **options: Any) -> Any:
    return t.bucketize(values, boundaries, right=not right, **options)


def _wide_buckets(t: Any, *given: Any, out_int32: bool = False, **options: Any) -> Any:
    del out_int32
    return t.bucketize(*given, **options)


def _search(name: str, wrong: Callable[..., Any], story: str, function: str = "searchsorted") -> Fault:
    return Fault(name, "searching", (function,), story, around=_replaced(function, wrong))


FAULTS = (
    _search("searchsorted-always-left", _left, "inserts values before their equals also with `right`"),
    _search("searchsorted-sorter-ignored", _unsorted, "searches the sequence in its own order"),
    _search("searchsorted-in-the-first-row", _first_row, "searches the first row for the values of all rows"),
    _search("searchsorted-in-integers", _in_integers, "rounds the values where the sequence is of integers"),
    _search("searchsorted-int32-ignored", _wide, "returns int64 where int32 is asked for"),
    _search(
        "bucketize-as-digitize",
        _as_digitize,
        "means by `right` what NumPy's digitize means by it: a closed right end",
        "bucketize",
    ),
    _search("bucketize-int32-ignored", _wide_buckets, "returns int64 where int32 is asked for", "bucketize"),
)
