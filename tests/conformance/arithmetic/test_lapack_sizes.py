"""reports/lapack.md has a row per operation and kind of matrices, and no error above its tolerance.

Some small matrices are measured here, and one operation whose rule is wrong. All are where the report is
written.
"""

from __future__ import annotations

import math
import re
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.arithmetic.rules import RULES

pytest.importorskip("scipy", reason="scipy is not installed")

ROOT = Path(__file__).parents[3]
PROGRAM = runpy.run_path(str(ROOT / "benchmarks" / "lapack_sizes.py"))
OPERATIONS, SIZES = PROGRAM["OPERATIONS"], PROGRAM["SIZES"]
REPORT = (ROOT / "reports" / "lapack.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| `.+", REPORT, re.MULTILINE)
]


def measured(name, kind, size=16):
    return PROGRAM["measured"](OPERATIONS[name], kind, size)


def test_every_operation_has_a_row_per_kind_of_matrices():
    assert [(row[0], row[1]) for row in ROWS] == [
        (f"`{name}`", kind) for name, operation in OPERATIONS.items() for kind in operation.kinds
    ]
    assert set(SIZES) >= {256, 512}


def test_the_errors_in_the_report_are_within_the_tolerance_and_not_hundreds_of_times_below():
    shown = [float(cell) for row in ROWS for cell in row[2:-1] if cell not in {"", "refused"}]
    assert len(shown) > 150
    assert max(shown) < 1
    for row in ROWS:
        cells = [float(cell) for cell in row[2:-1] if cell not in {"", "refused"}]
        assert not cells or max(cells) > 0.01, row


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("solve", "bad"),
        ("unitriangular", "near 1"),
        ("lu_solve", "near 1"),
        ("ldl_solve", "near 1"),
        ("cholesky", "well"),
        ("qr", "tall, bad"),
        ("svd", "batched"),
        ("eigh", "bad"),
        ("eig", "normal"),
    ],
)
def test_a_small_one_is_within_its_tolerance(name, kind):
    assert 0.01 < measured(name, kind).ratio < 1


def test_an_exponential_errs_twice_as_much_per_squaring():
    """Of a matrix of 256 rows there are three to five."""
    assert 0.01 < measured("matrix_exp", "normal", 256).ratio < 0.6


def test_a_rule_that_is_too_small_is_seen(monkeypatch):
    rule = RULES["linalg_cholesky_ex"]
    small = replace(rule, nearby=lambda *args, **kwargs: (rule.nearby(*args, **kwargs)[0] / 50,))
    assert measured("cholesky", "well", 64).ratio < 1
    monkeypatch.setitem(RULES, rule.name, small)
    assert measured("cholesky", "well", 64).ratio > 1


def test_where_rounding_decides_nothing_is_measured():
    found = PROGRAM["Cell"](math.nan, "")
    assert PROGRAM["_shown"](found) == "refused"
    assert PROGRAM["_shown"](None) == ""
    text = PROGRAM["report"](
        [("eig", "bad", {32: found}), ("qr", "tall", {32: PROGRAM["Cell"](0.5, "torch")})], (32, 64)
    )
    assert "| `eig` | bad | refused |  |  |\n| `qr` | tall | 0.5 |  | torch |\n" in text


def test_an_unknown_operation_is_refused(capsys):
    with pytest.raises(SystemExit):
        PROGRAM["main"](["inverse"])
    assert "expected some of lu_factor, solve" in capsys.readouterr().err


def test_named_operations_are_printed_and_the_status_tells(capsys, monkeypatch):
    assert PROGRAM["main"](["lu_factor", "--sizes", "8"]) == 0
    assert re.match(r"lu_factor +well +8 +0\.\d+ ", capsys.readouterr().out)
    monkeypatch.setitem(
        RULES, "linalg_lu_factor_ex", replace(RULES["linalg_lu_factor_ex"], nearby=lambda a, **_: (a * 0,))
    )
    assert PROGRAM["main"](["lu_factor", "--sizes", "32"]) == 1
