"""Figures of the study, one a question, as SVG."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmm.files import write_whole
from mmm.study.methods import BOLD, KEEP, LAST_TOUCH, METHODS, OURS, TOLD, YARDSTICK
from mmm.study.peers import PEERS
from mmm.study.score import Row, estimates, warned

# Colours that stay apart for colour-blind readers (Okabe and Ito 2008), by method.
_COLOURS = dict(
    zip(
        METHODS,
        ("#0072b2", "#56b4e9", "#f0e442", "#332288", "#999999", "#cc79a7", "#d55e00", "#009e73", "#000000"),
        strict=True,
    )
)
_MARKS = dict(zip(METHODS, ("o", "P", "v", "<", "s", "X", "^", "D", "*"), strict=True))
_FITTED = (OURS, *PEERS)

Drawing = Callable[[Any, Sequence[Row]], bool]
"""Draws rows into a figure; whether there was something to show."""


def write(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw what there are results for; returns the files written."""
    reported = [r for r in rows if r["part"] == "reported" and r["error"] is None]
    drawings: dict[str, Drawing] = {
        "decisions_intervals": _intervals,
        "decisions_plans": _plans,
        "decisions_worlds": _worlds,
        "decisions_warnings": _warnings,
        "decisions_forecasts": _forecasts,
    }
    return saved(drawings, reported, folder)


