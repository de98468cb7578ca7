"""Cases of optimisers: the loss, the parameters and the state of a linear model, trained in many ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._linear_model import SIZES, inputs
from conformance.cases._minimising import SCRIPTS, minimise
from conformance.cases._training import PARAMETERS, Optimiser, train
from conformance.cases._ways import WAYS, settle
from conformance.cases.case import BadCall, Case
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar


# Only Adagrad keeps something for a parameter that never has a gradient.
_IDLE = {"state.idle.sum": where("it has no gradient", initial_accumulator_value=0.0)}


def _case(optimiser: Optimiser, flags: Mapping[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    flags = {"way": tuple(WAYS), "lr": (0.0625, 0.01, 0.3), **flags, "maximize": (False, False, True)}

    def arrays(config: Config) -> dict[str, Input]:
        found = inputs(config)
        if config["way"] == "loaded":
            found |= {
                f"{name}.{key}": Input(found[name].shape, weight=True, positive=squares)
                for name in PARAMETERS
                for key, squares in optimiser.kept(config).items()
            }
        return found

    return Case(
        name=f"optim.{optimiser.name}",
        space=Space(
            SIZES, ("small", "one", "pow2", "wide", "strided"), ("normal", "saturated"), flags, settle=settle
        ),
        inputs=arrays,
        program=lambda t, x: train(t, x, optimiser),
        constant=_IDLE if optimiser.name == "Adagrad" else {},
        samples=20,
        training=True,
        base={"N": 2, "I": 3, "O": 2} | {key: values[0] for key, values in flags.items()},
        bad_calls=(BadCall("lr below zero", ("-0.5",), config={"lr": -0.5}), *bad),
    )


def _named(*names: str) -> Callable[[Config], dict[str, Any]]:
    """Return the options of those names, and the betas of those that have them."""

    def options(config: Config) -> dict[str, Any]:
        betas = {"betas": (config["beta1"], config["beta2"])} if "beta1" in config else {}
        return {name: config[name] for name in names} | betas

    return options


def _of_sgd(config: Config) -> dict[str, Any]:
    options = _named("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")(config)
    # Nesterov needs a momentum and no dampening.
    return options | ({"momentum": 0.9, "dampening": 0.0} if config["nesterov"] else {})


def _momentum(config: Config) -> dict[str, bool]:
    return {"momentum_buffer": False} if config["momentum"] or config["nesterov"] else {}


def _moments(config: Config) -> dict[str, bool]:
    largest = {"max_exp_avg_sq": True} if config["amsgrad"] else {}
    return {"exp_avg": False, "exp_avg_sq": True, **largest}


_OF_ADAM = _named("lr", "eps", "weight_decay", "amsgrad", "maximize")
_OTHERS_OF_ADAM = {"lr": 0.125, "betas": (0.75, 0.95), "eps": 1e-4, "weight_decay": 0.25}

_LBFGS_FLAGS: Mapping[str, tuple[Scalar, ...]] = {
    "lr": (1.0, 0.25, 4.0),
    "max_iter": (4, 3, 1),
    "max_eval": (4, 3),
    "tolerance_grad": (1e-7, 1e-7, 0.03125),
    "tolerance_change": (1e-9, 1e-9, 2.0**-13),
    "history_size": (5, 2),
    "line_search_fn": ("strong_wolfe", "none"),
    "script": tuple(SCRIPTS),
    "resumed": (False, True),
}

CASES = (
    Case(
        name="optim.LBFGS",
        space=Space(SIZES, ("small", "one"), ("normal",), _LBFGS_FLAGS),
        inputs=inputs,
        program=minimise,
        samples=20,
        training=True,
        base={"N": 2, "I": 3, "O": 2} | {key: values[0] for key, values in _LBFGS_FLAGS.items()},
        bad_calls=(
            BadCall("lr below zero", ("-0.5",), config={"lr": -0.5}),
            BadCall("unknown line search", ("strong_wolfe",), config={"line_search_fn": "armijo"}),
            BadCall(
                "two groups",
                ("LBFGS", "group"),
                call=lambda t, given, config: t.optim.LBFGS([{"params": each} for each in given]),
            ),
        ),
    ),
    _case(
        Optimiser(
            "Adagrad",
            _named("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps", "maximize"),
            {"lr": 0.125, "lr_decay": 0.5, "weight_decay": 0.25, "eps": 1e-4},
            lambda config: {"sum": True},
        ),
        {
            "lr_decay": (0.25, 0.0),
            "weight_decay": (0.0, 0.01),
            "initial_accumulator_value": (0.0, 0.125),
            "eps": (1e-10, 1e-3),
        },
        BadCall("lr_decay below zero", ("lr_decay", "-1"), config={"lr_decay": -1.0}),
        BadCall(
            "initial value below zero",
            ("initial_accumulator_value", "-1"),
            config={"initial_accumulator_value": -1.0},
        ),
        BadCall("eps below zero", ("eps", "-1"), config={"eps": -1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
    ),
    _case(
        Optimiser(
            "Adadelta",
            _named("lr", "rho", "eps", "weight_decay", "maximize"),
            {"lr": 0.5, "rho": 0.75, "eps": 1e-4, "weight_decay": 0.25},
            lambda config: {"square_avg": True, "acc_delta": True},
        ),
        {
            "lr": (1.0, 0.25),
            "rho": (0.9, 0.5),
            "eps": (1e-6, 1e-3),
            "weight_decay": (0.0, 0.01),
        },
        BadCall("rho above one", ("rho", "1.5"), config={"rho": 1.5}),
        BadCall("eps below zero", ("eps", "-1"), config={"eps": -1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
    ),
    _case(
        Optimiser(
            "NAdam",
            _named("lr", "eps", "weight_decay", "momentum_decay", "decoupled_weight_decay", "maximize"),
            {**_OTHERS_OF_ADAM, "momentum_decay": 0.5},
            lambda config: {"exp_avg": False, "exp_avg_sq": True},
            {"mu_product": 0.25},
        ),
        {
            "beta1": (0.9, 0.5),
            "beta2": (0.999, 0.9),
            "eps": (1e-8, 1e-3),
            "weight_decay": (0.0, 0.01, 0.5),
            "momentum_decay": (0.004, 0.5),
            "decoupled_weight_decay": (False, True),
        },
        BadCall("beta of 1", ("beta", "1.0"), config={"beta1": 1.0}),
        BadCall("momentum decay below zero", ("momentum_decay", "-1"), config={"momentum_decay": -1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
    ),
    _case(
        Optimiser(
            "RAdam",
            _named("lr", "eps", "weight_decay", "decoupled_weight_decay", "maximize"),
            {**_OTHERS_OF_ADAM, "betas": (0.75, 0.9)},
            lambda config: {"exp_avg": False, "exp_avg_sq": True},
        ),
        {
            "beta1": (0.9, 0.5),
            # The first few steps are not adaptive, with 0.5 none.
            "beta2": (0.999, 0.9, 0.5),
            "eps": (1e-8, 1e-3),
            "weight_decay": (0.0, 0.01, 0.5),
            "decoupled_weight_decay": (False, True),
        },
        BadCall("beta of 1", ("beta", "1.0"), config={"beta2": 1.0}),
        BadCall("eps below zero", ("eps", "-1"), config={"eps": -1.0}),
        BadCall("weight decay below zero", ("weight_decay", "-1"), config={"weight_decay": -1.0}),
    ),
    _case(
        Optimiser("AdamW", _OF_ADAM, _OTHERS_OF_ADAM, _moments),
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
    _case(
        Optimiser(
            "RMSprop",
            _named("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize"),
            {"lr": 0.125, "alpha": 0.75, "eps": 1e-4, "weight_decay": 0.25},
            lambda config: {
                "square_avg": True,
                **({"momentum_buffer": False} if config["momentum"] else {}),
                **({"grad_avg": False} if config["centered"] else {}),
            },
        ),
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
    _case(
        Optimiser("SGD", _of_sgd, {"lr": 0.125, "momentum": 0.5, "weight_decay": 0.25}, _momentum),
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
    _case(
        Optimiser("Adam", _OF_ADAM, _OTHERS_OF_ADAM, _moments),
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
