"""Cases of random draws, with parameters that make the result certain, as two generators differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input((int(config["N"]), int(config["F"])), grad=False)}


def _multinomial(t: Any, x: Values) -> dict[str, Any]:
    # float32 in every lane: positions drawn from the oracle's floats would count as its decisions.
    weights = x["input"].to(t.float32).abs() + float(x.config["least"])
    count = weights.shape[-1] + int(x.config["extra"])
    all_once, _ = t.sort(t.multinomial(weights, count), dim=-1)
    first = (t.arange(weights.shape[-1]) == 0).to(weights.dtype).expand(weights.shape)
    return {"all once": all_once, "certain": t.multinomial(first, 4, replacement=True)}


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
) -> Case:
    return Case(
        name=name,
        space=Space(
            {"N": "batch", "F": "feature"},
            ("small", "one", "empty", "pow2", "strided"),
            ("normal",),
            flags,
        ),
        inputs=_inputs,
        program=program,
        samples=10,
        base={"N": 2, "F": 3} | {key: values[0] for key, values in flags.items()},
        bad_calls=bad,
    )


CASES = (
    _case(
        "multinomial",
        _multinomial,
        {"least": (1.0, 0.25), "extra": (0,)},
        BadCall("weights below zero", ("< 0",), config={"least": -9.0}),
        BadCall("more than there are", ("replacement",), config={"extra": 2}),
        BadCall("rank", ("1 or 2",), shapes={"input": (2, 2, 3)}),
    ),
    _case("bernoulli", _bernoulli, {"p": (1.0, 0.0)}, BadCall("above one", ("p",), config={"p": 1.5})),
    _case("normal", _normal, {"std": (0.0,)}, BadCall("std below zero", ("std",), config={"std": -1.0})),
    _case(
        "Tensor.bernoulli_",
        _filled("bernoulli_", "p"),
        {"p": (1.0, 0.0)},
        BadCall("below zero", ("p=-1",), config={"p": -1.0}),
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
)
