"""What is said of paths that a caller gives: which argument, which path, what was expected and what came."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from conformance.arguments import path_of
from conformance.cli.main import _parser, main
from conformance.errors import UsageError
from conformance.paths import check_folder, check_target, found_at, made_folder, reading

# The record of a run, and its baseline.
REPORT = Path(__file__).parent / "report" / "golden" / "parity.json"
BASELINE = Path(__file__).parents[2] / "reports" / "baseline.json"
RUN = ("run", "relu", "--samples", "1", "--jobs", "1")

# Each argument that takes a file which is read: the command with @ instead of it, and its name in the error.
READ = {
    "report": (("report", "@"), "report"),
    "baseline of report": (("report", REPORT, "--format", "html", "--baseline", "@"), "baseline"),
    "gate": (("gate", "@", "--baseline", BASELINE), "report"),
    "baseline of gate": (("gate", REPORT, "--baseline", "@"), "baseline"),
    "before": (("compare", "@", REPORT), "before"),
    "after": (("compare", REPORT, "@"), "after"),
    "merge": (("merge", "@"), "shard"),
    "baseline of merge": (("merge", REPORT, "--baseline", "@"), "baseline"),
    "baseline of run": ((*RUN, "--baseline", "@"), "baseline"),
    "judge": (("judge", "@"), "export"),
    "safetensors": (("convert", "torch", "keras", "@.safetensors", "o.npz"), "file"),
    "npz": (("convert", "torch", "keras", "@.npz", "o.npz"), "file"),
    "pt": (("convert", "torch", "keras", "@.pt", "o.npz"), "file"),
    "inputs of check": (("check", "torch:exp", "torch:exp2", "--inputs", "@.npz"), "inputs"),
    "inputs of tolerance": (("tolerance", "torch:exp", "--inputs", "@.npz"), "inputs"),
}

# Each argument that takes a file which is written.
WRITTEN = {
    "report": (("report", REPORT, "--out", "@"), "out"),
    "markdown": (("gate", REPORT, "--baseline", BASELINE, "--markdown", "@"), "markdown"),
    "junit of run": ((*RUN, "--junit", "@"), "junit"),
    "junit of merge": (("merge", REPORT, "--junit", "@"), "junit"),
    "convert": (("convert", "torch", "keras", "text.npz", "@.npz"), "out"),
}

# Each argument that takes a folder which is written to.
FOLDERS = {
    "run": ((*RUN, "--out", "@"), "out"),
    "selftest": (("selftest", "--fault", "h0-ignored", "--out", "@"), "out"),
    "calibrate": (("calibrate", "add", "--out", "@"), "out"),
    "check": (("check", "torch:exp", "torch:exp2", "--out", "@"), "out"),
    "bench": (("bench", "Linear", "--out", "@"), "out"),
    "judge": (("judge", "none", "--out", "@"), "out"),
}


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Return what runs a command with a path and returns the one line that it says."""
    monkeypatch.chdir(tmp_path)
    for ending in ("", ".npz", ".pt", ".safetensors"):
        (tmp_path / f"folder{ending}").mkdir()
        (tmp_path / f"empty{ending}").touch()
        (tmp_path / f"text{ending}").write_text("some text", encoding="utf-8")
        (tmp_path / f"binary{ending}").write_bytes(b"\x89PNG\xff\x00")

    def run(arguments, path):
        assert main([str(each).replace("@", path) for each in arguments]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert re.fullmatch("conformance: .*\n", shown.err)
        assert "Errno" not in shown.err
        return shown.err.removeprefix("conformance: ")

    return run


@pytest.mark.parametrize(("arguments", "name"), READ.values(), ids=READ)
def test_a_file_that_cannot_be_read_is_named_with_what_was_expected_and_what_came(told, arguments, name):
    for path, got in {
        "missing": "none",
        "text/below": "none",
        "folder": "a folder",
        "empty": "an empty file",
        "text": "",
        "binary": "",
    }.items():
        line = told(arguments, path)
        assert line.startswith(f"{name} '{path}")
        if got:
            assert re.search(f"expected .*, got {got}|expected a file, got none; --accept", line)
        else:
            assert re.search("expected|not a parity report|not a baseline", line)


@pytest.mark.parametrize(("arguments", "name"), WRITTEN.values(), ids=WRITTEN)
def test_a_file_that_cannot_be_written_is_named_before_anything_is_done(told, arguments, name):
    for path, got in {"folder": "a folder", "text/below": "one in .*text', which is not a folder"}.items():
        assert re.match(f"{name} '{path}.*': expected a file to write, got {got}", told(arguments, path))


@pytest.mark.parametrize(("arguments", "name"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_cannot_be_made_is_named_before_anything_is_done(told, arguments, name):
    for path in ("text", "text/below"):
        assert re.match(f"{name} '.*{path}.*': expected a .*, got (a|one in) .*", told(arguments, path))


@pytest.mark.parametrize(
    "arguments", [value[0] for each in (READ, WRITTEN, FOLDERS) for value in each.values() if "@" in value[0]]
)
def test_an_empty_path_is_not_the_current_directory(told, tmp_path, arguments):
    before = sorted(tmp_path.iterdir())
    assert re.match(r"[-\w./]+: expected a path, got ''", told(arguments, ""))
    assert sorted(tmp_path.iterdir()) == before


def test_no_argument_of_a_command_takes_an_empty_path_for_the_current_directory():
    (commands,) = (action for action in _parser()._actions if isinstance(action.choices, dict))
    taken = {
        f"{name} {action.dest}": action.type
        for name, command in commands.choices.items()
        for action in command._actions
        if action.type not in {None, int, float}
    }
    assert "run out" in taken
    assert {*taken.values()} == {path_of}


def test_a_report_and_a_baseline_that_were_swapped_are_told_apart(told):
    assert "this is a baseline" in told(("report", "@"), str(BASELINE))
    assert "this is the parity.json of a run" in told(("gate", REPORT, "--baseline", "@"), str(REPORT))


def test_what_is_at_a_path(tmp_path):
    (tmp_path / "link").symlink_to("none")
    assert found_at(tmp_path / "link") == "a link to nothing"
    assert found_at(Path(os.devnull)) == "neither a file nor a folder"
    assert found_at(Path(300 * "x")) == "the error 'File name too long'"
    assert found_at(Path("a\0b")).startswith("a name that no file can have")


def test_a_file_without_permission_is_named_and_other_errors_are_not_taken_for_it(tmp_path):
    path = tmp_path / "file"
    path.write_text("text", encoding="utf-8")
    denied = r"what '.*file': expected it, got the error 'Denied'"
    with pytest.raises(UsageError, match=denied), reading("what", path, "it"):
        raise PermissionError(13, "Denied", str(path))
    with pytest.raises(OSError, match="Full"), reading("what", path, "it"):
        raise OSError(28, "Full", "another")
    within = r"^what '.*file': of its content$"
    with pytest.raises(UsageError, match=within), reading("what", path, "it", "it"):
        raise UsageError("it: of its content")


def test_what_will_be_made_is_not_refused(tmp_path):
    check_target("out", tmp_path / "new" / "file")
    made_folder("out", tmp_path / "new" / "folder")
    (tmp_path / "new" / "folder" / "file").touch()
    check_folder("what", tmp_path / "new" / "folder", "file", "it")
    with pytest.raises(UsageError, match="expected it, got a folder without other"):
        check_folder("what", tmp_path / "new" / "folder", "other", "it")
