"""Training scripts written for torch run with mytorch once their imports are changed, to the same losses."""

from __future__ import annotations

import functools
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

import mytorch

SCRIPTS = {path.stem: path for path in sorted((Path(__file__).parents[1] / "scripts").glob("*.py"))}

# These draw inside of compiled code, dropout between layers or a split, where no tape reaches: each library
# trains from its own draws.
OWN_DRAWS = ("char_rnn", "mlp")

# These name float32 themselves, as `FloatTensor` or `torch.float`, and do not run in another default dtype.
FLOAT32 = ("deepar", "line_reader", "ppo_lstm", "sequence_gan")


def ported(source: str) -> str:
    """Change the imports, which is the whole port."""
    source = re.sub(r"^import torch$", "import mytorch as torch", source, flags=re.MULTILINE)
    return re.sub(r"^(import|from) torch\b", r"\1 mytorch", source, flags=re.MULTILINE)


def losses(script: str, t) -> list[float]:
    """Run a script with one of the two libraries."""
    source = SCRIPTS[script].read_text(encoding="utf-8")
    source = ported(source) if t is mytorch else source
    assert re.search(rf"^import {t.__name__}\b", source, flags=re.MULTILINE)
    namespace = {"__name__": script}
    exec(compile(source, script, "exec"), namespace)  # noqa: S102 - the script is ours
    return namespace["main"]()


class Tape:
    """Records what torch draws, first weights included, and plays it back, so that two runs draw the same.

    Args:
        played: the tape of the run to follow; None for the first run.
        nudged: whether all numbers, and the weights after each step, are moved to one of their neighbours.
    """

    def __init__(self, played: Tape | None = None, *, nudged: bool = False) -> None:
        self.draws = []
        self.played = played
        self.nudge = np.random.default_rng(3) if nudged else None

    def __call__(self, kind: str, drawn: np.ndarray) -> np.ndarray:
        """Return what is used in place of an array that was drawn."""
        if self.played is not None:
            was, recorded = self.played.draws[len(self.draws)]
            assert (kind, drawn.shape, drawn.dtype) == (was, recorded.shape, recorded.dtype)
            drawn = recorded
        self.draws.append((kind, drawn.copy()))
        return self.moved(drawn)

    def moved(self, array: np.ndarray) -> np.ndarray:
        if self.nudge is None or array.dtype.kind != "f":
            return array
        ends = self.nudge.choice(np.array([-np.inf, np.inf], array.dtype), array.shape)
        return np.where(array == 0, array, np.nextafter(array, ends))


class Taped:
    """A library whose draws, and the weights that a training begins with, go through a tape.

    Functions that are replaced are methods here; they get the replaced function's arguments.
    """

    def __init__(self, t, tape: Tape) -> None:
        self.t = t
        self.tape = tape

    @contextmanager
    def __call__(self):
        t = self.t
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(t.optim.Optimizer, "__init__", self.starting(t.optim.Optimizer.__init__))
            patch.setattr(t.nn.Dropout, "forward", self.dropout())
            for name in ("rand", "randn", "rand_like", "randn_like"):
                patch.setattr(t, name, self.drawing(name, getattr(t, name)))
            categorical = t.distributions.Categorical
            patch.setattr(categorical, "sample", self.drawing("sample", categorical.sample))
            for name in ("RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler"):
                sampler = getattr(t.utils.data, name)
                patch.setattr(sampler, "__iter__", self.ordering(name, sampler.__iter__))
            for flag in ("deterministic", "benchmark"):  # which a script may set
                patch.setattr(t.backends.cudnn, flag, getattr(t.backends.cudnn, flag))
            yield self.tape

    def write(self, tensor, array):
        with self.t.no_grad():
            tensor.copy_(self.t.from_numpy(np.array(array)))

    def drawing(self, name, function):
        def draw(*args, **kwargs):
            out = function(*args, **kwargs)
            self.write(out, self.tape(name, out.detach().numpy()))
            return out

        return functools.wraps(function)(draw)

    def ordering(self, name, function):
        return lambda sampler: iter(self.tape(name, np.array(list(function(sampler)))).tolist())

    def starting(self, function):
        def start(optimizer, *args, **kwargs):
            function(optimizer, *args, **kwargs)
            for p in self.parameters(optimizer):
                self.write(p, self.tape("weights", p.detach().numpy()))
            if self.tape.nudge is not None:
                optimizer.register_step_post_hook(self.move)

        return start

    def move(self, optimizer, _args, _kwargs):
        for p in self.parameters(optimizer):
            self.write(p, self.tape.moved(p.detach().numpy()))

    def parameters(self, optimizer):
        return [p for group in optimizer.param_groups for p in group["params"]]

    def dropout(self):
        def forward(layer, x):
            if not layer.training:
                return x
            kept = np.random.default_rng(len(self.tape.draws)).random(tuple(x.shape)) >= layer.p
            return x * self.t.from_numpy(kept).to(x.dtype) / (1 - layer.p)

        return forward


def compared(script: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences between the losses of both libraries, and what each of them may be."""
    dtype = "float32" if script in FLOAT32 else "float64"
    for t in (torch, mytorch):
        t.set_default_dtype(getattr(t, dtype))
    with Taped(torch, Tape())() as tape:
        expected = np.array(losses(script, torch))
    with Taped(mytorch, Tape(tape))() as replay:
        got = np.array(losses(script, mytorch))
    assert len(replay.draws) == len(tape.draws)
    assert got.shape == expected.shape
    tolerance = 1e-9 * np.maximum(1, np.abs(expected))
    if dtype == "float32":
        with Taped(torch, Tape(tape, nudged=True))():
            moved = np.abs(losses(script, torch) - expected)
        # What one rounding of every weight in every step does to torch's own losses, up to each of them. A
        # gradient has some hundred roundings, which sum up to about 16 of their size.
        tolerance = 16 * (np.maximum.accumulate(moved) + np.finfo(np.float32).eps * np.abs(expected))
    return np.abs(got - expected), tolerance


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name not in OWN_DRAWS])
def test_a_script_gives_the_losses_of_torch(script):
    difference, tolerance = compared(script)
    assert len(difference) > 1
    np.testing.assert_array_less(difference, tolerance)


@pytest.mark.parametrize(
    ("script", "name", "error"), [("autoencoder_resume", "smooth_l1_loss", 1e-7), ("ppo_lstm", "relu", 1e-4)]
)
def test_a_wrong_function_shows_in_the_losses(script, name, error, monkeypatch):
    right = getattr(mytorch.nn.functional, name)
    monkeypatch.setattr(mytorch.nn.functional, name, lambda *args: right(*args) * (1 + error))
    difference, tolerance = compared(script)
    assert (difference > tolerance).any()


@pytest.mark.parametrize("framework", [torch, mytorch])
@pytest.mark.parametrize("script", OWN_DRAWS)
def test_a_script_reaches_a_lower_loss_by_its_own_draws(script, framework):
    history = losses(script, framework)
    assert history[-1] < 0.3 * history[0], history


def test_there_are_scripts():
    assert len(SCRIPTS) == 17
