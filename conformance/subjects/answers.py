"""Takes an answer of a subject for what it holds: a plain array of numbers, or none.

Called by judging.judge before it compares, and by what hashes, stores or sends answers. A subclass of NumPy's
array may compare, print and index as it likes; here its memory counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from conformance.sampling.values import Array

# Booleans, integers with and without a sign, floats and complex numbers.
_NUMBERS = "biufc"


class NotNumbersError(TypeError):
    """An answer is not an array of numbers; the message says what was expected and what came."""


def numbers(answer: object) -> Array:
    """Return the numbers of an answer as an array of NumPy's own class, in the machine's byte order.

    Memory in any order, with any strides and read-only, is as good as another. A subclass of NumPy's array is
    viewed as the base class.

    Raises:
        NotNumbersError: the answer is not an array; its elements are not numbers; or it is a masked array,
            in which some of the numbers do not count.
    """
    # The type and not isinstance, which asks the object for its class.
    kind, held = type(answer), cast("Any", answer)
    if issubclass(kind, np.ma.MaskedArray):
        raise NotNumbersError(f"expected a plain array, got {kind.__name__}, whose mask hides numbers")
    array: Array
    if issubclass(kind, np.ndarray):
        # The method of the base class, which no subclass can replace.
        array = held if kind is np.ndarray else np.ndarray.view(held, np.ndarray)
    elif issubclass(kind, np.generic):
        array = np.asarray(held)
    else:
        raise NotNumbersError(f"expected an array, got {kind.__name__}")
    if array.dtype.kind not in _NUMBERS:
        raise NotNumbersError(f"expected an array of numbers, got one of {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
