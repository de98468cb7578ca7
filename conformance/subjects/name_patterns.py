"""Names of parameters as patterns, which are matched to read a checkpoint and filled in to write one.

A pattern is a text with fields: `{name}`, the parameter's name in a layout; `{layer}`, its number, or
`{layer:lstm|lstm_1}`, a word for each; `{direction:forward|backward}`, a word for each; `{prefix}`, any text,
which names the layer of which these are the parameters. Called by subjects.convert.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIELD = re.compile(r"\{(prefix|name|layer|direction)(?::([^{}]*))?\}")


class Place(NamedTuple):
    """What a name says.

    Attributes:
        prefix: what it is a parameter of.
        layer: the number of the layer, from 0.
        direction: 0 forward, 1 reverse.
        name: its name in the layout.
    """

    prefix: str
    layer: int
    direction: int
    name: str


@dataclass(frozen=True)
class NamePattern:
    """A pattern of names.

    Attributes:
        text: the pattern.

    Raises:
        UsageError: a field is unknown or there twice, `{name}` is missing, or a field lacks its words.

    Example:
        >>> from conformance.subjects.name_patterns import NamePattern, Place
        >>> torch = NamePattern("{prefix}{name}_l{layer}{direction:|_reverse}")
        >>> torch.match("encoder.weight_ih_l1_reverse", ["weight_ih", "weight_hh"])
        Place(prefix='encoder.', layer=1, direction=1, name='weight_ih')
        >>> torch.filled(Place("", 0, 0, "weight_hh"))
        'weight_hh_l0'
    """

    text: str

    def __post_init__(self) -> None:
        rest = _FIELD.sub("", self.text)
        if "{" in rest or "}" in rest:
            fields = "{prefix}, {name}, {layer}, {layer:WORD|WORD} or {direction:WORD|WORD}"
            raise UsageError(f"pattern {self.text!r}: expected the fields {fields}")
        found = [field for field, _ in _FIELD.findall(self.text)]
        if len(set(found)) < len(found):
            raise UsageError(f"pattern {self.text!r}: a field stands there twice")
        if "name" not in found:
            raise UsageError(f"pattern {self.text!r}: expected the field {{name}}")
        if "direction" in found and len(self._words.get("direction", ())) != 2:
            raise UsageError(
                f"pattern {self.text!r}: expected two words, as in {{direction:forward|backward}}"
            )

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        return {field: words.split("|") for field, words in _FIELD.findall(self.text) if words}

    def match(self, name: str, parameters: Iterable[str]) -> Place | None:
        """Return what a name says, or None if it is not of the pattern.

        Args:
            name: the name in a checkpoint.
            parameters: the names that `{name}` may stand for.
        """
        expression = ""
        at = 0
        for field in _FIELD.finditer(self.text):
            expression += re.escape(self.text[at : field.start()])
            # A field right behind the prefix begins a word: `B` is not the end of `NUMB`.
            words = self.text[field.end() :].startswith("{")
            expression += f"(?P<{field[1]}>{self._expression(field[1], parameters, words=words)})"
            at = field.end()
        found = re.fullmatch(expression + re.escape(self.text[at:]), name)
        if found is None:
            return None
        said = found.groupdict()
        return Place(
            said.get("prefix", ""), self._number("layer", said), self._number("direction", said), said["name"]
        )

    def filled(self, place: Place) -> str:
        """Return the name of a parameter.

        Raises:
            UsageError: there is no word for its layer.
        """

        def of(field: re.Match[str]) -> str:
            value: object = getattr(place, field[1])
            words = self._words.get(field[1])
            if words is None or not isinstance(value, int):
                return str(value)
            if value >= len(words):
                raise UsageError(f"pattern {self.text!r}: there is no word for {field[1]} {value}")
            return words[value]

        return _FIELD.sub(of, self.text)

    def _expression(self, field: str, parameters: Iterable[str], *, words: bool) -> str:
        if field == "prefix":
            return "(?:.*?[^0-9A-Za-z])??" if words else ".*?"
        choices = parameters if field == "name" else self._words.get(field)
        if choices is None:
            return r"\d+"
        return "|".join(map(re.escape, choices))

    def _number(self, field: str, said: dict[str, str]) -> int:
        if field not in said:
            return 0
        return self._words[field].index(said[field]) if field in self._words else int(said[field])
