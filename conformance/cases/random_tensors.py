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
    from collections.abc import Callable, Mapping

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


def _order(t: Any, generator: Any) -> Any:
    loader = t.utils.data.DataLoader(range(20), batch_size=8, shuffle=True, generator=generator)
    return t.cat(list(loader))


def _split(t: Any, generator: Any) -> Any:
    first, second = t.utils.data.random_split(range(20), [9, 11], generator)
    return t.tensor([*first.indices, *second.indices])


def _initialising(name: str) -> Callable[[Any, Any], Any]:
    return lambda t, generator: getattr(t.nn.init, name)(t.empty(4, 4), generator=generator)


# Everything that draws from a generator of its own: from the namespace and the generator to the draws.
_DRAWING: Mapping[str, Callable[[Any, Any], Any]] = {
    "rand": lambda t, generator: t.rand(4, generator=generator),
    "randn": lambda t, generator: t.randn(4, generator=generator),
    "randint": lambda t, generator: t.randint(99, (9,), generator=generator),
    "randperm": lambda t, generator: t.randperm(20, generator=generator),
    "bernoulli": lambda t, generator: t.bernoulli(t.full((40,), 0.5), generator=generator),
    "multinomial": lambda t, generator: t.multinomial(t.ones(20), 9, generator=generator),
    "normal": lambda t, generator: t.normal(t.zeros(4), t.ones(4), generator=generator),
    "Tensor.bernoulli_": lambda t, generator: t.empty(40).bernoulli_(0.5, generator=generator),
    "Tensor.uniform_": lambda t, generator: t.empty(4).uniform_(generator=generator),
    "Tensor.normal_": lambda t, generator: t.empty(4).normal_(generator=generator),
    **{
        f"nn.init.{name}_": _initialising(f"{name}_")
        for name in (
            *("uniform", "normal", "orthogonal", "xavier_uniform", "xavier_normal"),
            *("kaiming_uniform", "kaiming_normal"),
        )
    },
    "RandomSampler": lambda t, generator: t.tensor(
        list(t.utils.data.RandomSampler(range(20), generator=generator))
    ),
    "DataLoader": _order,
    "random_split": _split,
}


def _repeating(call: Callable[[Any, Any], Any]) -> Form:
    """Return the form of draws from a generator: the same from the same seed, and not from the next one.

    The default generator goes on in between, so that draws from it differ.
    """

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        seed = int(t.randint(2**31, (1,)))
        made = [call(t, t.Generator().manual_seed(seed + k)) for k in (0, 0, 1)]
        return {"repeats": (made[0] == made[1]).all(), "differs": (made[0] != made[2]).any()}

    return Form(run, {})


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
            "state": _restored,
        },
        lambda t, made: (made[0] == made[1]).all(),
    ),
    draws("manual_seed@generators", {name: _repeating(call) for name, call in _DRAWING.items()}),
    draws("manual_seed@streams", {"default": drawn(_streams, _UNIFORM), "own": drawn(_generators, _UNIFORM)}),
)
