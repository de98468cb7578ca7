"""A sample: one drawn configuration, and the text from which every bit of its arrays follows.

Made by space.py, parsed from a text by running.replay; values.py takes its words.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Philox
from numpy.random.bit_generator import ISeedSequence

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Part of every seed: a change of how a text becomes bits changes this number.
SCHEMA = 2

Scalar = bool | int | float | str
_FIXED = ("seed", "draw", "class", "regime")


@dataclass(frozen=True)
class Sample:
    """One drawn configuration of a case.

    Attributes:
        case: name of the case, e.g. `models.LSTM`.
        seed: the run's seed.
        draw: the number of the draw in its run.
        shape_class: the kind of shape, e.g. `small`.
        regime: the kind of values, e.g. `saturated`.
        config: sizes and flags, in the order in which the case declares them.
        redraw: how often the draw was repeated, because it was degenerate.
        use: the name of the use in which the layer is called; empty for the plain call. A use has the arrays
            of the plain sample.
    """

    case: str
    seed: int
    draw: int
    shape_class: str
    regime: str
    config: tuple[tuple[str, Scalar], ...]
    redraw: int = 0
    use: str = ""

    @cached_property
    def text(self) -> str:
        """The sample in one word that a shell takes without quotes."""
        pairs: list[tuple[str, Scalar]] = [
            ("seed", self.seed),
            ("draw", self.draw),
            ("class", self.shape_class),
            ("regime", self.regime),
            *self.config,
        ]
        if self.use:
            pairs.append(("use", self.use))
        if self.redraw:
            pairs.append(("redraw", self.redraw))
        return f"{self.case}:" + ",".join(f"{name}={_write(value)}" for name, value in pairs)

    @classmethod
    def parse(cls, text: str) -> Sample:
        """Read a sample back from its text.

        Raises:
            UsageError: the text is not one that `text` could have written; the message shows where.
        """
        case, colon, rest = text.partition(":")
        pairs = [part.partition("=") for part in rest.split(",")]
        if not case or not colon or not all(name and equals for name, equals, _ in pairs):
            raise UsageError(f"sample: expected CASE:seed=…,draw=…,class=…,regime=…,SIZE=…, got {text!r}")
        values = {name: _read(value) for name, _, value in pairs}
        missing = [name for name in _FIXED if name not in values]
        if missing or len(values) != len(pairs):
            raise UsageError(
                f"sample: {text!r} lacks {missing}" if missing else f"sample: {text!r} repeats a name"
            )
        seed, draw, redraw = values.pop("seed"), values.pop("draw"), values.pop("redraw", 0)
        shape_class, regime, use = (
            str(values.pop("class")),
            str(values.pop("regime")),
            str(values.pop("use", "")),
        )
        for name, value in (("seed", seed), ("draw", draw), ("redraw", redraw)):
            if not isinstance(value, int):
                raise UsageError(f"sample: {name} must be a whole number, got {value!r}")
        config = tuple(values.items())
        sample = cls(case, int(seed), int(draw), shape_class, regime, config, int(redraw), use)
        # The values follow from the text: `seed=01` would be another text with the same meaning.
        if sample.text != text:
            raise UsageError(f"sample: expected it written as {sample.text!r}, got {text!r}")
        return sample

    @property
    def settings(self) -> Mapping[str, Scalar]:
        """Sizes and flags by name."""
        return dict(self.config)

    @property
    def plain(self) -> Sample:
        """The same sample in the plain call."""
        return self._plain if self.use else self

    @cached_property
    def _plain(self) -> Sample:
        return replace(self, use="")

    def used(self, use: str) -> Sample:
        """Return the same sample in a use."""
        return replace(self, use=use)

    def redrawn(self) -> Sample:
        """Return the next repetition of this draw: the same configuration with other values."""
        return replace(self, redraw=self.redraw + 1)

    def words(self, name: str, count: int) -> NDArray[np.uint64]:
        """Return `count` raw 64-bit words that follow from the plain text and the array's name alone.

        NumPy promises stable raw streams for its bit generators, not for the distributions made of them.
        """
        return raw_words(f"{self.plain.text}|{name}", count)


def raw_words(text: str, count: int, first: int = 0) -> NDArray[np.uint64]:
    """Return `count` raw words of the Philox stream whose key is the SHA-256 of the text.

    Args:
        text: the text.
        count: how many.
        first: how many words of the stream come before them; a multiple of 4.
    """
    key = hashlib.sha256(f"{SCHEMA}|{text}".encode()).digest()[:16]
    return _streams.words(np.frombuffer(key, "<u8").astype(np.uint64), count, first // 4)


class _Key(ISeedSequence):
    """A seed that is the key itself: beside one given as `key`, Philox asks the system for entropy."""

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> NDArray[Any]:
        """Return the two words of a key, for which Philox asks."""
        del n_words, dtype
        return np.zeros(2, np.uint64)


class _Streams(threading.local):
    """The stream of any key, by one generator per thread: to make one takes as long as all else."""

    def __init__(self) -> None:
        self._drawing = Philox(_Key())  # type: ignore[arg-type] # NumPy's stubs know of its own sequence only
        self._state: Any = self._drawing.state

    def words(self, key: NDArray[np.uint64], count: int, blocks: int) -> NDArray[np.uint64]:
        """Return words of the stream of a key, after so many blocks of four of them."""
        # Nothing is drawn yet in this state but for the key and the place.
        self._state["state"]["key"] = key
        self._state["state"]["counter"][0] = blocks
        self._drawing.state = self._state
        return np.asarray(self._drawing.random_raw(count), dtype=np.uint64)


_streams = _Streams()


def _write(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(text: str) -> Scalar:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
