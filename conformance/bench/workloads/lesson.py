"""The lesson that the project was created from, gate by gate, on torch and on mytorch; and `models.LSTM`.

`lstm_lesson.txt` is its text, which a change of the imports moves from one library to the other.
`mytorch.models.LSTM` has the same parameters and results, and runs a sequence as one operation.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from conformance.bench.libraries import of_mytorch, torch_like
from conformance.bench.workload import Workload
from conformance.bench.workloads._drawing import Draws, inferred, load, trained
from conformance.bench.workloads.recurrent import GRID, LETTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.bench.workload import Side, Size

# The size of the output that the lesson's model has besides its states.
_OUTPUT = 4


def lesson(library: Any) -> Any:
    """Return the lesson's class of an LSTM, on a library with torch's names."""
    text = files(__package__).joinpath("lstm_lesson.txt").read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "lesson"}
    path = list(sys.path)
    try:
        # The text appends to the path.
        exec(compile(text.replace("mytorch", library.__name__), "lstm_lesson.txt", "exec"), namespace)  # noqa: S102 - it is ours
    finally:
        sys.path[:] = path
    return namespace["LSTM"]


def _model(library: Any) -> Any:
    return import_module(f"{library.__name__}.models").LSTM


def _made(of: Callable[[Any], Any], *, train: bool) -> Callable[[Any, Size], Side]:
    """Return what makes the side of a class: forward and backward, or forward alone."""

    def make(library: Any, size: Size) -> Side:
        N, L, I, H = size
        module, draws = of(library)(I, H, _OUTPUT), Draws()
        parameters = load(library, module, H)
        x = library.from_numpy(draws.normal(N, L, I))

        def forward() -> list[Any]:
            output, states = module(x)
            return [output, *states]

        if not train:
            return inferred(library, forward)
        cotangents = [library.from_numpy(draws.normal(N, L, width)) for width in (_OUTPUT, H, H)]
        return trained(library, [x.requires_grad_(), *parameters], forward, cotangents)

    return make


def _workload(name: str, sizes: tuple[Size, ...], *, ours: bool, train: bool) -> Workload:
    sides = torch_like(_made(lesson, train=train))
    if ours:
        sides |= of_mytorch(_made(_model, train=train))
    pairs = (("mytorch", "torch"), ("numba", "torch"))[: 2 if ours else 1]
    return Workload(name, "the seed's text", LETTERS, sizes, sides, pairs)


WORKLOADS = (
    _workload("models.LSTM / seed's text on torch, train", GRID[:4], ours=True, train=True),
    _workload("models.LSTM / seed's text on torch, inference", GRID[:4], ours=True, train=False),
    _workload("seed's text / seed's text on torch, train", GRID[:4], ours=False, train=True),
    _workload("seed's text / seed's text on torch, inference", GRID[:4], ours=False, train=False),
)
