"""The case of connectionist temporal classification: labels whose alignment with the steps is not known."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._loss import BAD_REDUCTION, REDUCTIONS
from conformance.cases.case import BadCall, Built, Case, LayerProgram, of_module
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Tensors, Values
    from conformance.sampling.sample import Scalar


def _scores(config: Config) -> dict[str, Input]:
    """Return scores with a class for the blank, and as many steps as all labels take."""
    steps = int(config["T"]) + 2 * int(config["labels"])
    batch = () if config["form"] == "one" else (int(config["N"]),)
    return {"input": Input((steps, *batch, int(config["C"]) + 1))}


def targets_of(t: Any, scores: Any, config: Config) -> tuple[Any, Any, Any]:
    """Return labels, of which neighbours are often equal, and the lengths, which differ."""
    steps, classes = scores.shape[0], scores.shape[-1]
    count = 1 if scores.ndim == 2 else scores.shape[1]
    most, blank = int(config["labels"]), blank_of(config, classes)
    lengths = [most - n % 2 for n in range(count)]
    # A step less for every other one; or a single one, too short for two labels.
    taken = [1 if config["short"] and n == 0 else steps - n % 3 for n in range(count)]
    rows = [[(blank + 1 + (n + k // 2) % (classes - 1)) % classes for k in range(most)] for n in range(count)]
    if config["form"] == "joined":
        flat = [label for row, length in zip(rows, lengths, strict=True) for label in row[:length]]
        targets = t.tensor(flat, dtype=t.int64)
    else:
        targets = t.tensor(rows[0] if config["form"] == "one" else rows, dtype=t.int64)
    if config["tensors"]:
        return targets, t.tensor(taken), t.tensor(lengths)
    return targets, tuple(taken), tuple(lengths)


def blank_of(config: Config, classes: int) -> int:
    """Return the class of the blank."""
    return 0 if config["blank"] == "first" else classes - 1


def _build(t: Any, x: Values, config: Config) -> Built:
    options: dict[str, Any] = {name: config[name] for name in ("reduction", "zero_infinity")}
    options |= {"blank": blank_of(config, int(config["C"]) + 1), **x.options}

    def call(compute: Any, data: Tensors) -> dict[str, Any]:
        targets = targets_of(t, data["input"], config)
        return {"output": compute(t.log_softmax(data["input"], -1), *targets)}

    if config["module"]:
        return of_module(t.nn.CTCLoss(**options), call)
    return Built(partial(call, partial(t.nn.functional.ctc_loss, **options)))


_FLAGS: dict[str, tuple[Scalar, ...]] = {
    "labels": (3, 2, 5),
    "form": ("padded", "joined", "one"),
    "tensors": (True, False),
    "blank": ("first", "last"),
    "short": (False, False, True),
    "reduction": REDUCTIONS,
    "zero_infinity": (True, False),
    "module": (False, True),
}


def _settled(config: Config) -> dict[str, Scalar]:
    """Return that a sequence is too short only where others are left, and its loss is none or shown alone."""
    alone = config["form"] == "one" or int(config["N"]) < 2
    lost = not config["zero_infinity"] and config["reduction"] != "none"
    return {"short": bool(config["short"]) and not alone and not lost}


CASES = (
    Case(
        name="nn.functional.ctc_loss",
        space=Space(
            {"T": "length", "N": "batch", "C": "feature"},
            ("small", "one", "pow2", "strided", "square", "large"),
            ("normal", "saturated"),
            _FLAGS,
            large={"T": 70, "C": 130},
            plain={"form": "padded", "tensors": True, "blank": "first", "short": False, "reduction": "mean"},
            settle=_settled,
        ),
        inputs=_scores,
        program=LayerProgram(_build),
        samples=33,
        base={"T": 3, "N": 2, "C": 3, **{name: values[0] for name, values in _FLAGS.items()}},
        bad_calls=(
            BAD_REDUCTION,
            BadCall("a blank that is not a class", ("blank", "range"), options={"blank": 4}),
            BadCall("rank of the scores", ("dimension", "log_probs"), shapes={"input": (5, 2, 2, 4)}),
        ),
    ),
)
