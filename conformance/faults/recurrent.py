"""Faults of recurrent layers: directions, layers, projections, padded steps, and the two biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._unrolled import sizes
from conformance.faults._rewriting import changed
from conformance.faults.backward import scale_gradient
from conformance.faults.fault import GRUS, RNNS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

_LAYERS = ("nn.LSTM", "nn.GRU", "nn.RNN")
_TORCHS = ("nn.LSTM", "nn.LSTMCell", *GRUS, *RNNS)


def _parts(change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda t, state: tuple(change(part) for part in state)


def _next_layer(t: Any, state: Any) -> Any:
    return tuple(t.cat([part[1:], part[:1]], 0) for part in state)


def _bias(name: str, factor: float) -> Callable[..., Any]:
    return lambda t, p, config: {**p, name: p[name] * factor}


def _bias_moved(name: str) -> Callable[..., Any]:
    """Move each gate's bias to the gate before it."""

    def parameters(t: Any, p: Any, config: Any) -> Any:
        height = int(config["H"])
        return {**p, name: t.cat([p[name][height:], p[name][:height]], 0)}

    return parameters


def _mean_over_time(t: Any, p: Any, config: Any) -> Any:
    return {**p, "weight_hh": scale_gradient(p["weight_hh"], 1 / int(config["L"]))}


def _last_only(shown: Any, reverse: Any) -> Any:
    """Give a gradient to the last step's output only."""
    steps = [step.detach() for step in shown[:-1]] + list(shown[-1:])
    return steps[::-1] if reverse else steps


def _time_for_batch(t: Any, x: Values, correct: Any) -> Any:
    # In other samples the given states would not fit, which would raise an error.
    n, length = int(x.config["N"]), int(x.config["L"])
    fits = x.config["form"] == "equal" and n > 0 and (n == length or "h0" not in x)
    return correct(t, changed(x, batch_first=False) if fits else x)


def _structure(name: str, seam: str, text: Any, story: str, cases: tuple[str, ...] = _LAYERS) -> Fault:
    return Fault(name, "layers and directions", cases, story, seams={seam: text})


