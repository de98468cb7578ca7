"""nn.LSTM, nn.GRU and nn.RNN written out: layers, directions and padded steps, with a seam for each.

The cases in `recurrent.py` call a module. Here the same function is written in steps, which run where a fault
replaces one of them. The functions at the top read a configuration, for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._steps import SEAMS, STEPS
from conformance.sampling.space import UNBATCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from conformance.cases._steps import Parameters, State
    from conformance.cases.case import Config, Values
    from conformance.sampling.sample import Scalar

# The output of padded steps.
PADDING = 0.5

# The cost that an oracle may have, in steps of a narrow layer: 0.3 CPU-seconds, and 2 where the state has the
# least width. So every combination of length, layers and directions is drawn, but not often.
_USUAL, _MOST, _NARROW = 150, 980, 2


def _cost(config: Config, layers: int, directions: int) -> float:
    """Return the cost of the oracle: fitted to the times of samples of many shapes, to a third."""
    # A packed step is computed twice.
    steps = int(config["L"]) * layers * directions * (2 if is_packed(config) else 1)
    width = int(config["H"])
    # The gradient of a weight is added up at each step; so are those of the gates.
    return steps * (1 + (width / 24) ** 2 + int(config["N"]) * width / 37)


def settle(config: Config) -> dict[str, Scalar]:
    """Return the settings of a recurrent layer that differ from the drawn ones; see `Space.settle`.

    No combination of length, layers and directions is left out for good.
    """
    settled: dict[str, Scalar] = {}
    relu = config.get("nonlinearity") == "relu"
    if int(config["N"]) <= 0:
        settled["form"] = "equal"
    # A layer of relus may return zeros only: without biases the input of the next relu is then exactly 0,
    # where it has no derivative, and so it is where dropout drops everything.
    layers = 1 if relu and not config["bias"] else int(config["layers"])
    directions = 2 if config["bidirectional"] else 1
    limit = _USUAL if int(config["H"]) > _NARROW else _MOST
    while layers * directions > 1 and _cost({**config, **settled}, layers, directions) > limit:
        # One first or the other first, so that neither is left out.
        if layers == 1 or (directions > 1 and int(config["I"]) % 2):
            directions = 1
        else:
            layers -= 1
    settled |= {"layers": layers, "bidirectional": directions == 2}
    if config.get("projection") and projection(config) == 0:
        settled["projection"] = False
    if config["dropout"] == "all" and (layers == 1 or relu):
        settled["dropout"] = "none"
    return settled


def sizes(config: Config) -> tuple[int, int, int]:
    """Return how many layers, directions and features of the output there are."""
    return int(config["layers"]), 2 if config["bidirectional"] else 1, projection(config) or int(config["H"])


def projection(config: Config) -> int:
    """Return the width that the hidden state is projected to, or 0."""
    return int(config["H"]) // 2 if config.get("projection") else 0


def is_packed(config: Config) -> bool:
    """Whether the sequences have lengths of their own."""
    return config["form"] != "equal"


def lengths(config: Config) -> list[int]:
    """The lengths of the packed sequences: unlike, one of them L, longest first where packing needs it."""
    length = int(config["L"])
    found = [length - 5 * k % length for k in range(int(config["N"]))]
    return sorted(found, reverse=True) if config["form"] == "sorted" else found[::-1]


def _joined(t: Any, directions: Sequence[Any]) -> Any:
    return t.cat(list(directions), -1)


# The seams of a layer, in addition to those of a step: how steps, directions and layers are put together.
_SEAMS: Mapping[str, Callable[..., Any]] = {
    "order": lambda steps, reverse: reversed(steps) if reverse else steps,
    "placed": lambda shown, reverse: shown[::-1] if reverse else shown,
    "joined": _joined,
    # From all layers' inputs so far to the next layer's; the first of them is the sequence itself.
    "between": lambda t, inputs, config: inputs[-1] * 0 if config["dropout"] == "all" else inputs[-1],
    "held": lambda t, lasts, new, old: t.where(lasts, new, old),
    "stacked": lambda t, states, config: t.stack(states),
}

LAYER_SEAMS = {kind: {**seams, **_SEAMS} for kind, seams in SEAMS.items()}


def _parameters(t: Any, x: Values, suffix: str) -> Parameters:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    given = {name: x[name + suffix] for name in names if name + suffix in x}
    if not x.config["bias"]:
        given |= {name: t.zeros_like(given["weight_hh"][:, 0]).detach() for name in ("bias_ih", "bias_hh")}
    found: Parameters = x.seams["parameters"](t, given, x.config)
    return found


def _initial(t: Any, x: Values, kind: str, like: Any) -> State:
    """Return the given states, or zeros, each (layers · directions, N, width)."""
    layers, directions, width = sizes(x.config)
    names = ("h0", "c0") if kind == "LSTM" else ("h0",)
    if "h0" not in x:
        widths = (width, int(x.config["H"]))[: len(names)]
        return tuple(t.zeros(layers * directions, like.shape[1], each, dtype=like.dtype) for each in widths)
    return tuple(x[name].unsqueeze(1) if x.config["N"] == UNBATCHED else x[name] for name in names)


def _run(
    t: Any, x: Values, kind: str, p: Parameters, sequence: Sequence[Any], state: State, *, reverse: bool
) -> tuple[list[Any], State]:
    """Run one direction of one layer over the steps; return each step's output, (N, D), and the last state.

    Sequences of one length go through step by step. Of packed ones, a row whose sequence goes on at this step
    is computed like any other. A row whose sequence has ended (or, backwards, has not begun) is fed zeros, so
    that a NaN in its padding reaches no gradient; its output is PADDING, and its state is kept (`held`). All
    rows' states then pass through `carry` to the next step.
    """
    s = x.seams
    ends = t.tensor(lengths(x.config)).reshape(-1, 1) if is_packed(x.config) else None
    shown = []
    for count, step in enumerate(s["order"](range(len(sequence)), reverse)):
        lasts = None if ends is None else step < ends
        fed = tuple(_lasting(t, lasts, part) for part in state)
        out, after = STEPS[kind](t, x, p, _lasting(t, lasts, sequence[step]), fed)
        if lasts is not None:
            out = t.where(lasts, out, t.full_like(out, PADDING).detach())
            after = tuple(s["held"](t, lasts, new, old) for new, old in zip(after, state, strict=True))
        state = s["carry"](t, count, after)
        shown.append(out)
    return s["placed"](shown, reverse), state


def _lasting(t: Any, lasts: Any, value: Any) -> Any:
    """Return 0 for the sequences that have ended: `where` would give a NaN there a gradient of NaN."""
    return value if lasts is None else t.where(lasts, value, t.zeros_like(value).detach())


def _steps(x: Values) -> list[Any]:
    """Return the input step by step, each (N, I)."""
    config, given = x.config, x["input"]
    if config["N"] == UNBATCHED:
        given = given.unsqueeze(1)
    elif config["batch_first"]:
        given = given.transpose(0, 1)
    count = max(lengths(config)) if is_packed(config) else given.shape[0]
    return [given[step] for step in range(count)]


def layer(kind: str) -> Callable[[Any, Values], dict[str, Any]]:
    """Return the program of a recurrent layer, `LSTM`, `GRU` or `RNN`.

    `inputs` holds what each layer is fed, (L, N, features), the sequence itself first; `between` makes the
    next layer's input of all of these. A layer runs once per direction (`_run`); `joined` puts the outputs
    of both side by side: the next entry of `inputs`, or the output. The last states are collected in torch's
    order, layer by layer and forward before backward; `stacked` makes one tensor of each part, h and then c.
    Where there is no batch, an axis of one is added at the start and taken away at the end.
    """

    def program(t: Any, x: Values) -> dict[str, Any]:
        s, config = x.seams, x.config
        layers, directions, _ = sizes(config)
        inputs = [t.stack(_steps(x))]
        initial = s["initial"](t, _initial(t, x, kind, inputs[0]))
        finals: list[State] = []
        for number in range(layers):
            given = s["between"](t, inputs, config) if number else inputs[0]
            outs = []
            for direction in range(directions):
                p = _parameters(t, x, f"_l{number}" + ("_reverse" if direction else ""))
                state = tuple(part[len(finals)] for part in initial)
                out, state = _run(t, x, kind, p, given, state, reverse=bool(direction))
                outs.append(t.stack(out))
                finals.append(state)
            inputs.append(s["joined"](t, outs))
        states = s["returned"](t, tuple(s["stacked"](t, part, config) for part in _parts(finals)))
        return {"output": _shaped(inputs[-1], config)} | {
            name: each.squeeze(1) if config["N"] == UNBATCHED else each
            for name, each in zip(("h_n", "c_n"), states, strict=False)
        }

    return program


def _parts(finals: Iterable[State]) -> list[list[Any]]:
    """Return the final states by part: the hidden ones, then the cells'."""
    return [list(part) for part in zip(*finals, strict=True)]


def _shaped(output: Any, config: Config) -> Any:
    if config["N"] == UNBATCHED:
        return output.squeeze(1)
    return output.transpose(0, 1) if config["batch_first"] else output


def cell(kind: str) -> Callable[[Any, Values], dict[str, Any]]:
    """Return the program of a recurrent cell: one step of `nn.LSTMCell`, `nn.GRUCell` or `nn.RNNCell`."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        names = ("h0", "c0") if kind == "LSTM" else ("h0",)
        shape = (*x["input"].shape[:-1], int(x.config["H"]))
        zeros = t.zeros(*shape, dtype=x["input"].dtype)
        initial = x.seams["initial"](t, tuple(x[name] if "h0" in x else zeros for name in names))
        _, state = STEPS[kind](t, x, _parameters(t, x, ""), x["input"], initial)
        return dict(zip("hc", x.seams["returned"](t, state), strict=False))

    return program
