"""Faults of dropout: other masks, another scale, or the wrong mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay, changed, in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

    # From the namespace, the correct `dropout(input, p)`, the input, p and whether it is training.
    Wrong = Callable[[Any, Callable[[Any, float], Any], Any, float, bool], Any]

_OWN = ("nn.Dropout@own-mask",)
_DRAWS = ("nn.Dropout@draws",)
_LAYERS = ("nn.LSTM", "nn.GRU", "nn.RNN")
_ATTENTION = "nn.functional.scaled_dot_product_attention"


def _instead(wrong: Wrong) -> Callable[..., Any]:
    """Replace the function and the module by a wrong dropout."""

    def around(t: Any, x: Any, correct: Callable[..., Any]) -> Any:
        def right(value: Any, p: float) -> Any:
            return t.nn.functional.dropout(value, p, training=True)

        def function(value: Any, p: float = 0.5, training: bool = True) -> Any:
            return wrong(t, right, value, p, training)

        class Module(t.nn.Dropout):  # type: ignore[misc]  # a base class by namespace
            def forward(self, value: Any) -> Any:
                return function(value, self.p, self.training)

        return correct(Overlay(t, {"nn.Dropout": Module, "nn.functional.dropout": function}), x)

    return around


def _training_only(change: Callable[[Any, Callable[[Any, float], Any], Any, float], Any]) -> Wrong:
    return lambda t, right, value, p, training: change(t, right, value, p) if training else value


def _redrawn(t: Any, right: Callable[[Any, float], Any], value: Any, p: float) -> Any:
    """Apply one mask to the output, and another to the gradient."""
    shown, sent = right(value.detach(), p), right(value, p)
    return sent + (shown - sent).detach()


def _keeping(t: Any, right: Callable[[Any, float], Any], value: Any, p: float) -> Any:
    kept = right(t.ones_like(value.detach()), 1 - p) != 0
    return value * (kept.to(value.dtype) / (1 - p))


def _one_for_all_rows(t: Any, right: Callable[[Any, float], Any], value: Any, p: float) -> Any:
    return value * right(t.ones_like(value.detach()[:1]), p)


def _whole_rows(t: Any, right: Callable[[Any, float], Any], value: Any, p: float) -> Any:
    return value * right(t.ones_like(value.detach()[..., :1]), p)


def _one_for_all_steps(t: Any, right: Callable[[Any, float], Any], value: Any, p: float) -> Any:
    return value * right(t.ones_like(value.detach()[:, :1]), p)


def _same_each_call(t: Any, right: Callable[[Any, float], Any], value: Any, p: float) -> Any:
    t.manual_seed(0)
    return right(value, p)


def _attention(name: str, change: Callable[[float], float], story: str) -> Fault:
    def around(t: Any, x: Any, correct: Callable[..., Any]) -> Any:
        def attention(*tensors: Any, dropout_p: float) -> Any:
            return t.nn.functional.scaled_dot_product_attention(*tensors, dropout_p=change(dropout_p))

        return correct(Overlay(t, {_ATTENTION: attention}), x)

    return Fault(name, "dropout", (f"{_ATTENTION}@draws",), story, around=around)


def _after_the_last(t: Any, correct: Any) -> Any:
    class AfterTheLast(correct):  # type: ignore[misc]  # a base class by namespace
        def forward(self, *args: Any) -> Any:
            output, states = super().forward(*args)
            return t.nn.functional.dropout(output, self.dropout, training=self.training), states

    return AfterTheLast


def _never(t: Any, correct: Any) -> Any:
    class Never(correct):  # type: ignore[misc]  # a base class by namespace
        def __init__(self, *args: Any, dropout: float = 0.0, **options: Any) -> None:
            del dropout
            super().__init__(*args, **options)

    return Never


def _in_evaluation(t: Any, correct: Any) -> Any:
    class InEvaluation(correct):  # type: ignore[misc]  # a base class by namespace
        def eval(self) -> Any:
            return self

    return InEvaluation


def _fault(name: str, wrong: Wrong, story: str, cases: tuple[str, ...] = _OWN) -> Fault:
    return Fault(name, "dropout", cases, story, around=_instead(wrong))


def _layer_fault(name: str, replace: Callable[[Any, Any], Any], story: str, aspect: str) -> Fault:
    cases = tuple(f"{layer}{aspect}" for layer in _LAYERS)
    return Fault(name, "dropout", cases, story, around=in_place_of(_LAYERS, replace))


def _dropping(*, training: bool) -> Around:
    """Return dropout in another mode, with a p of 0 or 1 in training, where nothing is random."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        p = round(float(x.config["p"])) if training else x.config["p"]
        return correct(t, changed(x, training=training, p=p))

    return program


