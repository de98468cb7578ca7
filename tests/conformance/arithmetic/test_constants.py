"""The constants are read from the file, and unknown or missing ones are errors."""

from __future__ import annotations

import hashlib
from dataclasses import fields

import pytest

from conformance.arithmetic import constants as module
from conformance.arithmetic.constants import FILE, constants, constants_sha256


@pytest.mark.parametrize("name", [field.name for field in fields(module.Constants)])
def test_every_constant_is_positive(name):
    assert getattr(constants(), name) > 0


def test_the_values_are_those_that_the_evidence_was_made_with():
    assert constants() == module.Constants(
        replicates=64, redraws=4, tensor=3.5, element=8.5, floor=0.001, oracle_share=2.0, warn=1.4
    )


def test_the_digest_is_the_files():
    assert constants_sha256() == hashlib.sha256(FILE.read_bytes()).hexdigest()


def test_the_digest_changes_with_the_file(tmp_path, monkeypatch):
    before = constants_sha256()
    changed = tmp_path / "constants.toml"
    changed.write_text(FILE.read_text(encoding="utf-8") + "# looser\n", encoding="utf-8")
    monkeypatch.setattr(module, "FILE", changed)
    assert constants_sha256() != before


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
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / "constants.toml"
    changed.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(module, "FILE", changed)
    with pytest.raises(TypeError, match=named):
        constants.__wrapped__()
