"""A framework's recurrent layers as an implementation, from what runs one direction of one of them.

Called by the peers of this folder. Layers, directions, `batch_first`, single sequences, missing states,
dropout and cells are put together here in NumPy, forward and backward, so that a peer is one function of its
framework.

A sample goes one of two ways from here: a layer is stacked (`_stack`), and a cell is a layer of one step
(`_cell`), whose results are the last states.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import UsageError
from conformance.sampling.space import UNBATCHED
from conformance.subjects.functional import Functional
from conformance.subjects.layouts import DIRECTIONS, GATES
from conformance.subjects.supports import EVERYTHING, Supports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.cases.case import Config
    from conformance.sampling.values import Array
    from conformance.subjects.declarations import Excuse

    Arrays = Mapping[str, Array]
    States = tuple[Array, ...]
    # From the gradients of the output (L, N, H) and of the last states to those of the parameters by name, of
    # x and of the initial states.
    Back = Callable[[Array, States], tuple[Arrays, Array, States]]
    # From kind, parameters, x (L, N, I), states (N, H) and nonlinearity to the output and the last states,
    # and the pullback, if any.
    Direction = Callable[[str, Arrays, Array, States, str], tuple[tuple[Array, States], Back | None]]
    # From kind, the parameters of both directions, x, states (2, N, H) and nonlinearity to the output
    # (L, N, 2·H) and the last states.
    Both = Callable[[str, tuple[Arrays, Arrays], Array, States, str], tuple[Array, States]]
    # From the cotangents by the names of the outputs to the gradients by the names of the inputs.
    Pullback = Callable[[Arrays], dict[str, Array]]
    Answer = tuple[dict[str, Array], Pullback | None]

# The parameters of one direction of one layer, as torch's cells name them.
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

# The states, as a case names the initial ones, and the results of a layer and of a cell.
_GIVEN, _LAST, _NEXT = ("h0", "c0"), ("h_n", "c_n"), ("h", "c")

# The steps as a direction takes them.
_ORDER = (slice(None), slice(None, None, -1))


def layers(
    name: str,
    direction: Direction,
    *,
    both: Both | None = None,
    kinds: Sequence[str] = tuple(GATES),
    supports: Supports = EVERYTHING,
    declines: Callable[[str, Config], str | None] | None = None,
    excuses: Sequence[Excuse] = (),
    accuracy: str = "relative",
    nan_conventions: str = "torch",
) -> Functional:
    """Return an implementation of nn.LSTM, nn.GRU, nn.RNN and their cells, made of one function.

    `direction(kind, p, x, states, nonlinearity)` runs one direction of one layer:

    - `kind` is `LSTM`, `GRU` or `RNN`; `nonlinearity` is `tanh` or `relu`, and means an RNN's;
    - `p` has torch's parameters `weight_ih` (G·H, I), `weight_hh` (G·H, H), `bias_ih` and `bias_hh` (G·H),
      the biases only where the layer has them; `x` is (L, N, I); `states` is (h,) or (h, c), each (N, H), and
      zeros where none are given. They are NumPy arrays in the lane's dtype, contiguous, and may be modified;
    - it returns `((output, lasts), pullback)`: output (L, N, H), and lasts like `states`.
      `pullback(grad_output, grad_lasts)` returns the gradients of `p` by name, of `x`, and of `states`. It is
      None where there are no gradients.

    A framework whose layers run in both directions themselves has `both(kind, p, x, states, nonlinearity)`,
    too: `p` has the parameters of both, `states` are (2, N, H), and it returns `(output, lasts)`, output
    (L, N, 2·H). Such layers are forward only.

    Packed sequences, projections, uses and bad calls are outside.

    Args:
        name: the name in reports.
        direction: the function.
        both: the function of both directions; None where `direction` runs one after the other.
        kinds: the kinds of layers that it can run.
        supports: further limits, such as the dtypes; its `cases` follow from `kinds`.
        declines: from a kind and the settings to why a sample cannot be run, or None.
        excuses: the differences that it declares.
        accuracy: the accuracy class of its tanh and sigmoid, `relative` or `absolute`.
        nan_conventions: `torch`, or `own` where others hold at NaN.

    Raises:
        UsageError: an argument has another value than it may have.
    """
    if not kinds or not set(kinds) <= set(GATES):
        raise UsageError(f"layers: kinds: expected some of {', '.join(GATES)}, got {kinds!r}")
    cases = {f"nn.{kind}{end}": kind for kind in kinds for end in ("", "Cell")}

    def f(case: str, config: Config, x: Arrays) -> Any:
        if case.endswith("Cell"):
            outputs, pullback = _cell(direction, cases[case], config, x)
        else:
            outputs, pullback = _stack(direction, both, cases[case], config, x)
        return outputs if pullback is None else (outputs, pullback)

    return Functional(
        name,
        f,
        replace(supports, cases=list(cases), projection=False, packed=False),
        declines=None if declines is None else lambda case, config: declines(cases[case], config),
        excuses=excuses,
        accuracy=accuracy,
        nan_conventions=nan_conventions,
    )


def _cell(direction: Direction, kind: str, config: Config, x: Arrays) -> Answer:
    """Return the next states of a cell, and their pullback."""
    single = config["N"] == UNBATCHED
    given = _states(x, kind, (1 if single else int(config["N"]), int(config["H"])), x["input"].dtype)
    fed = x["input"][None, None] if single else x["input"][None]
    (output, lasts), back = _run(direction, kind, config, _parameters(x, ""), fed, given)

    def pullback(cotangents: Arrays) -> dict[str, Array]:
        assert back is not None  # noqa: S101 - it is returned below where it is not None
        gradients = tuple(cotangents[name].reshape(each.shape) for name, each in _named(_NEXT, lasts))
        of_p, of_x, of_states = back(np.zeros_like(output), gradients)
        found = {**of_p, "input": of_x, **dict(_named(_GIVEN, of_states))}
        return {name: np.asarray(found[name]).reshape(array.shape) for name, array in x.items()}

    outputs = {name: each[0] if single else each for name, each in _named(_NEXT, lasts)}
    return outputs, None if back is None else pullback


def _stack(direction: Direction, both: Both | None, kind: str, config: Config, x: Arrays) -> Answer:
    """Return the output and the last states of a layer of layers and directions, and their pullback."""
    single, directions = config["N"] == UNBATCHED, 2 if config["bidirectional"] else 1
    count, hidden = int(config["layers"]), int(config["H"])

    def turned(array: Array) -> Array:
        """From a case's layout of sequences to (L, N, features), or back."""
        return array.swapaxes(0, 1) if config["batch_first"] and not single else array

    sequence = x["input"][:, None] if single else turned(x["input"])
    initial = _states(x, kind, (count * directions, sequence.shape[1], hidden), sequence.dtype)
    # Dropout with p = 1 multiplies what goes from one layer to the next by 0, and its gradient, too.
    kept = sequence.dtype.type(0 if config["dropout"] == "all" else 1)
    finals: list[States] = []
    backs: list[Any] = []
    for layer in range(count):
        p = [_parameters(x, f"_l{layer}{end}") for end in DIRECTIONS[:directions]]
        states = tuple(each[len(finals) : len(finals) + directions] for each in initial)
        given = sequence * kept if layer else sequence
        if both is None or directions == 1:
            outputs, last, back = _run_each(direction, kind, config, p, given, states)
        else:
            outputs, last, back = _run_both(both, kind, config, p, given, states)
        sequence = np.concatenate(outputs, axis=2)
        finals += last
        backs += back
    lasts = _stacked(finals)

    def pullback(cotangents: Arrays) -> dict[str, Array]:
        upper = turned(cotangents["output"]).reshape(sequence.shape)
        of_lasts = tuple(cotangents[name].reshape(each.shape) for name, each in _named(_LAST, lasts))
        of_initial: list[States] = [()] * len(backs)
        found: dict[str, Array] = {}
        for layer in reversed(range(count)):
            lower: Any = 0
            for way in range(directions):
                number, end = layer * directions + way, f"_l{layer}{DIRECTIONS[way]}"
                mine = upper[_ORDER[way], :, way * hidden : (way + 1) * hidden]
                last = tuple(each[number].copy() for each in of_lasts)
                of_p, of_x, of_initial[number] = backs[number](np.array(mine, order="C"), last)
                found |= {name + end: np.asarray(each) for name, each in of_p.items()}
                lower = lower + np.asarray(of_x)[_ORDER[way]]
            upper = lower * kept if layer else lower
        found |= {"input": turned(upper), **dict(_named(_GIVEN, _stacked(of_initial)))}
        return {name: found[name].reshape(array.shape) for name, array in x.items()}

    outputs_by_name = {
        "output": sequence[:, 0] if single else turned(sequence),
        **{name: each[:, 0] if single else each for name, each in _named(_LAST, lasts)},
    }
    return outputs_by_name, None if None in backs else pullback


