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

FOLDER = Path(__file__).parents[1]
SCRIPTS = {path.stem: path for path in sorted((FOLDER / "scripts").glob("*.py"))}

# Written for mytorch, and ported to torch by their one line of import: how often they train, and how to do it
# in a short time.
EXAMPLES = {
    "language_model": (1, "--words", "300", "--epochs", "2", "--batch", "4", "--size", "16", "--tests", "9"),
    "spoken_digits": (1, "--steps", "4", "--speakers", "20", "--tests", "1"),
    "translate_dates": (2, "--steps", "3", "--batch", "8"),
}

# These draw inside of compiled code, dropout between layers or a split, where no tape reaches: each library
# trains from its own draws.
OWN_DRAWS = ("char_rnn", "mlp")

# How scripts name float32. Training amplifies the roundings of a step in the steps after it, in some scripts
# without bound, so that losses are compared in float64, where it stays far below what a mistake does.
FLOAT32 = {
    r"\bFloatTensor\b": "DoubleTensor",
    r"\b(np|torch)\.float(32)?\b": r"\1.float64",
    r"\.float\(\)": ".double()",
}


def ported(source: str) -> str:
    """Change the imports, which is the whole port."""
    source = re.sub(r"^import torch$", "import mytorch as torch", source, flags=re.MULTILINE)
    return re.sub(r"^(import|from) torch\b", r"\1 mytorch", source, flags=re.MULTILINE)


def in_double(source: str) -> str:
    """Change the names of float32 to those of float64."""
    for name, double in FLOAT32.items():
        source = re.sub(name, double, source)
    return source


def losses(script: str, t, change=in_double) -> list[float]:
    """Run a script with one of the two libraries."""
    source = change(SCRIPTS[script].read_text(encoding="utf-8"))
    source = ported(source) if t is mytorch else source
    assert re.search(rf"^import {t.__name__}\b", source, flags=re.MULTILINE)
    namespace = {"__name__": script}
    exec(compile(source, script, "exec"), namespace)  # noqa: S102 - the script is ours
    return namespace["main"]()


class TrainedError(Exception):
    """Ends an example after its training."""


def example_losses(example: str, t) -> list[float]:
    """Run an example with one of the two libraries until it is trained; return the loss of every step."""
    times, *options = EXAMPLES[example]
    source = (FOLDER.parent / "examples" / f"{example}.py").read_text(encoding="utf-8")
    line = "import mytorch as torch\n"
    assert source.count("mytorch") == source.count(line) == 1
    namespace = {"__name__": example, "__file__": example}
    exec(compile(source.replace(line, f"import {t.__name__} as torch\n"), example, "exec"), namespace)  # noqa: S102
    train, histories = namespace["train"], []

    def kept(*args):
        result = train(*args)
        histories.append(result[0] if isinstance(result, tuple) else result)
        if len(histories) == times:
            raise TrainedError
        return result

    namespace["train"] = kept
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [example, *options])
        with pytest.raises(TrainedError):
            namespace["main"]()
    return [loss for history in histories for loss in history]


class Tape:
    """Records what torch draws, first weights included, and plays it back, so that two runs draw the same.

    Args:
        played: the tape of the run to follow; None for the first run.
    """

    def __init__(self, played: Tape | None = None) -> None:
        self.draws = []
        self.played = played

    def __call__(self, kind: str, drawn: np.ndarray) -> np.ndarray:
        """Return what is used in place of an array that was drawn."""
        if self.played is not None:
            was, recorded = self.played.draws[len(self.draws)]
            assert (kind, drawn.shape, drawn.dtype) == (was, recorded.shape, recorded.dtype)
            drawn = recorded
        self.draws.append((kind, drawn.copy()))
        return drawn


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
            for p in (p for group in optimizer.param_groups for p in group["params"]):
                self.write(p, self.tape("weights", p.detach().numpy()))

        return start

    def dropout(self):
        def forward(layer, x):
            if not layer.training:
                return x
            kept = np.random.default_rng(len(self.tape.draws)).random(tuple(x.shape)) >= layer.p
            return x * self.t.from_numpy(kept).to(x.dtype) / (1 - layer.p)

        return forward


def compared(script: str, dtype: str = "float64", change=in_double) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses of torch and of mytorch."""
    return both(lambda t: losses(script, t, change), dtype)


def both(run, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    """Return the losses of torch and of mytorch, of something that runs with one of them."""
    for t in (torch, mytorch):
        t.set_default_dtype(getattr(t, dtype))
    with Taped(torch, Tape())() as tape:
        expected = np.array(run(torch))
    with Taped(mytorch, Tape(tape))() as replay:
        got = np.array(run(mytorch))
    assert len(replay.draws) == len(tape.draws)
    assert got.shape == expected.shape
    return got, expected


COMPARED = [name for name in SCRIPTS if name not in OWN_DRAWS]


@pytest.mark.parametrize("script", COMPARED)
def test_a_script_gives_the_losses_of_torch(script):
    got, expected = compared(script)
    assert len(got) > 1
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("script", COMPARED)
def test_a_script_as_it_is_begins_with_the_loss_of_torch(script):
    got, expected = compared(script, "float32", str)
    # The first, before any step. It is a sum or a mean over at most some thousand terms.
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-4, atol=1e-4)
    assert np.isfinite(got).all()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_gives_the_losses_of_torch(example):
    got, expected = both(functools.partial(example_losses, example))
    assert len(got) > 1
    assert len(set(expected.tolist())) == len(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("script", "name", "error"), [("autoencoder_resume", "smooth_l1_loss", 1e-7), ("ppo_lstm", "relu", 1e-7)]
)
def test_a_wrong_function_shows_in_the_losses(script, name, error, monkeypatch):
    right = getattr(mytorch.nn.functional, name)
    monkeypatch.setattr(mytorch.nn.functional, name, lambda *args: right(*args) * (1 + error))
    got, expected = compared(script)
    assert not np.allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("framework", [torch, mytorch])
@pytest.mark.parametrize("script", OWN_DRAWS)
def test_a_script_reaches_a_lower_loss_by_its_own_draws(script, framework):
    history = losses(script, framework)
    assert history[-1] < 0.3 * history[0], history


def test_there_are_scripts():
    assert len(SCRIPTS) == 17
