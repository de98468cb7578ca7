"""ParameterList and ParameterDict, which hold parameters and other values by number and by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from operator import index
from typing import TYPE_CHECKING, overload

from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.nn.modules.module import Module
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView
    from typing import Any, NoReturn, Self


def _trained(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _described(key: object, value: object, kind: str) -> str:
    """Return the line of a value in the repr of its container."""
    if not isinstance(value, Tensor):
        return f"  ({key}): Object of type: {type(value).__name__}"
    name = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"  ({key}): {name} containing: [{kind} of size {'x'.join(map(str, value.shape))}]"


class ParameterList(Module):
    """Hold parameters in a list; the container cannot be called.

    A tensor becomes a Parameter; values that are not tensors are kept as they are, and are no part of the
    state.

    Args:
        values: the values in order.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterList.html

    Examples:
        >>> weights = nn.ParameterList([mytorch.zeros(3, 2), mytorch.ones(3)])
        >>> weights
        ParameterList(
            (0): Parameter containing: [mytorch.float32 of size 3x2]
            (1): Parameter containing: [mytorch.float32 of size 3]
        )
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    @overload
    def __getitem__(self, idx: int) -> Any: ...
    @overload
    def __getitem__(self, idx: slice) -> Self: ...
    def __getitem__(self, idx: int | slice) -> Any:
        if isinstance(idx, slice):
            return type(self)([self[i] for i in range(*idx.indices(len(self)))])
        return getattr(self, self._key(idx))

    def __setitem__(self, idx: int, param: Any) -> None:
        setattr(self, self._key(idx), _trained(param))

    def _key(self, idx: int) -> str:
        """Return the name of the value at `idx`, which may count from the end."""
        place = index(idx)
        if not -len(self) <= place < len(self):
            raise IndexError(f"index {place} is out of range")
        return str(place % len(self))

    def __iadd__(self, parameters: Iterable[Any]) -> Self:
        return self.extend(parameters)

    def append(self, value: Any) -> Self:
        """Add `value` at the end."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values: Any) -> Self:
        """Add every one of `values`, an iterable, at the end, in order.

        Raises:
            TypeError: `values` cannot be iterated over, or is one tensor.
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}"
            )
        # A list first, because a container may be extended by itself.
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """Return a line per value: its kind, its dtype and its sizes."""
        return "\n".join(_described(i, x, str(getattr(x, "dtype", ""))) for i, x in enumerate(self))

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - Module's
        """Refuse to be called.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """Hold parameters in a dictionary, in the order of insertion; the container cannot be called.

    A tensor becomes a Parameter; values that are not tensors are kept as they are, and are no part of the
    state.

    Args:
        parameters: a mapping from names to values, of which a plain `dict` is sorted by names, as in torch;
            or pairs of both.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html

    Examples:
        >>> weights = nn.ParameterDict({"left": mytorch.zeros(3, 2)})
        >>> weights["right"] = mytorch.ones(3)
        >>> weights
        ParameterDict(
            (left): Parameter containing: [mytorch.FloatTensor of size 3x2]
            (right): Parameter containing: [mytorch.FloatTensor of size 3]
        )
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _checked(self, key: str) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string (type is "
                f"'{type(key).__name__}')"
            )
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._checked(key))

    def __setitem__(self, key: str, value: Any) -> None:
        # As in torch, before the checks.
        self._keys[key] = None
        setattr(self, self._checked(key), _trained(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, self._checked(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Return a new container of the same values."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of that name, which is `default` from now on if there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Remove all values."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Remove the value of that name and return it.

        Raises:
            AttributeError: no value has that name (torch's class).
        """
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the value that was added last, and return its name and the value.

        Raises:
            KeyError: there is none.
        """
        if not self._keys:
            raise KeyError("popitem(): dictionary is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of that name, or `default` if there is none."""
        return self[key] if key in self else default  # noqa: SIM401 - this is the method that it means

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a new container with `default` under all names."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the pairs of name and value."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """Return the values."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Mapping[str, Any] | ParameterDict | Iterable[Any]) -> None:
        """Add values, which replace those of the same names.

        Args:
            parameters: as for the container itself.

        Raises:
            TypeError: `parameters` is neither a mapping nor pairs, or a name is not a string.
            ValueError: a pair does not have two members.
            KeyError: a name is empty, contains a dot, or is taken by another attribute.
        """
        if not isinstance(parameters, Iterable):
            raise TypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(parameters).__name__}"
            )
        if isinstance(parameters, (OrderedDict, ParameterDict)):
            pairs: Iterable[Any] = parameters.items()
        elif isinstance(parameters, Mapping):
            pairs = sorted(parameters.items())
        else:
            pairs = self._paired(parameters)
        for key, value in pairs:
            self[key] = value

    @staticmethod
    def _paired(pairs: Iterable[Any]) -> Iterator[Any]:
        for i, pair in enumerate(pairs):
            if not isinstance(pair, Iterable):
                raise TypeError(
                    f"ParameterDict update sequence element #{i} should be Iterable; is {type(pair).__name__}"
                )
            if len(pair) != 2:  # type: ignore[arg-type]  # without a length, Python's error
                raise ValueError(
                    f"ParameterDict update sequence element #{i} has length {len(pair)}; 2 is required"  # type: ignore[arg-type]
                )
            yield pair

    def extra_repr(self) -> str:
        """Return a line per value: its name, its kind and its sizes."""
        return "\n".join(_described(key, value, typename(value)) for key, value in self.items())

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - Module's
        """Refuse to be called.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("ParameterDict should not be called.")

    def __or__(self, other: ParameterDict) -> ParameterDict:
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> Any:
        joined = other.copy()
        joined.update(self)
        return joined

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self
