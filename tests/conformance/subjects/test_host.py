"""The process of a subject: what it is sent, and that it and what it starts end with the judge."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.sampling.space import draw
from conformance.subjects.host import Limits, Process
from conformance.subjects.hosted import Hosted
from conformance.subjects.protocol import Ended, Task

SUBJECT = """
import os, sys, time
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
        while True:
            pass


class Once(Base):
    def __init__(self):
        super().__init__()
        if os.path.exists("made"):
            raise UsageError("only once")
        open("made", "w").close()

    def run(self, task):
        os._exit(1)
"""

# A judge that tells the number of its subject's process, and waits for an answer.
JUDGE = """
import sys
from test_host import hosted, task
subject = hosted(sys.argv[1], 60.0)
print(subject._process._process.pid, flush=True)
subject.run(task())
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
    judge = subprocess.Popen(  # noqa: S603 - the command is this file's own
        [sys.executable, "-c", JUDGE, f"{path}:Loops"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        stdout=subprocess.PIPE,
    )
    with judge:
        process = int(judge.stdout.readline())
        judge.send_signal(signal.SIGKILL)
        assert ended(process)


def test_a_subject_that_can_be_imported_only_once_is_an_error_of_the_next_sample(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    subject = hosted(f"{path}:Once")
    for told in ("exit code 1", "only once", "only once"):
        with pytest.raises(Ended, match=told):
            subject.run(task())
    assert subject.deaths == 3
