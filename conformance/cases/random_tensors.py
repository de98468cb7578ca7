"""Cases of random tensors: their dtype and shape, and a property that the values of any generator have."""

from __future__ import annotations

from typing import Any

from conformance.cases._facts import random


def _restored(t: Any, a: Any) -> Any:
    del a
    state = t.get_rng_state()
    first = t.rand(4)
    t.set_rng_state(state)
    return t.stack([first, t.rand(4)])


CASES = (
    random(
        "rand",
        {
            "sizes": lambda t, a: t.rand(2, 50),
            "dtype": lambda t, a: t.rand((3,), dtype=t.float64),
            "like": lambda t, a: t.rand_like(a.float()),
        },
        lambda t, made: ((made >= 0) & (made < 1)).all(),
        {"integers": (lambda t, a: t.rand(2, dtype=t.int64), ("int64|Long",))},
    ),
    random(
        "randn",
        {
            "sizes": lambda t, a: t.randn(40, 50),
            "like": lambda t, a: t.randn_like(t.ones(40, 50, dtype=t.float64)),
        },
        # Ten standard deviations of the mean of 2000 numbers.
        lambda t, made: (made.mean().abs() < 0.25) & ((made.std() - 1).abs() < 0.25),
        {"integers": (lambda t, a: t.randn(2, dtype=t.int64), ("int64|Long",))},
    ),
    random(
        "randint",
        {
            "high": lambda t, a: t.randint(6, (20,)),
            "low": lambda t, a: t.randint(2, 5, (4, 5)),
            "dtype": lambda t, a: t.randint(0, 6, (3,), dtype=t.int32),
        },
        lambda t, made: ((made >= 0) & (made < 6)).all(),
        {"empty range": (lambda t, a: t.randint(5, 5, (2,)), ("5",))},
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
)
