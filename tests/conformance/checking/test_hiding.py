"""Files that are hidden cannot be read in a process, by any name that they have."""

from __future__ import annotations

import sys

import pytest

from conformance.checking.hiding import hide


def test_hidden_files_cannot_be_opened_or_imported(tmp_path, python):
    """In a process of its own, because an audit hook stays."""
    (tmp_path / "secret.py").write_text("found = 1\n", encoding="utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "secret.py")
    program = f"""
import importlib, io, os, pathlib, sys
sys.path.insert(0, {str(tmp_path)!r})
sys.dont_write_bytecode = False
import secret  # which writes its bytecode
del sys.modules["secret"]
from conformance.checking.hiding import hide
hide([{str(tmp_path / "secret.py")!r}], "mine:name")
def unseen(read):
    kept, os.stat = os.stat, None
    try:
        read()
    finally:
        os.stat = kept
tries = [
    lambda: importlib.import_module("secret"),
    lambda: importlib.import_module("link"),
    lambda: open({str(tmp_path / "secret.py")!r}),
    lambda: os.open({str(tmp_path / "link.py")!r}, os.O_RDONLY),
    lambda: io.FileIO({str(tmp_path / "secret.py")!r}.encode()),
    lambda: io.FileIO(pathlib.Path({str(tmp_path / "secret.py")!r})),
    lambda: os.open("secret.py", os.O_RDONLY, dir_fd=os.open({str(tmp_path)!r}, os.O_RDONLY)),
    lambda: unseen(lambda: open({str(tmp_path / "secret.py")!r})),
    lambda: next(pathlib.Path({str(tmp_path)!r}).glob("__pycache__/secret*")).read_bytes(),
]
for each in tries:
    try:
        each()
    except PermissionError:
        print("refused")
open({str(tmp_path / "other")!r}, "w").close()
hide([{str(tmp_path / "secret.py")!r}], "elsewhere.py:name")
print({str(tmp_path)!r} in sys.path, {str(tmp_path)!r} in os.environ["PYTHONPATH"])
"""
    done = python("-c", program, cwd=tmp_path)
    assert done.stdout.split() == ["refused"] * 9 + ["False", "False"], done.stderr


def test_nothing_is_hidden_where_the_reference_is_a_library(monkeypatch):
    monkeypatch.setattr(sys, "addaudithook", lambda _: pytest.fail("there is nothing to hide"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    hide([], "mine.py:name")
