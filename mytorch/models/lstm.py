"""A long short-term memory network, gate by gate.

A plain recurrent network rewrites its whole memory at every step, so what it learned from a far past (and
the gradient that travels back to it) shrinks or grows with every step in between. An LSTM keeps a second
memory, the cell state C, that is changed only by a product and a sum, and lets three gates decide what
happens to it. A gate is a vector of numbers between 0 (shut) and 1 (open), computed from the present input x
and the last hidden state h. With * the elementwise product, one step is

    I  = sigmoid(W_xi x + W_hi h + b_i)    input gate: how much of the new is written
    F  = sigmoid(W_xf x + W_hf h + b_f)    forget gate: how much of the old is kept
    O  = sigmoid(W_xo x + W_ho h + b_o)    output gate: how much of the memory is shown
    C~ = tanh(W_xc x + W_hc h + b_c)       candidate: what could be written
    C' = F * C + I * C~                    cell state: keep some of the old, add some of the new
    H' = O * tanh(C')                      hidden state: the part of the memory that is shown
    Y  = W_hq H' + b_q                     output: read off from the hidden state

The derivative of C' with respect to C along the direct path is F. While the forget gate stands open, F close
to 1, a gradient passes through any number of steps nearly unchanged: so an LSTM learns long dependencies.

Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, for the cell state
and the input and output gates; Gers, Schmidhuber & Cummins, "Learning to Forget", Neural Computation 12(10),
2000, for the forget gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply_many
from mytorch.creation.filled import zeros
from mytorch.functions.activation import sigmoid, tanh
from mytorch.functions.joining import cat
from mytorch.nn.modules.linear import Linear
from mytorch.nn.modules.module import Module
from mytorch.ops.lstm import Lstm

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

    State = tuple[Tensor, Tensor]


class LSTMCell(Module):
    """One step of an LSTM, with an output layer on top of the hidden state.

    Every gate has two matrices: W_x* looks at the input, W_h* at the last hidden state. The bias of a gate is
    that of its W_x*; a second one in W_h* would only be added to it.

    Args:
        input_size: I, the number of features of the input.
        hidden_size: H, the number of features of the hidden and of the cell state.
        output_size: Q, the number of features of the output.

    Raises:
        TypeError: a size is not an int.
        ValueError: a size is not greater than zero.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        for name, size in (
            ("input_size", input_size),
            ("hidden_size", hidden_size),
            ("output_size", output_size),
        ):
            if not isinstance(size, int):
                raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero, got {size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size

        # Input gate: which places of the memory are written to.
        self.W_xi = Linear(input_size, hidden_size)
        self.W_hi = Linear(hidden_size, hidden_size, bias=False)

        # Forget gate: which places of the memory keep what they hold.
        self.W_xf = Linear(input_size, hidden_size)
        self.W_hf = Linear(hidden_size, hidden_size, bias=False)

        # Output gate: which places of the memory are visible outside.
        self.W_xo = Linear(input_size, hidden_size)
        self.W_ho = Linear(hidden_size, hidden_size, bias=False)

        # Candidate memory: what would be written where the input gate is open.
        self.W_xc = Linear(input_size, hidden_size)
        self.W_hc = Linear(hidden_size, hidden_size, bias=False)

        # Output layer: what the hidden state means.
        self.W_hq = Linear(hidden_size, output_size)

    def forward(self, x: Tensor, init_states: State) -> tuple[Tensor, Tensor, Tensor]:
        """Advance by one step.

        Args:
            x: input, (N, I) or (I,), of the dtype of the weights.
            init_states: the hidden and the cell state before the step, (H, C), each (N, H) or (H,).

        Returns:
            The output Y, (N, Q), and the new hidden and cell state, each (N, H); without N if `x` has none.

        Raises:
            ValueError: `x` has neither one nor two dimensions.
            RuntimeError: a size does not fit; the message gives the expected and the given one.
        """
        h_prev, c_prev = init_states
        _check_step(self, x, h_prev, c_prev)
        # The gates are squeezed by the sigmoid into (0, 1): they scale, element by element.
        I = sigmoid(self.W_xi(x) + self.W_hi(h_prev))
        F = sigmoid(self.W_xf(x) + self.W_hf(h_prev))
        O = sigmoid(self.W_xo(x) + self.W_ho(h_prev))
        # The candidate is not a gate but content: the tanh lets it add to the memory and subtract from it.
        C_tilda = tanh(self.W_xc(x) + self.W_hc(h_prev))
        # The one line that makes it an LSTM: no matrix and no squashing stand between the old C and the new.
        C = F * c_prev + I * C_tilda
        H = O * tanh(C)
        Y = self.W_hq(H)
        return Y, H, C


def _check_step(cell: LSTMCell, x: Tensor, h_prev: Tensor, c_prev: Tensor) -> None:
    if x.dim() not in {1, 2}:
        raise ValueError(f"LSTMCell: Expected x to be 1D or 2D, got {x.dim()}D instead")
    if x.shape[-1] != cell.input_size:
        raise RuntimeError(f"x has inconsistent input_size: got {x.shape[-1]}, expected {cell.input_size}")
    own = cell.W_xi.weight.dtype
    for name, state in (("h_prev", h_prev), ("c_prev", c_prev)):
        if state.dim() != x.dim():
            raise RuntimeError(
                f"init_states: {name} should be {x.dim()}-D like x, but got a {state.dim()}-D tensor"
            )
        # Otherwise a state with batch size 1 would be broadcast, and hide a forgotten dimension.
        if state.shape[:-1] != x.shape[:-1]:
            raise RuntimeError(
                f"x batch size {x.shape[0]} doesn't match init_states {name} batch size {state.shape[0]}"
            )
        if state.shape[-1] != cell.hidden_size:
            raise RuntimeError(
                f"init_states: {name} has inconsistent hidden_size: got {state.shape[-1]}, "
                f"expected {cell.hidden_size}"
            )
    for given in (x, h_prev, c_prev):
        if given.dtype != own:
            kinds = SCALAR_TYPE_NAMES[given.dtype], SCALAR_TYPE_NAMES[own]
            raise RuntimeError("mat1 and mat2 must have the same dtype, but got " + " and ".join(kinds))


class LSTM(Module):
    """An LSTM over a sequence: the same cell, step after step, in one op.

    Args:
        input_size: I, the number of features of the input at one step.
        hidden_size: H, the number of features of the hidden and of the cell state.
        output_size: Q, the number of features of the output at one step.

    Raises:
        TypeError: a size is not an int.
        ValueError: a size is not greater than zero.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.lstm_cell = LSTMCell(input_size, hidden_size, output_size)

    def forward(self, inputs: Tensor, init_states: State | None = None) -> tuple[Tensor, State]:
        """Run over a batch of sequences.

        Args:
            inputs: batch first, (N, L, I), of the dtype of the weights; L is at least 1.
            init_states: the hidden and the cell state before the first step, (H, C), each (N, H); None for
                zeros.

        Returns:
            The outputs of every step, (N, L, Q), and the hidden and the cell states after every step, each
            (N, L, H): the last ones are `[:, -1]`.

        Raises:
            ValueError: `inputs` has not three dimensions.
            RuntimeError: L is 0 or a size does not fit; the message gives the expected and the given one.
        """
        if inputs.dim() != 3:
            raise ValueError(f"LSTM: Expected inputs to be 3D (N, L, I), got {inputs.dim()}D instead")
        batch_size, seq_len, _ = inputs.shape
        if seq_len == 0:
            raise RuntimeError("Expected sequence length of inputs to be larger than 0, got 0")
        if init_states is None:
            # Nothing is remembered before the first step.
            h = zeros(batch_size, self.lstm_cell.hidden_size, dtype=inputs.dtype)
            c = zeros(batch_size, self.lstm_cell.hidden_size, dtype=inputs.dtype)
        else:
            h, c = init_states

        cell = self.lstm_cell
        _check_step(cell, inputs[:, 0], h, c)
        # The cell says what a step is. The sequence runs as one op, in which four matrices are one.
        input_maps = cell.W_xi, cell.W_xf, cell.W_xc, cell.W_xo
        hidden_maps = cell.W_hi, cell.W_hf, cell.W_hc, cell.W_ho
        h_states, c_states = apply_many(
            Lstm,
            inputs.transpose(0, 1),
            h,
            c,
            cat([linear.weight for linear in input_maps]),
            cat([linear.weight for linear in hidden_maps]),
            cat([linear.bias for linear in input_maps if linear.bias is not None]),
            None,
            None,
            runs=((seq_len, batch_size),),
            every_cell=True,
        )
        h_states, c_states = h_states.transpose(0, 1), c_states.transpose(0, 1)
        return cell.W_hq(h_states), (h_states, c_states)
