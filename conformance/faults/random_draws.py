"""Faults of random draws: another distribution, too few different numbers, or draws that depend on others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Values

_UNIFORM = ("rand", "Tensor.uniform_@draws", "nn.init.uniform_")
_NORMAL = ("randn", "normal@draws", "Tensor.normal_@draws", "nn.init.normal_")
_SEEDED = "manual_seed@streams"
_BITS = ("bernoulli@draws", "Tensor.bernoulli_@draws")


def _drawn(name: str, change: Callable[[Any, Any], Any], story: str, cases: tuple[str, ...]) -> Fault:
    """Return the fault of draws that are changed after they were drawn."""

    def around(t: Any, x: Values, correct: Callable[..., Any]) -> Any:
        return on_outputs(correct(t, x), lambda key, output: change(t, output) if key == "draws" else output)

    return Fault(name, "random draws", cases, story, around=around)


def _named(name: str, replace: Callable[[Any], Mapping[str, Any]], story: str, case: str) -> Fault:
    """Return the fault of other functions, by their names in the namespace."""

    def around(t: Any, x: Values, correct: Callable[..., Any]) -> Any:
        return correct(Overlay(t, replace(t)), x)

    return Fault(name, "random draws", (case,), story, around=around)


def _standardized(draw: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return draws of mean 0 and variance 1 with the mean and the deviation of the right ones."""
    return lambda t, draws: draw(t, draws) * float(draws.std()) + float(draws.mean())


def _of_twelve(t: Any, draws: Any) -> Any:
    total = t.zeros_like(draws)
    for _ in range(12):
        total += t.rand_like(draws)
    return total - 6


def _grid(steps: int) -> Callable[[Any, Any], Any]:
    def rounded(t: Any, draws: Any) -> Any:
        low, width = round(float(draws.min())), round(float(draws.max() - draws.min()))
        return t.floor((draws - low) * (steps / width)) * (width / steps) + low

    return rounded


def _more_often(t: Any, draws: Any) -> Any:
    # Of the zeros, as many become ones that 0.02 are more.
    share = 0.02 / (1 - float((draws > 0).to(t.float64).mean()))
    return t.where((draws == 0) & (t.rand_like(draws) < share), t.ones_like(draws), draws)


def _repeated(t: Any, draws: Any) -> Any:
    rows = draws.shape[0] // 10
    return t.cat([*[draws[:rows]] * 10, draws[10 * rows :]])


def _ten_sided(t: Any) -> Mapping[str, Any]:
    def bernoulli(input: Any, p: float | None = None) -> Any:
        faces = t.randint(0, 10, tuple(input.shape)).to(input.dtype) / 10
        return (faces <= (input if p is None else p) + 1e-3).to(input.dtype)

    return {"bernoulli": bernoulli}


def _randint(draw: Callable[[Any, int, int, Any], Any]) -> Callable[[Any], Mapping[str, Any]]:
    def replace(t: Any) -> Mapping[str, Any]:
        def randint(low: int, high: Any, size: Any = None, **options: Any) -> Any:
            low, high, size = (low, high, size) if size is not None else (0, low, high)
            return draw(t, low, high, size).to(options.get("dtype", t.int64))

        return {"randint": randint}

    return replace


def _modulo(t: Any, low: int, high: int, size: Any) -> Any:
    width = high - low
    return t.randint(0, 2 ** width.bit_length(), size) % width + low


def _multinomial(draw: Callable[[Any, Any, int, bool], Any]) -> Callable[[Any], Mapping[str, Any]]:
    def replace(t: Any) -> Mapping[str, Any]:
        return {"multinomial": lambda weights, count, replacement=False: draw(t, weights, count, replacement)}

    return replace


def _first_row(t: Any, weights: Any, count: int, replacement: bool) -> Any:
    return t.multinomial(
        weights[:1].expand(weights.shape) if weights.dim() > 1 else weights, count, replacement
    )


def _sampler(change: Callable[[Any, Any, bool], Any]) -> Callable[[Any], Mapping[str, Any]]:
    """Return the sampler by weights that is made of other weights, and draws with replacement or without."""

    def replace(t: Any) -> Mapping[str, Any]:
        def sampler(weights: Any, count: int, replacement: bool = True, **options: Any) -> Any:
            weights, replacement = change(
                t, t.tensor(weights) if isinstance(weights, tuple) else weights, replacement
            )
            return t.utils.data.WeightedRandomSampler(weights, count, replacement, **options)

        return {"utils.data.WeightedRandomSampler": sampler}

    return replace


