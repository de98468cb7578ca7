"""Cases of initialisers, judged by bounds and by orthonormality, as two generators differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import row
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


def _kaiming(t: Any, a: Any) -> dict[str, Any]:
    uniform = t.nn.init.kaiming_uniform_(t.empty(40, 30), a=0.5)
    normal = t.nn.init.kaiming_normal_(t.empty(40, 30), mode="fan_out", nonlinearity="relu")
    # A uniform distribution ends at √3 standard deviations; that of 1200 numbers is known to 2 %.
    bound = (2 / (1 + 0.5**2)) ** 0.5 * (3 / 30) ** 0.5
    return {
        "within": uniform.abs().max() <= bound,
        "filled": uniform.abs().max() > 0.9 * bound,
        "deviation": (normal.std() - (2 / 40) ** 0.5).abs() < 0.1 * (2 / 40) ** 0.5,
    }


CASES = (
    _initialised("xavier_uniform_"),
    _initialised("xavier_normal_"),
    _initialised("kaiming_normal_"),
    _initialised("orthogonal_"),
    row(
        "nn.init.constant_",
        "NF",
        {
            "constant": lambda t, a: t.nn.init.constant_(a.detach(), 2.5),
            "zeros": lambda t, a: t.nn.init.zeros_(a.detach()),
            "ones": lambda t, a: t.nn.init.ones_(a.detach()),
        },
    ),
    row(
        "nn.init.calculate_gain",
        "NF",
        {
            name: (lambda t, a, name=name: a.detach() * t.nn.init.calculate_gain(name))
            for name in ("linear", "tanh", "relu", "leaky_relu", "sigmoid")
        },
        {"nonlinearity": (lambda t, a: t.nn.init.calculate_gain("foo"), ("foo",))},
        classes=("small",),
    ),
    row(
        "nn.init.kaiming_uniform_",
        "-",
        {"both": _kaiming},
        {
            "a vector": (lambda t, a: t.nn.init.kaiming_uniform_(t.empty(3)), ("2",)),
            "mode": (lambda t, a: t.nn.init.kaiming_normal_(t.empty(3, 2), mode="foo"), ("foo", "fan_in")),
        },
        classes=("small",),
        grad=False,
        samples=1,
    ),
    row(
        "nn.init.uniform_",
        "-",
        {
            "uniform": lambda t, a: (t.nn.init.uniform_(t.empty(20, 20), -1.0, 3.0) - 1).abs().max() <= 2,
            # Ten standard deviations of the mean of 400 numbers.
            "normal": lambda t, a: (t.nn.init.normal_(t.empty(20, 20), 3.0, 0.5).mean() - 3).abs() < 0.25,
        },
        classes=("small",),
        grad=False,
        samples=2,
    ),
)
