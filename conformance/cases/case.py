"""A case: one thing to compare. Its space, its arrays, its program and its bad calls, as data.

The families in cases/ make cases; sampling draws their samples, and subjects run their programs.
"""

from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from conformance.cases._axes import Axis
    from conformance.cases._law import Law
    from conformance.sampling.sample import Sample, Scalar
    from conformance.sampling.space import Space
    from conformance.sampling.values import Input

    Config = Mapping[str, Scalar]
    Tensors = Mapping[str, Any]
    Gradients = Callable[[], Mapping[str, Any]]
    Program = Callable[[Any, "Values"], Mapping[str, Any] | "Mapped"]
    # Runs instead of a program, which it gets as its third argument.
    Around = Callable[[Any, "Values", Program], Mapping[str, Any] | "Mapped"]
    # By pattern of observable, why it is constant: always, or in a sample.
    Constant = Mapping[str, str | Callable[[Sample], str | None]]
    # From the namespace, the tensors and the settings to a layer.
    Build = Callable[[Any, "Values", Config], "Built"]


class Values(UserDict[str, Any]):
    """The argument of a program: its tensors by name, the sample's settings, and the seams to go through.

    Attributes:
        config: sizes and flags of the sample, with those of the bad call.
        seams: the steps of the program that a fault may replace, by name.
        bad_call: the bad call, if it is one; programs read it as `options` and `call`.
        case: the name of the case.
        dtype: the dtype of the lane, `float64` or `float32`.
    """

    def __init__(
        self,
        tensors: Mapping[str, Any],
        config: Config,
        seams: Mapping[str, Callable[..., Any]],
        bad_call: BadCall | None = None,
        case: str = "",
        dtype: str = "",
    ) -> None:
        super().__init__(tensors)
        self.config = config
        self.seams = seams
        self.bad_call = bad_call
        self.case, self.dtype = case, dtype

    def having(self, tensors: Mapping[str, Any], config: Config | None = None) -> Values:
        """Return the same with other tensors, and with other settings if any are given."""
        settings = self.config if config is None else config
        return Values(tensors, settings, self.seams, self.bad_call, self.case, self.dtype)

    @property
    def options(self) -> Mapping[str, Any]:
        """The keyword arguments that the bad call puts over the good ones; none in a good call."""
        return self.bad_call.options if self.bad_call else {}

    @property
    def call(self) -> Callable[..., Any] | None:
        """The function that a bad call runs instead of the one that the settings choose, if any."""
        return self.bad_call.call if self.bad_call else None


class Mapped(NamedTuple):
    """The result of a program whose parameters are copies of the tensors that it was given.

    Attributes:
        outputs: the outputs by name.
        gradients: called after backward; the gradients of those copies in the reference's names and layout.
    """

    outputs: Mapping[str, Any]
    gradients: Gradients


@dataclass(frozen=True)
class Built:
    """A layer with its parameters loaded, which may be called any number of times.

    Attributes:
        call: from the data by name to the outputs by name. It takes the data from its argument only, so that
            callers may pass other data of fitting shapes.
        parameters: the learned tensors that the layer computes with, by the reference's names; constants,
            such as the class weights of a loss, are not among them. A module's own parameters are copies of
            the tensors that the program was given; a function's are those tensors.
        module: the module, or None where the layer is a function.
        read: the gradients of the parameters by the reference's names, where they are not simply those of
            `parameters`: a subject whose parameters have other names and layouts translates them here.
        again: makes the same layer of another module of the same kind, such as a copy; None where that is not
            known.
    """

    call: Callable[[Tensors], Mapping[str, Any]]
    parameters: Tensors = field(default_factory=dict)
    module: Any = None
    read: Gradients | None = None
    again: Callable[[Any], Built] | None = None

    def gradients(self) -> Mapping[str, Any]:
        """Return the gradients of the parameters, by the reference's names; None where there is none."""
        if self.read is not None:
            return self.read()
        return {name: parameter.grad for name, parameter in self.parameters.items()}


@dataclass(frozen=True)
class LayerProgram:
    """The program of a layer: build it, then call it with the sample's data.

    Attributes:
        build: makes the layer.
    """

    build: Build

    def __call__(self, t: Any, x: Values) -> Mapping[str, Any] | Mapped:
        """Run on a namespace; gradients are read from the module's parameters, where it has any."""
        built = self.build(t, x, x.config)
        outputs = built.call(data_of(x))
        copied = built.module is not None and built.parameters
        return Mapped(outputs, built.gradients) if copied else outputs


def is_parameter(name: str) -> bool:
    """Whether an array of that name is learned; all others are data. A ParameterList's have numbers."""
    last = name.rpartition(".")[2]
    return last.startswith(("weight", "bias")) or last.isdigit()


def data_of(tensors: Tensors) -> dict[str, Any]:
    """Return the tensors that are data."""
    return {name: tensor for name, tensor in tensors.items() if not is_parameter(name)}


def parameters_of(tensors: Tensors) -> dict[str, Any]:
    """Return the tensors that are parameters."""
    return {name: tensor for name, tensor in tensors.items() if is_parameter(name)}


