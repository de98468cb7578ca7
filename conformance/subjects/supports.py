"""The limits that a subject declares, as data: what is outside is not judged, and the report says so.

Declared by implementations as `supports`. `running.plan` draws samples within the limits, `judging` compares
nothing outside, and the words of the limits stand next to the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.arithmetic.formats import FORMATS, THERE_ARE, TORCHS, Inside, precision
from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.errors import UsageError, unknown
from conformance.subjects.protocol import EVERY_LANE, HALF_LANES, LANES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from conformance.cases.case import Case, Config
    from conformance.subjects.protocol import Implementation


class _Limit(NamedTuple):
    """A limit on the settings of samples.

    Attributes:
        words: from the declared value to the words of the report.
        beyond: from the declared value, a case and settings to whether they are outside.
    """

    words: Callable[[Any], str]
    beyond: Callable[[Any, Case, Config], bool]


# Cases that make modules of several layers and both directions, whatever their settings.
STACKED = frozenset({"nn.LSTM@initial", "nn.GRU@initial", "nn.RNN@initial"})
# Cases whose every sample makes or takes a PackedSequence.
PACKING = frozenset(
    f"nn.utils.rnn.{name}"
    for name in ("pack_padded_sequence", "pad_packed_sequence", "pack_sequence", "unpack_sequence")
)

# The limits on settings, by the field of `Supports`. Settings include the options of a bad call.
_LIMITS: Mapping[str, _Limit] = {
    "layers": _Limit(
        lambda most: "one layer" if most == 1 else f"at most {most} layers",
        lambda most, case, config: (
            case.name in STACKED or max(int(config.get(name, 1)) for name in ("layers", "num_layers")) > most
        ),
    ),
    "bidirectional": _Limit(
        lambda _: "one direction",
        lambda _, case, config: case.name in STACKED or bool(config.get("bidirectional")),
    ),
    "projection": _Limit(
        lambda _: "no projection",
        lambda _, __, config: bool(config.get("projection") or config.get("proj_size")),
    ),
    "packed": _Limit(
        lambda _: "no packed sequences",
        lambda _, case, config: case.name in PACKING or config.get("form") in {"sorted", "unsorted"},
    ),
    "empty_batch": _Limit(
        lambda _: "no empty batch",
        lambda _, case, config: any(
            kind in {"batch", "several"} and config.get(name) == 0 for name, kind in case.space.sizes.items()
        ),
    ),
}


@dataclass(frozen=True)
class Supports:
    """The limits of an implementation. By default there are none.

    A subject is judged by as many samples as any other, drawn from the same endless stream: of each shape
    class and regime, and on and off the plain path, by the first within its limits, as many as among the
    samples of any other (`sampling.within`). What is outside is not judged, is counted, and is named next to
    the verdict, as in "judged: forward only, float32, one layer".

    Args:
        cases: the names of the cases that it can run; None for all.
        dtypes: the dtypes that it computes in: of `float64`, `float32`, `bfloat16` and `float16`; by default
            the first two. In half types plain calls are judged, forward and backward; optimiser steps, uses,
            random draws and the regimes whose values half types lack are not.
        backward: whether it returns gradients. With None, its gradients are judged in each sample in which it
            returns any, and are skipped in the others.
        training: whether it can train. Without, cases and uses that take optimiser steps are outside.
        uses: the names of the uses in which it can be called; None for those of its attribute `uses`. Without
            `backward`, only those that can be judged by outputs alone are inside.
        bad_calls: whether the exceptions that it raises for bad calls are judged. Bad calls have float32
            arrays, and are outside where that dtype is.
        layers: the most layers of a recurrent module; None for any number.
        bidirectional: whether recurrent modules run in both directions.
        projection: whether an LSTM can have a projection.
        packed: whether it takes packed sequences.
        empty_batch: whether it takes a batch of no rows.
        compute: the dtype that its operations compute in, in half types, before a result is rounded to that
            of its arrays. The default is what torch's kernels do: float32. A subject that computes in less
            is allowed more.
        accumulate: likewise, the dtype of its partial sums; by default that of `compute`.

    Raises:
        UsageError: an unknown case, dtype or use, or a value of another kind; the message names the argument,
            and the names most like it. Or `compute` or `accumulate` where no half type is declared, or
            `compute` is less precise than one that is.

    Example:
        >>> from conformance import Supports
        >>> Supports(backward=False, dtypes=["float32"], layers=1).words
        ('forward only', 'float32', 'one layer')
    """

    cases: Collection[str] | None = None
    dtypes: Collection[str] = LANES
    backward: bool | None = True
    training: bool = True
    uses: Collection[str] | None = None
    bad_calls: bool = True
    layers: int | None = None
    bidirectional: bool = True
    projection: bool = True
    packed: bool = True
    empty_batch: bool = True
    compute: str | None = None
    accumulate: str | None = None

    def __post_init__(self) -> None:
        for field, there_are in (("cases", CASES), ("dtypes", EVERY_LANE), ("uses", USES)):
            given = getattr(self, field)
            if given is not None or field == "dtypes":
                object.__setattr__(self, field, _names(field, given, there_are))
        for field in ("cases", "dtypes"):
            if getattr(self, field) == ():
                raise UsageError(f"Supports: {field}: expected at least one name, got none")
        for field in ("training", "bad_calls", "bidirectional", "projection", "packed", "empty_batch"):
            if not isinstance(getattr(self, field), bool):
                raise UsageError(f"Supports: {field}: expected True or False, got {getattr(self, field)!r}")
        if self.backward is not None and not isinstance(self.backward, bool):
            raise UsageError(f"Supports: backward: expected True, False or None, got {self.backward!r}")
        if self.layers is not None and (type(self.layers) is not int or self.layers < 1):
            raise UsageError(
                f"Supports: layers: expected a number of at least 1 or None, got {self.layers!r}"
            )
        self._check_inside()

    def _check_inside(self) -> None:
        halves = [lane for lane in self.dtypes if lane in HALF_LANES]
        for field in ("compute", "accumulate"):
            given = getattr(self, field)
            if given is None:
                continue
            if not isinstance(given, str) or given not in FORMATS:
                raise UsageError(f"Supports: {field}: expected {THERE_ARE}, by name, or None, got {given!r}")
            if not halves:
                raise UsageError(
                    f"Supports: {field}: expected {' or '.join(HALF_LANES)} among dtypes with it, "
                    f"got {', '.join(self.dtypes)}"
                )
        for lane in halves:
            try:
                precision(lane, *self.inside)
            except UsageError as error:
                raise UsageError(f"Supports: {error}") from error

    @property
    def inside(self) -> Inside:
        """What its operations compute and add up in, in half types."""
        compute = TORCHS.compute if self.compute is None else self.compute
        return Inside(compute, compute if self.accumulate is None else self.accumulate)

    @property
    def words(self) -> tuple[str, ...]:
        """The limits in words, but for the cases, as a run says how many of those that it was asked for."""
        told = ["forward only"] if self.backward is False else []
        told += list(self.dtypes) if set(self.dtypes) != set(LANES) else []
        told += [f"half types {self.inside.words}"] if self.inside != TORCHS else []
        told += [limit.words(getattr(self, field)) for field, limit in self._limits]
        told += [] if self.training else ["no training"]
        told += [] if self.uses is None else [_uses_in_words(self.uses)]
        return (*told, *([] if self.judges_bad_calls else ["no bad calls"]))

    def why_outside(
        self, case: Case, config: Config | None = None, dtype: str | None = None, use: str = ""
    ) -> str | None:
        """Return the limit that a call is beyond, in words, or None.

        Args:
            case: the case.
            config: the settings; None to ask about the case alone.
            dtype: the dtype of the arrays; None for any.
            use: the use in which the case is called; empty for the plain call.
        """
        if self.cases is not None and case.name not in self.cases:
            return f"no {case.name}"
        if dtype is not None and dtype not in self.dtypes:
            return f"only {' and '.join(self.dtypes)}"
        if case.training and not self._trains:
            return "no training"
        if use and not self.has_use(use):
            return f"not the use {use}"
        config = {} if config is None else config
        for field, limit in self._limits:
            if limit.beyond(getattr(self, field), case, config):
                return limit.words(getattr(self, field))
        return None

    @property
    def judges_bad_calls(self) -> bool:
        """Whether bad calls are inside, which have float32 arrays."""
        return self.bad_calls and "float32" in self.dtypes

    def has_use(self, name: str) -> bool:
        """Whether it can be called in a use, as far as is declared here."""
        use = USES[name]
        named = self.uses is None or name in self.uses
        return named and (self._trains or not use.trains) and (self.backward is not False or use.forward)

    @property
    def _trains(self) -> bool:
        # A step needs gradients.
        return self.training and self.backward is not False

    @property
    def _limits(self) -> list[tuple[str, _Limit]]:
        """The limits on settings that are declared."""
        # Not `in`: one layer equals True.
        return [
            (field, limit)
            for field, limit in _LIMITS.items()
            if getattr(self, field) is not None and getattr(self, field) is not True
        ]


def supports_of(implementation: Implementation) -> Supports:
    """Return the limits that an implementation declares; none without the attribute `supports`.

    Raises:
        UsageError: the attribute is something else, or reading it raises.
    """
    try:
        declared: object = getattr(implementation, "supports", None)
    except Exception as error:
        raise UsageError(f"supports: reading it raises {type(error).__name__}: {error}") from error
    return EVERYTHING if declared is None else as_supports(declared)


def as_supports(supports: object) -> Supports:
    """Return limits that were given as `supports`.

    Raises:
        UsageError: they are something else.
    """
    if not isinstance(supports, Supports):
        raise UsageError(f"supports: expected conformance.Supports(…), got {supports!r:.80}")
    return supports


def _uses_in_words(uses: Collection[str]) -> str:
    if not uses:
        return "plain calls only"
    return f"the uses {', '.join(uses)}" if len(uses) < 4 else f"{len(uses)} of {len(USES)} uses"


def _names(field: str, given: object, there_are: Iterable[str]) -> tuple[str, ...]:
    """Return some names, each once, in the order given.

    Raises:
        UsageError: they are not names, or one of them is unknown.
    """
    # One string would be read letter by letter.
    names = None if isinstance(given, str) or not hasattr(given, "__iter__") else list(given)
    if names is None or not all(isinstance(name, str) for name in names):
        raise UsageError(f"Supports: {field}: expected a list of names, got {given!r}")
    for name in names:
        if name in there_are:
            continue
        if field == "cases":
            raise unknown("case", name, there_are)
        near = get_close_matches(name, list(there_are), n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(
            f"Supports: {field}: unknown {field[:-1]} {name!r}.{hint} There are: {', '.join(there_are)}"
        )
    return tuple(dict.fromkeys(names))


EVERYTHING = Supports()
