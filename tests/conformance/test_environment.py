"""The environment in a report names what a result depends on."""

from __future__ import annotations

import pytest

from conformance.environment import environment


@pytest.mark.parametrize(("value", "expected"), [("1", "0.0"), ("0", None), ("", None)])
def test_it_says_whether_mytorch_is_asked_to_use_numba(monkeypatch, value, expected):
    monkeypatch.setattr("conformance.environment._version", lambda _: "0.0")
    monkeypatch.setenv("MYTORCH_NUMBA", value)
    assert environment(1)["mytorch_numba"] == expected
