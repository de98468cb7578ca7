"""Runs a recurrent layer whose parameters are in a framework's layout: by the framework, or by its equations.

Called by reference.conversion for both sides of a conversion. A framework is imported when it runs; where it
is not installed, NumPy evaluates the equations that it documents (subjects.equations), and `told` says so.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conformance.subjects.equations import EQUATIONS, relu
from conformance.subjects.onnx_models import import_onnxruntime, run_node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.values import Array
    from conformance.subjects.convert import Recurrent

    States = tuple[Array, ...]
    # (layer, parameters, x (L, N, I), states (N, H)) → output (L, N, H), last states (N, H); one direction
    Direction = Callable[[Recurrent, Mapping[str, Array], Array, States], tuple[Array, States]]
    # (layer, its dtype, x (L, N, I), states (D·layers, N, H)) → output (L, N, D·H), and h_n, and c_n.
    Whole = Callable[[Recurrent, Any, Array, States], tuple[Array, ...]]


class Side(NamedTuple):
    """What runs a layer.

    Attributes:
        told: what runs it, in words.
        run: the function.
        only_float32: it computes in float32 whatever it is given.
    """

    told: str
    run: Whole
    only_float32: bool


def side(framework: str) -> Side:
    """Return what runs the layers of a framework.

    Args:
        framework: its name in subjects.layouts.
    """
    if framework in {"torch", "mytorch", "npz"}:
        package = "mytorch" if framework == "mytorch" else "torch"
        return Side(f"run by {_told(package)}", _torchlike(package), only_float32=False)
    name = framework.partition("-")[0]
    needed, cell = _RUNNERS[name]
    if why := _lacking(needed):
        told = f"evaluated by NumPy, from {name}'s documented equations ({why})"
        return Side(told, _by_directions(_by_equations(name)), only_float32=False)
    run = _onnxruntime if name == "onnx" else _by_directions(cell)
    told = f"run by {_told(needed[0])}"
    if name == "keras":
        import keras

        told += f" ({keras.backend.backend()})"
    return Side(told, run, only_float32=True)


def _lacking(packages: tuple[str, ...]) -> str:
    """Import packages; return why that cannot be done, or an empty text."""
    if "keras" in packages and "keras" not in sys.modules:
        # Its default is tensorflow, which nothing here needs.
        os.environ.setdefault("KERAS_BACKEND", "numpy")
    for package in packages:
        try:
            import_onnxruntime() if package == "onnxruntime" else import_module(package)
        except ModuleNotFoundError as error:
            return f"{error.name} is not installed"
        except Exception as error:  # noqa: BLE001 - a package may raise anything
            return f"{package} cannot be imported: {type(error).__name__}: {error}"
    return ""


def _told(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # the checkout of mytorch, which is not installed
        return f"{package} {getattr(import_module(package), '__version__', '')}".strip()


def _torchlike(package: str) -> Whole:
    def run(layer: Recurrent, dtype: Any, x: Array, states: States) -> tuple[Array, ...]:
        t = import_module(package)
        made = module_of(t, layer, dtype)
        with t.no_grad():
            given = tuple(t.tensor(each) for each in states)
            output, last = made(t.tensor(x), given if layer.kind == "LSTM" else given[0])
        last = last if isinstance(last, tuple) else (last,)
        return tuple(each.detach().numpy() for each in (output, *last))

    return run


def module_of(t: Any, layer: Recurrent, dtype: Any = None) -> Any:
    """Return a module of torch, or of a library with its API, with the parameters of a layer.

    Args:
        t: torch, or mytorch.
        layer: the layer; its parameters are read by their names in torch.
        dtype: of the parameters, as NumPy names it; by default the layer's.
    """
    dtype = np.dtype(dtype or layer.dtype)
    options: dict[str, Any] = {"nonlinearity": layer.nonlinearity} if layer.kind == "RNN" else {}
    options |= {"proj_size": layer.proj_size} if layer.proj_size else {}
    made = getattr(t.nn, layer.kind)(
        layer.input_size,
        layer.hidden_size,
        layer.layers,
        bias=layer.bias,
        bidirectional=layer.directions == 2,
        dtype=getattr(t, dtype.name),
        **options,
    )
    made.load_state_dict({name: t.tensor(array.astype(dtype)) for name, array in layer.parameters.items()})
    return made


def _by_directions(run: Direction) -> Whole:
    """Return what runs a layer from what runs one direction of one layer."""

    def whole(layer: Recurrent, dtype: Any, x: Array, states: States) -> tuple[Array, ...]:
        last: list[States] = []
        for k in range(layer.layers):
            outputs = []
            for direction in range(layer.directions):
                parts = _of_direction(layer, k, direction, dtype)
                given = x[::-1] if direction else x
                initial = tuple(state[k * layer.directions + direction] for state in states)
                output, final = run(layer, parts, given, initial)
                outputs.append(output[::-1] if direction else output)
                last.append(final)
            x = np.concatenate(outputs, axis=2)
        return (x, *(np.stack(each) for each in zip(*last, strict=True)))

    return whole


def _of_direction(layer: Recurrent, k: int, direction: int, dtype: Any) -> dict[str, Array]:
    if layer.layout.stacked:
        return {name: array[direction].astype(dtype) for name, array in layer.parts[k, 0].items()}
    return {name: array.astype(dtype) for name, array in layer.parts[k, direction].items()}


def _by_equations(framework: str) -> Direction:
    def run(layer: Recurrent, parts: Mapping[str, Array], x: Array, states: States) -> tuple[Array, States]:
        step = EQUATIONS[framework][layer.kind]
        activation = relu if layer.nonlinearity == "relu" else np.tanh
        outputs = []
        for each in x:
            states = step(parts, each, states, activation)
            outputs.append(states[0])
        return np.stack(outputs), states

    return run


def _keras(layer: Recurrent, parts: Mapping[str, Array], x: Array, states: States) -> tuple[Array, States]:
    import keras

    kind = {"RNN": "SimpleRNN"}.get(layer.kind, layer.kind)
    options = {"activation": layer.nonlinearity} if layer.kind == "RNN" else {"use_cudnn": False}
    made = getattr(keras.layers, kind)(
        states[0].shape[1], return_sequences=True, return_state=True, use_bias="bias" in parts, **options
    )
    given = np.ascontiguousarray(x.swapaxes(0, 1))
    made.build(given.shape)
    made.set_weights([parts[variable.name] for variable in made.weights])
    output, *last = made(keras.ops.convert_to_tensor(given), initial_state=list(states))
    found = keras.ops.convert_to_numpy(output).swapaxes(0, 1)
    return found, tuple(keras.ops.convert_to_numpy(each) for each in last)


def _flax(layer: Recurrent, parts: Mapping[str, Array], x: Array, states: States) -> tuple[Array, States]:
    import jax
    import jax.numpy as jnp
    from flax import nnx

    options = {"activation_fn": jnp.tanh if layer.nonlinearity == "tanh" else jax.nn.relu}
    made = getattr(nnx, layer.layout.cell)(
        x.shape[2], states[0].shape[1], rngs=nnx.Rngs(0), **(options if layer.kind == "RNN" else {})
    )
    for name, array in parts.items():
        owner, _, parameter = name.partition(".")
        setattr(getattr(made, owner), parameter, nnx.Param(jnp.asarray(array)))
    # Its LSTM carries (c, h).
    carry: Any = tuple(map(jnp.asarray, states[::-1]))
    carry = carry if layer.kind == "LSTM" else carry[0]
    outputs = []
    for each in x:
        carry, output = made(carry, jnp.asarray(each))
        outputs.append(np.asarray(output))
    last = carry[::-1] if layer.kind == "LSTM" else (carry,)
    return np.stack(outputs), tuple(map(np.asarray, last))


def _equinox(layer: Recurrent, parts: Mapping[str, Array], x: Array, states: States) -> tuple[Array, States]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    cell = getattr(eqx.nn, f"{layer.kind}Cell")(
        x.shape[2], states[0].shape[1], use_bias="bias" in parts, key=jax.random.PRNGKey(0)
    )
    names = [*parts]
    cell = eqx.tree_at(
        lambda c: [getattr(c, name) for name in names], cell, [*map(jnp.asarray, parts.values())]
    )
    step = jax.vmap(cell)
    state: Any = tuple(map(jnp.asarray, states))
    state = state if layer.kind == "LSTM" else state[0]
    outputs = []
    for each in x:
        state = step(jnp.asarray(each), state)
        outputs.append(np.asarray(state[0] if layer.kind == "LSTM" else state))
    return np.stack(outputs), tuple(map(np.asarray, state if layer.kind == "LSTM" else (state,)))


def _onnxruntime(layer: Recurrent, dtype: Any, x: Array, states: States) -> tuple[Array, ...]:
    last: list[tuple[Array, ...]] = []
    for k in range(layer.layers):
        rows = slice(k * layer.directions, (k + 1) * layer.directions)
        parts = {name: array.astype(dtype) for name, array in layer.parts[k, 0].items()}
        initial = tuple(state[rows] for state in states)
        output, *final = run_node(layer.kind, parts, x, initial, layer.nonlinearity)
        last.append(tuple(final))
        x = output.transpose(0, 2, 1, 3).reshape(*output.shape[:1], output.shape[2], -1)  # (L, D, N, H)
    return (x, *(np.concatenate(each) for each in zip(*last, strict=True)))


# What has to be installed to run a framework's layers, and what runs one direction of one of them.
_RUNNERS: dict[str, tuple[tuple[str, ...], Direction]] = {
    "keras": (("keras",), _keras),
    "flax": (("flax", "jax"), _flax),
    "equinox": (("equinox", "jax"), _equinox),
    "onnx": (("onnxruntime", "onnx"), _by_equations("onnx")),
}
