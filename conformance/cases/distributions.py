"""Cases of random draws: with parameters that make the result certain, and by their distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._draws import draws
from conformance.cases._law import DRAWS, NORMAL_DRAWS, Continuous, Discrete
from conformance.cases.case import BadCall, Case, Values
from conformance.cases.random_tensors import drawn
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config, Constant
    from conformance.sampling.sample import Scalar


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input((int(config["N"]), int(config["F"])), grad=False)}


def _multinomial(t: Any, x: Values) -> dict[str, Any]:
    # float32 in every lane: positions drawn from the oracle's floats would count as its decisions.
    weights = x["input"].to(t.float32).abs() + float(x.config["least"])
    count = weights.shape[-1] + int(x.config["extra"])
    all_once, _ = t.sort(t.multinomial(weights, count), dim=-1)
    # Not the first, whose number is 0: a function that draws nothing may return zeros.
    last = (t.arange(weights.shape[-1]) == weights.shape[-1] - 1).to(weights.dtype).expand(weights.shape)
    return {"all once": all_once, "certain": t.multinomial(last, 4, replacement=True)}


def _bernoulli(t: Any, x: Values) -> dict[str, Any]:
    p = (x["input"] > 0).to(x["input"].dtype)
    return {"tensor": t.bernoulli(p), "number": t.bernoulli(x["input"], float(x.config["p"]))}


def _normal(t: Any, x: Values) -> dict[str, Any]:
    # Filled, not computed: the oracle would add noise to a computed value.
    std = t.full_like(x["input"], float(x.config["std"]))
    mean = x["input"]
    return {"both": t.normal(mean, std), "mean": t.normal(mean, 0.0), "std": t.normal(1.5, std)}


def _filled(name: str, *arguments: str) -> Callable[[Any, Values], dict[str, Any]]:
    def program(t: Any, x: Values) -> dict[str, Any]:
        filled = t.zeros_like(x["input"])
        return {"output": getattr(filled, name)(*[float(x.config[each]) for each in arguments])}

    return program


def _case(
    name: str,
    program: Callable[[Any, Values], dict[str, Any]],
    flags: dict[str, tuple[Scalar, ...]],
    *bad: BadCall,
    constant: Constant | None = None,
) -> Case:
    return Case(
        name=name,
        space=Space(
            {"N": "batch", "F": "feature"}, ("small", "one", "empty", "pow2", "strided"), ("normal",), flags
        ),
        inputs=_inputs,
        program=program,
        constant=constant or {},
        samples=10,
        base={"N": 2, "F": 3} | {key: values[0] for key, values in flags.items()},
        bad_calls=bad,
    )


# The third position has probability 0; codes of two positions that differ.
_WEIGHTS = (1.0, 2.0, 0.0, 3.0, 4.0)
_CERTAIN = tuple(k for k, weight in enumerate(_WEIGHTS) if weight)
_PAIRS = tuple(float(5 * i + j) for i in _CERTAIN for j in _CERTAIN if i != j)
_SHARES = (0.1, 0.5, 0.9)
_SQUARE, _MANY = (DRAWS // 500, 500), (NORMAL_DRAWS // 500, 500)
_BITS, _NORMAL = Discrete((0.0, 1.0), axes=(0, 1)), Continuous(axes=(0, 1))


def _without_replacement(t: Any, dtype: Any) -> Any:
    weights = t.tensor([_WEIGHTS], dtype=dtype).expand(DRAWS, len(_WEIGHTS))
    found = t.multinomial(weights, 2)
    return len(_WEIGHTS) * found[:, 0] + found[:, 1]


def _by_row(t: Any, dtype: Any) -> Any:
    # Rows of other weights: the code of a row's draw has the row's place in the pair.
    weights = t.tensor([_WEIGHTS, _WEIGHTS[::-1]], dtype=dtype)
    found = t.multinomial(weights, DRAWS, replacement=True)
    return len(_WEIGHTS) * found[0] + found[1]


def _each_its_own(t: Any, dtype: Any) -> Any:
    shares = t.tensor([_SHARES], dtype=dtype).expand(DRAWS, len(_SHARES))
    return (t.bernoulli(shares) * t.tensor([1, 2, 4], dtype=dtype)).sum(dim=1)


def _into(name: str, shape: tuple[int, ...], *arguments: Any) -> Callable[[Any, Any], Any]:
    return lambda t, dtype: getattr(t.zeros(shape, dtype=dtype), name)(*arguments)


_DRAWN = (
    draws(
        "multinomial@draws",
        {
            "replacement": drawn(
                lambda t, dtype: t.multinomial(t.tensor(_WEIGHTS, dtype=dtype), DRAWS, replacement=True),
                Discrete(tuple(float(k) for k in _CERTAIN)),
            ),
            "without": drawn(_without_replacement, Discrete(_PAIRS)),
            "rows": drawn(
                _by_row, Discrete(tuple(float(5 * i + 4 - j) for i in _CERTAIN for j in _CERTAIN[::-1]))
            ),
        },
    ),
    draws(
        "bernoulli@draws",
        {
            "number": drawn(lambda t, dtype: t.bernoulli(t.zeros(_SQUARE, dtype=dtype), 0.1), _BITS),
            "tensor": drawn(lambda t, dtype: t.bernoulli(t.full(_SQUARE, 0.5, dtype=dtype)), _BITS),
            "by-element": drawn(_each_its_own, Discrete(tuple(float(k) for k in range(8)))),
        },
    ),
    draws(
        "normal@draws",
        {
            "tensors": drawn(
                lambda t, dtype: t.normal(t.full(_MANY, 3.0, dtype=dtype), t.full(_MANY, 0.5, dtype=dtype)),
                _NORMAL,
            ),
            "numbers": drawn(lambda t, dtype: t.normal(-1.0, 2.0, _MANY, dtype=dtype), _NORMAL),
        },
    ),
    draws(
        "Tensor.bernoulli_@draws",
        {
            "tenth": drawn(_into("bernoulli_", _SQUARE, 0.1), _BITS),
            "half": drawn(_into("bernoulli_", _SQUARE), _BITS),
        },
    ),
    draws(
        "Tensor.uniform_@draws",
        {
            "bounds": drawn(
                _into("uniform_", _SQUARE, -1.0, 3.0), Continuous(-1.0, 3.0, uniform=True, axes=(0, 1))
            ),
            "plain": drawn(_into("uniform_", _SQUARE), Continuous(0.0, 1.0, uniform=True, axes=(0, 1))),
        },
    ),
    draws(
        "Tensor.normal_@draws",
        {
            "moments": drawn(_into("normal_", _MANY, 0.5, 2.0), _NORMAL),
            "plain": drawn(_into("normal_", _MANY), _NORMAL),
        },
    ),
)


CASES = (
    _case(
        "multinomial",
        _multinomial,
        {"least": (1.0, 0.25), "extra": (0,)},
        BadCall("weights below zero", ("< 0",), config={"least": -9.0}),
        BadCall("more than there are", ("replacement",), config={"extra": 2}),
        BadCall("rank", ("1 or 2",), shapes={"input": (2, 2, 3)}),
        constant={"certain": where("there is one position to draw", F=1)},
    ),
    _case(
        "bernoulli",
        _bernoulli,
        {"p": (1.0, 0.0)},
        BadCall("above one", ("p",), config={"p": 1.5}),
        constant={"number": where("at p = 0 every draw is 0", p=0.0)},
    ),
    _case("normal", _normal, {"std": (0.0,)}, BadCall("std below zero", ("std",), config={"std": -1.0})),
    _case(
        "Tensor.bernoulli_",
        _filled("bernoulli_", "p"),
        {"p": (1.0, 0.0)},
        BadCall("below zero", ("p=-1",), config={"p": -1.0}),
        constant={"output": where("at p = 0 every draw is 0", p=0.0)},
    ),
    _case(
        "Tensor.uniform_",
        _filled("uniform_", "from", "to"),
        {"from": (1.5,), "to": (1.5,)},
        BadCall("bounds in disorder", ("from=2", "to=1.5"), config={"from": 2.0}),
    ),
    _case(
        "Tensor.normal_",
        _filled("normal_", "mean", "std"),
        {"mean": (0.5, -3.0), "std": (0.0,)},
        BadCall("std below zero", ("std", "-1"), config={"std": -1.0}),
    ),
    *_DRAWN,
)
