"""The process of a subject: what it is sent, and that it and what it starts end with the judge."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from conformance import processes
from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.sampling.space import draw
from conformance.subjects import host
from conformance.subjects.host import Limits, Process
from conformance.subjects.hosted import Hosted
from conformance.subjects.protocol import Ended, Task
from conformance.subjects.torchlike import TorchLike

SUBJECT = """
import os, sys, time, warnings
import numpy as np
from conformance import TorchLike, UsageError


class Base(TorchLike):
    def __init__(self):
        super().__init__("mine", "mytorch")


class Named(TorchLike):
    def __init__(self):
        super().__init__(os.environ["CHOSEN"], "mytorch")


class Echo(Base):
    def run(self, task):
        return {**task.inputs(), "about": np.array([os.getppid(), os.getpid()])}


class Starts(Base):
    def run(self, task):
        child = os.fork()
        if not child:
            time.sleep(600)
        print(child, flush=True)
        os._exit(1)


class Loops(Base):
    def run(self, task):
        with open(os.environ["TOLD"], "w") as told:
            told.write(str(os.getpid()))
        while True:
            pass


class LoopsWhereItIsMade(Base):
    def __init__(self):
        while True:
            pass


class Warns(Base):
    def run(self, task):
        warnings.warn("careful")
        return {}


class Many(Base):
    def run(self, task):
        return {**super().run(task), **{f"more.{k}": np.zeros(1) for k in range(int(os.environ["MANY"]))}}


class Once(Base):
    def __init__(self):
        super().__init__()
        if os.path.exists("made"):
            raise UsageError("only once")
        open("made", "w").close()

    def run(self, task):
        os._exit(1)
"""

# A judge that waits for an answer.
JUDGE = """
import sys
from test_host import hosted, task
hosted(sys.argv[1], 600.0).run(task())
"""


def hosted(spec, seconds=60.0, command=""):
    return Hosted(Process({"do": "load", "spec": str(spec)}, limits=Limits(seconds, command)))


def task(**fields):
    case = CASES["relu"]
    return Task(case, draw("relu", case.space, 1, 1)[0], "float32", **fields)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "mine.py").write_text(SUBJECT, encoding="utf-8")
    return tmp_path / "mine.py"


def ended(process):
    """Whether a process ends, for which it is given as long as a slow machine may take."""
    try:
        file = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([file], [], [], 60)[0])
    finally:
        os.close(file)


def test_drawn_and_stored_arrays_are_the_same_there_bit_for_bit(path):
    subject = hosted(f"{path}:Echo")
    drawn = task()
    # More than a pipe holds.
    stored = task(stored={"input": np.random.default_rng(1).standard_normal((300, 1000))})
    for each in (drawn, stored, drawn):
        found = subject.run(each)["input"]
        assert found.dtype == np.float32
        assert found.tobytes() == each.inputs()["input"].tobytes()
    subject.close()


def test_a_case_that_is_not_listed_cannot_be_asked_for(path):
    subject = hosted(f"{path}:Echo")
    case = replace(CASES["relu"])
    with pytest.raises(ValueError, match="relu: only a case that is listed"):
        subject.run(Task(case, task().sample, "float32"))
    subject.close()


def test_the_program_that_starts_it_can_be_named(path):
    subject = hosted(f"{path}:Named", command="env 'CHOSEN=one of two'")
    assert subject.name == "one of two"
    subject.close()
    with pytest.raises(UsageError, match=r"host command 'no-such-program': .*No such file"):
        hosted(f"{path}:Named", command="no-such-program")


@pytest.mark.parametrize("pickled", [True, False])
def test_the_harness_is_not_looked_for_where_a_subject_was_imported_here(path, monkeypatch, pickled):
    folder = path.parent / "shadowing"
    folder.mkdir()
    (folder / "conformance.py").write_text("raise ImportError(__file__)", encoding="utf-8")
    (folder / "own_library.py").write_text("name = 'from there'", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(processes, "_added", [])
    monkeypatch.chdir(folder)
    processes.look_here()
    (folder / "shadowed.py").write_text(
        "import own_library\nfrom conformance import TorchLike\n"
        "mine = TorchLike(own_library.name, 'mytorch')\n",
        encoding="utf-8",
    )
    if pickled:
        named = TorchLike("from there", "mytorch")
        subject = Hosted(Process({"do": "load"}, cloudpickle.dumps(named)))
    else:
        subject = hosted("shadowed:mine")
    assert subject.name == "from there"
    subject.close()


def test_it_ends_when_it_is_closed(path):
    subject = hosted(f"{path}:Echo")
    (_, process) = subject.run(task())["about"]
    subject.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="the end of a process is waited for by Linux's pidfd"
)
def test_what_it_starts_ends_with_it(path):
    with pytest.raises(Ended, match="exit code 1") as caught:
        hosted(f"{path}:Starts").run(task())
    child = int(str(caught.value).split()[-1])
    assert ended(child)


@pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="the end of a process is waited for by Linux's pidfd"
)
def test_it_ends_when_the_judge_is_killed_though_the_subject_still_runs(path):
    told = path.parent / "told"
    os.mkfifo(told)
    file = os.open(told, os.O_RDWR)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    judge = subprocess.Popen(  # noqa: S603 - the command is this file's own
        [sys.executable, "-c", JUDGE, f"{path}:Loops"],
        env={**os.environ, "PYTHONPATH": paths, "TOLD": str(told)},
    )
    with judge:
        # Told by the subject itself: from here on it never reads again, nor answers.
        assert select.select([file], [], [], 60)[0]
        process = int(os.read(file, 99))
        judge.send_signal(signal.SIGKILL)
        assert ended(process)


def test_a_subject_that_can_be_imported_only_once_is_an_error_of_the_next_sample(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    subject = hosted(f"{path}:Once")
    for told in ("exit code 1", "only once", "only once"):
        with pytest.raises(Ended, match=told):
            subject.run(task())
    assert subject.deaths == 3


def test_an_import_that_hangs_is_told_without_a_limit_that_it_does_not_have(path, monkeypatch):
    monkeypatch.setattr(host, "_START", 1.0)
    with pytest.raises(UsageError, match=r"did not answer within 1 s; it printed last"):
        hosted(f"{path}:LoopsWhereItIsMade", 0.5)


def test_a_warning_that_is_shown_once_per_place_is_kept_with_every_task(path):
    subject = hosted(f"{path}:Warns")
    for _ in range(2):
        subject.run(task())
        assert "UserWarning: careful" in subject.printed
    subject.close()


def test_names_that_the_reference_lacks_are_told_in_a_few_verdicts(path, monkeypatch):
    relu = CASES["relu"]
    prepared = prepare(relu, task().sample)
    for many, statuses in ((900, [Status.FAIL] * 9), (4_200, [Status.ERROR])):
        monkeypatch.setenv("MANY", str(many))
        subject = hosted(f"{path}:Many")
        found = [v for v in judge_sample(prepared, subject) if v.lane == "float32" and not v.passed]
        subject.close()
        assert [v.status for v in found] == statuses
        assert ("lacks 892 more names" if many == 900 else "at most 4,096 arrays") in found[-1].reason


def test_what_a_program_needs_here_is_imported_before_its_time_counts():
    program = """
import sys
from conformance.running.host_main import _Subject
print(_Subject().load({"spec": "cmd:true"}, {})[0]["name"], "torch" in sys.modules)
"""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this file's own
    assert run.stdout == "cmd:true True\n"
