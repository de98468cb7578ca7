"""A saved file is there whole or not at all, under the path asked for, with the mode it had."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

import mytorch


@pytest.mark.parametrize("broken", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, broken, error):
    path = tmp_path / "x"
    mytorch.save(1, path)

    def fail(*_):
        raise error

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(type(error)) as caught:
        mytorch.save(2, path)
    assert mytorch.load(path) == 1
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(error, OSError):
        assert str(caught.value) == f"[Errno 28] No space left on device: {str(path)!r}"


def test_a_process_that_ends_while_it_saves_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    mytorch.save(1, path)
    program = f"import mytorch, os; os.fsync = lambda _: os._exit(9); mytorch.save([2] * 1000, {str(path)!r})"
    ended = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - the program above
    assert ended.returncode == 9
    assert mytorch.load(path) == 1


def test_threads_that_save_to_one_path(tmp_path, monkeypatch):
    path = tmp_path / "x"
    both = threading.Barrier(2, timeout=60)
    genuine = os.fsync

    def meet(file):
        both.wait()  # both files are written, and neither has been moved
        genuine(file)

    monkeypatch.setattr(os, "fsync", meet)
    errors = []

    def work(count):
        try:
            mytorch.save([mytorch.ones(count)] * count, path)
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(count,)) for count in (3, 300)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    found = mytorch.load(path)
    assert len(found) in (3, 300)
    assert all(x.tolist() == [1.0] * len(found) for x in found)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_mode_stays(tmp_path, mode):
    path = tmp_path / "x"
    path.touch()
    path.chmod(mode)
    mytorch.save(1, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_mode_of_every_new_file(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    mytorch.save(1, tmp_path / "x")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("exists", [True, False])
def test_links_stay(tmp_path, exists):
    (tmp_path / "runs").mkdir()
    target = tmp_path / "runs" / "epoch3"
    if exists:
        mytorch.save(1, target)
    (tmp_path / "last").symlink_to("runs/epoch3")
    (tmp_path / "best").symlink_to("last")
    mytorch.save(2, tmp_path / "best")
    assert (tmp_path / "best").readlink().name == "last"
    assert (tmp_path / "last").is_symlink()
    assert not target.is_symlink()
    assert mytorch.load(target) == 2
    assert list(target.parent.iterdir()) == [target]


def test_what_is_not_a_file_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    mytorch.save(1, tmp_path / "x")
    # Open at both ends, so that no open waits for the other end.
    reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        mytorch.save(1, path)
        assert path.is_fifo()
        assert os.read(reader, 4096) == (tmp_path / "x").read_bytes()
    finally:
        os.close(reader)


def test_a_file_that_is_protected_from_writing_stays(tmp_path, monkeypatch):
    path = tmp_path / "x"
    mytorch.save(1, path)
    # For root every file is writable.
    monkeypatch.setattr(os, "access", lambda name, mode: (name, mode) != (str(path), os.W_OK))
    with pytest.raises(PermissionError, match=r"'.*/x'$"):
        mytorch.save(2, path)
    assert mytorch.load(path) == 1


def test_a_long_name(tmp_path):
    path = tmp_path / ("é" * 127)
    mytorch.save(1, path)
    assert mytorch.load(path) == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("no folder/x", FileNotFoundError),
        ("link/x", FileNotFoundError),
        ("file/x", NotADirectoryError),
        ("loop", OSError),
        ("folder", IsADirectoryError),
        ("new/", IsADirectoryError),
        ("", FileNotFoundError),
    ],
)
def test_the_path_asked_for_is_named(tmp_path, monkeypatch, path, error):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error) as caught:
        mytorch.save(1, path)
    assert str(caught.value).endswith(f": {path!r}")
    assert sorted(tmp_path.iterdir()) == before
