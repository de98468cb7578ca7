"""Losses, with every reduction, as functions and as modules."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

_CLASSES = ("small", "one", "empty", "pow2", "strided", "zero")
_REDUCTIONS = ("mean", "sum", "none")
_BAD_REDUCTION = BadCall("reduction", ("median",), config={"reduction": "median"})


def _pair(config: Config) -> dict[str, Input]:
    shape = int(config["N"]), int(config["F"])
    return {"input": Input(shape), "target": Input(shape, against="input")}


def _as_is(t: Any, x: Values) -> tuple[Any, Any]:
    del t
    return x["input"], x["target"]


def _as_probabilities(t: Any, x: Values) -> tuple[Any, Any]:
    return t.sigmoid(x["input"]), t.sigmoid(x["target"])


def _target_as_probability(t: Any, x: Values) -> tuple[Any, Any]:
    return x["input"], t.sigmoid(x["target"])


def _loss(
    name: str,
    module: str,
    flags: dict[str, tuple[Scalar, ...]],
    *bad: BadCall,
    operands: Callable[[Any, Values], tuple[Any, Any]] = _as_is,
    inputs: Callable[[Config], dict[str, Input]] = _pair,
    regimes: tuple[str, ...] = ("normal", "saturated", "cancelling", "tiny", "nonfinite"),
    reductions: tuple[str, ...] = _REDUCTIONS,
    samples: int = 18,
) -> Case:
    """A loss of two tensors; inputs named after its weights are passed on, flags are its options."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        options = {key: x.config[key] for key in (*flags, "reduction")}
        options |= {key: x[key].detach() for key in x if key.endswith("weight")}
        with warnings.catch_warnings():
            # kl_div's advice against the mean.
            warnings.simplefilter("ignore", UserWarning)
            if x.config["module"]:
                return {"output": getattr(t.nn, module)(**options)(*operands(t, x))}
            return {"output": getattr(t.nn.functional, name)(*operands(t, x), **options)}

    base: dict[str, Scalar] = {"N": 2, "F": 3, "reduction": "mean", "module": False}
    return Case(
        name=f"nn.functional.{name}",
        space=Space(
            {"N": "batch", "F": "feature"},
            _CLASSES,
            regimes,
            {**flags, "reduction": reductions, "module": (False, True)},
        ),
        inputs=inputs,
        program=program,
        samples=samples,
        base=base | {key: values[0] for key, values in flags.items()},
        bad_calls=(_BAD_REDUCTION, *bad),
    )


def _weighted(*names: str) -> Callable[[Config], dict[str, Input]]:
    def inputs(config: Config) -> dict[str, Input]:
        rows = {name: Input((int(config["F"]),), positive=True, grad=False, weight=True) for name in names}
        return _pair(config) | rows

    return inputs


_SHAPES = {"rows": (), "sequences": (3,), "images": (2, 2)}


def _scores(config: Config) -> dict[str, Input]:
    n, c = int(config["N"]), int(config["C"])
    shape = (c,) if config["form"] == "one" else (n, c, *_SHAPES[str(config["form"])])
    inputs = {"input": Input(shape)}
    if config.get("target") == "probabilities":
        inputs["target"] = Input(shape)
    weight = {"weight": Input((c,), positive=True, grad=False, weight=True)} if config["weighted"] else {}
    return inputs | weight


def _classes(t: Any, x: Values) -> Any:
    """Return targets that name every class in turn; the bad ones name none, or have another shape."""
    c, kind = int(x.config["C"]), x.config["target"]
    shape = list(x["input"].shape[:1] + x["input"].shape[2:] if x["input"].ndim > 1 else ())
    if kind == "batch":
        shape[0] += 1
    count = 1
    for n in shape:
        count *= n
    # By whole numbers, so that both sides need nothing but arange and comparisons.
    numbers = [(7 * k + 3) % c for k in range(count)]
    if kind == "no class":
        numbers[0] = c + 4
    dtype = t.int32 if kind == "int32" else t.int64
    return t.tensor(numbers, dtype=dtype).reshape(shape)


