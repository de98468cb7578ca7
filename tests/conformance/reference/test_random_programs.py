"""Random programs of benchmarks/random_programs.py: right ones pass, and visible faults do not."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch

PROGRAM = Path(__file__).parents[3] / "benchmarks" / "random_programs.py"
SPEC = spec_from_file_location(PROGRAM.stem, PROGRAM)
drawn = module_from_spec(SPEC)
sys.modules[PROGRAM.stem] = drawn  # dataclasses look their module up
SPEC.loader.exec_module(drawn)

# The programs of these seeds do not come near a tie.
SEEDS = range(16)


@pytest.fixture(scope="module")
def tallies():
    found, failed, refused = drawn.judged(len(SEEDS))
    assert not refused
    assert not failed, "torch's own float32 fails"
    return found


@pytest.mark.parametrize("fault", drawn.FAULTS)
def test_a_visible_fault_is_noticed(fault, tallies):
    tally = tallies[fault]
    assert all(effect <= drawn.SEEN for effect in tally.passed)
    # Some faults change nothing in some programs, as the transpose before a sum.
    assert sum(caught for strength, _, caught in tally.shown if strength == 1) >= len(SEEDS) // 2


def test_the_judge_is_judged(monkeypatch):
    """What lets everything pass, or nothing, is told."""
    monkeypatch.setattr(drawn.conformance, "assert_close", lambda *_, **__: None)
    blind, failed, _ = drawn.judged(2)
    assert not failed
    assert any(effect > drawn.SEEN for tally in blind.values() for effect in tally.passed)

    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr(drawn.conformance, "assert_close", refuse)
    assert drawn.judged(2)[1] == [0, 1]


def test_a_program_is_what_its_seed_says():
    program = drawn.RandomProgram(7)
    assert program.steps == drawn.RandomProgram(7).steps
    assert torch.equal(program(*program.inputs()), program(*program.inputs()))
    assert {len(drawn.RandomProgram(seed).steps) for seed in range(200)} == {*range(1, drawn.DEPTH + 1)}
