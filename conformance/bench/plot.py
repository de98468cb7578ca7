"""Draws `performance.svg`: the ratio to torch against the size of a recurrent layer.

Called by `conformance bench`. The text of the picture is text, and the same record gives the same bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from conformance.bench.workloads.recurrent import GRID

if TYPE_CHECKING:
    from conformance.bench.rows import Record

# The lines of each panel, and their colours, told apart with any sight.
_PANELS = ("train", "inference")
_KINDS = {"LSTM": "#0072b2", "GRU": "#d55e00", "RNN": "#009e73"}
_STYLES = {
    "mytorch": ("-", "o", ""),
    "numba": ("--", "s", ", numba"),
    "products": (":", "", ", NumPy's products"),
}


def svg(record: Record) -> str:
    """Return the picture; a panel without rows is empty."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "performance", "font.size": 8}):
        figure = Figure(figsize=(9, 4), layout="constrained")
        for axes, how in zip(figure.subplots(1, 2, sharey=True), _PANELS, strict=True):
            _panel(axes, record, how)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(map(str.rstrip, text.getvalue().splitlines())) + "\n"


def _panel(axes: Any, record: Record, how: str) -> None:
    for kind, colour in _KINDS.items():
        rows = record.of(f"{kind} {how}")
        for side, (style, marker, named) in _STYLES.items():
            points = {row.size: row.ratios[side, "torch"] for row in rows if (side, "torch") in row.ratios}
            if not points or (side == "products" and kind != "LSTM"):
                continue
            at = [GRID.index(size) for size in points]
            medians = [each.median for each in points.values()]
            spread = [
                [each.median - each.low for each in points.values()],
                [each.high - each.median for each in points.values()],
            ]
            look = {"color": colour, "linestyle": style, "marker": marker, "markersize": 4}
            axes.errorbar(at, medians, spread, label=kind + named, **look)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xticks(range(len(GRID)), ["\n".join(map(str, size)) for size in GRID])
    axes.set_xlabel("batch, steps, input size, hidden size")
    axes.set_title(f"{how}: time / torch's")
    axes.grid(axis="y", linewidth=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
