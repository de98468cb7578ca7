"""Faults of the classes of `distributions`: another formula, base or order, or draws of another law."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay, in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

_DRAWS = tuple(f"distributions.{name}@draws" for name in ("Normal", "Categorical", "Bernoulli"))


def with_methods(
    name: str,
    kinds: tuple[str, ...],
    story: str,
    methods: dict[str, Callable[..., Any]],
    cases: tuple[str, ...] = (),
) -> Fault:
    """Return the fault of classes with other methods, which take the namespace first.

    Args:
        name: the fault's name.
        kinds: the classes.
        story: as in `Fault`.
        methods: the methods by their names; each is called as `(t, right, self, …)`, `right` being the class
            whose methods are correct.
        cases: the cases, by default those of the classes.
    """

    def replace(t: Any, right: Any) -> Any:
        def bound(method: Callable[..., Any]) -> Callable[..., Any]:
            return lambda self, *args, **options: method(t, right, self, *args, **options)

        return type(right.__name__, (right,), {each: bound(method) for each, method in methods.items()})

    names = tuple(f"distributions.{kind}" for kind in kinds)
    return Fault(name, "distributions", cases or names, story, around=in_place_of(names, replace))


def _variance_for_deviation(t: Any, right: Any, self: Any, value: Any) -> Any:
    variance = self.scale
    return -((value - self.loc) ** 2) / (2 * variance) - 0.5 * (variance.log() + log(2 * pi))


def _unnormalized(
    t: Any, right: Any, self: Any, probs: Any = None, logits: Any = None, **options: Any
) -> None:
    right.__init__(self, probs, logits, **options)
    if logits is not None:
        self.logits = logits


def _swapped(t: Any, x: Values, correct: Callable[..., Any]) -> Any:
    names = {"distributions.kl_divergence": lambda p, q: t.distributions.kl_divergence(q, p)}
    return correct(Overlay(t, names), x)


def _first_row(t: Any, right: Any, self: Any, shape: Any = ()) -> Any:
    return right(self.probs[:1].expand(self.probs.shape) if self.batch_shape else self.probs).sample(shape)


def _shared(t: Any, right: Any, self: Any, shape: Any = ()) -> Any:
    numbers = t.rand(*shape, *[1 for _ in self.batch_shape])
    return (numbers < self.probs).to(self.probs.dtype)


FAULTS = (
    with_methods(
        "normal-density-of-a-variance",
        ("Normal",),
        "takes the deviation for a variance in log_prob, as the parameter is in other libraries",
        {"log_prob": _variance_for_deviation},
    ),
    with_methods(
        "normal-density-without-constant",
        ("Normal",),
        "leaves log √(2π) out of log_prob, which changes no gradient",
        {"log_prob": lambda t, right, self, value: right.log_prob(self, value) + 0.5 * log(2 * pi)},
    ),
    with_methods(
        "normal-quantiles-of-both-sides",
        ("Normal",),
        "takes the quantile of erf, which is that of both sides",
        {"icdf": lambda t, right, self, value: self.loc + self.scale * t.erfinv(value) * 2**0.5},
    ),
    with_methods(
        "entropy-in-bits",
        ("Normal", "Categorical", "Bernoulli"),
        "divides the entropy by log 2",
        {"entropy": lambda t, right, self: right.entropy(self) / log(2)},
    ),
    with_methods(
        "categorical-not-normalized",
        ("Categorical",),
        "takes the logits for logarithms of probabilities",
        {
            "__init__": _unnormalized,
            # Both libraries ask for it where a class has an __init__ of its own.
            "expand": lambda t, right, self, shape: right(logits=self.logits).expand(shape),
        },
    ),
    Fault(
        "kl-swapped",
        "distributions",
        ("distributions.kl_divergence",),
        "exchanges the two distributions",
        around=_swapped,
    ),
    with_methods(
        "rsample-without-history",
        ("Normal",),
        "draws without gradients",
        {"rsample": lambda t, right, self, shape=(): right.rsample(self, shape).detach()},
        _DRAWS[:1],
    ),
    with_methods(
        "normal-draws-of-a-variance",
        ("Normal",),
        "takes the root of the deviation in draws",
        {"sample": lambda t, right, self, shape=(): right(self.loc, self.scale**0.5).sample(shape)},
        _DRAWS[:1],
    ),
    with_methods(
        "categorical-first-row",
        ("Categorical",),
        "draws all rows by the probabilities of the first",
        {"sample": _first_row},
        _DRAWS[1:2],
    ),
    with_methods(
        "bernoulli-draws-shared",
        ("Bernoulli",),
        "compares all probabilities of a batch with one random number",
        {"sample": _shared},
        _DRAWS[2:],
    ),
)
