"""Hostile subjects, judged by one and by two processes: each verdict, and the report of another after it."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from conformance.cli.main import main

HERE = Path(__file__).parent
HARMS = runpy.run_path(str(HERE / "by_case.py"))["HARMS"]

# What a terminal obeys; a report and a printed line have none of it but the ends of lines.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

TEXTS = {".md", ".json", ".py"}

HARMLESS = ("relu", "add", "nn.Linear")

both = pytest.mark.parametrize("jobs", [1, 2])


def run(subject, out, *cases, jobs, samples=2):
    options = {"samples": samples, "jobs": jobs, "out": out, "implementation": subject}
    return main(["run", *cases, *(f"--{name}={value}" for name, value in options.items())])


def verdicts(folder):
    return json.loads((folder / "parity.json").read_text(encoding="utf-8"))["verdicts"]


def report(folder):
    """Return all files of a folder by their paths, without what may differ between two runs."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    whole = json.loads(texts["parity.json"])
    for key in ("environment", "timing"):
        del whole[key]
    # The page follows from the record, and shows both.
    del texts["parity.html"]
    return texts | {"parity.json": json.dumps(whole)}


def undisturbed(out, jobs):
    assert run(HERE / "subjects.py:Undisturbed", out, *HARMLESS, jobs=jobs) == 0
    return report(out)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Return the report of an undisturbed subject, written before there was any other."""
    return undisturbed(tmp_path_factory.mktemp("before"), 1)


@both
def test_each_has_the_verdict_that_it_deserves_and_the_next_report_is_unchanged(
    tmp_path, capfd, before, jobs
):
    assert run(HERE / "by_case.py:ByCase", tmp_path, *HARMS, jobs=jobs, samples=1) == 1
    shown, told = capfd.readouterr()
    assert "NOT SHOWN" in shown
    assert len(shown) < 10_000
    assert "Traceback" not in told
    for case, (_, status, reason) in HARMS.items():
        found = [verdict for verdict in verdicts(tmp_path) if verdict["case"] == case]
        assert {verdict["status"] for verdict in found} == {status}, case
        assert reason is None or reason in found[0]["reason"], case
    failing = {case for case, (_, status, _) in HARMS.items() if status != "PASS"}
    assert {path.name for path in (tmp_path / "failures").iterdir()} == failing
    written = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*") if path.suffix in TEXTS]
    assert len(written) == 4 + 3 * len(failing)
    assert [text for text in (shown, told, *written) if CONTROL.search(text)] == []
    assert undisturbed(tmp_path, jobs) == before


@both
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("import os\nos._exit(0)", "while it was imported, the subject's process ended with exit code 0"),
        ("import os\ndef mine(): os._exit(0)", "while it was imported, the subject's process ended with"),
        ("def mine(): raise SystemExit(0)", "SystemExit: 0"),
        ("class mine:\n run = unsupported = print\n @property\n def name(self): 1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_ends_where_it_is_imported_is_wrong_use_and_one_line(tmp_path, capfd, jobs, text, told):
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    assert run(tmp_path / "mine.py:mine", tmp_path / "out", "relu", jobs=jobs) == 2
    shown, (line,) = (stream.splitlines() for stream in capfd.readouterr())
    assert shown == []
    assert line.startswith("conformance: implementation ")
    assert told in line
    assert not (tmp_path / "out" / "parity.json").exists()


@both
def test_modes_that_it_alters_where_it_is_imported_are_its_own(tmp_path, before, jobs):
    assert run(HERE / "modes.py:subject", tmp_path, *HARMLESS, jobs=jobs) == 0
    assert verdicts(tmp_path) == json.loads(before["parity.json"])["verdicts"]


@both
def test_a_named_case_that_it_declines_is_not_shown(tmp_path, capfd, jobs):
    assert run(HERE / "subjects.py:DeclinesRelu", tmp_path, "relu", "reciprocal", jobs=jobs) == 1
    shown = capfd.readouterr().out
    assert "NOT SEEN relu: nothing was compared: not today" in shown
    assert "NOT SHOWN" in shown


# Ends the process that imports it, but for the first.
ONCE = """
import os
from pathlib import Path

from conformance.subjects.torchlike import TorchLike

try:
    Path(__file__).with_name("imported").touch(exist_ok=False)
except FileExistsError:
    os._exit(0)


class Mine(TorchLike):
    def run(self, task):
        os._exit(0)


mine = Mine("mine", "mytorch")
"""


@both
def test_what_can_be_imported_only_once_fails_in_the_samples_that_want_it_again(tmp_path, jobs):
    (tmp_path / "mine.py").write_text(ONCE, encoding="utf-8")
    assert run(tmp_path / "mine.py:mine", tmp_path, "relu", jobs=jobs) == 1
    found = verdicts(tmp_path)
    assert {verdict["status"] for verdict in found} == {"ERROR"}
    again = "while it was imported, the subject's process ended with exit code 0"
    assert any(again in verdict["reason"] for verdict in found)
