"""`tolerances.md`: tolerances for `torch.testing.assert_close`, one row per case, dtype and size.

Called by `calibration.write`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.calibration.recommend import BATCH, LENGTH
from conformance.report.constants import command
from conformance.report.tables import render

if TYPE_CHECKING:
    from conformance.calibration.recommend import Pair
    from conformance.calibration.run import Calibration

HEAD = f"""\
# Recommended tolerances

These are the tolerances to write into `torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol)`
where both sides compute in the same dtype: for each case, dtype and size, for outputs and for gradients under
random cotangents of order one. The row of a size holds for up to that many features, batches of {BATCH} and
sequences of {LENGTH}, values of order one and weights as initialisation draws them. A tolerance grows with
the size.

They are derived and not guessed. Monte Carlo arithmetic measures on the program of the case how far rounding
moves every element, and the calibrated constants of the harness say by how many times that a correct
implementation may differ. `rtol` covers the elements in the upper half of a tensor, `atol` what the smaller
elements need in addition, both rounded up to two digits. Together they cover the tolerance of every element
on the drawn samples. `exact` means that nothing rounds: compare with `rtol=0, atol=0`. An empty cell means
that the case has no feature size, no floating output or no gradient. One pair for a whole tensor is coarser
than the judgement of `conformance run`, which knows the tolerance of each element.

For example, the outputs of a Linear with 64 features in float32, by the row `nn.Linear`, `float32`, 64:

```python
import torch

torch.manual_seed(0)
x, weight, bias = torch.randn(4, 64), torch.randn(64, 64) / 8, torch.randn(64)
expected = torch.nn.functional.linear(x, weight, bias)
actual = (x[:, None] * weight).sum(-1) + bias
torch.testing.assert_close(actual, expected, rtol={{rtol}}, atol={{atol}})
```
"""

_EXAMPLE = ("nn.Linear", "float32", 64)


def markdown(found: Calibration) -> str:
    """Return the file's text."""
    rows: list[dict[str, object]] = [
        {
            "case": row.case,
            "dtype": row.dtype,
            "features": row.size or "",
            "forward rtol": _cell(row.forward, "rtol"),
            "forward atol": _cell(row.forward, "atol"),
            "gradients rtol": _cell(row.gradients, "rtol"),
            "gradients atol": _cell(row.gradients, "atol"),
        }
        for row in found.recommendations
    ]
    example = next(
        (r.forward for r in found.recommendations if (r.case, r.dtype, r.size) == _EXAMPLE and r.forward),
        None,
    )
    head = (
        HEAD.replace("{rtol}", f"{example.rtol:g}").replace("{atol}", f"{example.atol:g}") if example else ""
    )
    # Without the case of the example there is no number to show in it.
    head = head or HEAD.partition("\nFor example")[0]
    constants = f"`tensor` {found.choice.tensor:g} and `element` {found.choice.element:g}"
    made = f"Made by `{command(found)}`, with {constants}."
    return f"{head}\n{made}\n\n{render(rows, 'markdown')}\n"


def _cell(pair: Pair | None, name: str) -> str:
    if pair is None:
        return ""
    return "exact" if not any(pair) else f"{getattr(pair, name):g}"
