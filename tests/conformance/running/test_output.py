"""The output folder: checked and held before anything is judged, and cleared of nothing but old bundles."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import conformance
from conformance.errors import UsageError
from conformance.report import calibration, files, kills
from conformance.running import doing
from conformance.running.output import BUNDLE_FILES, FILES, LOCK, PART, held, remove_bundles, whole_bundle

# Holds a folder until its standard input ends.
HOLDER = """
import sys
from pathlib import Path

from conformance.running.output import held

with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

# Is killed while it writes a bundle.
KILLED = """
import os, signal, sys
from pathlib import Path

from conformance.running.output import whole_bundle

with whole_bundle(Path(sys.argv[1]), "tanh") as folder:
    (folder / "arrays.npz").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def bundle(folder, **about):
    folder.mkdir(parents=True)
    (folder / "__pycache__").mkdir()
    for pattern in BUNDLE_FILES:
        (folder / pattern.replace("*", "cpython-311")).touch()
    about = {"bundle_version": 3, "sample": "x:"} | about
    (folder / "bundle.json").write_text(json.dumps(about), encoding="utf-8")


def left(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_it_is_made_and_nothing_is_left_in_it(tmp_path):
    folder = tmp_path / "new" / "out"
    with held(folder):
        assert (folder / LOCK).read_text(encoding="ascii") == str(os.getpid())
    assert left(folder) == set()


def test_it_is_free_again_after_an_exception(tmp_path, caplog):
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        raise ZeroDivisionError
    with held(tmp_path):
        pass
    assert caplog.messages == []


def test_what_another_process_holds_is_refused_with_its_number(tmp_path, monkeypatch):
    judged = []
    monkeypatch.setattr(doing, "in_processes", lambda *_: judged.append(_))
    with subprocess.Popen(  # noqa: S603 - the command is this file's own
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(UsageError, match=f"process {holder.pid} is writing to '{tmp_path}'"):
            conformance.run("torch", ["relu"], 1, out=tmp_path)
        holder.communicate()
    assert judged == []
    assert left(tmp_path) == set()


def test_what_a_killed_process_held_is_taken_over_with_a_line(tmp_path, caplog):
    with subprocess.Popen(  # noqa: S603 - the command is this file's own
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    assert left(tmp_path) == {LOCK}
    with held(tmp_path):
        assert (tmp_path / LOCK).read_text(encoding="ascii") == str(os.getpid())
    assert len(caplog.messages) == 1
    assert f"takes {tmp_path} over from process {holder.pid}" in caplog.messages[0]


def test_a_lock_whose_file_was_removed_meanwhile_is_not_one(tmp_path, monkeypatch):
    """Between opening the file and locking it, its holder ends, and another process takes the folder."""
    opened, real = [], Path.open

    def opening(path, *arguments, **options):
        file = real(path, *arguments, **options)
        if not opened:
            path.unlink()
        opened.append(path)
        return file

    monkeypatch.setattr(Path, "open", opening)
    with held(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert len(opened) == 2


@pytest.mark.parametrize("name", ["file", "file/new"])
def test_what_is_not_a_folder_is_refused_before_anything_is_judged(tmp_path, monkeypatch, name):
    (tmp_path / "file").touch()
    monkeypatch.setattr(doing, "in_processes", None)
    told = f"out '.*{name}': expected a folder that can be written to, got .*file"
    with pytest.raises(UsageError, match=told):
        conformance.run("torch", ["relu"], 1, out=tmp_path / name)


@pytest.mark.parametrize("name", [*FILES, "parity.json.part"])
def test_a_report_that_could_not_be_written_is_refused_before_anything_is_judged(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.setattr(doing, "in_processes", None)
    with pytest.raises(UsageError, match=f"out: expected .*{name}' to be a file or not there, got a folder"):
        conformance.run("torch", ["relu"], 1, out=tmp_path)
    assert left(tmp_path) == {name}


@pytest.mark.parametrize(("kind", "got"), [("file", "an empty file"), ("broken link", "a link to nothing")])
def test_a_folder_of_bundles_that_is_not_one_is_refused_before_anything_is_judged(
    tmp_path, monkeypatch, kind, got
):
    failures = tmp_path / "failures"
    {"file": failures.touch, "broken link": lambda: failures.symlink_to("none")}[kind]()
    monkeypatch.setattr(doing, "in_processes", None)
    with pytest.raises(UsageError, match=f"out: expected .*failures' to be a folder or not there, got {got}"):
        conformance.run("torch", ["relu"], 1, out=tmp_path)


def test_every_file_of_a_report_is_checked():
    """Each name that a module writes is the name of a file in its source."""
    sources = "".join(
        Path(str(module.__file__)).read_text(encoding="utf-8") for module in (files, kills, calibration)
    )
    written = set(re.findall(r'"(\w+\.(?:json|md|toml|txt|html|xml))"', sources))
    assert written | {"verdicts.jsonl"} == set(FILES)


def test_what_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    real = Path.open

    def refused(path, *arguments, **options):
        if path.parent == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(doing, "in_processes", None)
    with pytest.raises(UsageError, match=r"expected a folder that can be written to.*Permission denied"):
        conformance.run("torch", ["relu"], 1, out=tmp_path)


def test_bundles_are_removed_and_their_folder(tmp_path, caplog):
    bundle(tmp_path / "failures" / "tanh")
    bundle(tmp_path / "failures" / "nn.LSTM@split-time")
    remove_bundles(tmp_path / "failures")
    assert (left(tmp_path), caplog.messages) == (set(), [])
    remove_bundles(tmp_path / "failures")


def test_what_conformance_did_not_write_stays_and_is_named_in_one_line(tmp_path, caplog):
    failures = tmp_path / "failures"
    bundle(failures / "tanh")
    (failures / "tanh" / "notes.txt").touch()
    (failures / "thesis").mkdir()
    (failures / "thesis" / "arrays.npz").touch()
    (failures / "others").mkdir()
    (failures / "others" / "bundle.json").write_text("{}", encoding="utf-8")
    (failures / "damaged").mkdir()
    (failures / "damaged" / "bundle.json").write_text("{", encoding="utf-8")
    (failures / "file").touch()
    bundle(tmp_path / "elsewhere")
    (failures / "link").symlink_to(tmp_path / "elsewhere")
    stay = {"tanh/notes.txt", "thesis/arrays.npz", "others/bundle.json", "damaged/bundle.json", "file"}
    remove_bundles(failures)
    assert {path.relative_to(failures).as_posix() for path in failures.rglob("*") if path.is_file()} == stay
    assert len(left(tmp_path / "elsewhere")) == len(BUNDLE_FILES) + 1
    assert len(caplog.messages) == 1
    assert "leaves damaged, file, link, … in" in caplog.messages[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_killed_process_left_of_a_bundle_is_no_bundle_and_goes(tmp_path, python, caplog):
    assert python("-c", KILLED, tmp_path / "failures", cwd=tmp_path).returncode == -9
    assert left(tmp_path) == {"failures", f"failures/{PART}tanh", f"failures/{PART}tanh/arrays.npz"}
    with whole_bundle(tmp_path / "failures", "tanh") as folder:
        (folder / "bundle.json").write_text('{"bundle_version": 7, "sample": "tanh:"}', encoding="utf-8")
    assert (tmp_path / "failures" / "tanh" / "bundle.json").exists()
    remove_bundles(tmp_path / "failures")
    assert (left(tmp_path), caplog.messages) == (set(), [])


@pytest.mark.parametrize("raised", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_bundle_that_cannot_be_written_whole_is_not_there(tmp_path, raised):
    with pytest.raises(type(raised)), whole_bundle(tmp_path, "tanh") as folder:  # noqa: PT012 - half of it is the point
        (folder / "arrays.npz").touch()
        raise raised
    assert left(tmp_path) == set()


@pytest.mark.parametrize("kind", ["file", "folder", "broken link"])
def test_where_something_has_its_name_a_bundle_has_another(tmp_path, kind, caplog):
    theirs = tmp_path / "tanh"
    {"file": theirs.touch, "folder": theirs.mkdir, "broken link": lambda: theirs.symlink_to("none")}[kind]()
    for _ in range(2):
        with whole_bundle(tmp_path, "tanh") as folder:
            (folder / "arrays.npz").touch()
    ours = {"tanh-2", "tanh-2/arrays.npz", "tanh-3", "tanh-3/arrays.npz"}
    assert left(tmp_path) == {"tanh"} | ours
    assert theirs.is_symlink() == (kind == "broken link")
    assert [message.partition(" to ")[2] for message in caplog.messages] == [
        f"{tmp_path / name}, because that name is taken" for name in ("tanh-2", "tanh-3")
    ]


def test_a_run_that_fails_writes_its_bundle_next_to_what_has_its_name(tmp_path):
    theirs = tmp_path / "failures" / "relu" / "repro.py"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("MINE", encoding="utf-8")
    double = conformance.TorchLike("double", "mytorch", {"relu": lambda _, x: {"output": 2 * x["input"]}})
    for _ in range(2):
        assert conformance.run(double, ["relu"], 1, out=tmp_path, shrink=False).exit_code == 1
    assert theirs.read_text(encoding="utf-8") == "MINE"
    assert left(theirs.parent) == {"repro.py"}
    assert {path.name for path in (tmp_path / "failures").iterdir()} == {"relu", "relu-2"}
    assert (tmp_path / "failures" / "relu-2" / "bundle.json").exists()


def test_a_run_that_passes_leaves_what_it_did_not_write(tmp_path, caplog):
    (tmp_path / "failures").mkdir()
    (tmp_path / "failures" / "thesis.md").touch()
    bundle(tmp_path / "failures" / "relu")
    assert conformance.run("torch", ["relu"], 1, out=tmp_path).exit_code == 0
    assert left(tmp_path / "failures") == {"thesis.md"}
    assert len(caplog.messages) == 1


def test_the_folder_is_where_it_was_when_the_run_began(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Moves(conformance.TorchLike):
        def run(self, task):
            os.chdir(os.sep)
            return super().run(task)

    conformance.run(Moves("moves", "mytorch"), ["relu"], 1, out="out")
    assert (tmp_path / "out" / "parity.json").exists()
