"""Cases of losses of class scores: class weights, ignored classes, label smoothing, kinds of targets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._loss import BAD_REDUCTION, REDUCTIONS
from conformance.cases._use import EVERY_USE
from conformance.cases.case import BadCall, Built, Case, LayerProgram, of_module
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Tensors, Values
    from conformance.sampling.sample import Scalar

_SHAPES = {"rows": (), "sequences": (3,), "images": (2, 2)}


def _scores(config: Config) -> dict[str, Input]:
    n, c = int(config["N"]), int(config["C"])
    shape = (c,) if config["form"] == "one" else (n, c, *_SHAPES[str(config["form"])])
    inputs = {"input": Input(shape)}
    if config.get("target") == "probabilities":
        inputs["target"] = Input(shape)
    weight = {"weight": Input((c,), positive=True, grad=False, weight=True)} if config["weighted"] else {}
    return inputs | weight


def _class(place: int, count: int) -> int:
    return (7 * place + 3) % count


def _ignored_only(config: Config) -> str | None:
    """Return that a loss depends on nothing, if so."""
    only = config["form"] == "one" and _class(0, int(config["C"])) == config["ignore_index"]
    ignored = config["target"] == "ignored" or (config["target"] == "classes" and only)
    return "all targets are ignored" if ignored else None


def _stateless(config: Config) -> str | None:
    return _ignored_only(config) or (None if config["weighted"] else "without weights it has no state")


def _classes(t: Any, scores: Any, config: Config) -> Any:
    """Return targets with every class in turn, or the ignored index only.

    Those of bad calls are not classes, or have another shape.
    """
    c, kind = int(config["C"]), config["target"]
    shape = list(scores.shape[:1] + scores.shape[2:] if scores.ndim > 1 else ())
    if kind == "batch":
        shape[0] += 1
    count = 1
    for n in shape:
        count *= n
    # Python integers, so that both namespaces get the same targets.
    numbers = [int(config["ignore_index"]) if kind == "ignored" else _class(k, c) for k in range(count)]
    if kind == "no class":
        numbers[0] = c + 4
    dtype = t.int32 if kind == "int32" else t.int64
    return t.tensor(numbers, dtype=dtype).reshape(shape)


def _classified(name: str, module: str, flags: dict[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    def build(t: Any, x: Values, config: Config) -> Built:
        likely = config["target"] == "probabilities"
        options = {key: config[key] for key in ("reduction", "ignore_index", *flags) if key != "target"}
        # Probabilities have no index to ignore, and take the default.
        options |= {"ignore_index": -100} if likely else {}
        options |= {"weight": x["weight"].detach()} if "weight" in x else {}

        def call(compute: Any, data: Tensors) -> dict[str, Any]:
            scores = data["input"]
            dim = 0 if scores.ndim == 1 else 1
            target = t.softmax(data["target"], dim) if likely else _classes(t, scores, config)
            return {"output": compute(t.log_softmax(scores, dim) if name == "nll_loss" else scores, target)}

        if config["module"]:
            return of_module(getattr(t.nn, module)(**options), call)
        return Built(partial(call, partial(getattr(t.nn.functional, name), **options)))

    settings = {
        "form": ("rows", "one", "sequences", "images"),
        "weighted": (False, True),
        "ignore_index": (-100, 0, 1),
        "target": ("classes", "classes", "ignored"),
        "reduction": REDUCTIONS,
        "module": (False, True),
        **flags,
    }
    return Case(
        name=f"nn.functional.{name}",
        # Without the class `one`: a mean over ignored samples only is nan, which compares nothing.
        space=Space(
            {"N": "batch", "C": "feature"},
            ("small", "empty", "pow2", "strided", "large"),
            ("normal", "saturated", "nonfinite"),
            settings,
            # As most people call it, with and without weights.
            plain={
                "form": "rows",
                "ignore_index": -100,
                "target": "classes",
                "reduction": "mean",
                "module": True,
            },
        ),
        inputs=_scores,
        program=LayerProgram(build),
        samples=30,
        constant=dict.fromkeys(("output", "grad.input"), where("all targets are ignored", target="ignored")),
        unused={EVERY_USE: _ignored_only, "state-dict": _stateless},
        base={"N": 3, "C": 5} | {key: values[0] for key, values in settings.items()},
        bad_calls=(
            BAD_REDUCTION,
            BadCall("a target that is not a class", ("9",), config={"target": "no class"}),
            BadCall("batch size of the target", ("3", "4"), config={"target": "batch"}),
            BadCall("dtype of the target", ("Int", "Long"), config={"target": "int32"}),
            *bad,
        ),
    )


CASES = (
    _classified("nll_loss", "NLLLoss", {}),
    _classified(
        "cross_entropy",
        "CrossEntropyLoss",
        {"label_smoothing": (0.0, 0.1, 0.5), "target": ("classes", "classes", "probabilities", "ignored")},
        BadCall("smoothing above one", ("label_smoothing", "1.5"), config={"label_smoothing": 1.5}),
    ),
)
