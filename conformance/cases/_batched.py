"""Programs with rows: which axis of which tensor counts rows and steps, at sizes where kernels change.

`judging.bitwise` runs each in several forms that have equal results mathematically, and counts the bits that
differ. BLAS and vector kernels differ by shape: 8 rows of 64 features are multiplied by another kernel than
one row, and a product of 2¹⁸ terms or more is shared between threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.sampling.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases.case import Case
    from conformance.sampling.sample import Scalar

# Rows and steps, unless a program says otherwise.
_ROWS = _STEPS = 8


@dataclass(frozen=True)
class Batched:
    """One program, and the axes of its tensors.

    Attributes:
        name: how the table calls it.
        case: the case whose program it is.
        settings: those that are not the case's `base`.
        rows: the axis of the rows, by the names of the inputs and outputs that have one. What is not named
            is shared by all rows; without any, rows are not the caller's to choose.
        steps: the axis of the steps, by names; only where no step depends on a later one. An output that is
            not named here depends on the last step.
        row_sizes: the settings that count rows.
        step_sizes: the settings that count steps.
    """

    name: str
    case: str
    settings: Mapping[str, Scalar]
    rows: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    row_sizes: tuple[str, ...] = ("N",)
    step_sizes: tuple[str, ...] = ("L",)

    def sample(self, case: Case, seed: int, rows: int = 0, steps: int = 0) -> Sample:
        """Return its sample, with more rows and steps, or with fewer.

        Args:
            case: the case of that name.
            seed: the seed of the values.
            rows: how many rows more.
            steps: how many steps more.
        """
        config: dict[str, Scalar] = {**case.base, **self.settings}
        config |= {name: int(config[name]) + rows for name in self.row_sizes if self.rows}
        config |= {name: int(config[name]) + steps for name in self.step_sizes if self.steps}
        # Not settled: what that spares the judge, which runs 64 replicates, these few calls can bear.
        return Sample(case.name, seed, 0, "small", "normal", tuple(config.items()))


def _along(axis: int, *names: str) -> dict[str, int]:
    return dict.fromkeys(names, axis)


_LAYER = {"N": _ROWS, "L": _STEPS, "I": 64, "H": 64}
_CELL = {"N": _ROWS, "I": 64, "H": 64}
_STATES = ("h0", "c0", "h_n", "c_n")


def _recurrent(kind: str, **settings: Scalar) -> Batched:
    both = bool(settings.get("bidirectional"))
    return Batched(
        f"nn.{kind}, bidirectional" if both else f"nn.{kind}",
        f"nn.{kind}",
        {**_LAYER, **settings},
        rows=_along(1, "input", "output", *_STATES),
        steps={} if both else _along(0, "input", "output"),
    )


def _cell(kind: str) -> Batched:
    return Batched(
        f"nn.{kind}Cell", f"nn.{kind}Cell", _CELL, rows=_along(0, "input", "output", "h0", "c0", "h", "c")
    )


_CUBE = _along(0, "input", "output")

PROGRAMS = (
    Batched("matmul", "matmul", {"M": _ROWS, "K": 256, "P": 256}, rows=_CUBE, row_sizes=("M",)),
    Batched("sum", "sum", {"N": _ROWS, "L": _STEPS, "F": 200, "dim": "last"}, rows=_CUBE),
    Batched("softmax", "softmax", {"N": _ROWS, "L": _STEPS, "F": 65}, rows=_CUBE),
    Batched("log_softmax", "log_softmax", {"N": _ROWS, "L": _STEPS, "F": 65}, rows=_CUBE),
    Batched("nn.LayerNorm", "nn.LayerNorm", {"N": _ROWS, "L": _STEPS, "F": 65}, rows=_CUBE),
    Batched("nn.Linear", "nn.Linear", {"N": _ROWS, "I": 256, "O": 256}, rows=_CUBE),
    # The row numbers follow from the place, so that rows cannot change places.
    Batched("nn.Embedding", "nn.Embedding", {"N": 64, "L": _STEPS, "F": 64}),
    Batched(
        "nn.functional.cross_entropy",
        "nn.functional.cross_entropy",
        {"N": _ROWS, "C": 65, "target": "probabilities", "reduction": "none"},
        rows={**_CUBE, "target": 0},
    ),
    Batched(
        "nn.functional.scaled_dot_product_attention",
        "nn.functional.scaled_dot_product_attention",
        {"N": _ROWS, "L": _STEPS, "S": _STEPS, "E": 32, "mask": "causal"},
        rows=_along(0, "query", "key", "value", "output"),
        steps=_along(2, "query", "key", "value", "output"),
        step_sizes=("L", "S"),
    ),
    *(_cell(kind) for kind in ("LSTM", "GRU", "RNN")),
    *(_recurrent(kind) for kind in ("LSTM", "GRU", "RNN")),
    _recurrent("LSTM", bidirectional=True, layers=2),
    Batched(
        "models.LSTM",
        "models.LSTM",
        {**_LAYER, "O": 8},
        rows=_along(0, "input", "h0", "c0", "outputs", "h_states", "c_states"),
        steps=_along(1, "input", "outputs", "h_states", "c_states"),
    ),
)
