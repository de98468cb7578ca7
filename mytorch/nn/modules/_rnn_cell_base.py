"""RNNCellBase: what the recurrent cells share, their parameters and the checks of their arguments."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.creation.filled import empty, zeros
from mytorch.functions._check import array_of
from mytorch.nn import init
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor

    Runs = tuple[tuple[int, int]]
    Weights = tuple[Tensor, Tensor, Tensor | None, Tensor | None]

_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class RNNCellBase(Module):
    """Base class of RNNCell, LSTMCell and GRUCell: parameters and checks.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of a state.
        bias: whether the cell has b_ih and b_hh.
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

    Examples:
        >>> cell = nn.RNNCellBase(input_size=3, hidden_size=4, bias=True, num_chunks=4)
        >>> cell.weight_ih.shape, cell.weight_hh.shape, cell.bias_ih.shape
        (mytorch.Size([16, 3]), mytorch.Size([16, 4]), mytorch.Size([16]))
        >>> isinstance(nn.LSTMCell(3, 4), nn.RNNCellBase)
        True
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
        self, gates: int, input: Tensor, states: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor | None, ...], Weights, Runs]:
        """Check arguments and weights, and return them as the ops take them, with their one run."""
        name = type(self).__name__
        if input.dim() not in {1, 2}:
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for k, state in enumerate(states or ()):
            if state.dim() not in {1, 2}:
                which = f"hx[{k}]" if name == "LSTMCell" else "hidden"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {state.dim()}D instead")
        for position, given in enumerate((input, *(states or ())), 1):
            array_of(name, given, "input" if position == 1 else "hx", min(position, 2))
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
        return input, states or (None, None), self._weights(gates), ((1, batch),)

    def _weights(self, gates: int) -> Weights:
        """Return W_ih, W_hh, b_ih and b_hh: both biases or none, with a number per row."""
        rows = gates * self.hidden_size
        expected = (rows, self.input_size), (rows, self.hidden_size), (rows,), (rows,)
        w_ih, w_hh, b_ih, b_hh = self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
        for name, weight, shape in zip(_WEIGHTS, (w_ih, w_hh, b_ih, b_hh), expected, strict=True):
            if weight is None or weight.array.shape == shape:
                continue
            if len(shape) > 1 or weight.array.shape != (1,):
                raise RuntimeError(f"{name} must be of shape {list(shape)}, but got {list(weight.shape)}")
        if b_ih is None and b_hh is None:
            return w_ih, w_hh, None, None
        return w_ih, w_hh, _whole(b_ih, rows, w_ih), _whole(b_hh, rows, w_ih)

    def _check_states(self, batch: int, states: tuple[Tensor, ...] | None) -> None:
        for k, state in enumerate(states or ()):
            # A size of 1 is not broadcast either: that would hide a forgotten dimension.
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


def _whole(bias: Tensor | None, rows: int, like: Tensor) -> Tensor:
    """Return a bias with a number per row; as in torch, one number serves as the bias of every gate."""
    if bias is None:
        return zeros(rows, dtype=like.dtype)
    return bias if len(bias.array) == rows else bias.expand(rows)
