"""Flags: the covering design shows every pair of values, and the turns show every value."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from conformance.sampling.flags import Turns, covering, impossible, take

FLAGS = {"a": (1, 2, 3), "b": (True, False), "c": ("x", "y", "z"), "d": (0.5, 1.5)}


def _never(config):
    """Change the pair a = 3, c = "z" for another."""
    return {"c": "x"} if config["a"] == 3 and config["c"] == "z" else {}


def _pairs(rows):
    return {frozenset(pair) for row in rows for pair in combinations(row.items(), 2)}


def _every(flags):
    return {
        frozenset({(a, x), (b, y)}) for a, b in combinations(flags, 2) for x in flags[a] for y in flags[b]
    }


@pytest.mark.parametrize("key", range(50))
def test_few_rows_show_every_pair(key):
    rows = covering(str(key), FLAGS, dict, {})
    assert _pairs(rows) == _every(FLAGS)
    assert 9 <= len(rows) <= 12


@pytest.mark.parametrize("key", range(50))
def test_as_many_rows_as_a_flag_has_values_show_them_all(key):
    rows = covering(str(key), FLAGS, dict, {})
    for name, values in FLAGS.items():
        assert {row[name] for row in rows[: len(values)]} == set(values)


def test_another_key_gives_other_rows_and_the_same_key_the_same():
    assert covering("1", FLAGS, dict, {}) == covering("1", FLAGS, dict, {})
    assert len({str(covering(str(key), FLAGS, dict, {})) for key in range(20)}) == 20


def test_a_pair_that_settling_changes_is_left_out_and_named():
    gone = {frozenset({("a", 3), ("c", "z")})}
    assert impossible(FLAGS, _never, {}) == gone
    assert impossible(FLAGS, dict, {}) == set()
    for key in range(20):
        assert _pairs(covering(str(key), FLAGS, _never, {})) == _every(FLAGS) - gone


def test_values_that_are_equal_keep_their_types():
    first = covering("1", {"a": (True, False), "b": (0, 1)}, dict, {})
    second = covering("1", {"a": (1, 0), "b": (False, True)}, dict, {})
    assert {type(row["a"]) for row in first} == {type(row["b"]) for row in second} == {bool}
    assert {type(row["b"]) for row in first} == {type(row["a"]) for row in second} == {int}


def test_a_value_that_stands_twice_is_one_value_of_a_design_and_two_turns():
    assert len(covering("1", {"a": (True, True, False)}, dict, {})) == 2
    turns = Turns("1")
    assert Counter(turns.next("a", (True, True, False)) for _ in range(30)) == {True: 20, False: 10}


def test_no_flags_have_no_rows():
    assert covering("1", {}, dict, {}) == []


def test_a_row_is_taken_once_and_the_first_that_fits():
    rows = [{"a": 1}, {"a": 2}, {"a": 2}]
    assert take(rows, lambda row: row["a"] == 2) == {"a": 2}
    assert take(rows, lambda row: row["a"] == 3) is None
    assert rows == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("key", range(20))
def test_every_block_of_turns_holds_every_value_once(key):
    turns = Turns(str(key))
    drawn = [turns.next("c", FLAGS["c"]) for _ in range(30)]
    assert all(set(drawn[k : k + 3]) == set(FLAGS["c"]) for k in range(0, 30, 3))


def test_the_order_of_turns_changes_from_block_to_block_and_from_name_to_name():
    turns = Turns("1")
    drawn = [turns.each({"a": (1, 2, 3), "b": (1, 2, 3)}) for _ in range(30)]
    assert len({tuple(row["a"] for row in drawn[k : k + 3]) for k in range(0, 30, 3)}) > 1
    assert [row["a"] for row in drawn] != [row["b"] for row in drawn]


def test_kinds_of_draws_have_turns_of_their_own():
    turns = Turns("1")
    drawn = [turns.each({"a": (1, 2)}, kind) for kind in ("bare", "full", "bare", "full")]
    assert {drawn[0]["a"], drawn[2]["a"]} == {drawn[1]["a"], drawn[3]["a"]} == {1, 2}