def _of_elements(t: Any, x: Values, correct: Any) -> Any:
    """Draw for each element of a channel: nn.Dropout instead."""

    def function(value: Any, p: float = 0.5, training: bool = True) -> Any:
        return t.nn.functional.dropout(value, p, training)

    ranks = (1, 2)
    functions = {f"nn.functional.dropout{rank}d": function for rank in ranks}
    return correct(Overlay(t, {f"nn.Dropout{rank}d": t.nn.Dropout for rank in ranks} | functions), x)


FAULTS = (
    Fault(
        "dropout-of-elements",
        "dropout",
        ("nn.Dropout1d@own-mask", "nn.Dropout2d@own-mask"),
        "draws for each element of a channel",
        around=_of_elements,
    ),
    Fault(
        "dropout-always",
        "dropout",
        ("nn.Dropout",),
        "drops in evaluation too",
        around=_dropping(training=True),
    ),
    Fault(
        "dropout-never",
        "dropout",
        ("nn.Dropout",),
        "drops nothing in training",
        around=_dropping(training=False),
    ),
    _fault(
        "dropout-unscaled",
        _training_only(lambda t, right, value, p: right(value, p) * (1 - p)),
        "does not divide the kept elements by 1 - p",
        (*_OWN, *_DRAWS),
    ),
    _fault(
        "dropout-scaled-by-p",
        _training_only(lambda t, right, value, p: right(value, p) * ((1 - p) / p)),
        "divides the kept elements by p, which is right at 0.5",
        (*_OWN, *_DRAWS),
    ),
    _fault(
        "dropout-keeps-p",
        _training_only(_keeping),
        "keeps where it must drop: p is taken for the share that is kept, as in TensorFlow 1",
        _DRAWS,
    ),
    _fault(
        "dropout-too-often",
        _training_only(lambda t, right, value, p: right(value, p + 0.02) * ((1 - p - 0.02) / (1 - p))),
        "drops with probability p + 0.02",
        _DRAWS,
    ),
    _fault(
        "dropout-redrawn-in-backward",
        _training_only(_redrawn),
        "draws another mask for the gradient, as recomputing without the generator's state does",
    ),
    _fault(
        "dropout-one-mask-for-all-rows",
        _training_only(_one_for_all_rows),
        "draws one mask, and drops the same elements of every step",
        _DRAWS,
    ),
    _fault(
        "dropout-one-mask-for-all-steps",
        _training_only(_one_for_all_steps),
        "draws one mask for each step, and drops the same elements of every row",
        _DRAWS,
    ),
    _fault(
        "dropout-of-whole-rows",
        _training_only(_whole_rows),
        "draws once for all features of a position, as dropout of channels does",
        _DRAWS,
    ),
    _fault(
        "dropout-same-in-every-call",
        _training_only(_same_each_call),
        "seeds its generator in every call",
        _DRAWS,
    ),
    _fault(
        "dropout-in-evaluation",
        lambda t, right, value, p, training: right(value, p),
        "drops in evaluation too",
        ("nn.Dropout",),
    ),
    _layer_fault(
        "dropout-after-the-last-layer",
        _after_the_last,
        "drops elements of the last layer's output too",
        "@own-mask",
    ),
    _attention("attention-dropout-missing", lambda p: 0.0, "takes dropout_p and never drops"),
    _attention("attention-dropout-too-often", lambda p: p + 0.02, "drops with probability p + 0.02"),
    _layer_fault("dropout-between-layers-missing", _never, "takes p and never drops", "@own-mask"),
    _layer_fault("dropout-between-layers-in-evaluation", _in_evaluation, "drops in evaluation too", ""),
)
