"""Cases of initialisers: nn.init's functions. Random values are judged by their distribution."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from conformance.cases._constant import where
from conformance.cases._draws import Form, draws
from conformance.cases._facts import facts
from conformance.cases._law import Continuous, Discrete
from conformance.cases._table import row

if TYPE_CHECKING:
    from conformance.cases._law import Law
    from conformance.cases._table import Bad
    from conformance.cases.case import Case

# A matrix of 500 inputs and 200 outputs; and a kernel with a field of 20, of 1000 inputs and 2000 outputs.
_MATRIX, _KERNEL = (200, 500), (100, 50, 20)
_NORMAL = Continuous(axes=(0, 1))


def symmetric(bound: float, axes: tuple[int, ...] = (0, 1)) -> Continuous:
    """Return the uniform law between minus a bound and the bound."""
    return Continuous(-bound, bound, uniform=True, axes=axes)


def _filled(name: str, shape: tuple[int, ...], law: Law, **options: Any) -> Form:
    """Return the form of a function that fills a tensor and returns it."""

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        tensor = t.empty(shape, dtype=dtype)
        returned = getattr(t.nn.init, name)(tensor, **options)
        return {"draws": tensor, "facts": facts(t, tensor), "same": t.tensor(returned is tensor)}

    return Form(run, {"draws": law})


def _orthogonal(rows: int, columns: int, gain: float) -> Form:
    """Return the form of `orthogonal_`: orthonormal, and uniform among such matrices.

    Without the change of signs, the numbers on a QR factor's diagonal are all negative.
    """
    size = min(rows, columns)

    def run(t: Any, dtype: Any) -> dict[str, Any]:
        drawn = t.nn.init.orthogonal_(t.empty(rows, columns, dtype=dtype), gain=gain)
        short = drawn if rows <= columns else drawn.T
        away = t.matmul(short, short.T) - gain**2 * t.eye(size, dtype=dtype)
        return {
            "draws": drawn,
            "signs": t.sign(t.diagonal(drawn)),
            "orthonormal": away.abs().max() < 1e-4,
            "facts": facts(t, drawn),
        }

    return Form(run, {"draws": Continuous(-gain, gain, axes=(0, 1)), "signs": Discrete((-1.0, 1.0))})


def _rank(name: str) -> dict[str, Bad]:
    return {"a vector": (lambda t: getattr(t.nn.init, name)(t.empty(3)), ("2",))}


def _kaiming_law(name: str, variance: float) -> Continuous:
    return symmetric(sqrt(3 * variance)) if name == "kaiming_uniform_" else _NORMAL


def _kaiming(name: str) -> Case:
    forms = {
        "plain": _filled(name, _MATRIX, _kaiming_law(name, 2 / 500)),
        "linear": _filled(name, _KERNEL, _kaiming_law(name, 1 / 1000), nonlinearity="linear"),
        "leaky": _filled(name, _MATRIX, _kaiming_law(name, 2 / 1.25 / 500), a=0.5),
        "fan_out": _filled(name, _MATRIX, _kaiming_law(name, 2 / 200), mode="fan_out", nonlinearity="relu"),
    }
    mode = {"mode": (lambda t: getattr(t.nn.init, name)(t.empty(3, 2), mode="foo"), ("foo", "fan_in"))}
    return draws(f"nn.init.{name}", forms, _rank(name) | mode)


CASES = (
    draws(
        "nn.init.xavier_uniform_",
        {
            "plain": _filled("xavier_uniform_", _MATRIX, symmetric(sqrt(6 / 700))),
            "gain": _filled("xavier_uniform_", _KERNEL, symmetric(2 * sqrt(6 / 3000)), gain=2.0),
        },
        _rank("xavier_uniform_"),
    ),
    draws(
        "nn.init.xavier_normal_",
        {
            "plain": _filled("xavier_normal_", _MATRIX, _NORMAL),
            "gain": _filled("xavier_normal_", _KERNEL, _NORMAL, gain=2.0),
        },
        _rank("xavier_normal_"),
    ),
    _kaiming("kaiming_uniform_"),
    _kaiming("kaiming_normal_"),
    draws(
        "nn.init.orthogonal_",
        {"wide": _orthogonal(300, 340, 1.0), "tall": _orthogonal(340, 300, 2.0)},
        _rank("orthogonal_"),
    ),
    draws(
        "nn.init.uniform_",
        {
            "plain": _filled("uniform_", _MATRIX, Continuous(0.0, 1.0, uniform=True, axes=(0, 1))),
            "bounds": _filled(
                "uniform_", _MATRIX, Continuous(-1.0, 3.0, uniform=True, axes=(0, 1)), a=-1.0, b=3.0
            ),
        },
        {"bounds in disorder": (lambda t: t.nn.init.uniform_(t.empty(3), 2.0, 1.5), ("from=2", "to=1.5"))},
    ),
    draws(
        "nn.init.normal_",
        {
            "plain": _filled("normal_", (500, 1000), _NORMAL),
            "moments": _filled("normal_", (500, 1000), _NORMAL, mean=3.0, std=0.5),
        },
        {"std below zero": (lambda t: t.nn.init.normal_(t.empty(3), 0.0, -1.0), ("std", "-1"))},
    ),
    row(
        "nn.init.constant_",
        "NF",
        {
            "constant": lambda t, a: t.nn.init.constant_(a.detach(), 2.5),
            "zeros": lambda t, a: t.nn.init.zeros_(a.detach()),
            "ones": lambda t, a: t.nn.init.ones_(a.detach()),
        },
        constant={"output": where("it is set to 0", form="zeros")},
    ),
    row(
        "nn.init.calculate_gain",
        "NF",
        {
            name: (lambda t, a, name=name: a.detach() * t.nn.init.calculate_gain(name))
            for name in ("linear", "tanh", "relu", "leaky_relu", "sigmoid")
        },
        {"nonlinearity": (lambda t, a: t.nn.init.calculate_gain("foo"), ("foo",))},
        classes=("small",),
    ),
)