def _run_each(
    direction: Direction, kind: str, config: Config, p: Sequence[Arrays], x: Array, states: States
) -> tuple[list[Array], list[States], list[Back | None]]:
    """Run the directions of one layer one after the other; outputs are in the order of x."""
    outputs, finals, backs = [], [], []
    for way in range(len(p)):
        state = tuple(each[way] for each in states)
        (output, lasts), back = _run(direction, kind, config, p[way], x[_ORDER[way]], state)
        outputs.append(output[_ORDER[way]])
        finals.append(lasts)
        backs.append(back)
    return outputs, finals, backs


def _run_both(
    both: Both, kind: str, config: Config, p: Sequence[Arrays], x: Array, states: States
) -> tuple[list[Array], list[States], list[Back | None]]:
    """Run both directions of one layer at once."""
    given = tuple(np.array(each, order="C") for each in (x, *states))
    output, lasts = both(kind, (p[0], p[1]), given[0], given[1:], _nonlinearity(config))
    finals = list(zip(*map(np.asarray, lasts), strict=True))
    return [np.asarray(output)], finals, [None] * len(finals)


def _run(
    direction: Direction, kind: str, config: Config, p: Arrays, x: Array, states: States
) -> tuple[tuple[Array, States], Back | None]:
    """Call the function with contiguous arrays of its own, and return arrays of NumPy's."""
    given = tuple(np.array(each, order="C") for each in (x, *states))
    (output, lasts), back = direction(kind, p, given[0], given[1:], _nonlinearity(config))
    return (np.asarray(output), tuple(map(np.asarray, lasts))), back


def _nonlinearity(config: Config) -> str:
    return str(config.get("nonlinearity", "tanh"))


def _parameters(x: Arrays, end: str) -> dict[str, Array]:
    return {name: np.array(x[name + end], order="C") for name in PARAMETERS if name + end in x}


def _states(x: Arrays, kind: str, shape: tuple[int, ...], dtype: Any) -> States:
    """Return the initial states in a shape, zeros where none are given."""
    names = _GIVEN if kind == "LSTM" else _GIVEN[:1]
    return tuple(x[name].reshape(shape) if name in x else np.zeros(shape, dtype) for name in names)


def _stacked(states: Sequence[States]) -> States:
    """Return the states of all layers and directions, (D·layers, N, H), from those of each."""
    return tuple(np.stack([np.asarray(each) for each in part]) for part in zip(*states, strict=True))


def _named(names: Sequence[str], states: States) -> list[tuple[str, Array]]:
    return list(zip(names, states, strict=False))
