"""Faults of connectionist temporal classification: other paths, other means, or infinite losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.sequence_loss import blank_of, targets_of
from conformance.faults._rewriting import changed, on_outputs, setting
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Around, Values

_CASES = ("nn.functional.ctc_loss",)


def _mean_of_sums(t: Any, x: Values, correct: Any) -> Any:
    if x.config["reduction"] != "mean":
        return correct(t, x)
    returned = correct(t, changed(x, reduction="none"))
    return on_outputs(returned, lambda name, out: out.mean())


def _skipping(t: Any, x: Values, correct: Any) -> Any:
    """Let a path go from a label to the next even if both are the same, which is one label then."""
    scores = x["input"]
    if x.config["reduction"] != "none" or x.config["form"] != "padded" or x.config["short"]:
        return correct(t, x)
    labels, steps, lengths = targets_of(t, scores, x.config)
    logs, blank = t.log_softmax(scores, -1), blank_of(x.config, scores.shape[-1])
    losses = [
        -_all_paths(t, logs[: int(steps[n]), n], labels[n].tolist()[: int(lengths[n])], blank)
        for n in range(scores.shape[1])
    ]
    return {"output": t.stack(losses)}


def _all_paths(t: Any, logs: Any, labels: list[int], blank: int) -> Any:
    places = [blank] + [each for label in labels for each in (label, blank)]
    at: list[Any] = [logs[0, places[s]] if s < 2 else None for s in range(len(places))]
    for own in logs[1:]:
        before = at
        at = []
        for s, label in enumerate(places):
            from_two = s > 1 and label != blank
            ways = [before[k] for k in (s, s - 1, s - 2 if from_two else -1) if k >= 0]
            known = [way for way in ways if way is not None]
            at.append(t.logsumexp(t.stack(known), 0) + own[label] if known else None)
    return t.logsumexp(t.stack([each for each in at[-2:] if each is not None]), 0)


def _fault(name: str, story: str, around: Around) -> Fault:
    return Fault(f"ctc-{name}", "loss", _CASES, story, around=around)


FAULTS = (
    _fault("mean-of-sums", "does not divide by the numbers of labels", _mean_of_sums),
    _fault("infinity-kept", "ignores zero_infinity", setting("zero_infinity", lambda given: False)),
    _fault("repeats-without-blank", "lets a repeated label skip the blank between", _skipping),
)
