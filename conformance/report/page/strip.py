"""The strip plot: a dot per case, lane and observable at its least headroom, in a row per family of cases.

Called by `render`. matplotlib draws it, and is imported only then. Its colours are names that the page's CSS
gives a value to, so that one drawing serves the light page and the dark one.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter, defaultdict
from importlib.util import find_spec
from math import inf, isnan
from typing import TYPE_CHECKING, NamedTuple

from conformance.report.page.anchors import anchor_of
from conformance.report.page.cells import family_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from conformance.report.record import Report

# Before a run of minutes, not after it.
if find_spec("matplotlib") is None:
    raise ModuleNotFoundError("matplotlib", name="matplotlib")

# The most dots; of more, those nearest to their tolerance are drawn.
MOST = 6_000

# Colours as matplotlib takes them, none of which is drawn, and what stands for them in the page.
_COLOURS = {
    "#000001": "ink",
    "#000002": "faint",
    "#000003": "fail",
    "#000004": "drift",
    "#000005": "lane-a",
    "#000006": "lane-b",
    "#000007": "lane-c",
}
_INK, _FAINT, _FAIL, _DRIFT, *_LANES = _COLOURS
_MARKERS = ("o", "D", "s")

# Headrooms beyond are drawn there, and those of every bit agreeing to the right of them.
_LEAST, _MOST, _EXACT = 0.05, 300.0, 700.0
_TICKS = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0)
# Multiples of these leave each dot of a row away from those before it (M. Roberts, the sequence R2).
_ACROSS, _ALONG = 0.7548776662, 0.5698402910


class Dot(NamedTuple):
    """One case, lane and observable.

    Attributes:
        family: the family of the case.
        lane: the dtype.
        headroom: the least headroom, infinite where every bit agreed.
        href: the id of its row.
    """

    family: str
    lane: str
    headroom: float
    href: str


def dots(report: Report) -> list[Dot]:
    """Return the dots, at most `MOST`, in the run's order."""
    found = [
        Dot(family_of(case), lane or "", verdict.headroom, anchor_of(verdict))
        for (case, _, lane, use), verdict in report.tightest.items()
        if use is None and verdict.headroom is not None and not isnan(verdict.headroom)
    ]
    if len(found) > MOST:
        limit = sorted(dot.headroom for dot in found)[MOST - 1]
        found = [dot for dot in found if dot.headroom <= limit][:MOST]
    return found


def legend(found: Sequence[Dot]) -> list[tuple[str, str]]:
    """Return the lanes, each with the sign that its dots are drawn as."""
    return list(zip(_lanes(found), "●◆■", strict=False))


def _lanes(found: Sequence[Dot]) -> list[str]:
    return sorted({dot.lane for dot in found}, reverse=True)


def draw(found: Sequence[Dot], warn: float) -> str:
    """Return the plot as an SVG element; empty where there is nothing to draw.

    The same dots give the same text.

    Args:
        found: the dots.
        warn: the headroom below which a run warns.
    """
    if not found:
        return ""
    # What it says about its caches, when it is imported and when it draws, is nothing for a command's output.
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return _cleaned(_drawn(found, warn))
    finally:
        logger.setLevel(before)


def _drawn(found: Sequence[Dot], warn: float) -> str:
    """Return the plot as an SVG document."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    families = list(dict.fromkeys(dot.family for dot in found))
    with mpl.rc_context():
        # Whatever the user's own settings are.
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.hashsalt": "parity", "svg.fonttype": "none", "font.size": 9.0})
        height = 1.1 + 0.19 * len(families)
        figure = Figure(figsize=(9.0, height))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.18, 0.5 / height, 0.81, 1 - 1.05 / height))
        _frame(axes, families, warn, min(dot.headroom for dot in found))
        _scatter(axes, found, families)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _frame(axes: Axes, families: Sequence[str], warn: float, least: float) -> None:
    """Draw what the dots are read against: a row per family, the tolerance, and where a run warns."""
    axes.set_xscale("log")
    axes.set_xlim(max(_LEAST, min(0.7, least / 1.3)), _EXACT * 1.7)
    axes.set_ylim(len(families) - 0.4, -0.6)
    axes.minorticks_off()
    ticks = [tick for tick in _TICKS if tick >= axes.get_xlim()[0]]
    axes.set_xticks([*ticks, _EXACT], [*(f"{tick:g}" for tick in ticks), "exact"])
    axes.set_yticks(range(len(families)), families)
    axes.tick_params(length=0, colors=_INK, labeltop=True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(axis="y", color=_FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.axvline(1.0, color=_FAIL, linewidth=1.2)
    axes.axvline(warn, color=_DRIFT, linewidth=1.2, linestyle=(0, (4, 3)))
    for value, text, side, colour in (
        (1.0, "fails ", "right", _FAIL),
        (warn, f" warns below {warn:g}", "left", _DRIFT),
    ):
        axes.text(value, -1.6, text, ha=side, va="bottom", color=colour)
    axes.set_xlabel("headroom: tolerance / error", color=_INK)


def _scatter(axes: Axes, found: Sequence[Dot], families: Sequence[str]) -> None:
    """Draw the dots of each lane, and those that fail larger and above the others."""
    row = {family: index for index, family in enumerate(families)}
    nth: Counter[str] = Counter()
    groups: dict[tuple[str, str], list[tuple[float, float, str]]] = defaultdict(list)
    for dot in found:
        nth[dot.family] += 1
        y = row[dot.family] + 0.7 * (nth[dot.family] * _ACROSS % 1 - 0.5)
        x = min(max(dot.headroom, _LEAST * 1.2), _MOST)
        if dot.headroom == inf:
            x = _EXACT * 2 ** (nth[dot.family] * _ALONG % 1 - 0.5)
        groups["fail" if dot.headroom < 1 else "pass", dot.lane].append((x, y, f"#{dot.href}"))
    lanes = _lanes(found)
    for (how, lane), points in sorted(groups.items(), reverse=True):
        style = lanes.index(lane) % len(_LANES)
        xs, ys, hrefs = zip(*points, strict=True)
        marks = axes.scatter(
            xs,
            ys,
            s=34 if how == "fail" else 11,
            marker="X" if how == "fail" else _MARKERS[style],
            color=_FAIL if how == "fail" else _LANES[style],
            linewidths=0,
            clip_on=False,
            zorder=3 if how == "fail" else 2,
        )
        marks.set_urls(hrefs)
        marks.set_gid(f"dots-{how}-{lane}")


def _cleaned(text: str) -> str:
    """Return an SVG document as an element of the page, with the page's colours, fonts and links."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text, count=1)
    text = re.sub(r"font-family: [^;]*; ", "", text)
    # Links open in this page.
    text = text.replace(' target="_blank"', "")
    # Most of the page's bytes are dots; a tenth of a point is less than can be seen.
    text = re.sub(r"(?<=[\d]\.\d)\d+(?=\")", "", text)
    text = re.sub(r"\s*\n\s*", "\n", re.sub(r">\s+<", "><", text))
    # Thousands of stops are no help to those who use the keyboard: every dot is a row below, too.
    text = text.replace("<a xlink:href=", '<a tabindex="-1" href=').replace("xlink:href=", "href=")
    for colour, name in _COLOURS.items():
        text = text.replace(f' style="fill: {colour}"/></a>', f' class="{name}"/></a>')
        text = text.replace(colour, f"var(--{name})")
    return text.strip()