def load(module: Any, parameters: Tensors) -> dict[str, Any]:
    """Copy parameters into a module, and return the module's own by the same names."""
    module.load_state_dict({name: value.detach() for name, value in parameters.items()})
    own = dict(module.named_parameters())
    return {name: own[name] for name in parameters}


def _one_to_one(module: Any, data: Tensors) -> Mapping[str, Any]:
    return {"output": module(data["input"])}


def of_module(
    module: Any,
    call: Callable[[Any, Tensors], Mapping[str, Any]] = _one_to_one,
    parameters: Collection[str] = (),
    read: Callable[[Any], Mapping[str, Any]] | None = None,
) -> Built:
    """Return the layer of a module.

    Args:
        module: the module, with its parameters loaded.
        call: from the module and the data by name to the outputs by name; by default, from the one input to
            the one output.
        parameters: the names of the parameters, the reference's and the module's.
        read: see `Built`; from the module.
    """
    # A fault may put a function where a module without parameters was.
    own = dict(module.named_parameters()) if parameters else {}
    return Built(
        partial(call, module),
        {name: own[name] for name in parameters},
        module,
        None if read is None else partial(read, module),
        lambda other: of_module(other, call, parameters, read),
    )


def of_function(program: Callable[[Any, Values], Any]) -> Build:
    """Return the build of a function, which computes with the given parameters: there is no module."""

    def build(t: Any, x: Values, config: Config) -> Built:
        parameters = parameters_of(x)

        def call(data: Tensors) -> Mapping[str, Any]:
            # In the order of the case's inputs, which programs may go through.
            ordered = {name: data.get(name, x[name]) for name in x if name in data or name in parameters}
            outputs: Mapping[str, Any] = program(t, x.having({**ordered, **data}, config))
            return outputs

        return Built(call, parameters)

    return build


@dataclass(frozen=True)
class BadCall:
    """A call for which torch raises an exception, and for which a subject must raise the same.

    It starts from the good configuration in the case's `base`; each field below gives what differs from it.

    Attributes:
        label: the mistake in a few words.
        mentions: the words that the message must have: the argument, the expected and the given value; `a|b`
            where implementations call it by different names.
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
            and returns the outputs by name. A layer's is a `LayerProgram`.
        samples: the number of samples that a run draws by default; at least one for each class and regime.
        written_out: the same function, step by step in torch's API, where the program calls a layer that does
            it in one. It is run when a seam is replaced. A layer's is a `LayerProgram` too.
        seams: the replaceable steps, correct, of the program written out, or else of the program.
        training: the outputs are parameters after optimiser steps, and nothing remains to differentiate.
        one_side: the same program, but one side is returned, where the outputs are differences of two sides,
            which are zero but for rounding: on it is seen whether a wrong side would be noticed. None where
            the outputs are not such differences.
        constant: by pattern of observable, why it is constant by definition, so that zeros or the mean agree
            as well as the right numbers do; or a function from a sample to that, or to None where it varies.
        several_outputs: more than one output has a gradient, at least with some settings.
        unused: uses (`_uses.py`) that do not apply although their own facts say so, or `EVERY_USE`, each with
            its reason, or a function from settings to it, or to None where the use applies.
        exact_on_integers: only sums, products and copies, hence exact in the regime `integer`.
        distribution: from settings to the laws of the outputs that are random draws, which are compared by
            tests of samples; the other outputs of such a case are compared exactly. None where nothing is
            random.
        not_in_half: from settings to why a sample is not judged in half types, where the function is another
            one there; to None where it is judged.
        axes: from settings to the axes, by pattern of observable, along which a report shows how large the
            error is.
        base: settings for the bad calls, which start from this one good configuration.
        bad_calls: calls that must raise an exception.
    """

    name: str
    space: Space
    inputs: Callable[[Config], Mapping[str, Input]]
    program: Program
    samples: int = 0
    written_out: Program | None = None
    seams: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    training: bool = False
    one_side: Program | None = None
    constant: Constant = field(default_factory=dict)
    several_outputs: bool = False
    unused: Mapping[str, str | Callable[[Config], str | None]] = field(default_factory=dict)
    exact_on_integers: bool = False
    distribution: Callable[[Config], Mapping[str, Law]] | None = None
    not_in_half: Callable[[Config], str | None] = lambda config: None
    axes: Callable[[Config], Mapping[str, Axis]] = lambda config: {}
    base: Config = field(default_factory=dict)
    bad_calls: tuple[BadCall, ...] = ()

    @property
    def residuals(self) -> bool:
        """Whether the outputs are differences of two sides, which are zero but for rounding."""
        return self.one_side is not None

    def constant_in(self, sample: Sample) -> dict[str, str]:
        """Return by pattern of observable why it is constant by definition in a sample."""
        told = {name: why(sample) if callable(why) else why for name, why in self.constant.items()}
        return {name: why for name, why in told.items() if why}

    @property
    def build(self) -> Build | None:
        """How a layer is built, or None where the case is not a layer's."""
        return self.program.build if isinstance(self.program, LayerProgram) else None

    @property
    def default_samples(self) -> int:
        """How many samples a run draws, as many as declared, and each class and regime at least once."""
        return max(self.samples, self.space.combinations)
