"""Many verdicts are a sequence like a few, and memory holds a bounded number of them."""

from __future__ import annotations

import pickle
import weakref

import pytest

from conformance import spooled
from conformance.judging.profile import Profile
from conformance.judging.verdict import Status, Verdict
from conformance.judging.verdicts import Verdicts

HOSTILE = "half a pair \udc80, a null \0 and a break \u2028\n"


def verdict(draw, **fields):
    values = {"status": Status.PASS, "elements": 3, "worst_index": [0, draw], "would_pass": ["zeros"]}
    return Verdict("relu", f"relu:{draw}", "forward", "float32", "output", **values | fields)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(spooled, "BLOCK", 4)


@pytest.fixture
def many():
    failed = {"status": Status.FAIL, "reason": HOSTILE, "profile": Profile("step", ["0", "1"], [0.5, 2.0])}
    return [verdict(draw, **(failed if draw == 9 else {})) for draw in range(23)]


# All in memory; some of a block and the last of another; all in the file; and none.
@pytest.mark.parametrize("held", [100, 23, 6, 3, 0])
@pytest.mark.parametrize("count", [23, 20, 0])
def test_it_is_the_sequence_of_what_was_added(many, held, count):
    many = many[:count]
    found = Verdicts(many[:5], held)
    found.extend(many[5:])
    assert len(found) == len(many)
    assert bool(found) is bool(many)
    # Twice: reading it leaves it as it is.
    assert list(found) == many
    assert found == many
    assert tuple(many) == found
    for index in [*range(-count, count), slice(None), slice(2, 19, 3), slice(None, None, -1), slice(7, 7)]:
        expected = many[index]
        assert found[index] == (tuple(expected) if isinstance(index, slice) else expected)
    for index in (count, -count - 1):
        with pytest.raises(IndexError):
            found[index]
    assert pickle.loads(pickle.dumps(found)) == many  # noqa: S301 - written here


def test_it_differs_from_other_verdicts(many):
    found = Verdicts(many, 3)
    assert found != many[:-1]
    assert found != [*many[:-1], verdict(99)]
    assert found != "relu"
    assert found != 23


def test_two_that_read_in_turns_read_their_own(many):
    found = Verdicts(many, 0)
    other = Verdicts(reversed(many), 0)
    assert list(zip(found, other, strict=True)) == list(zip(many, many[::-1], strict=True))
    first, second = iter(found), iter(found)
    assert [next(first) for _ in range(9)] + [next(second)] + [next(first)] == [*many[:9], many[0], many[9]]


def test_it_keeps_no_more_than_it_says():
    found, alive = Verdicts(held=10), []
    for draw in range(1000):
        found.extend([verdict(draw)])
        alive.append(weakref.ref(found[-1]))
    alive += map(weakref.ref, found)
    # The first ten, a block that is filled, and one that was read.
    assert len({id(ref()) for ref in alive} - {id(None)}) <= 10 + 4 + 4
