"""Judges a peer in a process of its own, as users do: as it is, and changed by a few lines."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import conformance
from conformance.judging.verdict import Status

PEERS = "conformance.subjects.peers"

# Two gates are exchanged in the framework's weight maps; the recurrent matrix of an RNN, which has one, is
# transposed.
EXCHANGED = f"""
from dataclasses import replace

from conformance.subjects.layouts import FRAMEWORKS, GATES
from {PEERS} import MODULE


def changed(entry, kind):
    if kind == "RNN":
        return replace(entry, transpose=entry.transpose != (entry.source == "weight_hh"))
    first, second = GATES[kind][:2]
    gates = (entry.gates or GATES[kind]).translate(str.maketrans(first + second, second + first))
    return replace(entry, gates=gates)


for name, found in FRAMEWORKS.items():
    if name.startswith("MODULE"):
        layouts = [replace(each, entries=tuple(changed(entry, each.kind) for entry in each.entries))
                   for each in found.layouts]
        FRAMEWORKS[name] = replace(found, layouts=tuple(layouts))
mine = MODULE.FUNCTION
"""


RECURRENT = ("nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.GRUCell", "nn.RNNCell")


def _judged(subject, cases, samples=3, **options):
    return conformance.run(subject, cases, samples=samples, seed=1, shrink=False, diagnose=False, **options)


@pytest.fixture
def judged():
    """Return what judges a peer, `module:function`, by a few samples of each case."""
    return lambda peer, *arguments, **options: _judged(f"{PEERS}.{peer}", *arguments, **options)


@pytest.fixture
def changed(tmp_path):
    """Return what judges a peer whose module is changed first: `mine` is the implementation of a text."""

    def judge(text, cases):
        path = tmp_path / "changed_peer.py"
        path.write_text(text, encoding="utf-8")
        # By the first three samples alone, a transposed recurrent matrix of an nn.RNNCell is not seen.
        return _judged(f"{path}:mine", cases, samples=6)

    return judge


@pytest.fixture
def exchanged(changed):
    """Return what judges a peer, `module:function`, with two gates exchanged in its weight maps."""

    def judge(peer, cases):
        module, _, function = peer.partition(":")
        return changed(EXCHANGED.replace("MODULE", module).replace("FUNCTION", function), cases)

    return judge


@pytest.fixture
def shown(judged):
    """Return what asserts that a peer passes forward and backward, in both lanes of each recurrent case."""

    def judge(peer):
        report = judged(peer, RECURRENT, samples=4)
        assert report.exit_code == 0, report.failures[:3]
        compared = {(v.case, v.check, v.lane) for v in report.verdicts if v.status is Status.PASS}
        assert len(compared) == len(RECURRENT) * 2 * 2

    return judge


@pytest.fixture
def rewritten(monkeypatch):
    """Return what judges a peer in this process, with one piece of its module's text changed."""

    def judge(peer, old, new, case, samples=4):
        text = Path(peer.__file__).read_text(encoding="utf-8")
        assert text.count(old) == 1
        module = ModuleType("changed")
        monkeypatch.setitem(sys.modules, "changed", module)
        exec(text.replace(old, new), vars(module))  # noqa: S102 - the text is ours
        subject = getattr(module, peer.__name__.rpartition(".")[2])()
        return _judged(subject, [case], samples=samples, in_process=True)

    return judge
