"""RNNBase: what the recurrent layers share, from parameters to the way through layers and directions."""

from __future__ import annotations

import warnings
from functools import cache, lru_cache
from itertools import groupby
from math import sqrt
from numbers import Number
from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._core.typename import typename
from mytorch.creation.filled import empty
from mytorch.functions._check import array_of
from mytorch.functions.dropout import dropout
from mytorch.functions.joining import cat, split
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter
from mytorch.nn.utils._packed_sequence import PackedSequence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor

    Runs = Sequence[tuple[int, int]]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


# The same in each call: on small layers they would cost as much as a compiled step.
@cache
def _without_layer(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([name.rpartition("_l")[0] for name in names])


# Of the sizes that a program has, of which one that draws them may have any number.
@lru_cache(maxsize=256)
def _shapes_of(gates: int, below: int, height: int, projected: int) -> dict[str, tuple[int, ...]]:
    rows, width = gates * height, projected or height
    shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, below), "weight_hh": (rows, width)}
    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    if projected:
        shapes["weight_hr"] = (projected, height)
    return shapes


class RNNBase(Module):
    """Base class of RNN, LSTM and GRU: parameters, checks, and the way through layers and directions.

    Args:
        mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
        input_size: I, number of features of the input.
        hidden_size: H, number of features of a state.
        num_layers: number of layers, each of which reads the output of the one below.
        bias: whether the layers have b_ih and b_hh.
        batch_first: whether input and output are (N, L, ·) instead of (L, N, ·); it does not apply to states.
        dropout: probability of dropping an element between two layers while training.
        bidirectional: whether a second direction reads each sequence from its end.
        proj_size: P, features of the projected hidden state of an LSTM; 0 for none.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Raises:
        ValueError: a size is not greater than zero, `proj_size` is not below H, `dropout` is not in [0, 1],
            or the mode does not exist.
        TypeError: an argument has another type.

    Examples:
        >>> base = nn.RNNBase("GRU", input_size=3, hidden_size=4, num_layers=2)
        >>> base.weight_ih_l0.shape, base.weight_ih_l1.shape
        (mytorch.Size([12, 3]), mytorch.Size([12, 4]))
        >>> isinstance(nn.GRU(3, 4), nn.RNNBase)
        True
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_arguments()
        self.dropout = float(dropout)
        directions = 2 if bidirectional else 1
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[:directions]:
                shapes = dict(self._shapes(layer))
                if not bias:
                    del shapes["bias_ih"], shapes["bias_hh"]
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
                for name, shape in zip(self._all_weights[-1], shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def _check_arguments(self) -> None:
        p: Any = self.dropout
        if not issubclass(type(p), Number) or type(p) is bool or not 0 <= p <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being "
                f"zeroed, but got {p!r}"
            )
        if p > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={p} and num_layers={self.num_layers}",
                UserWarning,
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            given = getattr(self, name)
            if not isinstance(given, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(given).__name__}")
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero, got {getattr(self, name)}")
        if self.proj_size < 0:
            raise ValueError(
                f"proj_size should be a positive integer or zero to disable projections, got {self.proj_size}"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError(
                f"proj_size has to be smaller than hidden_size, got {self.proj_size} and {self.hidden_size}"
            )
        if self.mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {self.mode}")

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a layer's parameters, in the order of the state_dict."""
        width = self.proj_size or self.hidden_size
        below = width * (2 if self.bidirectional else 1) if layer else self.input_size
        return _shapes_of(_GATES[self.mode], below, self.hidden_size, self.proj_size)

    def reset_parameters(self) -> None:
        """Draw all parameters anew from U(-1/√H, 1/√H)."""
        bound = 1 / sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: the parameters have the layout in memory that the ops need."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters by layer and direction, in the order of the state_dict."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        shown = [f"{k}={getattr(self, k)}" for k, default in defaults.items() if getattr(self, k) != default]
        return ", ".join([str(self.input_size), str(self.hidden_size), *shown])

    def _weight(self, name: str) -> Any:
        # Mostly it is in the table of parameters, where __getattr__ would look only after everything else.
        weight = self._parameters.get(name)
        return getattr(self, name) if weight is None else weight

    def _weights(self, k: int) -> dict[str, Any]:
        """Return the parameters of a layer and direction, by their names without these."""
        names = self._all_weights[k]
        return dict(zip(_without_layer(tuple(names)), map(self._weight, names), strict=True))

    # States are handled as a tuple, whose length is 1 for RNN and GRU and 2 for LSTM.

    def _check_input(self, x: Tensor) -> None:
        weight = self._weight(self._all_weights[0][0])
        if x.array.dtype != weight.array.dtype:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({x.dtype})"
            )
        if x.array.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, "
                f"got {x.array.shape[-1]}"
            )

    def _check_state_ranks(self, rank: int, states: tuple[Tensor, ...] | None) -> None:
        if states is None:
            return
        ranks = [s.dim() for s in states]
        if any(r != rank for r in ranks):
            form = f"{'batched' if rank == 3 else 'unbatched'} {rank}-D"
            given = ", ".join([f"{r}-D" for r in ranks])
            names, given = (
                ("hx and cx", f"({given}) tensors") if len(ranks) > 1 else ("hx", f"{given} tensor")
            )
            raise RuntimeError(f"For {form} input, {names} should also be {rank}-D but got {given}")

    def _check_states(self, states: tuple[Tensor, ...] | None, batch: int) -> None:
        if states is None:
            return
        for k, state in enumerate(states):
            array_of(type(self).__name__, state, "hx", 2)
            width = self.hidden_size if k else self.proj_size or self.hidden_size
            expected = len(self._all_weights), batch, width
            if state.array.shape != expected:
                which = "hidden" if len(states) == 1 else f"hidden[{k}]"
                raise RuntimeError(f"Expected {which} size {expected}, got {list(state.shape)}")
            self._require_dtype(state)

    def _require_dtype(self, x: Tensor) -> None:
        weight = self._weight(self._all_weights[0][0])
        if x.array.dtype != weight.array.dtype:
            given, own = SCALAR_TYPE_NAMES[x.dtype], SCALAR_TYPE_NAMES[weight.dtype]
            raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {given} and {own}")

    def _check_weights(self, k: int, layer: int, named: dict[str, Any], x: Tensor) -> None:
        """Refuse weights that were taken away or replaced by others, which could broadcast."""
        shapes = self._shapes(layer)
        for position, (name, weight) in enumerate(named.items()):
            full = self._all_weights[k][position]
            if not isinstance(weight, TensorBase):
                raise TypeError(
                    f"expected Tensor as element {k * len(named) + position} in argument 2, "
                    f"but got {typename(weight)} as {full}"
                )
            if weight.array.shape != shapes[name] or weight.array.dtype != x.array.dtype:
                kinds = SCALAR_TYPE_NAMES[x.dtype], SCALAR_TYPE_NAMES[weight.dtype]
                raise RuntimeError(
                    f"{full}: expected a {kinds[0]} tensor of shape {list(shapes[name])}, "
                    f"but got a {kinds[1]} tensor of shape {list(weight.shape)}"
                )

    def _run(
        self, input: Tensor | PackedSequence, states: tuple[Tensor, ...] | None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, ...]]:
        """Check the arguments, run all layers, and give output and states the form of the arguments."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, states)
        x: Tensor = input
        rank = x.dim()
        array_of(type(self).__name__, x)
        if rank not in {2, 3}:
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {rank}D "
                f"{'tensor ' if self.mode.startswith('RNN') else ''}instead"
            )
        self._check_state_ranks(rank, states)
        if rank == 2:
            x = x.unsqueeze(1)
            states = None if states is None else tuple([s.unsqueeze(1) for s in states])
        elif self.batch_first:
            x = x.transpose(0, 1)
        self._check_input(x)
        steps, batch = x.array.shape[:2]
        self._check_states(states, batch)
        if steps == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN, got 0")
        output, finals = self._stack(x, ((steps, batch),), states)
        if rank == 2:
            return output.squeeze(1), tuple([s.squeeze(1) for s in finals])
        return output.transpose(0, 1) if self.batch_first else output, finals

    def _run_packed(
        self, input: PackedSequence, states: tuple[Tensor, ...] | None
    ) -> tuple[PackedSequence, tuple[Tensor, ...]]:
        data, batch_sizes, sorted_indices, unsorted_indices = input
        if data.dim() != 2:
            raise RuntimeError(f"input must have 2 dimensions, got {data.dim()}")
        if self.mode == "LSTM":
            # torch's LSTM, unlike its other layers, lets the matrix product check the dtype of packed data.
            self._require_dtype(data)
        self._check_input(data)
        sizes = batch_sizes.tolist()
        if sum(sizes) != len(data) or sorted(sizes, reverse=True) != sizes:
            raise RuntimeError(
                f"Expected batch_sizes that never grow and add up to the {len(data)} rows of data, "
                f"but got {sizes}"
            )
        self._check_states(states, sizes[0])
        if states is not None and sorted_indices is not None:
            states = tuple([s[:, sorted_indices] for s in states])
        runs = [(len(list(same)), batch) for batch, same in groupby(sizes)]
        output, finals = self._stack(data, runs, states)
        if unsorted_indices is not None:
            finals = tuple([s[:, unsorted_indices] for s in finals])
        return PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices), finals

    def _stack(
        self, x: Tensor, runs: Runs, states: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run each layer on the output of the one below, and join the outputs of the two directions."""
        directions = 2 if self.bidirectional else 1
        each = len(self._all_weights)
        initial: Any = [()] * each
        if states is not None:
            initial = [states] if each == 1 else list(zip(*(split(s, 1) for s in states), strict=True))
        finals = []
        for layer in range(self.num_layers):
            outputs = []
            for k in range(layer * directions, (layer + 1) * directions):
                named = self._weights(k)
                self._check_weights(k, layer, named, x)
                output, *final = self._layer(x, initial[k], named, runs, reverse=k % directions == 1)
                outputs.append(output)
                finals.append(final)
            x = outputs[0] if directions == 1 else cat(outputs, -1)
            if self.dropout and self.training and layer + 1 < self.num_layers:
                x = dropout(x, self.dropout)
        if each == 1:
            return x, tuple(finals[0])
        return x, tuple([cat(kind, 0) for kind in zip(*finals, strict=True)])

    def _layer(
        self, x: Tensor, states: tuple[Tensor, ...], named: dict[str, Tensor], runs: Runs, *, reverse: bool
    ) -> tuple[Tensor, ...]:
        """Run one layer in one direction: (output, final states …)."""
        raise NotImplementedError(f"{type(self).__name__} defines no _layer")
