"""Layers, wrongly written: linear maps, embeddings, layer norm, attention, dropout, products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import Mapped, Values
from conformance.faults._rewriting import Overlay, changed, own
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ATTENTION = "nn.functional.scaled_dot_product_attention"


def _gradient_of(name: str, change: Callable[[Any, Values, Any], Any]) -> Callable[..., Any]:
    """Make a program whose gradient of one parameter is `change(t, x, right)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if name not in x:
            return correct(t, x)
        returned = correct(t, x)
        before = returned.gradients if isinstance(returned, Mapped) else dict
        outputs = returned.outputs if isinstance(returned, Mapped) else returned

        def gradients() -> Mapping[str, Any]:
            found = dict(before())
            right = found.get(name, x[name].grad)
            return found if right is None else {**found, name: change(t, x, right)}

        return Mapped(outputs, gradients)

    return program


def _transposed_if_square(t: Any, x: Values, grad: Any) -> Any:
    del t, x
    return grad.T if grad.shape[0] == grad.shape[1] else grad


def _bias_times(factor: float) -> Callable[..., Any]:
    """Change a bias that a checkpoint brings: its gradient stays, for it is added all the same."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        return correct(t, changed(x, {"bias": x["bias"].detach() * factor}) if "bias" in x else x)

    return program


def _rows(x: Values) -> list[int]:
    """Return the rows that an embedding's places name."""
    n, length = int(x.config["N"]), int(x.config["L"])
    spread = x.config["places"] == "spread"
    return [(5 * i + 2 * k) % 6 if spread else 3 for i in range(n) for k in range(length)]


def _overwritten(t: Any, x: Values, grad: Any) -> Any:
    """Keep of each row's gradient an equal share of what its repeats add up to."""
    rows = _rows(x)
    counts = t.tensor([max(rows.count(row), 1) for row in range(6)], dtype=grad.dtype)
    return grad / counts.reshape(6, 1)


def _padding_trained(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, padding="none"))


def _statistics(x: Values) -> tuple[Any, tuple[int, ...], Any, Any]:
    a = x["input"]
    axes = tuple(range(3 - int(x.config["rank"]), 3))
    mean = a.mean(axes, keepdim=True)
    return a, axes, mean, ((a - mean) ** 2).mean(axes, keepdim=True)


def _normal(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Make a program of layer norm by `formula(t, a, mean, variance, eps, count)` and its affine map."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if not x["input"].numel():
            return correct(t, x)
        a, axes, mean, variance = _statistics(x)
        count = 1
        for axis in axes:
            count *= a.shape[axis]
        out = formula(t, a, mean, variance, x.config["eps"], count)
        out = out * x["weight"] if "weight" in x else out
        return {"output": out + x["bias"] if "bias" in x else out}

    return program


def _attended(change: Callable[[Any, Values, dict[str, Any]], dict[str, Any]]) -> Callable[..., Any]:
    """Make a program whose attention gets other options."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        right = t.nn.functional.scaled_dot_product_attention

        def attend(query: Any, key: Any, value: Any, **options: Any) -> Any:
            return right(query, key, value, **change(t, x, options))

        return correct(Overlay(t, {_ATTENTION: attend}), x)

    return program


def _unscaled(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    del t, x
    return {**options, "scale": options.get("scale", 1.0)}


def _scaled_by_width(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    del t
    return {**options, "scale": options.get("scale", 1.0 / max(int(x.config["E"]), 1))}


def _scale_ignored(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    del t, x
    return {name: value for name, value in options.items() if name != "scale"}


def _mask_inverted(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    del x
    mask = options.get("attn_mask")
    return {**options, "attn_mask": ~mask} if mask is not None and mask.dtype == t.bool else options


def _mask_subtracted(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    del x
    mask = options.get("attn_mask")
    return {**options, "attn_mask": -mask} if mask is not None and mask.dtype != t.bool else options


def _mask_as_numbers(t: Any, x: Values, options: dict[str, Any]) -> dict[str, Any]:
    """Hide by a large negative number, which a row that may look nowhere does not notice."""
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


def _heads_interleaved(t: Any, x: Values, correct: Any) -> Any:
    """Read the batch's heads as if they stood after the positions."""
    query = x["query"]
    turned = query.transpose(1, 2).reshape(query.shape)
    return correct(t, changed(x, {"query": turned}))


def _frequency_ignored(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, by_frequency=False))


def _dropping(*, training: bool) -> Callable[..., Any]:
    """Make a program of dropout in another mode, with a p of 0 or 1 in training, where nothing is random."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        p = round(float(x.config["p"])) if training else x.config["p"]
        return correct(t, changed(x, training=training, p=p))

    return program


def _product(name: str, wrong: Callable[..., Any]) -> Callable[..., Any]:
    return lambda t, x, correct: correct(Overlay(t, {name: lambda a, b: wrong(t, a, b)}), x)


def _square_product(t: Any, a: Any, b: Any) -> Any:
    """Forget to transpose in the first factor's gradient, where that fits."""
    if a.ndim != 2 or b.ndim != 2 or b.shape[0] != b.shape[1]:
        return t.matmul(a, b)

    def backward(grad: Any, a: Any, b: Any) -> Any:
        return t.matmul(grad, b), t.matmul(a.T, grad)

    return own(t, t.matmul, backward, a, b)


def _fault(name: str, case: str, program: Any, story: str) -> Fault:
    return Fault(name, "layers", (case,), story, around=program)


_LINEAR = (
    _fault(
        "linear-weight-gradient-transposed",
        "nn.Linear",
        _gradient_of("weight", _transposed_if_square),
        "transposes the weight's gradient where that fits: seen on square weights only",
    ),
    _fault("linear-bias-dropped", "nn.Linear", _bias_times(0.0), "adds no bias, unseen where it starts at 0"),
    _fault("linear-bias-doubled", "nn.Linear", _bias_times(2.0), "adds the bias twice"),
    _fault(
        "matmul-gradient-not-transposed",
        "matmul",
        _product("matmul", _square_product),
        "forgets to transpose in the first factor's gradient: seen on square factors only",
    ),
)
_EMBEDDING = (
    _fault("padding-row-trained", "nn.Embedding", _padding_trained, "gives the padding row a gradient"),
    _fault(
        "embedding-repeats-overwritten",
        "nn.Embedding",
        _gradient_of("weight", _overwritten),
        "lets a repeated row's gradients overwrite each other, as NumPy's a[i] += g does",
    ),
    _fault(
        "embedding-frequency-ignored", "nn.Embedding", _frequency_ignored, "leaves scale_grad_by_freq out"
    ),
)
_NORM = tuple(
    _fault(f"layer-norm-{name}", "nn.LayerNorm", _normal(formula), story)
    for name, formula, story in (
        (
            "eps-outside",
            lambda t, a, mean, variance, eps, count: (a - mean) / (t.sqrt(variance) + eps),
            "adds epsilon outside the root",
        ),
        (
            "unbiased",
            lambda t, a, mean, variance, eps, count: (
                (a - mean) / t.sqrt(variance * (count / max(count - 1, 1)) + eps)
            ),
            "divides the variance by n - 1",
        ),
        (
            "mean-not-derived",
            lambda t, a, mean, variance, eps, count: (a - mean.detach()) / t.sqrt(variance + eps),
            "forgets in backward that the mean depends on the input",
        ),
        (
            "variance-not-derived",
            lambda t, a, mean, variance, eps, count: (a - mean) / t.sqrt(variance.detach() + eps),
            "forgets in backward that the variance depends on the input",
        ),
        (
            "without-mean",
            lambda t, a, mean, variance, eps, count: (
                a / t.sqrt((a * a).sum(-1, keepdim=True) / a.shape[-1] + eps)
            ),
            "divides by the root mean square of the last axis, as RMSNorm does",
        ),
        (
            "eps-missing",
            lambda t, a, mean, variance, eps, count: (a - mean) / t.sqrt(variance),
            "adds no epsilon",
        ),
    )
)
_ATTENDING = tuple(
    _fault(f"attention-{name}", _ATTENTION, _attended(change), story)
    for name, change, story in (
        ("unscaled", _unscaled, "does not divide by the root of the width"),
        ("scaled-by-width", _scaled_by_width, "divides by the width, not by its root"),
        ("scale-ignored", _scale_ignored, "ignores a scale that is given"),
        (
            "mask-inverted",
            _mask_inverted,
            "hides what may be seen, as masks of nn.MultiheadAttention mean it",
        ),
        ("mask-subtracted", _mask_subtracted, "subtracts the mask of summands"),
        (
            "mask-by-large-number",
            _mask_as_numbers,
            "hides by -1e9: a query that may look nowhere then looks everywhere",
        ),
        ("causal-strict", _causal(lambda n, m: -1), "hides the present too"),
        ("causal-one-ahead", _causal(lambda n, m: 1), "shows the next position"),
        (
            "causal-at-the-end",
            _causal(lambda n, m: m - n),
            "aligns the mask with the last key, as caches need it",
        ),
    )
)

FAULTS = (
    *_LINEAR,
    *_EMBEDDING,
    *_NORM,
    *_ATTENDING,
    _fault("attention-heads-interleaved", _ATTENTION, _heads_interleaved, "takes heads for positions"),
    _fault("dropout-always", "nn.Dropout", _dropping(training=True), "drops in evaluation too"),
    _fault("dropout-never", "nn.Dropout", _dropping(training=False), "drops nothing in training"),
)
