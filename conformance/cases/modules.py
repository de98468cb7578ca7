"""Cases of modules and containers without parameters of their own, and of initialisers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import CLASSES, row
from conformance.cases.case import Built, Case, LayerProgram
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Config, Values


def _layers(t: Any) -> list[Any]:
    return [t.nn.Tanh(), t.nn.ReLU(), t.nn.Sigmoid()]


def _module(name: str) -> Case:
    """Return the case of a module without options, applied to each element."""

    def build(t: Any, x: Values, config: Config) -> Built:
        del x, config
        module = getattr(t.nn, name)()
        return Built(lambda data: {"output": module(data["x0"])}, module=module)

    return Case(
        name=f"nn.{name}",
        space=Space({"N": "batch", "F": "feature"}, CLASSES, ("normal", "saturated"), {"form": ("module",)}),
        inputs=lambda config: {"x0": Input((int(config["N"]), int(config["F"])))},
        program=LayerProgram(build),
        base={"N": 2, "F": 4, "form": "module"},
    )


def _listed(t: Any, a: Any) -> Any:
    layers = t.nn.ModuleList(_layers(t)[:1])
    layers.append(t.nn.Sigmoid())
    layers.extend([t.nn.Identity()])
    for layer in layers:
        a = layer(a)
    return a * len(layers)


def _kaiming(t: Any, a: Any) -> dict[str, Any]:
    del a
    uniform = t.nn.init.kaiming_uniform_(t.empty(40, 30), a=0.5)
    normal = t.nn.init.kaiming_normal_(t.empty(40, 30), mode="fan_out", nonlinearity="relu")
    # A uniform distribution ends at √3 standard deviations; that of 1200 numbers is known to 2 %.
    bound = (2 / (1 + 0.5**2)) ** 0.5 * (3 / 30) ** 0.5
    return {
        "within": uniform.abs().max() <= bound,
        "filled": uniform.abs().max() > 0.9 * bound,
        "deviation": (normal.std() - (2 / 40) ** 0.5).abs() < 0.1 * (2 / 40) ** 0.5,
    }


CASES = (
    *(_module(name) for name in ("ReLU", "Sigmoid", "Tanh", "Identity")),
    row(
        "nn.Sequential",
        "NF",
        {
            "all": lambda t, a: t.nn.Sequential(*_layers(t))(a),
            "part": lambda t, a: t.nn.Sequential(*_layers(t))[:2](a),
            "one": lambda t, a: t.nn.Sequential(*_layers(t))[-1](a),
        },
        {
            "index": (lambda t, a: t.nn.Sequential(*_layers(t))[7], ("7",)),
            "no module": (lambda t, a: t.nn.Sequential(1.5), ("float", "Module")),
        },
    ),
    row(
        "nn.ModuleList",
        "NF",
        {"loop": _listed},
        {"call": (lambda t, a: t.nn.ModuleList([])(a), ("forward",))},
    ),
    row(
        "nn.Parameter",
        "NF",
        {
            "used": lambda t, a: a * t.nn.Parameter(t.full((1,), 2.0, dtype=a.dtype)),
            "facts": lambda t, a: t.tensor(
                [
                    t.nn.Parameter(a.detach()).requires_grad,
                    t.nn.Parameter(a.detach(), requires_grad=False).is_leaf,
                ]
            ),
        },
        {"integers": (lambda t, a: t.nn.Parameter(t.ones(2, dtype=t.int64)), ("floating",))},
    ),
    row(
        "nn.init.constant_",
        "NF",
        {
            "constant": lambda t, a: t.nn.init.constant_(a.detach(), 2.5),
            "zeros": lambda t, a: t.nn.init.zeros_(a.detach()),
            "ones": lambda t, a: t.nn.init.ones_(a.detach()),
        },
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
    row(
        "nn.init.kaiming_uniform_",
        "-",
        {"both": _kaiming},
        {
            "a vector": (lambda t, a: t.nn.init.kaiming_uniform_(t.empty(3)), ("2",)),
            "mode": (lambda t, a: t.nn.init.kaiming_normal_(t.empty(3, 2), mode="foo"), ("foo", "fan_in")),
        },
        classes=("small",),
        grad=False,
        samples=1,
    ),
    row(
        "nn.init.uniform_",
        "-",
        {
            "uniform": lambda t, a: (t.nn.init.uniform_(t.empty(20, 20), -1.0, 3.0) - 1).abs().max() <= 2,
            # Ten standard deviations of the mean of 400 numbers.
            "normal": lambda t, a: (t.nn.init.normal_(t.empty(20, 20), 3.0, 0.5).mean() - 3).abs() < 0.25,
        },
        classes=("small",),
        grad=False,
        samples=2,
    ),
)
