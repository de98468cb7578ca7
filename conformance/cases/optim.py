"""Cases of optimisers: the loss and the parameters of a linear model after every step of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._linear_model import SIZES, inputs
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar


def _train(t: Any, x: Values) -> dict[str, Any]:
    weight, bias = (x[name].clone().requires_grad_() for name in ("weight", "bias"))
    make = x.call or x.seams["optimizer"]
    optimizer = make(t, [weight, bias], x.config)
    trace: dict[str, Any] = {}
    for step in range(1, int(x.config["steps"]) + 1):
        optimizer.zero_grad()
        output = t.nn.functional.linear(x["input"], weight, bias)
        loss = t.nn.functional.mse_loss(output, x["target"])
        loss.backward()
        optimizer.step()
        trace |= {f"loss.{step}": loss.detach(), f"weight.{step}": weight.detach().clone()}
        trace |= {f"bias.{step}": bias.detach().clone()}
    return trace


def _optimiser(
    name: str,
    make: Callable[[Any, list[Any], Config], Any],
    flags: dict[str, tuple[Scalar, ...]],
    *bad: BadCall,
) -> Case:
    flags = {"steps": (1, 2, 5), "lr": (0.0625, 0.01, 0.3), **flags, "maximize": (False, False, True)}
    return Case(
        name=name,
        space=Space(
            SIZES,
            ("small", "one", "pow2", "wide", "strided"),
            ("normal", "saturated"),
            flags,
        ),
        inputs=inputs,
        program=_train,
        seams={"optimizer": make},
        samples=30,
        training=True,
        base={"N": 2, "I": 3, "O": 2} | {key: values[0] for key, values in flags.items()},
        bad_calls=(BadCall("lr below zero", ("-0.5",), config={"lr": -0.5}), *bad),
    )


def _sgd(t: Any, parameters: list[Any], config: Config) -> Any:
    names = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")
    options = {name: config[name] for name in names}
    # Nesterov needs a momentum and no dampening.
    if options["nesterov"]:
        options |= {"momentum": 0.9, "dampening": 0.0}
    return t.optim.SGD(parameters, **options)


def _adam(t: Any, parameters: list[Any], config: Config) -> Any:
    names = ("lr", "eps", "weight_decay", "amsgrad", "maximize")
    betas = (config["beta1"], config["beta2"])
    return t.optim.Adam(parameters, betas=betas, **{name: config[name] for name in names})


def _adamw(t: Any, parameters: list[Any], config: Config) -> Any:
    names = ("lr", "eps", "weight_decay", "amsgrad", "maximize")
    betas = (config["beta1"], config["beta2"])
    return t.optim.AdamW(parameters, betas=betas, **{name: config[name] for name in names})


def _rmsprop(t: Any, parameters: list[Any], config: Config) -> Any:
    names = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")
    return t.optim.RMSprop(parameters, **{name: config[name] for name in names})


CASES = (
    _optimiser(
        "optim.AdamW",
        _adamw,
        {
            "beta1": (0.9, 0.5),
            "beta2": (0.999, 0.9),
            "eps": (1e-8, 1e-3),
            "weight_decay": (0.01, 0.5, 0.0),
            "amsgrad": (False, True),
        },
        BadCall("beta of 1", ("beta", "1.0"), config={"beta1": 1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
    ),
    _optimiser(
        "optim.RMSprop",
        _rmsprop,
        {
            "alpha": (0.99, 0.5),
            "eps": (1e-8, 1e-3),
            "weight_decay": (0.0, 0.01),
            "momentum": (0.0, 0.9),
            "centered": (False, False, True),
        },
        BadCall("alpha below zero", ("alpha", "-1"), config={"alpha": -1.0}),
        BadCall("momentum below zero", ("momentum", "-1"), config={"momentum": -1.0}),
    ),
    _optimiser(
        "optim.SGD",
        _sgd,
        {
            "momentum": (0.0, 0.9),
            "dampening": (0.0, 0.1),
            "weight_decay": (0.0, 0.01),
            "nesterov": (False, False, True),
        },
        BadCall("momentum below zero", ("momentum", "-1"), config={"momentum": -1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
        BadCall(
            "nesterov without momentum",
            ("momentum",),
            call=lambda t, parameters, config: t.optim.SGD(parameters, lr=0.1, nesterov=True),
        ),
    ),
    _optimiser(
        "optim.Adam",
        _adam,
        {
            "beta1": (0.9, 0.5, 0.0),
            "beta2": (0.999, 0.9),
            "eps": (1e-8, 1e-3),
            "weight_decay": (0.0, 0.01),
            "amsgrad": (False, True),
        },
        BadCall("beta of 1", ("beta", "1.0"), config={"beta1": 1.0}),
        BadCall("eps below zero", ("eps", "-1"), config={"eps": -1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
    ),
)