def _classified(name: str, module: str, flags: dict[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        names = ("reduction", "ignore_index", *flags)
        options = {key: x.config[key] for key in names if key != "target"}
        scores = x["input"]
        if x.config["target"] == "probabilities":
            target = t.softmax(x["target"], 0 if scores.ndim == 1 else 1)
            # The default: probabilities have no index to leave out.
            options["ignore_index"] = -100
        else:
            target = _classes(t, x)
        if name == "nll_loss":
            scores = t.log_softmax(scores, 0 if scores.ndim == 1 else 1)
        options |= {"weight": x["weight"].detach()} if "weight" in x else {}
        if x.config["module"]:
            return {"output": getattr(t.nn, module)(**options)(scores, target)}
        return {"output": getattr(t.nn.functional, name)(scores, target, **options)}

    settings = {
        "form": ("rows", "one", "sequences", "images"),
        "weighted": (False, True),
        "ignore_index": (-100, 0, 1),
        "target": ("classes",),
        "reduction": _REDUCTIONS,
        "module": (False, True),
        **flags,
    }
    return Case(
        name=f"nn.functional.{name}",
        # No class of one: a mean over samples that are all left out is nan, and nothing to compare.
        space=Space(
            {"N": "batch", "C": "feature"},
            ("small", "empty", "pow2", "strided"),
            ("normal", "saturated", "nonfinite"),
            settings,
        ),
        inputs=_scores,
        program=program,
        samples=30,
        base={"N": 3, "C": 5} | {key: values[0] for key, values in settings.items()},
        bad_calls=(
            _BAD_REDUCTION,
            BadCall("a target that is no class", ("9",), config={"target": "no class"}),
            BadCall("batch size of the target", ("3", "4"), config={"target": "batch"}),
            BadCall("dtype of the target", ("Int", "Long"), config={"target": "int32"}),
            *bad,
        ),
    )


CASES = (
    _loss(
        "mse_loss", "MSELoss", {}, regimes=("normal", "cancelling", "tiny", "huge", "nonfinite"), samples=24
    ),
    _loss("l1_loss", "L1Loss", {}, regimes=("normal", "cancelling", "huge", "nonfinite")),
    _loss(
        "smooth_l1_loss",
        "SmoothL1Loss",
        {"beta": (1.0, 0.25, 3.0, 0.0)},
        BadCall("beta below zero", ("beta",), config={"beta": -1.0}),
    ),
    _loss(
        "huber_loss",
        "HuberLoss",
        {"delta": (1.0, 0.25, 3.0)},
        BadCall("delta of zero", ("delta",), config={"delta": 0.0}),
    ),
    _loss(
        "binary_cross_entropy",
        "BCELoss",
        {},
        BadCall("sizes", ("2, 3", "2, 4"), shapes={"target": (2, 4)}),
        operands=_as_probabilities,
        inputs=_weighted("weight"),
        # Not saturated: a probability that rounds to 1 has a loss of 100 where a nearer one has 17. Not tiny:
        # where all probabilities are ½ every element rounds alike, which no random error does. Not nonfinite:
        # torch refuses NaN as a probability.
        regimes=("normal", "cancelling"),
    ),
    _loss(
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        {},
        BadCall("sizes", ("2, 3", "2, 4"), shapes={"target": (2, 4)}),
        operands=_target_as_probability,
        inputs=_weighted("weight", "pos_weight"),
        regimes=("normal", "saturated", "steep", "cancelling", "nonfinite"),
    ),
    _loss(
        "kl_div",
        "KLDivLoss",
        {"log_target": (False, True)},
        BadCall("sizes", ("3", "4"), shapes={"target": (2, 4)}),
        operands=_target_as_probability,
        # Not nonfinite: a target of exactly 0 is a case of its own, from which noise takes it away.
        regimes=("normal", "saturated", "cancelling"),
        reductions=(*_REDUCTIONS, "batchmean"),
    ),
    _classified("nll_loss", "NLLLoss", {}),
    _classified(
        "cross_entropy",
        "CrossEntropyLoss",
        {"label_smoothing": (0.0, 0.1, 0.5), "target": ("classes", "classes", "probabilities")},
        BadCall("smoothing above one", ("label_smoothing", "1.5"), config={"label_smoothing": 1.5}),
    ),
)
