"""`conformance report`: renders a run again, from its parity.json alone, to the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from conformance.cli.main import main
from conformance.report import formats


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a small run that fails, with the text that it printed."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        arguments = ["run", "relu", "models.LSTMCell", "--samples", "1", "--jobs", "1", "--out", "out"]
        assert main([*arguments, "--implementation", "fault:gates-figo", "--junit", "parity.xml"]) == 1
    return folder


FILES = {
    "markdown": "out/parity.md",
    "details": "out/details.md",
    "json": "out/parity.json",
    "junit": "parity.xml",
    "html": "out/parity.html",
}


@pytest.mark.parametrize("format", [name for name in formats.names() if name != "terminal"])
def test_each_format_is_the_bytes_that_the_run_wrote(run, format, capfdbinary, tmp_path):
    written = (run / FILES[format]).read_bytes()
    arguments = ["report", str(run / "out" / "parity.json"), "--format", format]
    assert main(arguments) == 0
    assert capfdbinary.readouterr().out == written
    assert main([*arguments, "--out", str(tmp_path / "new" / "file")]) == 0
    assert capfdbinary.readouterr().out == b""
    assert (tmp_path / "new" / "file").read_bytes() == written


def test_with_the_same_baseline_the_page_is_the_bytes_that_the_run_wrote(run, monkeypatch, capfdbinary):
    monkeypatch.chdir(run)
    arguments = ["run", "relu", "--samples", "1", "--jobs", "1", "--out", "since", "-q"]
    baseline = ["--baseline", "out/baseline.json"]
    assert main([*arguments, "--implementation", "fault:gates-figo", *baseline]) == 0
    capfdbinary.readouterr()
    assert main(["report", "since/parity.json", "--format", "html", *baseline]) == 0
    written = (run / "since" / "parity.html").read_bytes()
    assert capfdbinary.readouterr().out == written
    assert b"Only the cases that this run was asked for are compared: 1 of the 2 of" in written


@pytest.mark.parametrize(
    ("format", "baseline", "says"),
    [
        ("markdown", "out/baseline.json", "baseline: expected the format html, which says what changed"),
        ("html", "none.json", "baseline 'none.json': expected a baseline.json, got none"),
        ("html", "out/parity.json", "baseline 'out/parity.json': this is the parity.json of a run"),
        ("html", "parity.xml", "baseline 'parity.xml': not a baseline"),
    ],
)
def test_a_baseline_that_does_not_serve_is_refused(run, monkeypatch, capsys, format, baseline, says):
    monkeypatch.chdir(run)
    assert main(["report", "out/parity.json", "--format", format, "--baseline", baseline]) == 2
    told = capsys.readouterr()
    assert (says in told.err, told.err.count("\n"), told.out) == (True, 1, "")


def test_the_terminal_shows_what_the_run_showed(command_line, tmp_path):
    done = command_line("run", "relu", "--samples", 1, "--jobs", 1, cwd=tmp_path)
    again = command_line("report", "reports/latest/parity.json", cwd=tmp_path)
    *lines, report = done.stdout.splitlines()
    assert report.startswith("Report: ")
    assert again.stdout.splitlines() == lines


def test_the_bytes_are_those_of_the_file_in_any_encoding(own_process, run):
    done = own_process(
        *("report", "out/parity.json", "--format", "json"), cwd=run, PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert done.stdout == (run / "out" / "parity.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("where", ["| true", ">&-", "> /dev/full"])
def test_output_that_nobody_takes_is_no_traceback(run, where):
    line = f"{sys.executable} -m conformance report out/parity.json --format json {where}"
    done = subprocess.run(["bash", "-c", line], cwd=run, capture_output=True, text=True, check=False)  # noqa: S603, S607 - the command is this file's own
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


def _changed(text):
    return json.dumps(json.loads(text) | {"sheep": 1})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: "# Parity", "parity.json': not a parity report"),
        (lambda _: "\xff", "not a parity report"),
        (lambda text: text.replace('"schema_version": 7', '"schema_version": 3'), "make the report again"),
        (_changed, "'sheep' was unexpected"),
    ],
)
def test_what_is_no_report_is_wrong_usage(run, tmp_path, capsys, change, says):
    path = tmp_path / "parity.json"
    path.write_text(change((run / "out" / "parity.json").read_text(encoding="utf-8")), encoding="utf-8")
    assert main(["report", str(path)]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe{"])
def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path, capsys, content):
    if content:
        (tmp_path / "parity.json").write_bytes(content)
    assert main(["report", str(tmp_path / "parity.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_junit_counts_what_fails(run):
    suite = ET.parse(run / "parity.xml").getroot()[0]  # noqa: S314 - our own file
    assert {test.get("classname") for test in suite.findall("testcase")} == {"relu", "models.LSTMCell", "run"}
    assert {test.get("classname") for test in suite if test.find("failure") is not None} == {
        "models.LSTMCell"
    }


def test_a_folder_cannot_be_the_junit_file(tmp_path, capsys):
    assert main(["run", "relu", "--samples", "1", "--junit", str(tmp_path)]) == 2
    assert f"junit {str(tmp_path)!r}: expected a file to write, got a folder" in capsys.readouterr().err
