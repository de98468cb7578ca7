"""Every example runs as a newcomer runs it, at reduced size, and shows what it says it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
LESSON = json.loads((EXAMPLES / "lstm_lesson.ipynb").read_text(encoding="utf-8"))
LESSON_CODE = [cell for cell in LESSON["cells"] if cell["cell_type"] == "code"]

SMALL = {
    "adding_problem.py": ["--length", "40", "--steps", "500"],
    "forecast.py": ["--epochs", "30"],
    "language_model.py": ["--words", "15000", "--epochs", "6", "--batch", "10", "--tests", "8000"],
    "spoken_digits.py": ["--steps", "110", "--speakers", "300", "--tests", "40", "--templates", "2"],
    "translate_dates.py": ["--steps", "80"],
}


def start(program: Path, *arguments: str) -> str:
    """Run a program in a fresh process, in which warnings are errors, and return what it printed."""
    environment = dict(os.environ)
    if environment.get("PACKAGES_FROM") != "site-packages":
        environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(  # noqa: S603  # the programs are this repository's own
        [sys.executable, "-W", "error", str(program), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100%" in done.stderr, "no progress bar came to its end"
    return done.stdout


def assert_is_a_picture(path: Path) -> None:
    """A picture has an area, more than one colour, and not just a frame."""
    from matplotlib.image import imread

    pixels = imread(path)
    assert min(pixels.shape[:2]) > 100
    height, width = pixels.shape[:2]
    inner = pixels[height // 5 : height * 4 // 5, width // 5 : width * 4 // 5, :3]
    assert len(np.unique(inner.reshape(-1, 3), axis=0)) > 10


def table(printed: str) -> dict[str, float]:
    """Take the first column that holds errors from a table: its name, and the number."""
    rows = re.findall(r"^(\S.*?)(?: {2,}[\d,]+)?  +(\d+\.\d+).*$", printed, flags=re.MULTILINE)
    return {name: float(number) for name, number in rows}


@pytest.fixture(scope="module")
def run_small(tmp_path_factory):
    """Run an example at reduced size, once for all the tests that look at it."""
    results: dict[str, tuple[str, Path]] = {}

    def run(name: str) -> tuple[str, Path]:
        if name not in results:
            out = tmp_path_factory.mktemp("example") / "picture.png"
            results[name] = start(EXAMPLES / name, *SMALL[name], "--out", str(out)), out
        return results[name]

    return run


@pytest.mark.parametrize("name", SMALL)
def test_a_picture_is_drawn(run_small, name):
    printed, picture = run_small(name)
    assert f"picture: {picture}" in printed
    assert_is_a_picture(picture)


def test_the_lstm_learns_to_add_and_the_rnn_does_not(run_small):
    errors = table(run_small("adding_problem.py")[0])
    assert list(errors) == ["always 1.0", "RNN", "LSTM"]
    assert errors["LSTM"] < 0.02
    assert errors["RNN"] > 0.1


def test_the_forecast_is_better_than_saying_as_last_year(run_small):
    errors = table(run_small("forecast.py")[0])
    assert list(errors) == ["mean", "persistence", "autoregression", "LSTM"]
    assert errors["LSTM"] < 0.75 * errors["persistence"] < errors["mean"]


def test_dates_that_were_held_out_are_translated(run_small):
    printed, _ = run_small("translate_dates.py")
    assert "Of 2,191 held-out dates:" in printed
    right = dict(re.findall(r"^(with.* attention) +(\d+) exact", printed, flags=re.MULTILINE))
    assert list(right) == ["without attention", "with attention"]
    # A guess is right once in 21,915 days.
    assert int(right["with attention"]) > 500 + 3 * int(right["without attention"])


def test_digits_of_new_speakers_are_heard(run_small):
    printed, _ = run_small("spoken_digits.py")
    rows = re.findall(r"^(templates|LSTM) +([\d.]+)% +\d+ of 40 strings", printed, flags=re.MULTILINE)
    wrong = {name: float(number) for name, number in rows}
    assert list(wrong) == ["templates", "LSTM"]
    # Blanks alone are 100 %, and so is a digit at random for each.
    assert 0 < max(wrong.values()) < 60


def test_the_language_model_is_better_than_counts_of_three_words(run_small):
    printed, _ = run_small("language_model.py")
    rows = re.findall(r"^(\S.*?)  +(\d+\.\d\d)(?: +([\d.]+)% +([\d.]+)%.*)?$", printed, flags=re.MULTILINE)
    perplexity = {name: float(number) for name, number, *_ in rows}
    assert list(perplexity) == ["1 word", "2 words", "3 words", "LSTM", "the grammar itself"]
    assert perplexity["the grammar itself"] < perplexity["LSTM"] < 0.8 * perplexity["3 words"]
    assert max(perplexity["2 words"], perplexity["3 words"]) < 0.5 * perplexity["1 word"]
    # Counts of words are led astray by the noun before a verb.
    near, far = next((float(near), float(far)) for name, _, near, far in rows if name == "3 words")
    assert near > 70
    assert far < 50


@pytest.mark.parametrize("name", SMALL)
def test_the_same_program_runs_on_torch(name, tmp_path):
    """Changing the import is the whole port; here in the direction that shows nothing was added to torch."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    ported = re.sub(r"^(from|import) mytorch", r"\1 torch", text, flags=re.MULTILINE)
    ported = ported.replace("import torch as torch", "import torch")
    assert "mytorch" not in ported
    (tmp_path / name).write_text(ported, encoding="utf-8")
    (tmp_path / "sunspots.csv").write_bytes((EXAMPLES / "sunspots.csv").read_bytes())
    arguments = [argument if argument.startswith("-") else "5" for argument in SMALL[name]]
    start(tmp_path / name, *arguments, "--out", str(tmp_path / "picture.png"))
    assert_is_a_picture(tmp_path / "picture.png")


