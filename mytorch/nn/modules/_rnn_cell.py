"""Recurrent cells, which take one step: RNNCell, LSTMCell and GRUCell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._tensor import Tensor
from mytorch.autograd._apply import apply_many
from mytorch.nn.modules._rnn_cell_base import RNNCellBase
from mytorch.ops.gru import Gru
from mytorch.ops.lstm import Lstm
from mytorch.ops.rnn import Rnn

if TYPE_CHECKING:
    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType


class LSTMCell(RNNCellBase):
    """One step of an LSTM; see `LSTM` for what it computes.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of a state.
        bias: whether the cell has b_ih and b_hh.
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

    Examples:
        >>> cell = nn.LSTMCell(input_size=3, hidden_size=4)
        >>> h, c = cell(mytorch.zeros(2, 3))
        >>> h, c = cell(mytorch.zeros(2, 3), (h, c))
        >>> h.shape, c.shape
        (mytorch.Size([2, 4]), mytorch.Size([2, 4]))
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
            ValueError: the input or a state has another rank.
            RuntimeError: a size or dtype does not fit; the message gives both.
            IndexError: the input has a batch dimension, and a state with one number per sample has none.
            TypeError: `hx` is a Tensor and no pair of them.
        """
        if isinstance(hx, Tensor):
            raise TypeError("lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor")
        if hx is not None and len(hx) != 2:
            raise RuntimeError(f"lstm_cell expects two hidden states, got {len(hx)}")
        x, states, weights, runs = self._batched(4, input, hx)
        h, c = apply_many(Lstm, x, *states, *weights, None, runs=runs, every_cell=True)
        return (h.squeeze(0), c.squeeze(0)) if input.dim() == 1 else (h, c)


class GRUCell(RNNCellBase):
    """One step of a GRU; see `GRU` for what it computes.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of the state.
        bias: whether the cell has b_ih and b_hh.
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

    Examples:
        >>> cell = nn.GRUCell(input_size=3, hidden_size=4)
        >>> h = cell(mytorch.zeros(2, 3))
        >>> cell(mytorch.zeros(2, 3), h).shape
        mytorch.Size([2, 4])
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
            ValueError: the input or the state has another rank.
            RuntimeError: a size or dtype does not fit; the message gives both.
        """
        x, states, weights, runs = self._batched(3, input, None if hx is None else (hx,))
        h = apply_many(Gru, x, states[0], *weights, runs=runs)[0]
        return h.squeeze(0) if input.dim() == 1 else h


class RNNCell(RNNCellBase):
    """One step of a plain recurrent layer: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu instead of tanh.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of the state.
        bias: whether the cell has b_ih and b_hh.
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

    Examples:
        >>> cell = nn.RNNCell(input_size=3, hidden_size=4, nonlinearity="relu")
        >>> h = cell(mytorch.zeros(2, 3))
        >>> cell(mytorch.zeros(2, 3), h).shape
        mytorch.Size([2, 4])
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
            ValueError: the input or the state has another rank.
            RuntimeError: a size or dtype does not fit, or the nonlinearity does not exist.
        """
        x, states, weights, runs = self._batched(1, input, None if hx is None else (hx,))
        if self.nonlinearity not in {"tanh", "relu"}:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        h = apply_many(Rnn, x, states[0], *weights, runs=runs, relu=self.nonlinearity == "relu")[0]
        return h.squeeze(0) if input.dim() == 1 else h
