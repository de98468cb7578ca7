"""The constants are read from the file, and unknown or missing ones are errors."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import fields

import pytest

from conformance.arithmetic import constants as module
from conformance.arithmetic.constants import FILE, constants, constants_sha256, gate_table


@pytest.mark.parametrize("name", [field.name for field in fields(module.Constants)])
def test_every_constant_is_positive(name):
    assert getattr(constants(), name) > 0


def test_the_values_are_those_that_the_evidence_was_made_with():
    assert constants() == module.Constants(
        replicates=64,
        redraws=4,
        tensor=3.5,
        element=8.5,
        floor=0.001,
        oracle_share=2.0,
        warn=1.4,
        headroom_factor=2.5,
    )


def changed(tmp_path, monkeypatch, old, new):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "constants.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(module, "FILE", file)


def test_the_digest_is_of_the_file_but_for_the_gates_table():
    text = FILE.read_text(encoding="utf-8").partition("\n[gate]\n")[0]
    assert constants_sha256() == hashlib.sha256(text.encode("utf-8")).hexdigest()


def test_the_gates_table_is_the_last_so_that_all_others_are_hashed():
    assert list(tomllib.loads(FILE.read_text(encoding="utf-8")))[-1] == "gate"
    assert tomllib.loads(gate_table()) == {"gate": {"headroom_factor": constants().headroom_factor}}


@pytest.mark.parametrize("old", ["warn = 1.4", "# The constants of the judge.", "[tolerance]"])
def test_the_digest_changes_with_what_the_judge_reads(tmp_path, monkeypatch, old):
    before = constants_sha256()
    changed(tmp_path, monkeypatch, old, f"# looser\n{old}")
    assert constants_sha256() != before


def test_the_digest_does_not_change_with_the_gates_factor(tmp_path, monkeypatch):
    before = constants_sha256()
    changed(tmp_path, monkeypatch, "headroom_factor = ", "headroom_factor = 1")
    assert constants_sha256() == before
    assert constants.__wrapped__().headroom_factor != constants().headroom_factor


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("tensor = ", "tensors = ", "tensors"),
        ("redraws = 4", "", "redraws"),
        ("floor = 0.001", "floor = 0.001\nredraws = 9", "redraws"),
    ],
    ids=["unknown", "missing", "twice"],
)
def test_a_key_unknown_missing_or_given_twice_is_refused_by_name(old, new, named, tmp_path, monkeypatch):
    changed(tmp_path, monkeypatch, old, new)
    with pytest.raises(TypeError, match=named):
        constants.__wrapped__()
