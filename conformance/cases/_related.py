"""The layers of which relations hold: their settings, their outputs and their batch axes.

Arrays and builds are those of each layer's ordinary case; `Related.settings` gives the configuration. Read by
metamorphic.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases import attention, cells, linear, normalization, recurrent
from conformance.cases._unrolled import sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.cases.case import Built, Case, Config, Values
    from conformance.sampling.sample import Scalar
    from conformance.sampling.values import Input

    Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Related:
    """The facts about a layer that a relation needs.

    Attributes:
        case: its ordinary case.
        sizes: see `Space`.
        settings: from a configuration of the relation to one of the ordinary case.
        outputs: from such settings to the shapes of the outputs.
        flags: as in `Space`.
        regimes: as in `Space`.
        axis: the batch axis of a named tensor.
    """

    case: Case
    sizes: Mapping[str, str]
    settings: Callable[[Config], Config]
    outputs: Callable[[Config], Shapes]
    flags: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    regimes: tuple[str, ...] = ("normal",)
    axis: Callable[[str, Config], int] = lambda name, config: 0

    @property
    def name(self) -> str:
        """The layer's public name."""
        return self.case.name

    def inputs(self, config: Config) -> Mapping[str, Input]:
        """Return the arrays of the ordinary case, data and parameters."""
        return self.case.inputs(self.settings(config))

    def settled(self, config: Config) -> dict[str, Scalar]:
        """Return the relation's settings as the ordinary case runs them; `Space.settle`."""
        settled = self.case.space.settled(self.settings(config))
        return {name: settled.get(name, value) for name, value in config.items()}

    def build(self, t: Any, x: Values) -> Built:
        """Build the layer as its ordinary case does; `x` has that case's settings."""
        if self.case.build is None:
            raise TypeError(f"{self.name}: expected a case whose program is a LayerProgram")
        return self.case.build(t, x, x.config)


def _case(cases: Iterable[Case], name: str) -> Case:
    return next(case for case in cases if case.name == name)


def _fixed(**fixed: Scalar) -> Callable[[Config], Config]:
    """Return the settings that are added where they do not vary."""
    return lambda config: {**fixed, **config}


def _recurrent_outputs(kind: str, config: Config) -> Shapes:
    n, length, hidden = (int(config[name]) for name in "NLH")
    number, directions, width = sizes(config)
    steps = (n, length) if config["batch_first"] else (length, n)
    shapes = {"output": (*steps, directions * width), "h_n": (number * directions, n, width)}
    return shapes | ({"c_n": (number * directions, n, hidden)} if kind == "LSTM" else {})


def _recurrent_axis(name: str, config: Config) -> int:
    return 0 if config["batch_first"] and name in {"input", "output"} else 1


def _cell_outputs(kind: str, config: Config) -> Shapes:
    return dict.fromkeys("hc" if kind == "LSTM" else "h", (int(config["N"]), int(config["H"])))


def _recurrent(kind: str, flags: Mapping[str, tuple[Scalar, ...]], *regimes: str) -> Related:
    return Related(
        case=_case(recurrent.CASES, f"nn.{kind}"),
        sizes={"N": "batch", "L": "length", "I": "feature", "H": "feature"},
        # Zeros at the end of packed sequences, so that the outputs there cancel.
        settings=_fixed(bias=True, form="equal", dropout="none", padding=0.0),
        outputs=partial(_recurrent_outputs, kind),
        flags={
            "layers": (1, 2),
            "bidirectional": (False, True),
            "batch_first": (False, True),
            "states": (True, False),
            **flags,
        },
        regimes=("normal", *regimes),
        axis=_recurrent_axis,
    )


def _cell(kind: str, flags: Mapping[str, tuple[Scalar, ...]]) -> Related:
    return Related(
        case=_case(cells.CASES, f"nn.{kind}Cell"),
        sizes={"N": "batch", "I": "feature", "H": "feature"},
        settings=_fixed(bias=True),
        outputs=partial(_cell_outputs, kind),
        flags={"states": (True, False), **flags},
    )


def _cube(last: str, config: Config) -> Shapes:
    return {"output": tuple(int(config[name]) for name in ("N", "L", last))}


_NONLINEARITY: Mapping[str, tuple[Scalar, ...]] = {"nonlinearity": ("tanh", "relu")}

RECURRENT = (
    _recurrent("LSTM", {"projection": (False, True)}, "remembering"),
    _recurrent("GRU", {}),
    _recurrent("RNN", _NONLINEARITY),
)
CELLS = (_cell("LSTM", {}), _cell("GRU", {}), _cell("RNN", _NONLINEARITY))
LINEAR = Related(
    case=_case(linear.CASES, "nn.Linear"),
    sizes={"N": "batch", "L": "length", "F": "feature", "O": "feature"},
    settings=lambda config: {"I": config["F"], "rank": 3, "bias": True, **config},
    outputs=partial(_cube, "O"),
)
NORM = Related(
    case=_case(normalization.CASES, "nn.LayerNorm"),
    sizes={"N": "batch", "L": "length", "F": "feature"},
    settings=_fixed(rank=1, affine="both", eps=1e-5, module=True),
    outputs=partial(_cube, "F"),
)
ATTENTION = Related(
    case=_case(attention.CASES, "nn.functional.scaled_dot_product_attention"),
    sizes={"N": "batch", "L": "length", "S": "length", "E": "feature"},
    settings=lambda config: {
        "mask": "causal" if config["causal"] else "none",
        "scale": "root",
        "heads": "2 on 2",
        **config,
    },
    outputs=lambda config: {"output": (int(config["N"]), 2, int(config["L"]), int(config["E"]) + 1)},
    flags={"causal": (False, True)},
)
LAYERS = (*RECURRENT, *CELLS, LINEAR, NORM, ATTENTION)
