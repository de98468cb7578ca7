"""Which relations between two calls hold bit for bit, and by how many ULP the others differ.

Called by running.bitwise with a subject; a `Finding` per program, relation and part comes out. Nothing is
judged: a BLAS may take another kernel for one row than for eight, and add in another order. `metamorphic`'s
cases judge the same relations, by tolerances.

A program's base call goes one of three ways from here:

- the subject does not run it: each relation says why it is not measured;
- it is run, and each relation's second call too: their bits are compared, forward and gradients apart;
- the second call raises, or returns other names, shapes or dtypes: that relation says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.cases import CASES
from conformance.judging.asking import told, why_unsupported
from conformance.judging.expectation import is_gradient
from conformance.judging.relations import RELATIONS
from conformance.subjects.answers import numbers
from conformance.subjects.protocol import Task, deaths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.cases._batched import Batched
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Implementation, Trace

PARTS = ("forward", "gradient")

# Each further call may take as long as a sample may take.
ENDED = "not run again, as the subject's process ended before"

# How many rows and steps of zeros are appended.
_PADDING = 5
# A reason is one line of a table.
_REASON = 200


@dataclass(frozen=True)
class Finding:
    """How one part of one program's results compares in one relation.

    Attributes:
        program: the program.
        relation: a name of `RELATIONS`.
        part: `forward`, or `gradient`: of the inputs that have rows, and in `repeat` and `threads` of the
            parameters too. In the other relations those are sums over other rows, or in another order.
        elements: how many numbers were compared.
        differing: how many of them have other bits.
        max_ulp: how many numbers of the dtype lie between the two farthest apart, plus one; 0 where only the
            signs of zeros differ; None where a NaN stands against a number. Of a number near 0 in which much
            cancelled, one rounding of the summands is many.
        error_in_u: the largest difference in roundings of the largest number of its array; None likewise.
        reason: why it was not measured; then nothing was compared.
    """

    program: str
    relation: str
    part: str
    elements: int = 0
    differing: int = 0
    max_ulp: int | None = 0
    error_in_u: float | None = 0.0
    reason: str = ""

    @property
    def equal(self) -> bool:
        """Whether every bit is the same, of something."""
        return bool(self.elements) and not self.differing


class _OtherError(Exception):
    """The second call's results cannot be set against those of the first; the message says why."""


def ulps(a: Array, b: Array) -> tuple[int, int | None]:
    """Return how many elements of two float arrays have other bits, and the largest distance in ULP.

    A NaN equals any NaN. The distance is None where a NaN stands against a number.

    Args:
        a: an array.
        b: another, of the same shape and dtype.

    Example:
        >>> import numpy as np
        >>> from conformance.judging.bitwise import ulps
        >>> one = np.float32([1, 2, 0])
        >>> ulps(one, np.nextafter(one, np.float32([2, 2, 2])))
        (2, 1)
    """
    width = a.dtype.itemsize
    signed, unsigned = np.dtype(f"i{width}"), np.dtype(f"u{width}")
    bits = [np.ascontiguousarray(each).view(signed) for each in (a, b)]
    nans = np.isnan(a), np.isnan(b)
    differs = (bits[0] != bits[1]) & ~(nans[0] & nans[1])
    if (nans[0] != nans[1]).any():
        return int(np.count_nonzero(differs)), None
    # In this order neighbours are neighbouring numbers, and both zeros are 0.
    ordered = [np.where(each < 0, np.iinfo(signed).min - each, each) for each in bits]
    # The distance of two numbers of unlike sign may be beyond the signed type.
    apart = np.maximum(*ordered).view(unsigned) - np.minimum(*ordered).view(unsigned)
    return int(np.count_nonzero(differs)), int(apart[differs].max(initial=0))


