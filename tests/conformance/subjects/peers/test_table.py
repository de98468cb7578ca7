"""The table of peers: each has what it names, and where it is not installed the extra is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.extras import EXTRAS
from conformance.registry import IMPLEMENTATIONS, find_implementation
from conformance.subjects.peers import PEERS

ROOT = Path(__file__).parents[4]


# These two ask for a device and for a compiler when they are made.
@pytest.mark.parametrize("name", sorted(PEERS.keys() - {"torch-cuda", "torch-compiled"}))
def test_each_peer_is_made_without_its_framework_and_has_the_cases_of_the_table(name):
    supported = replace(PEERS[name], packages=()).made().supports.cases
    assert set(supported or PEERS[name].cases) == set(PEERS[name].cases)


@pytest.mark.parametrize("name", PEERS)
def test_each_peer_has_its_function_its_packages_and_words(name):
    peer = PEERS[name]
    module, _, function = peer.make.partition(":")
    text = (ROOT / "conformance" / "subjects" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert f"def {function}(" in text or f"{function} = " in text
    assert set(peer.packages) <= set(EXTRAS)
    assert peer.told
    assert not peer.told.endswith(".")


def test_each_file_of_a_peer_is_in_the_table():
    folder = ROOT / "conformance" / "subjects" / "peers"
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")} - {"table"}
    assert files == {module for _, _, module in _modules()} - {"pytorch"}


def _modules():
    return [peer.make.partition(":")[0].rpartition(".") for peer in PEERS.values()]


def test_each_peer_has_a_test():
    folder = Path(__file__).parent
    tests = {path.stem.removeprefix("test_") for path in folder.glob("test_*.py")}
    assert {module for _, _, module in _modules()} - {"pytorch"} <= tests


def test_no_name_has_two_meanings():
    assert not set(PEERS) & set(IMPLEMENTATIONS)


def test_the_registry_finds_a_peer_by_its_name():
    assert find_implementation("torch-steps").name == "torch step by step"
    with pytest.raises(UsageError, match=r"unknown implementation 'torch-step'\. Did you mean torch-steps"):
        find_implementation("torch-step")


def test_a_peer_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setattr("conformance.subjects.peers.table.find_spec", lambda _: None)
    absent = replace(PEERS["torch-steps"], name="absent", packages=("onnxruntime", "jax"))
    assert absent.lacking == ("onnxruntime", "jax")
    told = r"implementation 'absent': onnxruntime and jax are not installed, which it needs: "
    with pytest.raises(UsageError, match=told + r'pip install "mytorch-conformance\[conformance,onnx,jax\]"'):
        absent.made()


def test_making_one_imports_no_framework_of_another(python):
    script = """
import sys
from conformance.registry import find_implementation
find_implementation("torch-steps")
found = {"jax", "flax", "equinox", "keras", "onnx", "onnxruntime", "mygrad", "autograd"} & set(sys.modules)
print(sorted(found))
"""
    done = python("-c", script, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[]\n", "")
