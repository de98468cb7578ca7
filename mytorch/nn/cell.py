"""Recurrent cells, one step each: RNNCell, LSTMCell and GRUCell."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._tensor import Tensor
from mytorch.autograd.apply import apply_many
from mytorch.creation.filled import empty
from mytorch.nn import init
from mytorch.nn.module import Module
from mytorch.nn.parameter import Parameter
from mytorch.ops.gru import Gru
from mytorch.ops.lstm import Lstm
from mytorch.ops.rnn import Rnn

if TYPE_CHECKING:
    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType

    Runs = tuple[tuple[int, int]]


class RNNCellBase(Module):
    """Base class of RNNCell, LSTMCell and GRUCell: parameters and checks.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of a state.
        bias: whether there are b_ih and b_hh.
        num_chunks: G, number of gates.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih: (G·H, I).
        weight_hh: (G·H, H).
        bias_ih: (G·H,), None without bias.
        bias_hh: (G·H,), None without bias. All are drawn from U(-1/√H, 1/√H).

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size is not an int.
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            parameter = Parameter(empty(rows, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, parameter)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew from U(-1/√H, 1/√H)."""
        bound = 1 / sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """Return the part between the parentheses of the repr."""
        bias = "" if self.bias is True else f", bias={self.bias}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        shown = "" if nonlinearity == "tanh" else f", nonlinearity={nonlinearity}"
        return f"{self.input_size}, {self.hidden_size}{bias}{shown}"

    def _batched(
        self, input: Tensor, states: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor | None, ...], Runs]:
        """Check the arguments, give them a batch dimension, and describe the one step as the ops take it."""
        name = type(self).__name__
        if input.dim() not in {1, 2}:
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for k, state in enumerate(states or ()):
            if state.dim() not in {1, 2}:
                which = f"hx[{k}]" if name == "LSTMCell" else "hidden"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {state.dim()}D instead")
        if input.dim() == 1:
            input = input.unsqueeze(0)
            states = None if states is None else tuple([s.unsqueeze(0) for s in states])
        batch, features = input.array.shape
        if features != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {features} expected {self.input_size}"
            )
        self._check_states(batch, states)
        for given in (input, *(states or ())):
            if given.array.dtype != self.weight_ih.array.dtype:
                kinds = SCALAR_TYPE_NAMES[given.dtype], SCALAR_TYPE_NAMES[self.weight_ih.dtype]
                raise RuntimeError(
                    f"mat1 and mat2 must have the same dtype, but got {kinds[0]} and {kinds[1]}"
                )
        return input, states or (None, None), ((1, batch),)

    def _check_states(self, batch: int, states: tuple[Tensor, ...] | None) -> None:
        for k, state in enumerate(states or ()):
            # Not broadcast, not even where it is 1: that hides a forgotten dimension.
            if len(state.array) != batch:
                raise RuntimeError(
                    f"Input batch size {batch} doesn't match hidden{k} batch size {len(state.array)}"
                )
            if state.array.ndim == 1:
                raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 1)")
            given = state.array.shape[1]
            if given != self.hidden_size or state.array.ndim > 2:
                raise RuntimeError(
                    f"hidden{k} has inconsistent hidden_size: got {given}, expected {self.hidden_size}"
                )


class LSTMCell(RNNCellBase):
    """One step of an LSTM; see `LSTM` for what it computes.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of a state.
        bias: whether there are b_ih and b_hh.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih: (4H, I), gates i, f, g, o.
        weight_hh: (4H, H).
        bias_ih: (4H,), None without bias.
        bias_hh: (4H,), None without bias. All are drawn from U(-1/√H, 1/√H).

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size is not an int.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Advance by one step.

        Args:
            input: (N, I) or (I,), of the dtype of the weights.
            hx: the hidden and the cell state, each (N, H) or (H,); zeros if None.

        Returns:
            The next hidden and cell state, each (N, H) or (H,).

        Raises:
            ValueError: input or a state has another rank.
            RuntimeError: a size or dtype does not fit; the message gives both.
            IndexError: the input has a batch dimension, and a state of as many numbers has none.
            TypeError: `hx` is a Tensor and no pair of them.
        """
        if isinstance(hx, Tensor):
            raise TypeError("lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor")
        if hx is not None and len(hx) != 2:
            raise RuntimeError(f"lstm_cell expects two hidden states, got {len(hx)}")
        x, states, runs = self._batched(input, hx)
        weights = self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None
        h, c = apply_many(Lstm, x, *states, *weights, runs=runs, every_cell=True)
        return (h.squeeze(0), c.squeeze(0)) if input.dim() == 1 else (h, c)


class GRUCell(RNNCellBase):
    """One step of a GRU; see `GRU` for what it computes.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of the state.
        bias: whether there are b_ih and b_hh.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih: (3H, I), gates r, z, n.
        weight_hh: (3H, H).
        bias_ih: (3H,), None without bias.
        bias_hh: (3H,), None without bias. All are drawn from U(-1/√H, 1/√H).

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size is not an int.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Advance by one step.

        Args:
            input: (N, I) or (I,), of the dtype of the weights.
            hx: the state, (N, H) or (H,); zeros if None.

        Returns:
            The next state, (N, H) or (H,).

        Raises:
            ValueError: input or state has another rank.
            RuntimeError: a size or dtype does not fit; the message gives both.
        """
        x, states, runs = self._batched(input, None if hx is None else (hx,))
        weights = self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
        h = apply_many(Gru, x, states[0], *weights, runs=runs)[0]
        return h.squeeze(0) if input.dim() == 1 else h


class RNNCell(RNNCellBase):
    """One step of a plain recurrent layer: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu for tanh.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of the state.
        bias: whether there are b_ih and b_hh.
        nonlinearity: "tanh" or "relu".
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih: (H, I).
        weight_hh: (H, H).
        bias_ih: (H,), None without bias.
        bias_hh: (H,), None without bias. All are drawn from U(-1/√H, 1/√H).

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size is not an int.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Advance by one step.

        Args:
            input: (N, I) or (I,), of the dtype of the weights.
            hx: the state, (N, H) or (H,); zeros if None.

        Returns:
            The next state, (N, H) or (H,).

        Raises:
            ValueError: input or state has another rank.
            RuntimeError: a size or dtype does not fit, or there is no such nonlinearity.
        """
        x, states, runs = self._batched(input, None if hx is None else (hx,))
        if self.nonlinearity not in {"tanh", "relu"}:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        weights = self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
        h = apply_many(Rnn, x, states[0], *weights, runs=runs, relu=self.nonlinearity == "relu")[0]
        return h.squeeze(0) if input.dim() == 1 else h
