"""The generator of random numbers, and its seed.

The streams are NumPy's (PCG64), not torch's: the same seed gives the same numbers in every run, but not the
numbers that torch gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


class Generator:
    """A stream of random numbers.

    The stream is made on first use, because `numpy.random` is a fifth of the time that `import numpy` takes.

    Args:
        device: only "cpu".

    Raises:
        RuntimeError: another device.
    """

    __slots__ = ("_seed", "_stream")

    def __init__(self, device: object = None) -> None:
        if device is not None and str(device) != "cpu":
            raise RuntimeError(f"expected device 'cpu', got {str(device)!r}: there is no other device")
        self._seed: int | None = None
        self._stream: np.random.Generator | None = None

    @property
    def stream(self) -> np.random.Generator:
        """The NumPy generator that the numbers are drawn from."""
        if self._stream is None:
            import numpy as np  # noqa: PLC0415 - see the class

            self._stream = np.random.Generator(np.random.PCG64(self.initial_seed()))
        return self._stream

    def manual_seed(self, seed: int) -> Generator:
        """Restart the stream from a seed.

        Args:
            seed: from -2⁶³ to 2⁶⁴ - 1; a negative one counts as seed + 2⁶⁴.

        Returns:
            The generator itself.

        Raises:
            RuntimeError: the seed is out of that range, or not an integer.
        """
        if type(seed) is bool or not isinstance(seed, int):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise RuntimeError(
                f"Overflow when unpacking long long: seed {seed} is not between -2**63 and 2**64 - 1"
            )
        self._seed = seed % 2**64
        self._stream = None
        return self

    def initial_seed(self) -> int:
        """Return the seed that the stream was started with; it is drawn from the system if none was given."""
        if self._seed is None:
            import secrets  # noqa: PLC0415 - a program that seeds never needs it

            self._seed = secrets.randbits(63)
        return self._seed

    def seed(self) -> int:
        """Restart the stream from a seed that the system draws, and return the seed."""
        self._seed = None
        self._stream = None
        return self.initial_seed()

    def get_state(self) -> dict[str, object]:
        """Return the state, from which `set_state` continues."""
        return {"seed": self.initial_seed(), "stream": dict(self.stream.bit_generator.state)}

    def set_state(self, new_state: dict[str, object]) -> Generator:
        """Continue from a state that `get_state` returned.

        Args:
            new_state: the state.

        Returns:
            The generator itself.
        """
        self.manual_seed(new_state["seed"])  # type: ignore[arg-type]  # an int, by get_state
        self.stream.bit_generator.state = new_state["stream"]  # type: ignore[assignment]  # a dict, by get_state
        return self


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Restart the default generator's stream from a seed.

    Args:
        seed: from -2⁶³ to 2⁶⁴ - 1; what `int` takes, such as NumPy's integers and 0-dim tensors.

    Returns:
        The default generator.

    Raises:
        RuntimeError: the seed is out of that range.
        TypeError: it is not a number.
        ValueError: it is a text without an integer.

    Examples:
        >>> generator = mytorch.manual_seed(7)
        >>> first = mytorch.rand(2)
        >>> generator = mytorch.manual_seed(7)
        >>> mytorch.equal(mytorch.rand(2), first)
        True
    """
    return default_generator.manual_seed(int(seed))


def initial_seed() -> int:
    """Return the seed that the default generator was started with."""
    return default_generator.initial_seed()


def seed() -> int:
    """Restart the default generator from a seed that the system draws, and return the seed."""
    return default_generator.seed()


def get_rng_state() -> dict[str, object]:
    """Return the state of the default generator."""
    return default_generator.get_state()


def set_rng_state(new_state: dict[str, object]) -> None:
    """Set the state of the default generator.

    Args:
        new_state: what `get_rng_state` returned.
    """
    default_generator.set_state(new_state)
