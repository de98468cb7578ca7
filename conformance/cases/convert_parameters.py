"""Cases of parameters as one vector, and back."""

from __future__ import annotations

from typing import Any

from conformance.cases._table import row


def _filled(t: Any, a: Any) -> tuple[Any, list[Any]]:
    """Return a vector that is longer than needed, and the parameters that share its elements."""
    vector = t.cat([a.detach().reshape(-1), a.detach().new_ones(3)])
    parameters = [t.nn.Parameter(t.zeros(shape, dtype=a.dtype)) for shape in ((2, 1), ())]
    t.nn.utils.vector_to_parameters(vector, iter(parameters))
    return vector, parameters


def _written(t: Any, a: Any) -> Any:
    return [each.detach() for each in _filled(t, a)[1]]


def _shared(t: Any, a: Any) -> Any:
    """Change the vector afterwards: the parameters have its memory."""
    vector, parameters = _filled(t, a)
    vector.mul_(3)
    return [each.detach() for each in parameters]


CASES = (
    row(
        "nn.utils.parameters_to_vector",
        "NLF F -",
        {
            "list": lambda t, a, b, c: t.nn.utils.parameters_to_vector([a, b, c]),
            "generator": lambda t, a, b, c: t.nn.utils.parameters_to_vector(each for each in (c, b, a)),
        },
        {"none": (lambda t, a, b, c: t.nn.utils.parameters_to_vector([]), ())},
        classes=("small", "one", "large"),
        exact=True,
        unused=dict.fromkeys(("strided", "expanded"), "torch raises: parameters have no gaps in memory"),
    ),
    row(
        "nn.utils.vector_to_parameters",
        "NF",
        {"several": _written, "shared": _shared},
        {
            "list": (lambda t, a: t.nn.utils.vector_to_parameters([1.0], [a]), ("Tensor", "list")),
            "too short": (
                lambda t, a: t.nn.utils.vector_to_parameters(a[0], [t.zeros(3, 3)]),
                ("[3, 3]", "4"),
            ),
        },
        classes=("small", "one", "large"),
        grad=False,
        exact=True,
    ),
)
