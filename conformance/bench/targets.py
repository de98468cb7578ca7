"""What is aimed at, as a table, and whether it holds.

A target folds the ratios of some rows into one figure. `reasons` says of a miss what stands in the way; what
was measured of it (`profiles`, and the ratio of the bare products) is added by the report. Read by
`running`, which profiles the misses, and by `report`.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.bench.memory import NAME as MEMORY
from conformance.bench.memory import SIZES
from conformance.bench.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.bench.rows import Record, Row

# The subjects that have targets, and what the report calls them.
SUBJECTS = {"mytorch": "NumPy path", "numba": "with numba"}


@dataclass(frozen=True)
class Target:
    """A figure that is aimed at.

    Attributes:
        what: in words.
        rows: the names of the workloads that it is about.
        bounds: by subject, the most that the figure may be.
        fold: `geometric mean` or `largest`.
        smallest: how many sizes of each workload count, from the smallest; None for all.
        overhead: whether the figure is microseconds over NumPy's call, and not a ratio.
        reasons: by subject, why a miss is one.
    """

    what: str
    rows: tuple[str, ...]
    bounds: Mapping[str, float]
    fold: str = "largest"
    smallest: int | None = None
    overhead: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> int:
        """How many rows there are in a whole run."""
        sizes = [SIZES if name == MEMORY else WORKLOADS[name].sizes for name in self.rows]
        return sum(len(each[: self.smallest]) for each in sizes)


def _both(numpy: float, numba: float) -> dict[str, float]:
    return {"mytorch": numpy, "numba": numba}


_LAYERS = (
    *("Linear", "LayerNorm", "Embedding", "softmax", "cross_entropy", "attention"),
    *("Adam", "clip_grad_norm_"),
)
_PEERS = ("LSTM train against MyGrad", "LSTM train against autograd")
_TEXT = "seed's text / seed's text on torch"
_MEAN = "geometric mean"
TARGETS = (
    Target("LSTM train, geometric mean of the grid", ("LSTM train",), _both(1.0, 0.45), _MEAN),
    Target("LSTM train, largest of the grid", ("LSTM train",), _both(1.35, 1.2)),
    Target("LSTM train, two smallest", ("LSTM train",), _both(0.7, 0.13), smallest=2),
    Target("LSTM inference, geometric mean of the grid", ("LSTM inference",), _both(1.15, 0.5), _MEAN),
    Target("LSTM inference, largest of the grid", ("LSTM inference",), _both(1.5, 1.3)),
    Target("GRU and RNN train, geometric mean", ("GRU train", "RNN train"), _both(0.5, 0.25), _MEAN),
    Target(
        "two-layer bidirectional LSTM, three smallest",
        ("LSTM two layers, bidirectional, train",),
        _both(1.0, 0.5),
        smallest=3,
    ),
    Target(
        "models.LSTM / the seed's text on torch, three smallest",
        ("models.LSTM / seed's text on torch, train",),
        _both(0.2, 0.05),
        smallest=3,
    ),
    Target("against JAX's jitted scan, train, each size", ("LSTM train against JAX",), {"numba": 1.0}),
    Target("against MyGrad and autograd, three smallest", _PEERS, _both(0.15, 0.03), smallest=3),
    *(Target(f"{name}, each size", (name,), {"mytorch": 1.5}) for name in _LAYERS),
    *(
        Target(f"{_TEXT}, {how}, each size", (f"{_TEXT}, {how}",), {"mytorch": 1.0})
        for how in ("train", "inference")
    ),
    Target(
        "memory of a train step of the LSTM, each size",
        (MEMORY,),
        _both(0.6, 0.6),
        reasons={
            "mytorch": "gates and their gradients, 4·L·N·H numbers each, are both there in the backward "
            "pass, and torch does not write to all that it asks for"
        },
    ),
    *(
        Target(f"{name}, µs over NumPy's call", (f"{name}, forward",), {"mytorch": bound}, overhead=True)
        for name, bound in (
            *(("add", 1.0), ("mul", 1.0), ("tanh", 1.0), ("sigmoid", 1.0)),
            *(("getitem (slice)", 1.5), ("getitem (row)", 1.5), ("cat", 3.0)),
        )
    ),
)


@dataclass(frozen=True)
class Outcome:
    """Whether a target holds for a subject.

    Attributes:
        target: which.
        subject: the side.
        bound: the most that the figure may be.
        measured: the figure; None where no row is there.
        rows: how many rows it is of.
        worst: the row with the largest ratio or overhead.
    """

    target: Target
    subject: str
    bound: float
    measured: float | None = None
    rows: int = 0
    worst: Row | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the target holds; None where not all of its rows were measured."""
        if self.measured is None or self.rows < self.target.expected:
            return None
        return self.measured <= self.bound


def outcome(target: Target, subject: str, record: Record) -> Outcome:
    """Return whether a target holds for a subject.

    Args:
        target: which; it has a bound for the subject.
        subject: mytorch or numba.
        record: of the run.
    """
    bound = target.bounds[subject]
    figures: list[tuple[float, Row]] = []
    for name in target.rows:
        sizes = (SIZES if name == MEMORY else WORKLOADS[name].sizes)[: target.smallest]
        for row in record.of(name):
            figure = _figure(target, subject, row)
            if row.size in sizes and figure is not None:
                figures.append((figure, row))
    if not figures:
        return Outcome(target, subject, bound)
    largest, worst = max(figures, key=lambda each: each[0])
    values = [figure for figure, _ in figures]
    measured = statistics.geometric_mean(values) if target.fold == _MEAN else largest
    return Outcome(target, subject, bound, measured, len(figures), worst)


def _figure(target: Target, subject: str, row: Row) -> float | None:
    if target.overhead:
        return row.overhead.get(subject)
    # The yardstick and NumPy's calls are compared with, too, but a target is about another library.
    return next(
        (each.median for (who, whom), each in row.ratios.items() if who == subject and whom != "numpy"), None
    )


def outcomes(record: Record) -> list[Outcome]:
    """Return whether each target holds, for each subject that it is about."""
    return [outcome(target, subject, record) for target in TARGETS for subject in target.bounds]


def misses(record: Record) -> list[tuple[Row, str]]:
    """Return the rows that keep targets from being met, the worst of each, with the subject; each once."""
    found = {
        (each.worst.name, each.worst.size, each.subject): (each.worst, each.subject)
        for each in outcomes(record)
        if each.holds is False and each.worst is not None
    }
    return [*found.values()]
