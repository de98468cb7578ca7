"""Cases of random tensors: their dtype and shape, and the distribution of their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._draws import Form, draws
from conformance.cases._facts import facts, random
from conformance.cases._law import (
    DRAWS,
    NORMAL_DRAWS,
    ORDERS,
    PLACES,
    Continuous,
    Discrete,
    Law,
    Permutations,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_UNIFORM = Continuous(0.0, 1.0, uniform=True, open=True, axes=(0, 1))
_NORMAL = Continuous(axes=(0, 1))
_WIDTH = 500
_SHAPE, _NORMAL_SHAPE = (DRAWS // _WIDTH, _WIDTH), (NORMAL_DRAWS // _WIDTH, _WIDTH)
_SEEDS = 50


def drawn(call: Callable[[Any, Any], Any], law: Law, small: Callable[[Any], Any] | None = None) -> Form:
    """Return the form of a function that draws a tensor.

    Args:
        call: from the namespace and the dtype to the draws.
        law: their law.
        small: from the namespace to a small tensor, drawn with other options, of which dtype, shape and
            requires_grad are compared.
    """

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        made = call(t, dtype)
        others = [facts(t, small(t))] if small else []
        return {"draws": made, "facts": t.cat([facts(t, made), *others])}

    return Form(run, {"draws": law})


def _restored(t: Any, a: Any) -> Any:
    state = t.get_rng_state()
    first = t.rand(4)
    t.set_rng_state(state)
    return t.stack([first, t.rand(4)])


def _orders(t: Any, dtype: Any) -> Any:
    return t.stack([t.randperm(PLACES) for _ in range(ORDERS)])


def _streams(t: Any, dtype: Any) -> Any:
    """Draw from seeds that follow each other, whose streams must not."""
    first = int(t.randint(2**31, (1,)))
    return t.stack(
        [(t.manual_seed(first + k), t.rand(DRAWS // _SEEDS, dtype=dtype))[1] for k in range(_SEEDS)]
    )


def _generators(t: Any, dtype: Any) -> Any:
    first = int(t.randint(2**31, (1,)))
    made = [t.Generator().manual_seed(first + k) for k in range(_SEEDS)]
    return t.stack([t.rand(DRAWS // _SEEDS, generator=generator, dtype=dtype) for generator in made])


CASES = (
    draws(
        "rand",
        {
            "sizes": drawn(lambda t, dtype: t.rand(*_SHAPE, dtype=dtype), _UNIFORM, lambda t: t.rand(2, 3)),
            "like": drawn(
                lambda t, dtype: t.rand_like(t.empty(_SHAPE, dtype=dtype)),
                _UNIFORM,
                lambda t: t.rand((0, 3), requires_grad=True, dtype=t.float64),
            ),
        },
        {"integers": (lambda t: t.rand(2, dtype=t.int64), ("int64|Long",))},
    ),
    draws(
        "randn",
        {
            "sizes": drawn(
                lambda t, dtype: t.randn(*_NORMAL_SHAPE, dtype=dtype), _NORMAL, lambda t: t.randn(2, 3)
            ),
            "like": drawn(
                lambda t, dtype: t.randn_like(t.empty(_NORMAL_SHAPE, dtype=dtype)),
                _NORMAL,
                lambda t: t.randn((0, 3), requires_grad=True, dtype=t.float64),
            ),
        },
        {"integers": (lambda t: t.randn(2, dtype=t.int64), ("int64|Long",))},
    ),
    draws(
        "randint",
        {
            "high": drawn(
                lambda t, dtype: t.randint(6, _SHAPE),
                Discrete((0, 1, 2, 3, 4, 5), axes=(0, 1)),
                lambda t: t.randint(0, 6, (3,), dtype=t.int32),
            ),
            "low": drawn(
                lambda t, dtype: t.randint(-2, 5, _SHAPE),
                Discrete((-2, -1, 0, 1, 2, 3, 4), axes=(0, 1)),
                lambda t: t.randint(2, 5, (0, 5)),
            ),
        },
        {"empty range": (lambda t: t.randint(5, 5, (2,)), ("5",))},
    ),
    random(
        "randperm",
        {
            "seven": lambda t, a: t.randperm(7),
            "none": lambda t, a: t.randperm(0),
            "dtype": lambda t, a: t.randperm(5, dtype=t.int32),
        },
        lambda t, made: (made.sort().values == t.arange(made.numel())).all(),
        {"negative": (lambda t, a: t.randperm(-1), ("-1|negative",))},
    ),
    draws("randperm@orders", {"eight": drawn(_orders, Permutations())}),
    random(
        "manual_seed",
        {
            "again": lambda t, a: t.stack([(t.manual_seed(3), t.rand(4))[1] for _ in range(2)]),
            "generator": lambda t, a: t.stack(
                [t.rand(4, generator=t.Generator().manual_seed(5)) for _ in range(2)]
            ),
            "state": _restored,
        },
        lambda t, made: (made[0] == made[1]).all(),
    ),
    draws("manual_seed@streams", {"default": drawn(_streams, _UNIFORM), "own": drawn(_generators, _UNIFORM)}),
)