class _Program:
    """One program on one subject: its base call, and the calls that are compared with it.

    Raises:
        _OtherError: the subject does not run it.
    """

    def __init__(self, program: Batched, subject: Implementation, seed: int, lane: str) -> None:
        self._program, self._subject, self._seed, self._lane = program, subject, seed, lane
        self._case = CASES[program.case]
        self._task = self._of()
        try:
            why = why_unsupported(subject, self._task)
        except Exception as error:
            raise _OtherError(_last(told(error))) from error
        if why is not None:
            raise _OtherError(why)
        self._base = _run(subject, self._task)
        self._given = {
            **self._task.inputs(),
            **{
                f"cotangent.{name}": self._task.cotangent(name, each.shape)
                for name, each in self._base.items()
                if not is_gradient(name)
            },
        }

    def compared(self, relation: str, threaded: Implementation | str) -> list[tuple[str, Array, Array]]:
        """Return pairs of results that are equal in a relation, by name.

        Args:
            relation: a name of `RELATIONS`.
            threaded: the same subject with two threads, or why there is none.

        Raises:
            _OtherError: the second call has none.
        """
        if relation == "threads":
            if isinstance(threaded, str):
                raise _OtherError(threaded)
            return _paired(self._base, _run(threaded, self._task))
        calls: Mapping[str, Callable[[], list[tuple[str, Array, Array]]]] = {
            "repeat": lambda: _paired(self._base, _run(self._subject, self._task)),
            "permute": self._permuted,
            "rows": self._alone,
            "pad-rows": self._padded_rows,
            "pad-steps": self._padded_steps,
        }
        return calls[relation]()

    def _of(self, stored: Mapping[str, Array] | None = None, *, rows: int = 0, steps: int = 0) -> Task:
        sample = self._program.sample(self._case, self._seed, rows, steps)
        return Task(self._case, sample, self._lane, stored=stored or {})

    def _moved(self, change: Callable[[Array, int], Array], arrays: Mapping[str, Array]) -> Trace:
        """Return arrays with those changed that have rows, along the axis of the rows."""
        found = dict(arrays)
        for name in arrays:
            axis = self._program.rows.get(_tensor(name))
            if axis is not None:
                found[name] = change(arrays[name], axis)
        return found

    def _with_rows(self, trace: Mapping[str, Array]) -> Trace:
        return {name: each for name, each in trace.items() if _tensor(name) in self._program.rows}

    def _permuted(self) -> list[tuple[str, Array, Array]]:
        def permuted(array: Array, axis: int) -> Array:
            count = array.shape[axis]
            # Not its own inverse from four rows on.
            return np.take(array, [*range(1, count, 2), *range(0, count, 2)], axis)

        found = _run(self._subject, self._of(self._moved(permuted, self._given)))
        return _paired(self._moved(permuted, self._with_rows(self._base)), self._with_rows(found))

    def _alone(self) -> list[tuple[str, Array, Array]]:
        count = int(self._task.config[self._program.row_sizes[0]])
        traces = []
        for row in range(count):
            stored = self._moved(lambda array, axis, row=row: np.take(array, [row], axis), self._given)  # type: ignore[misc]
            traces.append(self._with_rows(_run(self._subject, self._of(stored, rows=1 - count))))
        if any(set(trace) != set(traces[0]) for trace in traces):
            raise _OtherError("not all rows have results of the same names")
        joined = {
            name: np.concatenate([trace[name] for trace in traces], self._program.rows[_tensor(name)])
            for name in traces[0]
        }
        return _paired(self._with_rows(self._base), joined)

    def _padded_rows(self) -> list[tuple[str, Array, Array]]:
        count = int(self._task.config[self._program.row_sizes[0]])
        padded = _run(self._subject, self._of(self._moved(_padded, self._given), rows=_PADDING))
        shown = self._moved(lambda array, axis: array.take(range(count), axis), self._with_rows(padded))
        return _paired(self._with_rows(self._base), shown)

    def _padded_steps(self) -> list[tuple[str, Array, Array]]:
        steps, count = self._program.steps, int(self._task.config[self._program.step_sizes[0]])
        # The last step is another one, and what depends on it has no weight in the gradients.
        given = {
            name: np.zeros_like(each)
            if name.startswith("cotangent.") and _tensor(name) not in steps
            else each
            for name, each in self._given.items()
        }
        longer = {
            name: _padded(each, steps[_tensor(name)]) if _tensor(name) in steps else each
            for name, each in given.items()
        }
        one = _run(self._subject, self._of(given))
        other = _run(self._subject, self._of(longer, steps=_PADDING))
        other = {
            name: each.take(range(count), steps[_tensor(name)]) if _tensor(name) in steps else each
            for name, each in other.items()
        }
        wanted = [name for name in self._with_rows(one) if is_gradient(name) or name in steps]
        return _paired(*({name: each[name] for name in wanted if name in each} for each in (one, other)))