def saved(
    drawings: Mapping[str, Callable[[Any, Sequence[Row]], bool]], rows: Sequence[Row], folder: Path
) -> list[Path]:
    """The drawings as SVG files of these names, each of ``rows``; one that returns False has nothing to show."""
    import matplotlib as mpl

    # A fixed salt gives the same file for the same numbers; text stays text.
    style: Any = {
        "svg.hashsalt": "study",
        "svg.fonttype": "none",
        "font.size": 9.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        return [path for name, draw in drawings.items() if (path := _drawn(name, draw, rows, folder)) is not None]


def _drawn(name: str, draw: Drawing, rows: Sequence[Row], folder: Path) -> Path | None:
    from io import StringIO

    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    if not draw(figure, rows):
        return None
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return write_whole(folder / f"{name}.svg", "\n".join(lines) + "\n")


def _of(rows: Sequence[Row], method: str) -> list[Row]:
    return [r for r in rows if r["method"] == method]


def _intervals(figure: Any, rows: Sequence[Row]) -> bool:
    """A point a world and method: share of intervals that hold against their median width; large points: all worlds."""
    axes = figure.subplots()
    drawn = False
    shown = (*_FITTED, YARDSTICK)
    for method in shown:
        found = [e for r in _of(rows, method) if (e := estimates([r])) is not None and e["coverage"] is not None]
        whole = estimates(_of(rows, method))
        if whole is None or not found:
            continue
        drawn = True
        shift = (shown.index(method) - 1.5) * 0.008
        style = {"color": _COLOURS[method], "marker": _MARKS[method]}
        axes.scatter([e["width"] for e in found], [e["coverage"] + shift for e in found], s=18, alpha=0.5, **style)
        label = f"{method}: {whole['coverage']:.0%} at {whole['width']:.2f} ({whole['worlds']} worlds)"
        axes.scatter(whole["width"], whole["coverage"], s=110, edgecolor="black", zorder=3, label=label, **style)
    axes.axhline(0.9, color="black", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", xlabel="Median width of a world's 90% intervals of ROAS, over the truth")
    axes.set_ylabel("Share that hold the truth")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else "")
    if drawn:
        _legend(figure)
    return drawn


def _legend(figure: Any) -> None:
    """Below the axes, where it hides no point."""
    figure.set_size_inches(7.2, 4.4)
    figure.legend(frameon=False, loc="outside lower center", ncols=2)


def _plans(figure: Any, rows: Sequence[Row]) -> bool:
    """Promised against realised gain, both over the oracle's gain of that world."""
    axes = figure.subplots()
    drawn = False
    for method in (m for m in METHODS if m not in (KEEP, TOLD, BOLD)):
        found = [r["decision"] for r in _of(rows, method) if r["decision"] is not None and r["decision"]["oracle"] > 0]
        if not found:
            continue
        drawn = True
        realised, promised = (np.array([d[k] / d["oracle"] for d in found]) for k in ("realised", "promised"))
        label = f"{method} ({len(found)} worlds)"
        style = {"color": _COLOURS[method], "marker": _MARKS[method], "alpha": 0.75, "s": 26}
        axes.scatter(realised, np.clip(promised, -1, 6), label=label, **style)
    axes.plot([-2, 6], [-2, 6], color="black", linewidth=0.8, linestyle="--")
    axes.axvline(0, color="black", linewidth=0.5)
    axes.axvline(1, color="black", linewidth=0.5, linestyle=":")
    axes.set(xlim=(-1.5, 1.15), ylim=(-0.3, 6.2), xlabel="Realised gain over the best possible one")
    axes.set_ylabel("Promised gain over the best possible\none (above 6 drawn at 6)")
    if drawn:
        _legend(figure)
    return drawn


def _worlds(figure: Any, rows: Sequence[Row]) -> bool:
    """Median error of a world's returns, a line a world."""
    kinds = list(dict.fromkeys((r["kind"], r["geos"]) for r in rows))
    if not kinds:
        return False
    figure.set_size_inches(7.2, 1.0 + 0.24 * len(kinds))
    axes = figure.subplots()
    for method in (*_FITTED, LAST_TOUCH, YARDSTICK):
        points = []
        for place, kind in enumerate(kinds):
            mine = [r for r in _of(rows, method) if (r["kind"], r["geos"]) == kind]
            found = estimates(mine)
            points += [] if found is None else [(found["error"], place)]
        if points:
            x, y = zip(*points, strict=True)
            axes.scatter(x, y, s=30, color=_COLOURS[method], marker=_MARKS[method], label=method, alpha=0.85)
    labels = [kind.replace("_", " ") + ("" if geos == 1 else f", {geos} regions") for kind, geos in kinds]
    axes.set_yticks(range(len(kinds)), labels)
    axes.invert_yaxis()
    axes.grid(axis="y", linewidth=0.3)
    axes.set(xscale="log", xlabel="Median error of a world's ROAS, over the truth")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return True


def _warnings(figure: Any, rows: Sequence[Row]) -> bool:
    """Intervals that miss, by whether their world was warned of; and worlds without a miss that were warned of."""
    axes = figure.subplots()
    drawn: list[str] = []
    for method in _FITTED:
        known = [r for r in _of(rows, method) if r["roas"] is not None]
        found = warned(known)
        if not found["worlds"]:
            continue
        told, silent = found["misses_warned"], found["misses"] - found["misses_warned"]
        cells = found["misses"] + found["holds"]
        place = len(drawn)
        drawn.append(f"{method}\n({len(known)} worlds)")
        axes.barh(place, told / cells, color=_COLOURS[method])
        axes.barh(place, silent / cells, left=told / cells, color="white", edgecolor=_COLOURS[method], hatch="///")
        axes.text((told + silent) / cells + 0.005, place, f"{silent} of {told + silent} unannounced", va="center")
    axes.axvline(0.1, color="black", linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(drawn)), drawn)
    axes.invert_yaxis()
    axes.set_xlabel("Intervals that miss, share of all; filled: warned of. A tenth would miss by design")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.margins(x=0.25)
    return bool(drawn)


def _forecasts(figure: Any, rows: Sequence[Row]) -> bool:
    """CRPS by method, a point a world, against repeating the last year."""
    axes = figure.subplots()
    drawn = False
    for method in _FITTED:
        found = [r["forecast"] for r in _of(rows, method) if r["forecast"] is not None]
        if not found:
            continue
        drawn = True
        style = {"color": _COLOURS[method], "marker": _MARKS[method], "alpha": 0.8, "s": 26}
        label = f"{method} ({len(found)} worlds)"
        axes.scatter([f["naive"] for f in found], [f["crps"] for f in found], label=label, **style)
    if drawn:
        most = max(*axes.get_xlim(), *axes.get_ylim())
        axes.plot([0, most], [0, most], color="black", linewidth=0.8, linestyle="--")
        axes.set(xlabel="CRPS of repeating the last year, over the mean outcome", ylabel="CRPS of the method")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
        axes.legend(frameon=False)
    return drawn
