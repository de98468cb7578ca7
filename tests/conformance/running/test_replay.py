"""Every sample that a run draws can be replayed by its text; so can one of other sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.cases import CASES
from conformance.errors import ReferenceRaisedError, UsageError
from conformance.running import replay
from conformance.running.sample_text import parse
from conformance.sampling.space import draw

LARGE = "nn.LSTMCell:seed=1,draw=40,class=large,regime=normal,N={N},I={I},H=2,bias=true,states=true"


@pytest.mark.parametrize("name", CASES)
def test_every_drawn_text_is_accepted(name):
    case = CASES[name]
    for sample in draw(name, case.space, 4, case.default_samples):
        assert parse(sample.text) == (case, sample)


@pytest.mark.parametrize("sizes", [{"N": 20, "I": 3}, {"N": 2, "I": 130}, {"N": 21, "I": 131}])
def test_a_large_sample_may_have_any_sizes(sizes):
    prepared = replay.prepare_text(LARGE.format(**sizes))
    assert prepared.sample.text == LARGE.format(**sizes)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("class=large", "class=zero"), ("regime=normal", "regime=ties")],
    ids=["class", "regime"],
)
def test_a_class_or_regime_that_the_case_does_not_have_is_refused(right, wrong):
    text = LARGE.format(N=20, I=3)
    with pytest.raises(UsageError, match=r"unknown (shape class|regime) of nn.LSTMCell"):
        replay.prepare_text(text.replace(right, wrong))


@pytest.mark.parametrize("size", [10**7 + 1, 10**12, 10**30])
def test_sizes_that_no_machine_holds_are_refused(size):
    with pytest.raises(UsageError, match=r"expected a size|at most 10,000,000 elements"):
        replay.prepare_text(LARGE.format(N=size, I=3))


def test_a_sample_that_torch_cannot_run_is_refused(monkeypatch):
    def program(t, x):
        return {"output": t.mm(x["input"], x["input"])}

    monkeypatch.setitem(CASES, "tanh", replace(CASES["tanh"], program=program))
    with pytest.raises(UsageError, match=r"torch cannot run tanh:.*RuntimeError"):
        replay.prepare_text("tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true")


def test_what_the_harness_raises_is_not_told_as_what_torch_cannot_run(monkeypatch):
    def axes(config):
        raise KeyError(f"no {len(config)}")

    monkeypatch.setitem(CASES, "tanh", replace(CASES["tanh"], axes=axes))
    with pytest.raises(ReferenceRaisedError, match=r"^the harness raised KeyError"):
        replay.prepare_text("tanh:seed=1,draw=0,class=small,regime=normal,N=5,F=6,method=true")


def test_a_text_that_is_too_long_for_a_folder_is_a_text():
    with pytest.raises(UsageError, match="or a sample's text CASE:seed"):
        replay.replay(10_000 * "x")


def test_the_file_of_a_bundle_is_not_a_bundle(tmp_path):
    (tmp_path / "bundle.json").touch()
    with pytest.raises(UsageError, match=r"expected the folder of a bundle.*, got an empty file"):
        replay.replay(str(tmp_path / "bundle.json"))
