"""parity.json is read line by line where it is of that form, a shard's pieces too, and else as a whole."""

from __future__ import annotations

import io
import json
import pickle

import pytest

from conformance.errors import UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.report.files import read_report
from conformance.report.parity_json import OtherFormError, by_lines
from conformance.report.record import Report
from conformance.report.scope import Scope
from conformance.report.shard import JUDGED, LEFT_OUT, Piece, Pieces, Shard
from conformance.text import safe_message

PIECES = [
    Piece(0, 1, JUDGED, "relu:1"),
    Piece(3, 0, LEFT_OUT, 'relu:a "pieces": [] b'),
    Piece(4, 1, JUDGED, "relu!"),
]


def shard(pieces=PIECES, verdicts=2, **fields):
    names = [f"relu:{draw}" for draw in range(verdicts)]
    found = [Verdict("relu", name, "forward", "float32", "output", Status.PASS, 1) for name in names]
    run = {"cases": ["relu"], "pieces": 5}
    scope = Scope(("relu",), shard=Shard(1, 2, 5, ("float32",), {"small": 1}, run, Pieces(pieces)))
    return Report(1, "mine", "torch", found, scope=scope, timing={"began": "", "seconds": 1.0}, **fields)


# What the text of a list of pieces could be taken for.
HOSTILE = {
    "a": {"pieces": []},
    "pieces": ["1 1 judged relu:1"],
    '"pieces": []': '   "pieces": [\n "verdicts": [\n',
}


@pytest.mark.parametrize("environment", [{}, HOSTILE, {"a": {"pieces": ["0 0 judged relu:1"]}}])
@pytest.mark.parametrize("pieces", [PIECES, PIECES[:1], []])
@pytest.mark.parametrize("verdicts", [2, 1, 0])
def test_it_is_json_and_reads_back(tmp_path, environment, pieces, verdicts):
    report = shard(pieces, verdicts, environment=environment)
    text = report.to_json()
    data = json.loads(text)
    assert data["environment"] == environment
    assert data["scope"]["shard"]["pieces"] == [str(piece) for piece in pieces]
    assert len(data["verdicts"]) == verdicts
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    for found in (read_report(tmp_path / "a.json"), Report.from_json(text)):
        assert found == report
        assert list(found.scope.shard.pieces) == pieces


def test_a_piece_and_a_verdict_are_a_line_each_which_is_read_as_such():
    text = shard().to_json()
    lines = text.splitlines()
    begin = lines.index('   "pieces": [')
    assert lines[begin + 1 : begin + 5] == [
        '    "0 1 judged relu:1",',
        '    "3 0 left-out relu:a \\"pieces\\": [] b",',
        '    "4 1 judged relu!"',
        "   ]",
    ]
    data, verdicts = by_lines(io.StringIO(text))
    assert isinstance(data["scope"]["shard"]["pieces"], Pieces)
    assert len(list(verdicts)) == 2


WRONG = {
    "a piece that is none": ('"0 1 judged relu:1"', '"0 1 judge relu:1"', "pieces"),
    "a piece that is no text": ('"0 1 judged relu:1"', "0", "pieces"),
    "a list that does not end": ("\n   ]\n", "\n", "not a parity report"),
    "a text that is cut off": ("\n ]\n}\n", "\n", "not a parity report"),
    "a text that goes on": ("\n ]\n}\n", "\n ]\n}\n{}", "not a parity report"),
    "no pieces": ('   "pieces": [', '   "parts": [', "parts"),
    "a shard that there is not": ('"index": 1', '"index": 3', "shard: index: expected at most 2, got 3"),
    "a comma too few": ('judged relu:1",', 'judged relu:1"', "Expecting ',' delimiter"),
    "a comma too many": ('judged relu!"', 'judged relu!",', "Expecting value"),
    "a comma too few between verdicts": ("},\n  {", "}\n  {", "Expecting ',' delimiter"),
    "a comma too many behind verdicts": ("}\n ]\n", "},\n ]\n", "Expecting value"),
    "other pieces behind": ("\n   ]\n", '\n   ],\n   "pieces": null\n', "pieces: None is not of type"),
    "another scope behind": (
        ' "repeated": {',
        ' "scope": {"shard": {"pieces": null}},\n "repeated": {',
        "'index' is a required property",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_pieces_is_said_as_for_any_file(tmp_path, name):
    old, new, says = WRONG[name]
    text = shard().to_json()
    assert text.count(old) == 1
    (tmp_path / "a.json").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError, match=says) as raised:
        read_report(tmp_path / "a.json")
    with pytest.raises(UsageError) as whole:
        Report.from_json(text.replace(old, new))
    said = str(whole.value).removeprefix("report: ")
    assert str(raised.value) == f"report {str(tmp_path / 'a.json')!r}: {said}"


def test_numbers_of_a_shard_may_be_written_in_any_way_that_json_has(tmp_path):
    text = shard().to_json()
    for number in ('"index": 1', '"count": 2', '"planned": 5'):
        assert text.count(f"{number},") == 1
        text = text.replace(f"{number},", f"{number}.0,")
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    found = read_report(tmp_path / "a.json").scope.shard
    assert repr((found.index, found.count, found.planned)) == "(1, 2, 5)"


def test_pieces_of_something_else_are_not_those_of_the_shard():
    text = shard([], environment={"a": {"pieces": ["0 0 judged relu:1"]}}).to_json()
    with pytest.raises(OtherFormError):
        by_lines(io.StringIO(text))


def test_pieces_of_something_else_are_not_taken_where_the_shard_has_none(tmp_path):
    text = shard([], environment={"a": {"pieces": ["0 0 judged relu:1"]}}).to_json()
    assert text.count('"pieces": []') == 1
    (tmp_path / "a.json").write_text(text.replace('"pieces": []', '"pieces": null'), encoding="utf-8")
    with pytest.raises(UsageError, match="pieces: None is not of type 'array'"):
        read_report(tmp_path / "a.json")


def test_a_piece_is_named_as_it_may_be_shown(tmp_path):
    text = shard().to_json().replace("relu!", "relu \\u001b[2J")
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    for found in (read_report(tmp_path / "a.json"), Report.from_json(text)):
        last = found.scope.shard.pieces[-1]
        assert last.name == safe_message("relu \x1b[2J") != "relu \x1b[2J"


def test_pieces_can_be_sent():
    pieces = Pieces(PIECES)
    found = pickle.loads(pickle.dumps(pieces))  # noqa: S301 - written here
    assert (type(found), found) == (Pieces, pieces)
    assert repr(found) == "<3 pieces of work>"
