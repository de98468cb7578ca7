"""Forecast the sunspots of the next year from the eleven years before it, with an LSTM.

The series is 309 years long (sunspots.csv names its source), and is split in time: the network learns from
the years up to 1928, the years 1929–1958 choose when to stop, and the forecasts of 1959–2008 are evaluated.
They are compared with three simple forecasts: the last year's number (persistence), the mean of all earlier
years, and a linear function of the same eleven years (autoregression, fitted by least squares).

    python examples/forecast.py --epochs 60
"""

from __future__ import annotations

import argparse
from copy import deepcopy
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import mytorch as torch
from mytorch import nn, optim
from mytorch.utils.data import DataLoader, TensorDataset

WINDOW = 11  # the years that a forecast is made from: about one cycle of the sun
CHOOSE, TEST = 1929, 1959  # the first years that choose when to stop, and that are evaluated


class Forecaster(nn.Module):
    """An LSTM that reads the years of a window, and a linear layer that forecasts the next change."""

    def __init__(self, hidden_size: int = 16) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.change = nn.Linear(hidden_size, 1)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Forecast the year after each window of (N, WINDOW), as (N,)."""
        states, _ = self.lstm(windows.unsqueeze(-1))
        return windows[:, -1] + self.change(states[:, -1]).squeeze(-1)


def train(
    model: Forecaster,
    learn: tuple[torch.Tensor, torch.Tensor],
    choose: tuple[torch.Tensor, torch.Tensor],
    epochs: int,
) -> None:
    """Train on one part of the years, and keep the parameters that were best on another."""
    batches = DataLoader(TensorDataset(*learn), batch_size=32, shuffle=True)
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    best, kept = float("inf"), model.state_dict()
    with tqdm(range(epochs), desc="train") as bar:
        for _ in bar:
            for windows, following in batches:
                loss = nn.functional.mse_loss(model(windows), following)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            with torch.no_grad():
                error = nn.functional.mse_loss(model(choose[0]), choose[1]).item()
            if error < best:
                best, kept = error, deepcopy(model.state_dict())
            bar.set_postfix(loss=f"{loss.item():.3f}", unseen=f"{error:.3f}")
    model.load_state_dict(kept)


def line(windows: np.ndarray, following: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Forecast every year by the linear function of its window that fits the known years best."""
    terms = np.column_stack([windows, np.ones(len(windows))])
    weights, *_ = np.linalg.lstsq(terms[known], following[known])
    return terms @ weights


def draw(years: np.ndarray, truth: np.ndarray, forecasts: dict[str, np.ndarray], path: Path) -> None:
    """Plot the forecasts of the evaluated years, and their errors."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    upper.plot(years, truth, color="black", marker=".", label="observed")
    upper.plot(years, forecasts["LSTM"], color="tab:blue", label="LSTM, one year ahead")
    upper.plot(years, forecasts["persistence"], color="tab:orange", alpha=0.6, label="persistence")
    upper.set(title="Yearly mean sunspot number, each year forecast from the 11 before it", ylabel="sunspots")
    upper.legend(loc="upper right", ncols=3)
    upper.set_ylim(0, 1.25 * truth.max())
    lower.bar(years - 0.2, forecasts["LSTM"] - truth, 0.4, color="tab:blue", label="LSTM")
    lower.bar(years + 0.2, forecasts["persistence"] - truth, 0.4, color="tab:orange", label="persistence")
    lower.axhline(0, color="black", linewidth=0.8)
    lower.set(ylabel="forecast – observed", xlabel="year")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Train a forecaster, compare it with simple forecasts, and plot both."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Forecast yearly sunspot numbers.")
    parser.add_argument("--epochs", type=int, default=60, help="passes over the years (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of weights and batches (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=here / "out" / "forecast.png")
    options = parser.parse_args()

    # The first three lines hold the source and the names of the columns.
    years, spots = np.loadtxt(here / "sunspots.csv", delimiter=",", skiprows=3).T
    windows = np.lib.stride_tricks.sliding_window_view(spots[:-1], WINDOW)
    following, years = spots[WINDOW:], years[WINDOW:]
    learned, evaluated = years < CHOOSE, years >= TEST
    chosen = ~learned & ~evaluated
    mean, scale = following[learned].mean(), following[learned].std()

    def scaled(part: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale windows and following years by the mean and standard deviation of the training years."""
        both = windows[part], following[part]
        return tuple(torch.tensor((values - mean) / scale, dtype=torch.float32) for values in both)

    torch.manual_seed(options.seed)
    model = Forecaster()
    train(model, scaled(learned), scaled(chosen), options.epochs)
    with torch.no_grad():
        predicted = model(scaled(evaluated)[0]).numpy().astype(float) * scale + mean

    truth = following[evaluated]
    forecasts = {
        "mean": np.full(len(truth), following[~evaluated].mean()),
        "persistence": windows[evaluated][:, -1],
        "autoregression": line(windows, following, ~evaluated)[evaluated],
        "LSTM": np.maximum(predicted, 0.0),  # there are no negative sunspots
    }
    print(f"Sunspots of {TEST}–{years[-1]:.0f}, each year from the {WINDOW} before it:")
    print(f"{'forecast':<16}{'root mean square error':>24}{'mean absolute error':>22}")
    for name, values in forecasts.items():
        error = values - truth
        print(f"{name:<16}{np.sqrt(np.mean(error**2)):>24.1f}{np.mean(np.abs(error)):>22.1f}")
    draw(years[evaluated], truth, forecasts, options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
