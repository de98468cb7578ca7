"""Show that an LSTM carries numbers over 200 steps where a plain RNN does not.

Each step of a sequence shows a number between 0 and 1 and a mark. Two steps are marked, one in each half;
after the last step, the network must return the sum of the two marked numbers. The best constant answer is
1.0, with a mean squared error of 1/6.

Both networks get the same sequences, hidden size, number of steps, optimiser and gradient clipping. The
initial forget biases let the LSTM remember for up to the length of a sequence (Tallec & Ollivier 2018, "Can
recurrent neural networks warp time?"); with torch's own initial biases it learns the task too, but needs more
steps (`--biases torch --steps 2000`). The RNN has no gates.

    python examples/adding_problem.py --seed 1

This is a demonstration with one seed per run, not a measurement. README.md lists the other settings that were
tried.

Source of the task: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 4.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import mytorch as torch
from mytorch import nn, optim

COLOURS = {"RNN": "tab:orange", "LSTM": "tab:blue"}
ERROR_OF_ONE = 1 / 6  # of the best constant answer, 1.0: the variance of a sum of two such numbers


def sequences(count: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw random sequences and their targets.

    Args:
        count: how many, N.
        length: how many steps, T.

    Returns:
        Numbers and marks, (N, T, 2), and the sums of the marked numbers, (N, 1).
    """
    numbers, marks = torch.rand(count, length), torch.zeros(count, length)
    half, each = length // 2, torch.arange(count)
    marks[each, torch.randint(0, half, (count,))] = 1.0
    marks[each, torch.randint(half, length, (count,))] = 1.0
    return torch.stack([numbers, marks], dim=-1), (numbers * marks).sum(dim=1, keepdim=True)


class Adder(nn.Module):
    """A recurrent layer that reads the sequence, and a linear one that reads its last state."""

    def __init__(self, kind: str, hidden_size: int) -> None:
        super().__init__()
        layer = nn.LSTM if kind == "LSTM" else nn.RNN
        self.recurrent = layer(2, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output for each sequence of (N, T, 2), as (N, 1)."""
        states, _ = self.recurrent(x)
        return self.head(states[:, -1])


def remember_for(layer: nn.LSTM, length: int) -> None:
    """Start each unit with a memory of its own length, between 1 and `length` steps.

    With a bias of log(n) a forget gate keeps n/(n + 1) of the cell each step: it fades over about n steps.

    Source: Tallec & Ollivier 2018, equation 16.
    """
    size = layer.hidden_size
    bias = torch.log(1 + (length - 2) * torch.rand(size))
    with torch.no_grad():
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
        layer.bias_ih_l0[:size] = -bias  # the gates stand in the order i, f, g, o
        layer.bias_ih_l0[size : 2 * size] = bias


def reach(model: nn.Module, length: int) -> np.ndarray:
    """Measure how strongly the loss depends on each step of the input.

    Returns:
        The mean size of ∂loss/∂input by step, (T,).
    """
    x, target = sequences(64, length)
    x.requires_grad_()
    nn.functional.mse_loss(model(x), target).backward()
    model.zero_grad()
    return x.grad.abs().mean(dim=(0, 2)).numpy()


def train(model: nn.Module, name: str, rate: float, options: argparse.Namespace) -> list[float]:
    """Train on fresh sequences and return the loss of every step."""
    optimizer = optim.Adam(model.parameters(), lr=rate)
    losses = []
    with tqdm(range(options.steps), desc=f"{name:4}") as bar:
        for _ in bar:
            x, target = sequences(options.batch, options.length)
            loss = nn.functional.mse_loss(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.4f}")
    return losses


def draw(curves: dict[str, list[float]], reaches: dict[str, np.ndarray], path: Path) -> None:
    """Plot the training loss, and how far back the gradient reached before training."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    width = max(1, min(20, len(next(iter(curves.values()))) // 10))
    for name, losses in curves.items():
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        left.plot(np.arange(width, len(losses) + 1), smooth, color=COLOURS[name], label=name)
        # A float32 gradient below the smallest number is 0, which a logarithmic axis cannot show.
        reached = np.where(reaches[name] > 0, reaches[name], np.nan)
        right.plot(np.arange(1, len(reached) + 1), reached, color=COLOURS[name], label=name)
    left.axhline(ERROR_OF_ONE, color="grey", linestyle="--", linewidth=1, label="always 1.0")
    left.set(
        title=f"Training loss (mean of {width} steps)", xlabel="training step", ylabel="mean squared error"
    )
    left.set_yscale("log")
    right.set(title="Before training: size of ∂loss/∂input", xlabel="step of the sequence")
    right.set_yscale("log")
    for axes in (left, right):
        axes.legend(loc="best")
        axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Train both networks, then print and plot the results."""
    parser = argparse.ArgumentParser(description="Train an RNN and an LSTM on the adding problem.")
    parser.add_argument("--length", type=int, default=200, help="steps of a sequence (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=800, help="training steps (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="sequences per step (default: %(default)s)")
    parser.add_argument("--hidden", type=int, default=32, help="hidden size (default: %(default)s)")
    parser.add_argument("--biases", choices=("open", "torch"), default="open", help="the LSTM's initial ones")
    parser.add_argument("--rnn-rate", type=float, default=0.003, help="learning rate (default: %(default)s)")
    parser.add_argument("--lstm-rate", type=float, default=0.02, help="learning rate (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of weights and sequences (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "adding_problem.png")
    options = parser.parse_args()

    curves, reaches, rows = {}, {}, []
    for name, rate in (("RNN", options.rnn_rate), ("LSTM", options.lstm_rate)):
        torch.manual_seed(options.seed)
        model = Adder(name, options.hidden)
        if name == "LSTM" and options.biases == "open":
            remember_for(model.recurrent, options.length)
        torch.manual_seed(options.seed + 1)  # so that both see the same sequences
        reaches[name] = reach(model, options.length)
        curves[name] = train(model, name, rate, options)
        with torch.no_grad():
            x, target = sequences(1000, options.length)
            error = nn.functional.mse_loss(model(x), target).item()
        rows.append((name, sum(p.numel() for p in model.parameters()), error))

    print(f"Sum of 2 marked numbers among {options.length}, after {options.steps} training steps:")
    print(f"{'network':<12}{'parameters':>12}{'mean squared error on 1000 new sequences':>44}")
    for name, size, error in [("always 1.0", 0, ERROR_OF_ONE), *rows]:
        print(f"{name:<12}{size:>12,}{error:>44.4f}")
    draw(curves, reaches, options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()
