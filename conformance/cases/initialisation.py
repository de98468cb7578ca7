"""Cases of initialisers, judged by bounds and by orthonormality, as two generators differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _initialised(name: str, *bad: BadCall) -> Case:
    """Return the case of one initialiser: truth values about the drawn numbers instead of the numbers."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        rows, columns, gain = int(x.config["R"]), int(x.config["C"]), float(x.config["gain"])
        shape = {"matrix": (rows, columns), "vector": (rows,)}[str(x.config["shape"])]
        # float32 in both lanes: the noise has no rule for a QR decomposition, and none is needed.
        kaiming = name == "kaiming_normal_"
        options = {"nonlinearity": "relu" if gain > 1 else "linear"} if kaiming else {"gain": gain}
        drawn = getattr(t.nn.init, name)(t.empty(shape, dtype=t.float32), **options)
        if name == "orthogonal_":
            short = drawn if rows <= columns else drawn.T
            away = t.matmul(short, short.T) - gain**2 * t.eye(min(rows, columns))
            return {"orthonormal": away.abs() < 1e-4}
        bound = gain * (6 / (rows + columns)) ** 0.5
        # A uniform distribution ends at √3 standard deviations; a normal draw beyond seven does not occur.
        limit = bound * 1.0001 if name == "xavier_uniform_" else bound * 3**-0.5 * 7
        if kaiming:
            limit = 7 * gain * columns**-0.5
        return {"within": drawn.abs() < limit, "varied": (drawn != 0).any()}

    return Case(
        name=f"nn.init.{name}",
        space=Space(
            {"R": "feature", "C": "feature"},
            ("small", "pow2"),
            ("normal",),
            {"gain": (1.0, 2.0), "shape": ("matrix",)},
        ),
        inputs=lambda config: {"unit": Input((1,), grad=False)},
        program=program,
        samples=6,
        base={"R": 3, "C": 2, "gain": 1.0, "shape": "matrix"},
        bad_calls=(BadCall("a vector", ("2",), config={"shape": "vector"}), *bad),
    )


CASES = (
    _initialised("xavier_uniform_"),
    _initialised("xavier_normal_"),
    _initialised("kaiming_normal_"),
    _initialised("orthogonal_"),
)
