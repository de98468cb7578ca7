"""Cases of containers of modules, of the parameters in them, and of the module that flattens between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import row
from conformance.cases.case import BadCall, Built, Case, LayerProgram, load, of_module, parameters_of
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config, Tensors, Values

_CLASSES = ("small", "one", "empty", "pow2", "strided", "zero", "large")
_SIZES = {"N": "batch", "L": "length", "F": "feature"}


def _cube(config: Config) -> dict[str, Input]:
    return {"input": Input(tuple(int(config[name]) for name in "NLF"))}


def _module_dict(t: Any, x: Values, config: Config) -> Built:
    layers = t.nn.ModuleDict({"a": t.nn.Tanh(), "b": t.nn.Sigmoid()})
    layers["flat"] = t.nn.Flatten(config["start"])
    layers.update([("b", t.nn.Identity())])

    def call(layers: Any, data: Tensors) -> dict[str, Any]:
        out = data["input"]
        for name in layers if config["key"] == "all" else [config["key"]]:
            out = layers[name](out)
        return {"output": out, "held": t.tensor(len(layers))}

    return of_module(layers, call)


def _layers(t: Any) -> list[Any]:
    return [t.nn.Tanh(), t.nn.ReLU(), t.nn.Sigmoid()]


def _listed(t: Any, a: Any) -> Any:
    layers = t.nn.ModuleList(_layers(t)[:1])
    layers.append(t.nn.Sigmoid())
    layers.extend([t.nn.Identity()])
    for layer in layers:
        a = layer(a)
    return a * len(layers)


def _nested(t: Any, a: Any) -> Any:
    layers = t.nn.ModuleList([t.nn.ModuleDict({"in": layer, "out": t.nn.Sigmoid()}) for layer in _layers(t)])
    for pair in layers:
        a = pair["out"](pair["in"](a))
    return a


def _vectors(*names: str) -> Callable[[Config], dict[str, Input]]:
    """Return the inputs of a container of three parameters of those names."""

    def inputs(config: Config) -> dict[str, Input]:
        n, f = int(config["N"]), int(config["F"])
        return {"input": Input((n, f))} | {f"held.{name}": Input((f,), weight=True) for name in names}

    return inputs


def _held(t: Any, container: Any, x: Values, pick: Callable[[Any], Any]) -> Built:
    """Return the layer that applies parameters of a container, one after the other; `pick` returns them."""
    owner = t.nn.Module()
    owner.held = container

    def call(owner: Any, data: Tensors) -> dict[str, Any]:
        out = data["input"]
        for parameter in pick(owner.held):
            out = out.tanh() * parameter
        return {"output": out}

    return of_module(owner, call, load(owner, parameters_of(x)))


def _parameter_list(t: Any, x: Values, config: Config) -> Built:
    a, b, c = (t.zeros_like(each) for each in parameters_of(x).values())
    held = t.nn.ParameterList(a if config["pick"] == "tensor" else [a])
    held.append(b)
    held.extend([t.nn.Parameter(c)])
    picks = {
        "all": list,
        "last first": lambda held: [held[-1], *held[:-1]],
        "beyond": lambda held: [held[7]],
        "call": lambda held: held(1),
    }
    return _held(t, held, x, picks.get(str(config["pick"]), list))


def _parameter_dict(t: Any, x: Values, config: Config) -> Built:
    a, b, c = (t.zeros_like(each) for each in parameters_of(x).values())
    held = t.nn.ParameterDict({"weight_b": b, "weight_a": t.nn.Parameter(a)})
    held["weight_c"] = c
    other = 1 if config["pick"] == "number" else "note"
    held.update([("weight_b", t.ones_like(b)), (other, "not a tensor")])
    picks = {
        # A dictionary is sorted by names, pairs are not.
        "all": lambda held: [held[name] for name in held if name != "note"],
        "last first": lambda held: [held["weight_c"], held.get("weight_a"), held["weight_b"]],
        "missing": lambda held: [held["missing"]],
    }
    return _held(t, held, x, picks.get(str(config["pick"]), picks["all"]))


# The flags of a module and of those in it.
_EVAL = {"eval.training": "eval() sets it to False"}
_VECTORS = ("small", "one", "strided")


CASES = (
    Case(
        name="nn.ParameterList",
        space=Space(
            {"N": "batch", "F": "feature"},
            _VECTORS,
            ("normal",),
            {"pick": ("all", "last first")},
        ),
        inputs=_vectors("0", "1", "2"),
        program=LayerProgram(_parameter_list),
        constant=_EVAL,
        base={"N": 2, "F": 4, "pick": "all"},
        bad_calls=(
            BadCall("beyond the list", ("index 7", "range"), config={"pick": "beyond"}),
            BadCall("a tensor instead of a list", ("iterable", "Tensor"), config={"pick": "tensor"}),
            BadCall("a call", ("should not be called",), config={"pick": "call"}),
        ),
    ),
    Case(
        name="nn.ParameterDict",
        space=Space(
            {"N": "batch", "F": "feature"},
            _VECTORS,
            ("normal",),
            {"pick": ("all", "last first")},
        ),
        inputs=_vectors("weight_a", "weight_b", "weight_c"),
        program=LayerProgram(_parameter_dict),
        constant=_EVAL,
        base={"N": 2, "F": 4, "pick": "all"},
        bad_calls=(
            BadCall("a name that is not there", ("missing",), config={"pick": "missing"}),
            BadCall("a number for a name", ("string", "int"), config={"pick": "number"}),
        ),
    ),
    row(
        "nn.Sequential",
        "NF",
        {
            "all": lambda t, a: t.nn.Sequential(*_layers(t))(a),
            "part": lambda t, a: t.nn.Sequential(*_layers(t))[:2](a),
            "one": lambda t, a: t.nn.Sequential(*_layers(t))[-1](a),
            "nested": lambda t, a: t.nn.Sequential(t.nn.Sequential(*_layers(t)[:2]), _layers(t)[2])(a),
        },
        {
            "index": (lambda t, a: t.nn.Sequential(*_layers(t))[7], ("7",)),
            "no module": (lambda t, a: t.nn.Sequential(1.5), ("float", "Module")),
        },
    ),
    row(
        "nn.ModuleList",
        "NF",
        {"loop": _listed, "nested": _nested},
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
    Case(
        name="nn.ModuleDict",
        space=Space(_SIZES, _CLASSES, ("normal",), {"key": ("all", "a", "flat"), "start": (1, 0, 2)}),
        inputs=_cube,
        program=LayerProgram(_module_dict),
        constant=_EVAL,
        base={"N": 2, "L": 3, "F": 4, "key": "all", "start": 1},
        bad_calls=(BadCall("a name that is not there", ("missing",), config={"key": "missing"}),),
    ),
    Case(
        name="nn.Flatten",
        space=Space(_SIZES, _CLASSES, ("normal",), {"start": (1, 0, 2, -2), "end": (-1, 2)}),
        inputs=_cube,
        program=LayerProgram(lambda t, x, config: of_module(t.nn.Flatten(config["start"], config["end"]))),
        samples=10,
        base={"N": 2, "L": 3, "F": 4, "start": 1, "end": -1},
        bad_calls=(
            BadCall("an end before the start", ("start_dim", "end_dim"), config={"start": 2, "end": 0}),
        ),
    ),
)
