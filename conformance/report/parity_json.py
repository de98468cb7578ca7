"""The text of `parity.json`, written and read line by line: what there are many of need not fit into memory.

A verdict is a line, and so is a piece of work of a shard. Called by report.record and report.files, which
reads a file of another form as a whole.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from conformance.report.parity_schema import SCHEMA_VERSION
from conformance.report.shard import Piece, Pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from conformance.report.record import Report

# The lines before and behind the verdicts, and before and behind the pieces of a shard, which are the last
# that is said of it.
_VERDICTS = ' "verdicts": [\n', " ]\n"
_PIECES = '   "pieces": [\n', "   ]\n"


def parity_text(report: Report) -> Iterator[str]:
    """Yield the text of a report in parts, the verdicts and the pieces of a shard one by one."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "environment": report.environment,
        "timing": report.timing,
        "seed": report.seed,
        "implementation": report.implementation,
        "given_as": report.given_as,
        "reference": report.reference,
        "constants": report.constants,
        "declarations": asdict(report.declarations),
        "totals": report.totals,
        "minimums": report.minimums,
        "shrunk": report.shrunk,
        "diagnosed": report.diagnosed,
        **({"scope": scope} if (scope := report.scope.to_json()) else {}),
        "repeated": report.repeated._asdict(),
    }
    body = json.dumps(head, indent=1, ensure_ascii=False, default=_no_pieces).removesuffix("\n}")
    body += f'{report.bitwise.json_lines()},\n "verdicts": []\n}}\n'
    if shard := report.scope.shard:
        # Nothing behind it is a list of this name, and no text has it, in which quotes are escaped.
        before, brackets, body = body.rpartition('"pieces": []')
        yield before
        yield from _filled(brackets, "    ", map(str, shard.pieces))
    before, brackets, body = body.rpartition('"verdicts": []')
    yield before
    yield from _filled(brackets, "  ", (verdict.to_json() for verdict in report.verdicts))
    yield body


def _filled(brackets: str, indent: str, values: Iterable[Any]) -> Iterator[str]:
    """Yield an empty list, filled with some values, each in a line of its own."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    yield brackets.removesuffix("]")
    before, behind = "", "]"
    for value in values:
        yield f"{before}\n{indent}{encode(value)}"
        before, behind = ",", f"\n{indent.removesuffix(' ')}]"
    yield behind


def _no_pieces(value: object) -> list[str]:
    """Return an empty list in place of the pieces of a shard, which is filled afterwards."""
    if isinstance(value, Pieces):
        return []
    raise TypeError(f"report: expected what JSON has, got {type(value).__name__}")


class OtherFormError(Exception):
    """A text is not of the form that `parity_text` gives it, or not JSON."""


def by_lines(file: TextIO) -> tuple[Any, Iterator[Any]]:
    """Return what a report holds beside its verdicts, and these as they come; pieces of a shard as `Pieces`.

    Raises:
        OtherFormError: here or by the iterator: the text is of another form.
    """
    head, pieces = [], None
    # Stands for the pieces until it is known of what they are. No text can have it before it is read.
    mark = os.urandom(16).hex()
    for line in file:
        if line == _PIECES[0] and pieces is None:
            pieces = _pieces(file)
            line = f'"pieces": "{mark}"\n'  # noqa: PLW2901
        head.append(line)
        if line == _VERDICTS[0]:
            data = _json("".join([*head, "]}"]))
            if pieces is not None:
                _put(pieces, data, mark)
            return data, _listed(file, _VERDICTS[1], "}\n")
    raise OtherFormError


def _pieces(file: TextIO) -> Pieces:
    try:
        return Pieces(map(Piece.parse, _listed(file, _PIECES[1])))
    except (TypeError, ValueError) as error:
        raise OtherFormError from error


def _put(pieces: Pieces, data: Any, mark: str) -> None:
    """Put the pieces where the mark is, if it is the shard of a report that has it."""
    try:
        if data["scope"]["shard"]["pieces"] != mark:
            raise OtherFormError
        data["scope"]["shard"]["pieces"] = pieces
    except (KeyError, TypeError) as error:
        raise OtherFormError from error


def _listed(file: TextIO, end: str, rest: str | None = None) -> Iterator[Any]:
    """Yield the values of a list, each of a line, up to the line that ends it.

    Raises:
        OtherFormError: a line is not JSON, there is a comma too many or too few, or something else follows
            than should.
    """
    comma = None
    for line in file:
        if comma is (line == end):
            raise OtherFormError
        if line == end:
            break
        text = line.rstrip("\n")
        comma = text.endswith(",")
        yield _json(text.removesuffix(","))
    if rest is not None and file.read() != rest:
        raise OtherFormError


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (RecursionError, ValueError) as error:
        raise OtherFormError from error