_DIRECTIONS = (
    Fault(
        "reverse-is-forward",
        "layers and directions",
        _LAYERS,
        "runs and shows the reverse direction forward, as two layers side by side",
        seams={"order": lambda steps, reverse: steps, "placed": lambda shown, reverse: shown},
        says="the reverse direction is not reversed: it runs forward",
    ),
    _structure(
        "reverse-not-reversed",
        "order",
        lambda steps, reverse: steps,
        "runs the reverse direction forward and flips what it shows (coremltools #2798, for ragged lengths)",
    ),
    _structure(
        "reverse-not-reversed-back",
        "placed",
        lambda shown, reverse: shown,
        "shows the reverse direction in the order it was computed in, as Keras's go_backwards does",
    ),
    _structure(
        "directions-swapped",
        "joined",
        lambda t, directions: t.cat(list(directions)[::-1], -1),
        "puts the reverse direction's features first",
    ),
    _structure(
        "directions-summed",
        "joined",
        lambda t, directions: t.cat([sum(directions[1:], directions[0])] * len(directions), -1),
        "merges the directions by their sum, as Keras's merge_mode can",
    ),
    _structure(
        "directions-never-mixed",
        "between",
        lambda t, inputs, config: (
            t.cat([inputs[-1][..., : inputs[-1].shape[-1] // 2]] * 2, -1)
            if sizes(config)[1] > 1
            else inputs[-1]
        ),
        "lets the next layer see the forward direction only",
    ),
    _structure(
        "layer-reads-input-before-last",
        "between",
        lambda t, inputs, config: inputs[-2] if inputs[-2].shape == inputs[-1].shape else inputs[-1],
        "feeds a layer the input of the layer below instead of its output",
    ),
    _structure(
        "layer-reads-one-step-late",
        "between",
        lambda t, inputs, config: t.cat([inputs[-1][:1] * 0, inputs[-1][:-1]], 0),
        "feeds a layer the output of the step before",
    ),
    _structure(
        "dropout-between-layers-ignored",
        "between",
        lambda t, inputs, config: inputs[-1],
        "leaves the dropout between the layers out",
    ),
    _structure(
        "state-of-next-layer", "initial", _next_layer, "gives each layer the initial state of the next"
    ),
    _structure(
        "states-batch-first",
        "stacked",
        lambda t, states, config: (
            t.stack(states).transpose(0, 1) if config["batch_first"] and config["N"] > 0 else t.stack(states)
        ),
        "returns the final states batch first, which torch never does (pytorch #4145, #19675, #144116)",
    ),
    Fault(
        "batch-first-ignored",
        "layers and directions",
        _LAYERS,
        "takes the batch for time under batch_first, which fits without states (pytorch #4145)",
        around=_time_for_batch,
    ),
    _structure(
        "states-layers-reversed",
        "stacked",
        lambda t, states, config: t.stack(states[::-1]),
        "returns the last layer's final state first",
    ),
    _structure(
        "padded-steps-leak",
        "held",
        lambda t, lasts, new, old: new,
        "goes on through padded steps, so that the final state is theirs (pytorch #3662, #1811)",
    ),
    _structure(
        "padded-steps-forget",
        "held",
        lambda t, lasts, new, old: t.where(lasts, new, old * 0),
        "clears the state of a sequence that has ended",
    ),
)

_PROJECTIONS = (
    _structure(
        "projection-missing",
        "projected",
        lambda t, p, h, o, shown: (_cut(p, h),) * 2,
        "takes the first features for a projection",
        ("nn.LSTM",),
    ),
    _structure(
        "projection-at-the-end-only",
        "projected",
        lambda t, p, h, o, shown: (_projected(t, p, h), _cut(p, h)),
        "projects the output and not the state that is carried on; torch projects both (pytorch #139582)",
        ("nn.LSTM",),
    ),
    _structure(
        "projection-on-c",
        "projected",
        lambda t, p, h, o, shown: (_cut(p, o) * _projected(t, p, shown),) * 2,
        "projects tanh(c) before it is multiplied by the output gate",
        ("nn.LSTM",),
    ),
)


def _projected(t: Any, p: Any, h: Any) -> Any:
    return t.matmul(h, p["weight_hr"].T) if "weight_hr" in p else h


def _cut(p: Any, h: Any) -> Any:
    return h[..., : p["weight_hh"].shape[-1]]


_BIASES = tuple(
    Fault(
        f"torch-{name}-{word}",
        "bias",
        _TORCHS,
        f"{verb} {name} and not the other bias (onnx #1127, pytorch #36905, nntrainer #1768)",
        seams={"parameters": text},
        says=f"{name} is {told}",
    )
    for name in ("bias_ih", "bias_hh")
    for word, verb, told, text in (
        ("dropped", "drops", "not added", _bias(name, 0.0)),
        ("doubled", "doubles", "added twice", _bias(name, 2.0)),
    )
)

FAULTS = (
    *_DIRECTIONS,
    *_PROJECTIONS,
    *_BIASES,
    *(
        Fault(
            f"{name}-on-next-gate",
            "bias",
            ("nn.LSTM", "nn.LSTMCell", *GRUS),
            "adds each gate's bias to the gate before it",
            seams={"parameters": _bias_moved(name)},
            says=f"the blocks of {name} are those of the next gate",
        )
        for name in ("bias_ih", "bias_hh")
    ),
    Fault(
        "recurrent-gradient-mean-over-time",
        "backward",
        _LAYERS,
        "averages the gradient of the recurrent weights over the steps where it must be summed",
        seams={"parameters": _mean_over_time},
    ),
    Fault(
        "last-output-only",
        "backward",
        _LAYERS,
        "gives a gradient to the last step's output only, as training on the last output hides",
        seams={"placed": _last_only},
    ),
    Fault(
        "final-states-detached",
        "backward",
        _LAYERS,
        "gives no gradient to the returned final state",
        seams={"returned": _parts(lambda part: part.detach())},
    ),
    Fault(
        "torch-initial-state-detached",
        "backward",
        (*GRUS, *RNNS),
        "gives no gradient to the initial state",
        seams={"initial": _parts(lambda part: part.detach())},
    ),
)
