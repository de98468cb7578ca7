"""Models that are written to be read."""

from __future__ import annotations

from mytorch.models.lstm import LSTM, LSTMCell

__all__ = ["LSTM", "LSTMCell"]
