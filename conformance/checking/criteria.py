"""What a candidate is judged by: each criterion is an entry, with its calls and what it asks of them.

Run by checking.judge in this order, each on new instances. Every call's outputs are compared with the
reference's, and its gradients too, once `gradients` has passed; calls without gradients are made once
`no_grad` has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Call:
    """One call of a candidate.

    Attributes:
        draw: the number of the draw of the inputs.
        scale: by what floating inputs are multiplied.
        instance: which instance is called; the second has other parameters.
        layout: how inputs and cotangents lie in memory; see checking.layouts.
        kept: whether the inputs are written over those of the call before, in the same memory.
        grad: whether gradients are recorded.
        inference: whether the call is made in inference mode, with `grad` false.
        evaluated: whether `eval()` of the instance, and of the reference, is called before.
        between: the draw of the inputs of another call of the instance, between the call and its backward.
        parameters: whose parameters are written into the instance before the call; None for none.
        cotangents: by what cotangents are multiplied.
        wrt: what needs a gradient: `all`, `inputs`, `parameters`, the `first` or the `last`, or `none`.
    """

    draw: int = 0
    scale: float = 1
    instance: int = 0
    layout: str = "plain"
    kept: bool = False
    grad: bool = True
    inference: bool = False
    evaluated: bool = False
    between: int | None = None
    parameters: int | None = None
    cotangents: float = 1.0
    wrt: str = "all"


@dataclass(frozen=True)
class Criterion:
    """One criterion, a row of the verdict.

    Attributes:
        name: its name.
        about: what it asks, in words.
        calls: the calls.
        gradients: whether gradients are asked for.
        needs: what the reference must have, or the row is left out: `gradients`, `several gradients`,
            `floating inputs`, `instances`, `trained` parameters, `module`, or `shapes`.
        look: what else is asked of the calls: `untouched`, `memory`, `settings`, or `again`, which asks
            nothing but that.
    """

    name: str
    about: str
    calls: tuple[Call, ...] = (Call(),)
    gradients: bool = True
    needs: str = ""
    look: str = ""


# Eight calls, no two of the same values in a row: what was kept of a call before is noticed.
_EIGHT = (0, 1, 2, 0, 1, 2, 1, 0)


def _both(*calls: Call) -> tuple[Call, ...]:
    """Return calls, and then the same without gradients, as trained models are used."""
    return *calls, *(replace(call, grad=False) for call in calls)


CRITERIA = (
    Criterion("values", "the outputs on a fresh draw", gradients=False),
    Criterion("gradients", "the gradients of all inputs and parameters", needs="gradients"),
    Criterion(
        "no_grad",
        "calls under torch.no_grad() and torch.inference_mode(), with what needs gradients and without",
        (Call(grad=False), Call(grad=False, wrt="none"), Call(grad=False, inference=True)),
    ),
    Criterion(
        "other storage",
        "eight calls of one instance, on inputs in memory of their own",
        _both(*(Call(draw) for draw in _EIGHT)),
    ),
    Criterion(
        "same storage",
        "eight calls of one instance, on inputs written over those before",
        _both(*(Call(draw, kept=True) for draw in _EIGHT)),
    ),
    Criterion("scale 16", "inputs 16 times as large", _both(Call(scale=16)), needs="floating inputs"),
    Criterion("scale 1024", "inputs 1,024 times as large", _both(Call(scale=1024)), needs="floating inputs"),
    Criterion(
        "scale 1/1024", "inputs 1,024 times as small", _both(Call(scale=2**-10)), needs="floating inputs"
    ),
    Criterion(
        "other cotangents",
        "gradients under cotangents 1,024 times as large and as small, as a scaled loss and a mean have them",
        (Call(cotangents=2**10), Call(cotangents=2**-10)),
        needs="gradients",
    ),
    Criterion("eval", "calls after eval()", _both(Call(evaluated=True)), needs="module"),
    Criterion("other shapes", "the shapes that were asked for", (), needs="shapes"),
    Criterion(
        "strided",
        "inputs and cotangents that are not contiguous in memory",
        _both(Call(layout="transposed"), Call(layout="stepped"), Call(layout="offset")),
    ),
    Criterion(
        "some gradients",
        "gradients where only some inputs or parameters need one",
        tuple(Call(wrt=wrt) for wrt in ("inputs", "parameters", "first", "last")),
        needs="several gradients",
    ),
    Criterion(
        "two instances",
        "two instances with different parameters, called in turn",
        _both(Call(), Call(instance=1), Call(), Call(instance=1)),
        needs="instances",
    ),
    Criterion(
        "interleaved",
        "gradients of a call where another one is made before its backward",
        (Call(between=1),),
        needs="gradients",
    ),
    Criterion(
        "new parameters",
        "one instance, before and after its parameters are changed where they lie, as in training",
        _both(Call(parameters=0), Call(parameters=1)),
        needs="trained",
    ),
    Criterion(
        "untouched",
        "inputs, parameters and cotangents are left as they were, without gradients too",
        (Call(), Call(grad=False)),
        look="untouched",
    ),
    Criterion(
        "own memory",
        "outputs share no memory with inputs, but where the reference's do",
        (Call(), Call(grad=False)),
        look="memory",
    ),
    Criterion(
        "earlier results",
        "results stay as they are while others are computed, with gradients and without",
        (Call(), Call(draw=1), Call(draw=2), Call(grad=False), Call(draw=1, grad=False)),
        look="again",
    ),
    Criterion(
        "settings", "torch's settings and functions, and generators, are left as they were", look="settings"
    ),
)

NAMES = tuple(each.name for each in CRITERIA)
