"""A Dask cluster: the report of a local run, also where a worker is killed meanwhile, and what is refused."""

from __future__ import annotations

import json
import os
import signal

import pytest

import conformance
from conformance.errors import UsageError
from conformance.running import cluster as clusters
from conformance.running.cluster import Cluster
from conformance.subjects.torchlike import TorchLike

dask = pytest.importorskip("dask", reason="the extra dask is not installed")
distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")

# Of LocalCluster, whose processes and loop end after its `with`.
pytestmark = pytest.mark.filterwarnings("ignore")

ASKED = {"implementation": "torch", "cases": ["sigmoid", "cat"], "samples": 8}


def lasting(report):
    return {k: v for k, v in json.loads(report.to_json()).items() if k != "timing"}


@pytest.fixture(scope="module")
def local():
    """Two workers in processes of this machine, which come again where they are killed."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as found:
        yield found


# Waits in all but the first two pieces of work until a file is there.
WAITING = """
import time
from pathlib import Path

from conformance.subjects.torchlike import TorchLike


class Waiting(TorchLike):
    def run(self, task):
        while not (task.case.name == "sigmoid" and task.sample.draw < 2) and not Path({file!r}).exists():
            time.sleep(0.05)
        return super().run(task)


def make():
    return Waiting("waiting", "torch")
"""


def test_a_worker_that_is_killed_loses_and_doubles_nothing(local, tmp_path):
    go = tmp_path / "go"
    (tmp_path / "waiting.py").write_text(WAITING.format(file=str(go)), encoding="utf-8")
    asked = ASKED | {"implementation": f"{tmp_path / 'waiting.py'}:make"}
    go.touch()
    expected = conformance.run(**asked)
    go.unlink()
    with distributed.Client(local.scheduler_address, set_as_default=False) as client:
        before = client.run(os.getpid)
        killed, pieces = [], []

        def kill(_, done, planned, __):
            pieces.append((done, planned))
            if done == 2:
                # All that is sent, and not yet judged, is at the two workers.
                busy = max(client.processing().items(), key=lambda each: len(each[1]))
                assert busy[1]
                killed.append(busy[0])
                os.kill(before[busy[0]], signal.SIGKILL)
                go.touch()

        found = conformance.run(backend="dask", scheduler=local.scheduler_address, progress=kill, **asked)
        (lost,) = killed
        assert before[lost] not in client.run(os.getpid).values()
    assert pieces == [(done, 17) for done in range(1, 18)]
    assert lasting(found) == lasting(expected)
    assert found.exit_code == 0


def end(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_work_that_ends_its_workers_is_an_error_and_no_wait():
    # A second worker is not waited for: one that ends while it starts is not started again.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as one,
        distributed.Client(one.scheduler_address, set_as_default=False) as client,
    ):
        found = Cluster(client, "torch").each(end, [(1,)])
        with pytest.raises(UsageError, match="scheduler: gave up a piece of work that ended its workers"):
            next(found)


def test_where_no_worker_is_left_it_is_an_error_and_no_wait(monkeypatch):
    monkeypatch.setattr(clusters, "_PATIENCE", 1)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as one,
        distributed.Client(one.scheduler_address, set_as_default=False) as client,
    ):
        cluster = Cluster(client, "torch")
        client.retire_workers()
        with pytest.raises(UsageError, match="scheduler: expected a worker within 1 s, got none"):
            next(cluster.each(divmod, [(1, 1)]))


def test_results_come_in_the_order_of_the_work(local):
    with distributed.Client(local.scheduler_address, set_as_default=False) as client:
        assert [*Cluster(client, "torch").each(divmod, [(n, 7) for n in range(50)])] == [
            divmod(n, 7) for n in range(50)
        ]


def test_workers_with_other_code_are_refused(local, monkeypatch):
    monkeypatch.setattr(clusters, "source_code", lambda _: "other")
    with pytest.raises(UsageError, match="scheduler: expected workers with the same source code, worker tcp"):
        conformance.run(backend="dask", scheduler=local.scheduler_address, **ASKED)


def test_workers_with_several_threads_are_refused():
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as several,
        pytest.raises(UsageError, match=r"one thread each, worker .* has 2: dask worker --nthreads 1"),
    ):
        conformance.run(backend="dask", scheduler=several.scheduler_address, **ASKED)


class Held(TorchLike):
    """Cannot be sent to another process."""

    def __reduce__(self):
        raise TypeError("it stays here")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"backend": "ray"}, "backend: expected local or dask, got 'ray'"),
        ({"backend": "dask"}, "scheduler: expected an address for the backend dask, got None"),
        ({"scheduler": "tcp://x:1"}, "scheduler: expected None for the backend local, got 'tcp://x:1'"),
        ({"backend": "dask", "scheduler": "nowhere://x"}, "scheduler: expected the address of a Dask"),
        ({"backend": "dask", "scheduler": "localhost"}, "scheduler: .* got 'localhost': missing port number"),
        (
            {"backend": "dask", "scheduler": "tcp://x:1", "implementation": Held("held", "torch")},
            "backend: expected an implementation that can be sent to workers: in the judge's process",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_what_does_not_fit_is_refused(arguments, says):
    with pytest.raises(UsageError, match=says):
        conformance.run(**ASKED | arguments)
