"""Faults of attention: another scale, another mask, or heads read as positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay, changed, on_gradient, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

_ATTENTION = "nn.functional.scaled_dot_product_attention"


def _attended(change: Callable[[Any, Values, dict[str, Any]], dict[str, Any]]) -> Around:
    """Return a program that calls attention with other options."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        right = t.nn.functional.scaled_dot_product_attention

        def attend(query: Any, key: Any, value: Any, **options: Any) -> Any:
            return right(query, key, value, **change(t, x, options))

        return correct(Overlay(t, {_ATTENTION: attend}), x)

    return program


def _unscaled(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "scale": options.get("scale", 1.0)}


def _scaled_by_width(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "scale": options.get("scale", 1.0 / max(int(x.config["E"]), 1))}


def _scale_ignored(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "scale"}


def _mask_inverted(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    mask = options.get("attn_mask")
    return {**options, "attn_mask": ~mask} if mask is not None and mask.dtype == t.bool else options


def _mask_subtracted(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    mask = options.get("attn_mask")
    return {**options, "attn_mask": -mask} if mask is not None and mask.dtype != t.bool else options


def _mask_as_numbers(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    """Hide keys by a large negative number, which has no effect in a row where all keys are hidden."""
    mask = options.get("attn_mask")
    if mask is None or mask.dtype != t.bool:
        return options
    none, far = (t.full((), score, dtype=x["query"].dtype) for score in (0.0, -1e9))
    hidden = t.where(mask, none, far)
    return {**options, "attn_mask": hidden}


def _causal(diagonal: Callable[[int, int], int]) -> Callable[..., dict[str, Any]]:
    def change(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
        if not options["is_causal"]:
            return options
        length, other = x["query"].shape[-2], x["key"].shape[-2]
        seen = t.ones(length, other).tril(diagonal(length, other)) > 0
        return {**options, "is_causal": False, "attn_mask": seen}

    return change


def _first_mask(axis: int) -> Callable[..., dict[str, Any]]:
    """Take the first mask along an axis, counted from the last, for all of that axis."""

    def change(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
        mask = options.get("attn_mask")
        if mask is None or mask.ndim < -axis or not mask.shape[axis]:
            return options
        return {**options, "attn_mask": mask.narrow(axis, 0, 1)}

    return change


def _mask_gradient_mean(t: Any, x: Values, correct: Any) -> Any:
    """Average the gradient of a mask over the heads that share it."""
    if "mask" not in x or x["query"].ndim < 4:
        return correct(t, x)
    return on_gradient(x, "mask", lambda grad: grad / x["query"].shape[1], lambda: correct(t, x))


def _groups_interleaved(t: Any, x: Values, correct: Any) -> Any:
    """Give neighbouring queries different keys, where torch gives each group of neighbours the same."""
    query, groups = x["query"], x["key"].shape[1]
    if query.ndim < 4 or query.shape[1] in (1, groups) or groups == 1:
        return correct(t, x)
    order = [0, 2, 1, 3]
    returned = correct(t, changed(x, {"query": query[:, order]}))
    return on_outputs(returned, lambda _, output: output[:, order])


def _batch_as_length(t: Any, x: Values, correct: Any) -> Any:
    """Read three dimensions as (L, N, E), as nn.MultiheadAttention does without batch_first."""
    if x["query"].ndim != 3:
        return correct(t, x)
    turned = {name: x[name].transpose(0, 1).reshape(x[name].shape) for name in ("query", "key", "value")}
    return correct(t, changed(x, turned))


def _heads_interleaved(t: Any, x: Values, correct: Any) -> Any:
    """Read the heads as if their axis came after the positions."""
    query = x["query"]
    if query.ndim < 4:
        return correct(t, x)
    turned = query.transpose(1, 2).reshape(query.shape)
    return correct(t, changed(x, {"query": turned}))


FAULTS = (
    *(
        Fault(f"attention-{name}", "attention", (_ATTENTION,), story, around=_attended(change))
        for name, change, story in (
            ("unscaled", _unscaled, "does not divide by the root of the width"),
            ("scaled-by-width", _scaled_by_width, "divides by the width, not by its root"),
            ("scale-ignored", _scale_ignored, "ignores a given scale"),
            (
                "mask-inverted",
                _mask_inverted,
                "hides the keys that must be visible, as a mask of nn.MultiheadAttention does",
            ),
            ("mask-subtracted", _mask_subtracted, "subtracts an additive mask"),
            (
                "mask-by-large-number",
                _mask_as_numbers,
                "hides keys by -1e9, so that a query without a visible key attends to all of them",
            ),
            ("causal-strict", _causal(lambda n, m: -1), "hides the present position too"),
            ("causal-one-ahead", _causal(lambda n, m: 1), "shows the next position"),
            (
                "causal-at-the-end",
                _causal(lambda n, m: m - n),
                "aligns the mask with the last key, as a cache of keys needs",
            ),
            (
                "mask-of-first-sample",
                _first_mask(-4),
                "hides the keys of the first sample from the whole batch",
            ),
            ("mask-of-first-head", _first_mask(-3), "uses the first head's mask for all heads"),
        )
    ),
    *(
        Fault(f"attention-{name}", "attention", (_ATTENTION,), story, around=around)
        for name, around, story in (
            (
                "mask-gradient-averaged",
                _mask_gradient_mean,
                "averages the gradient of a mask over the heads, where it has to be summed",
            ),
            (
                "groups-interleaved",
                _groups_interleaved,
                "repeats the heads of the keys as a whole, where torch repeats each head",
            ),
            ("batch-as-length", _batch_as_length, "reads three dimensions as length, batch and width"),
        )
    ),
    Fault(
        "attention-heads-interleaved",
        "attention",
        (_ATTENTION,),
        "exchanges heads and positions",
        around=_heads_interleaved,
    ),
)
