"""The LSTM gate by gate, and torch's layers that compute the same: nn.LSTM with nn.Linear on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.typename import typename
from mytorch.creation.filled import zeros
from mytorch.functions.joining import cat
from mytorch.models.lstm import LSTM
from mytorch.nn.modules import rnn
from mytorch.nn.modules.linear import Linear

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

# The suffixes of the model's W_x and W_h, in the order of torch's blocks i, f, g, o.
_GATES = ("i", "f", "c", "o")


def to_lstm(model: LSTM) -> tuple[rnn.LSTM, Linear]:
    """Return torch's layers with a model's parameters: what `lstm` puts out, `head` reads.

    Args:
        model: gate by gate; it is not changed.

    Returns:
        lstm, an nn.LSTM of one layer, batch first, whose second bias is zero, and head, an nn.Linear.

    Raises:
        TypeError: `model` is not a models.LSTM.
    """
    if not isinstance(model, LSTM):
        raise TypeError(f"model: expected a mytorch.models.LSTM, got {typename(model)}")
    cell = model.lstm_cell
    state = cell.state_dict()
    dtype = cell.W_xi.weight.dtype
    lstm = rnn.LSTM(cell.input_size, cell.hidden_size, batch_first=True, dtype=dtype)
    head = Linear(cell.hidden_size, cell.output_size, dtype=dtype)
    lstm.load_state_dict(
        {
            "weight_ih_l0": cat([state[f"W_x{gate}.weight"] for gate in _GATES]),
            "weight_hh_l0": cat([state[f"W_h{gate}.weight"] for gate in _GATES]),
            "bias_ih_l0": cat([state[f"W_x{gate}.bias"] for gate in _GATES]),
            "bias_hh_l0": zeros(len(_GATES) * cell.hidden_size, dtype=dtype),
        }
    )
    head.load_state_dict(cell.W_hq.state_dict())
    return lstm, head


def from_lstm(lstm: rnn.LSTM, head: Linear) -> LSTM:
    """Return the model, gate by gate, that computes what an nn.LSTM with an nn.Linear on top computes.

    Args:
        lstm: of one layer and direction, without projection, batch first or not; its two biases are added
            into one, and a missing one is zero.
        head: from hidden_size to any size.

    Returns:
        The model, which is batch first.

    Raises:
        TypeError: `lstm` is not an nn.LSTM, or `head` is not an nn.Linear.
        ValueError: `lstm` has what the model has not, or `head` reads another size than `lstm` puts out.
    """
    _check(lstm, head)
    given = lstm.state_dict()
    dtype = given["weight_ih_l0"].dtype
    if lstm.bias:
        bias = given["bias_ih_l0"] + given["bias_hh_l0"]
    else:
        bias = zeros(len(_GATES) * lstm.hidden_size, dtype=dtype)
    state: dict[str, Tensor] = {}
    for name, whole in (
        ("W_x{}.weight", given["weight_ih_l0"]),
        ("W_h{}.weight", given["weight_hh_l0"]),
        ("W_x{}.bias", bias),
    ):
        state |= {
            name.format(gate): block for gate, block in zip(_GATES, whole.chunk(len(_GATES)), strict=True)
        }
    model = LSTM(lstm.input_size, lstm.hidden_size, head.out_features).to(dtype)
    model.lstm_cell.load_state_dict(
        {"W_hq.bias": zeros(head.out_features)}
        | state
        | {f"W_hq.{name}": x for name, x in head.state_dict().items()}
    )
    return model


def _check(lstm: rnn.LSTM, head: Linear) -> None:
    if not isinstance(lstm, rnn.LSTM):
        raise TypeError(f"lstm: expected a mytorch.nn.LSTM, got {typename(lstm)}")
    if not isinstance(head, Linear):
        raise TypeError(f"head: expected a mytorch.nn.Linear, got {typename(head)}")
    for name, expected in (("num_layers", 1), ("bidirectional", False), ("proj_size", 0)):
        if getattr(lstm, name) != expected:
            raise ValueError(f"lstm: expected {name}={expected}, got {name}={getattr(lstm, name)}")
    if head.in_features != lstm.hidden_size:
        raise ValueError(
            f"head: expected in_features={lstm.hidden_size}, the lstm's hidden_size, got {head.in_features}"
        )