def _tensor(name: str) -> str:
    """Return the input or output that an array belongs to, itself or as gradient or cotangent."""
    return name.removeprefix("cotangent.").removeprefix("grad.")


def _padded(array: Array, axis: int) -> Array:
    widths = [(0, _PADDING if each == axis else 0) for each in range(array.ndim)]
    return np.pad(array, widths)


def _run(subject: Implementation, task: Task) -> Trace:
    try:
        with np.errstate(all="ignore"):
            found: Any = subject.run(task)
        return {str(name): numbers(each) for name, each in found.items()}
    except Exception as error:
        raise _OtherError(_last(told(error))) from error


def _last(text: str) -> str:
    """Return the last line of a traceback, which has the exception and its message."""
    return text.strip().rpartition("\n")[2][:_REASON]


def _paired(one: Trace, other: Trace) -> list[tuple[str, Array, Array]]:
    if set(one) != set(other):
        raise _OtherError(f"it returns {sorted(other)} there, and {sorted(one)} in the base call")
    for name, each in one.items():
        forms = [(array.dtype.str, array.shape) for array in (each, other[name])]
        if forms[0] != forms[1]:
            raise _OtherError(f"{name} is {forms[1]} there, and {forms[0]} in the base call")
        if each.dtype.kind != "f":
            raise _OtherError(f"{name} is of {each.dtype}, which has no ULP")
    return [(name, one[name], other[name]) for name in one]


def applies(program: Batched, relation: str) -> bool:
    """Whether a relation can be asked of a program: `pad-steps` of one with steps, and so on."""
    if relation == "pad-steps":
        return bool(program.steps)
    return bool(program.rows) or relation in {"repeat", "threads"}


def measure(
    program: Batched, subject: Implementation, threaded: Implementation | str, seed: int, lane: str
) -> list[Finding]:
    """Measure every relation that can be asked of a program; nothing that the subject raises comes through.

    Args:
        program: the program.
        subject: the subject, with one thread.
        threaded: the same subject with two threads, or why there is none.
        seed: the seed of the values.
        lane: the dtype.
    """
    asked = [relation for relation in RELATIONS if applies(program, relation)]
    try:
        calls = _Program(program, subject, seed, lane)
    except _OtherError as error:
        return [Finding(program.name, relation, PARTS[0], reason=str(error)) for relation in asked]
    found, before = [], deaths(subject)
    for relation in asked:
        if deaths(subject) > before:
            found.append(Finding(program.name, relation, PARTS[0], reason=ENDED))
            continue
        try:
            found += _found(program.name, relation, calls.compared(relation, threaded))
        except _OtherError as error:
            found.append(Finding(program.name, relation, PARTS[0], reason=str(error)))
    return found


def _found(program: str, relation: str, pairs: Sequence[tuple[str, Array, Array]]) -> list[Finding]:
    found = []
    for part in PARTS:
        mine = [(a, b) for name, a, b in pairs if is_gradient(name) == (part == "gradient") and a.size]
        if not mine:
            continue
        counts = [ulps(a, b) for a, b in mine]
        size, differing = sum(a.size for a, _ in mine), sum(count for count, _ in counts)
        apart = [ulp for _, ulp in counts if ulp is not None]
        if len(apart) < len(counts):
            found.append(Finding(program, relation, part, size, differing, None, None))
            continue
        in_u = max(_in_u(a, b) for a, b in mine)
        found.append(Finding(program, relation, part, size, differing, max(apart), in_u))
    return found or [Finding(program, relation, PARTS[0], reason="it returns no numbers")]


def _in_u(a: Array, b: Array) -> float:
    """Return the largest difference in roundings of the largest finite number, to three digits."""
    with np.errstate(all="ignore"):
        error = np.abs(a.astype(np.float64) - b)
        finite = np.isfinite(a) & np.isfinite(b)
        largest = float(np.abs(np.where(finite, a, 0.0)).max())
        away = float(np.where(finite, error, 0.0).max())
        unit = float(np.finfo(a.dtype).eps) / 2
    return float(f"{away / largest / unit:.3g}") if largest and away else 0.0