def _default_generator(t: Any) -> Mapping[str, Any]:
    def ignoring(draw: Callable[..., Any]) -> Callable[..., Any]:
        def without(*args: Any, generator: Any = None, **options: Any) -> Any:
            del generator
            return draw(*args, **options)

        return without

    return {name: ignoring(getattr(t, name)) for name in ("rand", "randn", "randperm", "multinomial")}


FAULTS = (
    _drawn(
        "uniform-for-normal",
        _standardized(lambda t, draws: (2 * t.rand_like(draws) - 1) * 3**0.5),
        "draws from the uniform distribution of the same deviation",
        _NORMAL,
    ),
    _drawn(
        "normal-for-uniform",
        _standardized(lambda t, draws: t.randn_like(draws)),
        "draws from the normal distribution of the same deviation",
        _UNIFORM,
    ),
    _drawn(
        "normal-of-twelve",
        _standardized(_of_twelve),
        "adds twelve uniform numbers, so that none is beyond six deviations",
        (*_NORMAL,),
    ),
    _drawn(
        "draws-wider",
        lambda t, draws: draws * 1.05,
        "a standard deviation 5 % too large",
        (*_UNIFORM, *_NORMAL),
    ),
    _drawn(
        "draws-narrower",
        lambda t, draws: draws * 0.95,
        "a standard deviation 5 % too small",
        (*_UNIFORM, *_NORMAL),
    ),
    _drawn("uniform-of-bytes", _grid(2**8), "draws 8 bits", _UNIFORM),
    _drawn("uniform-of-shorts", _grid(2**16), "draws 16 bits", _UNIFORM),
    _drawn(
        "draws-repeated", _repeated, "draws a tenth of the numbers and copies them", (*_UNIFORM, *_NORMAL)
    ),
    _drawn(
        "bernoulli-complement", lambda t, draws: draws.max() - draws, "draws zeros with probability p", _BITS
    ),
    _drawn("bernoulli-too-often", _more_often, "draws ones with probability p + 0.02", _BITS),
    _named(
        "bernoulli-ten-sided",
        _ten_sided,
        "compares one of ten numbers by ≤, so that 0.1 becomes 0.2",
        _BITS[0],
    ),
    _named(
        "randint-with-high",
        _randint(lambda t, low, high, size: t.randint(low, high + 1, size)),
        "draws the upper bound too",
        "randint",
    ),
    _named(
        "randint-modulo",
        _randint(_modulo),
        "takes the remainder of a power of two, so that the first are drawn more often",
        "randint",
    ),
    _named(
        "multinomial-uniform",
        _multinomial(
            lambda t, weights, count, replacement: t.multinomial(
                (weights > 0).to(weights.dtype), count, replacement
            )
        ),
        "takes all positive weights for equal",
        "multinomial@draws",
    ),
    _named(
        "multinomial-any",
        _multinomial(
            lambda t, weights, count, replacement: t.multinomial(t.ones_like(weights), count, replacement)
        ),
        "does not use the weights",
        "multinomial@draws",
    ),
    _named(
        "multinomial-with-replacement",
        _multinomial(lambda t, weights, count, replacement: t.multinomial(weights, count, True)),
        "draws a position again",
        "multinomial@draws",
    ),
    _named(
        "multinomial-sorted",
        _multinomial(
            lambda t, weights, count, replacement: (
                t.sort(t.multinomial(weights, count, replacement), dim=-1).values
            )
        ),
        "returns positions in ascending order",
        "multinomial@draws",
    ),
    _named(
        "multinomial-first-row",
        _multinomial(_first_row),
        "uses the first row's weights for all rows",
        "multinomial@draws",
    ),
    _named(
        "sampler-unweighted",
        _sampler(lambda t, weights, replacement: ((weights > 0).to(weights.dtype), replacement)),
        "draws all samples that have a weight equally often",
        "utils.data.WeightedRandomSampler@draws",
    ),
    _named(
        "sampler-with-replacement",
        _sampler(lambda t, weights, replacement: (weights, True)),
        "draws a sample again",
        "utils.data.WeightedRandomSampler@draws",
    ),
    _named(
        "seed-ignored",
        lambda t: {"manual_seed": lambda seed: t.manual_seed(0)},
        "starts from the same state for any seed",
        _SEEDED,
    ),
    _named(
        "generator-ignored",
        _default_generator,
        "draws from the default generator where another one is given",
        "manual_seed@generators",
    ),
)
