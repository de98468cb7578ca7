"""A case: one thing to compare. Its space, its arrays, its program and its bad calls, as data."""

from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.sample import Scalar
    from conformance.sampling.space import Space
    from conformance.sampling.values import Input

    Config = Mapping[str, Scalar]
    Gradients = Callable[[], Mapping[str, Any]]
    Program = Callable[[Any, "Values"], Mapping[str, Any] | "Mapped"]
    # Runs instead of a program, which it gets as its third argument.
    Around = Callable[[Any, "Values", Program], Mapping[str, Any] | "Mapped"]


class Values(UserDict[str, Any]):
    """What a program receives: its tensors by name, the sample's settings, and the seams to go through.

    Attributes:
        config: sizes and flags of the sample, with those of the bad call.
        seams: the steps of the program that a fault may replace, by name.
        bad_call: what is wrong on purpose, if anything; programs read it as `options` and `call`.
    """

    def __init__(
        self,
        tensors: Mapping[str, Any],
        config: Config,
        seams: Mapping[str, Callable[..., Any]],
        bad_call: BadCall | None = None,
    ) -> None:
        super().__init__(tensors)
        self.config = config
        self.seams = seams
        self.bad_call = bad_call

    @property
    def options(self) -> Mapping[str, Any]:
        """The keyword arguments that the bad call puts over the good ones; none in a good call."""
        return self.bad_call.options if self.bad_call else {}

    @property
    def call(self) -> Callable[..., Any] | None:
        """What the bad call runs instead of the function that the settings choose, if anything."""
        return self.bad_call.call if self.bad_call else None


class Mapped(NamedTuple):
    """What a program returns when its parameters are not the tensors that it was given, but copies.

    Attributes:
        outputs: the outputs by name.
        gradients: called after backward; the gradients of those copies in the reference's names and layout.
    """

    outputs: Mapping[str, Any]
    gradients: Gradients


@dataclass(frozen=True)
class BadCall:
    """A call that must be refused as torch refuses it.

    It starts from the good configuration in the case's `base`; each field below says what differs from it.

    Attributes:
        label: what is wrong, in a few words.
        mentions: what the message must name: the argument, the expected and the given value; `a|b` where
            implementations call it by different names.
        config: sizes and flags that differ.
        shapes: shapes that differ, by the input's name.
        dtypes: dtypes that differ, by the input's name.
        options: keyword arguments that differ, where the program does not take them from its settings.
        call: runs instead of the function that the settings choose, with the same arguments.
    """

    label: str
    mentions: tuple[str, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    call: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Case:
    """One thing to compare.

    Attributes:
        name: the public name that it judges, e.g. `nn.Linear`; a further case of one name has an aspect, as
            `add@alpha`.
        space: the configurations that it can be drawn in.
        inputs: from settings to the arrays, by the reference's names.
        program: runs on any namespace with torch's API: `program(t, x)` takes the namespace and the `Values`
            and returns the outputs by name.
        samples: how many samples a run draws by default; at least one for each class and regime.
        written_out: the same function, step by step in torch's API, where the program calls a layer that does
            it in one: what runs when a seam is replaced.
        seams: the replaceable steps, correct, of what is written out, or else of the program.
        training: the outputs are parameters after optimiser steps, and nothing remains to differentiate.
        residuals: the outputs are differences of two sides, which are zero but for rounding.
        exact_on_integers: only sums, products and copies, hence exact in the regime `integer`.
        base: settings for the bad calls, which start from this one good configuration.
        bad_calls: what must be refused.
    """

    name: str
    space: Space
    inputs: Callable[[Config], Mapping[str, Input]]
    program: Program
    samples: int = 0
    written_out: Program | None = None
    seams: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    training: bool = False
    residuals: bool = False
    exact_on_integers: bool = False
    base: Config = field(default_factory=dict)
    bad_calls: tuple[BadCall, ...] = ()

    @property
    def public_name(self) -> str:
        """The public name that it judges: its own name without the aspect."""
        return self.name.partition("@")[0]

    @property
    def default_samples(self) -> int:
        """How many samples a run draws: what the case declares, but each class and regime at least once."""
        return max(self.samples, self.space.combinations)
