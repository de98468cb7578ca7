"""Recurrent layers over whole sequences, RNN, LSTM and GRU; and, as in torch's file, their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.autograd._apply import apply_many
from mytorch.nn.modules._rnn_base import RNNBase
from mytorch.nn.modules._rnn_cell import GRUCell, LSTMCell, RNNCell
from mytorch.nn.modules._rnn_cell_base import RNNCellBase
from mytorch.ops.gru import Gru
from mytorch.ops.lstm import Lstm
from mytorch.ops.rnn import Rnn

if TYPE_CHECKING:
    from mytorch._core.device import device as Device
    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor
    from mytorch.nn.modules._rnn_base import Runs
    from mytorch.nn.utils._packed_sequence import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


class LSTM(RNNBase):
    """Long short-term memory layers over a batch of sequences.

    With * the elementwise product, each layer and direction computes at every step

        i, f, o = sigmoid(W_ix x + b_ix + W_ih h + b_ih), and likewise for f and o
        g = tanh(W_gx x + b_gx + W_gh h + b_gh)
        c' = f * c + i * g
        h' = o * tanh(c'), or W_hr (o * tanh(c')) with a projection

    and stores the rows of its matrices in the order i, f, g, o.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of a state.
        num_layers: number of layers, each of which reads the output of the one below.
        bias: whether the layers have b_ih and b_hh.
        batch_first: whether input and output are (N, L, ·) instead of (L, N, ·); it does not apply to states.
        dropout: probability of dropping an element between two layers while training.
        bidirectional: whether a second direction reads each sequence from its end (D = 2, else 1).
        proj_size: P, features of the projected hidden state; 0 for none, and then P = H.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih_l0: (4H, I), and (4H, D·P) in layers above; names of the second direction end in `_reverse`.
        weight_hh_l0: (4H, P).
        bias_ih_l0: (4H,).
        bias_hh_l0: (4H,).
        weight_hr_l0: (P, H), with a projection only. All are drawn from U(-1/√H, 1/√H).

    Raises:
        ValueError: a size is not greater than zero, `proj_size` is not below H, or `dropout` not in [0, 1].
        TypeError: an argument has another type.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html

    Examples:
        >>> lstm = nn.LSTM(input_size=3, hidden_size=4, num_layers=2)
        >>> output, (h_n, c_n) = lstm(mytorch.zeros(5, 2, 3))
        >>> output.shape, h_n.shape, c_n.shape
        (mytorch.Size([5, 2, 4]), mytorch.Size([2, 2, 4]), mytorch.Size([2, 2, 4]))
    """

    def __init__(
        self,
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
        sizes = input_size, hidden_size, num_layers
        super().__init__("LSTM", *sizes, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, Tensor]]:
        """Run over a batch of sequences.

        Args:
            input: (L, N, I), (N, L, I) with `batch_first`, (L, I) for one sequence, or packed sequences.
            hx: the hidden and the cell state of every layer and direction before the first step,
                (D·layers, N, P) and (D·layers, N, H), without N for one sequence; zeros if None.

        Returns:
            The last layer's hidden state at every step, in the form of the input with D·P features, and the
            last hidden and cell states, in the form of `hx`.

        Raises:
            ValueError: the input has another rank or dtype.
            RuntimeError: a size does not fit, or the sequences have no step; the message gives both sizes.
        """
        states = None
        if hx is not None:
            states = hx[0], hx[1]
            if len(hx) != 2:
                raise RuntimeError(f"lstm expects two hidden states, got {len(hx)}")
        output, (h_n, c_n) = self._run(input, states)
        return output, (h_n, c_n)

    def _layer(
        self, x: Tensor, states: tuple[Tensor, ...], named: dict[str, Tensor], runs: Runs, *, reverse: bool
    ) -> tuple[Tensor, ...]:
        biases = named.get("bias_ih"), named.get("bias_hh")
        weights = named["weight_ih"], named["weight_hh"], *biases, named.get("weight_hr")
        return apply_many(Lstm, x, *(states or (None, None)), *weights, runs=runs, reverse=reverse)


class GRU(RNNBase):
    """Layers of gated recurrent units over a batch of sequences.

    With * the elementwise product, each layer and direction computes at every step

        r, z = sigmoid(W_rx x + b_rx + W_rh h + b_rh), and likewise for z
        n = tanh(W_nx x + b_nx + r * (W_nh h + b_nh))
        h' = (1 - z) * n + z * h

    and stores the rows of its matrices in the order r, z, n.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of the state.
        num_layers: number of layers, each of which reads the output of the one below.
        bias: whether the layers have b_ih and b_hh.
        batch_first: whether input and output are (N, L, ·) instead of (L, N, ·); it does not apply to states.
        dropout: probability of dropping an element between two layers while training.
        bidirectional: whether a second direction reads each sequence from its end (D = 2, else 1).
        proj_size: only 0; no layer but LSTM has projections.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih_l0: (3H, I), and (3H, D·H) in layers above; names of the second direction end in `_reverse`.
        weight_hh_l0: (3H, H).
        bias_ih_l0: (3H,).
        bias_hh_l0: (3H,). All are drawn from U(-1/√H, 1/√H).

    Raises:
        ValueError: a size is not greater than zero, `dropout` is not in [0, 1], or `proj_size` is not 0.
        TypeError: an argument has another type.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html

    Examples:
        >>> gru = nn.GRU(input_size=3, hidden_size=4, batch_first=True, bidirectional=True)
        >>> output, h_n = gru(mytorch.zeros(2, 5, 3))
        >>> output.shape, h_n.shape
        (mytorch.Size([2, 5, 8]), mytorch.Size([2, 2, 4]))
    """

    def __init__(
        self,
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
        _refuse_projection(proj_size)
        sizes = input_size, hidden_size, num_layers
        super().__init__("GRU", *sizes, bias, batch_first, dropout, bidirectional, 0, device, dtype)

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run over a batch of sequences.

        Args:
            input: (L, N, I), (N, L, I) with `batch_first`, (L, I) for one sequence, or packed sequences.
            hx: the state of every layer and direction before the first step, (D·layers, N, H), without N for
                one sequence; zeros if None.

        Returns:
            The last layer's state at every step, in the form of the input with D·H features, and the last
            states, in the form of `hx`.

        Raises:
            ValueError: the input has another rank or dtype.
            RuntimeError: a size does not fit, or the sequences have no step; the message gives both sizes.
        """
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n

    def _layer(
        self, x: Tensor, states: tuple[Tensor, ...], named: dict[str, Tensor], runs: Runs, *, reverse: bool
    ) -> tuple[Tensor, ...]:
        weights = named["weight_ih"], named["weight_hh"], named.get("bias_ih"), named.get("bias_hh")
        return apply_many(Gru, x, *(states or (None,)), *weights, runs=runs, reverse=reverse)


class RNN(RNNBase):
    """Plain recurrent layers over a batch of sequences.

    Each layer and direction computes h' = tanh(W_ih x + b_ih + W_hh h + b_hh) at every step, or relu
    instead of tanh.

    Args:
        input_size: I, number of features of the input.
        hidden_size: H, number of features of the state.
        num_layers: number of layers, each of which reads the output of the one below.
        nonlinearity: "tanh" or "relu".
        bias: whether the layers have b_ih and b_hh.
        batch_first: whether input and output are (N, L, ·) instead of (L, N, ·); it does not apply to states.
        dropout: probability of dropping an element between two layers while training.
        bidirectional: whether a second direction reads each sequence from its end (D = 2, else 1).
        proj_size: only 0; no layer but LSTM has projections.
        device: only "cpu" or None.
        dtype: of the parameters; the default dtype if None.

    Attributes:
        weight_ih_l0: (H, I), and (H, D·H) in layers above; names of the second direction end in `_reverse`.
        weight_hh_l0: (H, H).
        bias_ih_l0: (H,).
        bias_hh_l0: (H,). All are drawn from U(-1/√H, 1/√H).

    Raises:
        ValueError: a size is not greater than zero, `dropout` is not in [0, 1], `proj_size` is not 0, or
            the nonlinearity does not exist.
        TypeError: an argument has another type.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html

    Examples:
        >>> rnn = nn.RNN(input_size=3, hidden_size=4, nonlinearity="relu")
        >>> output, h_n = rnn(mytorch.zeros(5, 2, 3))
        >>> output.shape, h_n.shape
        (mytorch.Size([5, 2, 4]), mytorch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device | str | None = None,
        dtype: DType | None = None,
    ) -> None:
        _refuse_projection(proj_size)
        if nonlinearity not in {"tanh", "relu"}:
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        mode = f"RNN_{nonlinearity.upper()}"
        sizes = input_size, hidden_size, num_layers
        super().__init__(mode, *sizes, bias, batch_first, dropout, bidirectional, 0, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run over a batch of sequences; see `GRU.forward` for shapes and errors."""
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n

    def _layer(
        self, x: Tensor, states: tuple[Tensor, ...], named: dict[str, Tensor], runs: Runs, *, reverse: bool
    ) -> tuple[Tensor, ...]:
        weights = named["weight_ih"], named["weight_hh"], named.get("bias_ih"), named.get("bias_hh")
        relu = self.mode == "RNN_RELU"
        return apply_many(Rnn, x, *(states or (None,)), *weights, runs=runs, reverse=reverse, relu=relu)


def _refuse_projection(proj_size: int) -> None:
    if proj_size:
        raise ValueError(f"proj_size argument is only supported for LSTM, not RNN or GRU; got {proj_size}")
