"""torch on a device: the path is shown on the CPU, and what a report says of the device."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

import conformance
from conformance.cases._uses import USES
from conformance.subjects.devices import OnDevice, device_of, on_device, stated_precision


def test_torch_on_the_cpu_is_judged_as_torch_is():
    report = conformance.run("torch", ["nn.RNNCell"], 1, jobs=1, dtypes=["float32"], device="cpu")
    assert (report.exit_code, report.implementation) == (0, "torch on cpu")
    assert report.environment["device"] == {
        "device": "cpu",
        "name": "the CPU",
        "allow_tf32": False,
        "cudnn_allow_tf32": False,
        "float32_matmul_precision": "highest",
    }
    assert report.in_process


def test_tf32_is_recorded_where_it_is_allowed():
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    with stated_precision("cpu", allow_tf32=True) as stated:
        assert (stated["allow_tf32"], stated["float32_matmul_precision"]) == (True, "high")
        assert torch.backends.cudnn.allow_tf32
    with stated_precision("cpu") as stated:
        assert not torch.backends.cudnn.allow_tf32
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before


def test_tensors_are_made_on_the_device(monkeypatch):
    """The device meta has no numbers, and so stands for one that is not the CPU."""
    subject = OnDevice("meta")
    monkeypatch.setattr("conformance.subjects.devices.stated_precision", nullcontext)
    found = {}

    def observables(task):
        found["of an array"] = subject.namespace.from_numpy(task).device.type
        found["of sizes"] = torch.zeros(2).device.type
        return {}

    monkeypatch.setattr(subject, "observables", observables)
    assert subject.run(torch.ones(2).numpy()) == {}
    assert found == {"of an array": "meta", "of sizes": "meta"}
    assert torch.zeros(2).device.type == "cpu"
    assert subject.uses < frozenset(USES)


def test_only_torch_is_moved():
    with pytest.raises(conformance.UsageError, match="expected the implementation torch, because others"):
        on_device("mytorch", "cpu")
    assert on_device("mytorch", None) == ("mytorch", {})


@pytest.mark.parametrize("name", ["", "tpu", "meta", "cuda:x"])
def test_other_devices_are_refused(name):
    with pytest.raises(conformance.UsageError, match="device: expected cpu or cuda"):
        device_of(name)