def test_the_lesson_runs_from_top_to_bottom(tmp_path):
    lesson = EXAMPLES / "lstm_lesson.ipynb"
    printed = start(EXAMPLES / "run_notebook.py", str(lesson), "--steps", "150", "--out", str(tmp_path))
    assert "the same outputs: True" in printed
    first, last = re.search(r"loss: (\S+) in the first step, (\S+) in the last", printed).groups()
    assert float(last) < float(first) / 5
    pictures = sorted(tmp_path.glob("*.png"))
    assert len(pictures) == 3
    for picture in pictures:
        assert_is_a_picture(picture)


def test_the_lesson_is_a_notebook_with_its_results():
    assert (LESSON["nbformat"], LESSON["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in LESSON["cells"]}) == len(LESSON["cells"])
    assert {cell["cell_type"] for cell in LESSON["cells"]} == {"markdown", "code"}
    assert [cell["execution_count"] for cell in LESSON_CODE] == list(range(1, len(LESSON_CODE) + 1))
    kinds = [output["output_type"] for cell in LESSON_CODE for output in cell["outputs"]]
    assert kinds.count("display_data") == 3
    assert set(kinds) == {"display_data", "stream"}


def test_the_series_is_whole_and_names_its_source():
    lines = (EXAMPLES / "sunspots.csv").read_text(encoding="utf-8").splitlines()
    assert "SIDC" in lines[0]
    years, spots = np.loadtxt(lines[3:], delimiter=",").T
    assert years.tolist() == list(range(1700, 2009))
    assert 0 <= spots.min() < spots.max() < 200


def test_every_example_is_described():
    described = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    programs = [path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".ipynb"}]
    assert [name for name in programs if f"]({name})" not in described] == []
    assert sorted(SMALL) == sorted(set(programs) - {"run_notebook.py", "lstm_lesson.ipynb"})
