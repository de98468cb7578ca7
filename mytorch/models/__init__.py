"""Models that are written to be read: an LSTM gate by gate, and its conversion from and to nn.LSTM."""

from __future__ import annotations

from mytorch.models.convert import from_lstm, to_lstm
from mytorch.models.lstm import LSTM, LSTMCell

__all__ = ["LSTM", "LSTMCell", "from_lstm", "to_lstm"]
