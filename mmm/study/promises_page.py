"""The page of the study of promises: tables in Markdown from the plain results of each world."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.checks import Check, Status
from mmm.assessment.lights import Colour, lights
from mmm.assessment.recovery_score import clustered_error
from mmm.assessment.scores import interval_score
from mmm.study.answer import answer_of
from mmm.study.doubts import FALSE_ALARMS, Cells, area, caught, features, left_out
from mmm.study.kinds import new_kinds
from mmm.study.page import number, percent, table
from mmm.study.score import Row, median, returns, score
from mmm.study.worlds import Entry, StudyWorld

FAR = 0.1
"""Misses further out than this share of the interval's width cannot be chance alone."""
_ALPHA = 0.1
"""What a 90% interval leaves out, as its score counts it."""
_ENOUGH = 15
"""Misses from which on something can be learned of them."""
_BINS = ((0.0, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.01))
_WORDS = re.compile(r"(\w+): (warn|fail)(?: \((.*)\))?")

INTRO = """# Are promises kept, and do warnings come when they should?

Made by `python -m mmm.study.promises` (resumes where it stopped). Kinds of worlds that no default, limit or correction
was chosen on: each world is another company with its own channels, patterns of spend, returns and noise
(`mmm/study/kinds.py`), some with four regions; beside them further draws of the simulator's library. Each is fitted
with the default mixture, {chains} chains of {draws} draws a model after {tune} of warm-up, and planned for 13 weeks
with today's total, every channel within 30%. The plan is then spent in the simulator. Gains, widths and interval
scores are shares of what today's media bring. Errors are one standard error, by world.

"""


def scored(entry: Entry, world: StudyWorld, found: dict[str, Any], best: float | None) -> Row:
    """Plain numbers of one world: its plan with the discrepancy and by the posterior alone, and its channels."""
    told, alone = found["told"], {**found["told"], "decision": found["alone"]}
    plans = {}
    for name, answer in (("told", told), ("alone", alone)):
        row, said = score(world, answer, best)["decision"], answer["decision"]
        ends = [said[end] / row["today"] for end in ("lower", "upper")]
        plans[name] = {**row, "lower": ends[0], "upper": ends[1], "chance": said["chance"]}
    held = returns(answer_of(told).roas, world.roas) or {}
    colours = lights(_checks(told["warnings"]), world.dataset.channels)
    channels = [
        {
            "missed": not hit,
            "beyond": max((points - width) * _ALPHA / 2.0 / width, 0.0),
            "light": light.colour,
            "features": features(measured),
        }
        for hit, width, points, light, measured in zip(
            held["hit"], held["width"], held["score"], colours, told["signals"], strict=True
        )
    ]
    label = {"world": entry.name, "part": entry.part, "kind": entry.kind, "geos": entry.geos}
    return {**label, "seconds": found["seconds"], "plans": plans, "channels": channels}


def _checks(words: Sequence[str]) -> list[Check]:
    """The checks that an answer's warnings are of."""
    out = []
    for said in words:
        name, status, channels = _WORDS.findall(said)[0]
        worst: Status = "fail" if status == "fail" else "warn"
        out.append(Check(name, "", worst, None, "", "", channels=tuple(channels.split(", "))))
    return out


def markdown(rows: Sequence[Row], sampler: dict[str, int]) -> str:
    """The page."""
    new = [r for r in rows if r["part"] == "new kinds"]
    groups = [
        ("new kinds", new),
        ("new kinds, national", [r for r in new if r["geos"] == 1]),
        ("new kinds, four regions", [r for r in new if r["geos"] > 1]),
        ("the library again", [r for r in rows if r["part"] == "learned on"]),
    ]
    known = [(name, group) for name, group in groups if group and (name == "new kinds" or group != new)]
    parts = [_promises(known), _chances(known), _by_kind(new), _lights(known), _learned(rows)]
    return (INTRO.format(**sampler) + "".join(parts)).rstrip() + "\n"


def _plans(rows: Sequence[Row], name: str, key: str) -> Floats:
    return np.array([r["plans"][name][key] for r in rows], dtype=float)


def _promises(groups: Sequence[tuple[str, Sequence[Row]]]) -> str:
    lines = []
    for label, rows in groups:
        for name, words in (("told", "with the discrepancy"), ("alone", "posterior alone")):
            lower, upper, came, said, best = (
                _plans(rows, name, key) for key in ("lower", "upper", "realised", "promised", "oracle")
            )
            holds = (lower <= came) & (came <= upper)
            error = float(np.sqrt(holds.mean() * (1.0 - holds.mean()) / len(holds)))
            ratio = median(said[came > 1e-4] / came[came > 1e-4])
            lines.append(
                [
                    label,
                    words,
                    f"{len(rows)} ({len({r['kind'] for r in rows})})",
                    f"{holds.mean():.0%} ± {error:.0%}",
                    number(ratio),
                    f"{said.sum():.2f} / {came.sum():.2f}",
                    f"{np.median(upper - lower):.3f}",
                    f"{interval_score(lower, upper, came).mean():.3f}",
                    percent(median(came / np.where(best > 0, best, np.nan))),
                    percent(float(_plans(rows, name, "lost").mean())),
                ]
            )
    header = ["worlds", "", "count (kinds)", "90% interval of the gain holds", "promised / realised, median"]
    header += ["promised / realised, sums", "width, median", "interval score", "share of the possible gain", "lost"]
    return "## Are promises kept?\n\n" + table(header, lines)


def _chances(groups: Sequence[tuple[str, Sequence[Row]]]) -> str:
    lines = []
    for label, rows in groups:
        for low, high in _BINS:
            line = [label, f"{low:.0%} to {min(high, 1.0):.0%}"]
            for name in ("told", "alone"):
                chance, came = _plans(rows, name, "chance"), _plans(rows, name, "realised")
                inside = (low <= chance) & (chance < high)
                won = f"{(came[inside] > 0).sum()} of {inside.sum()}" if inside.any() else "–"
                line += [number(chance[inside].mean()) if inside.any() else "–", won]
            lines.append(line)
    header = ["worlds", "stated chance to beat today", "with the discrepancy: stated, mean", "won"]
    header += ["posterior alone: stated, mean", "won"]
    return "## Do chances come true?\n\n" + table(header, lines)


def _by_kind(rows: Sequence[Row]) -> str:
    lines = []
    for kind, note in new_kinds().items():
        mine = [r for r in rows if r["kind"] == kind]
        if not mine:
            continue
        cells = [c for r in mine for c in r["channels"]]
        plans = [r["plans"]["told"] for r in mine]
        lines.append(
            [
                note,
                ", ".join("national" if r["geos"] == 1 else "regions" for r in mine),
                f"{sum(not c['missed'] for c in cells)} of {len(cells)}",
                f"{sum(bool(p['holds']) for p in plans)} of {len(plans)}",
                "; ".join(f"{p['promised']:.3f} / {p['realised']:.3f}" for p in plans),
                "; ".join(f"{r['plans']['alone']['promised']:.3f}" for r in mine),
            ]
        )
    header = ["", "worlds", "intervals of ROAS that hold", "of the gain", "promised / realised", "alone, promised"]
    return "## Kind by kind\n\n" + table(header, lines)


def _cells(rows: Sequence[Row]) -> Cells:
    cells = [(r["kind"], c) for r in rows for c in r["channels"]]
    return Cells(
        np.array([c["features"] for _, c in cells]),
        [kind for kind, _ in cells],
        np.array([c["missed"] for _, c in cells], dtype=float),
        np.array([c["beyond"] for _, c in cells]),
    )


def _lights(groups: Sequence[tuple[str, Sequence[Row]]]) -> str:
    lines = []
    for label, rows in groups:
        cells = [(r["world"], c) for r in rows for c in r["channels"]]
        held = np.array([not c["missed"] for _, c in cells], dtype=float)
        line = [label, f"{held.mean():.0%} ± {clustered_error(held, np.array([w for w, _ in cells])) or 0.0:.0%}"]
        colours: tuple[Colour, ...] = ("green", "amber", "red")
        for colour in colours:
            mine = [c for _, c in cells if c["light"] == colour]
            line.append(f"{sum(c['missed'] for c in mine)} of {len(mine)}")
        far = [c for _, c in cells if c["beyond"] > FAR]
        line.append(f"{sum(c['light'] != 'green' for c in far)} of {len(far)}")
        lines.append(line)
    header = ["worlds", "90% intervals of ROAS hold", "green: missed", "amber: missed", "red: missed"]
    header.append("misses larger than a tenth of the width that were not green")
    return "## Are the lights right?\n\n" + table(header, lines)


def _learned(rows: Sequence[Row]) -> str:
    """One learned number against the lights, in kinds that it was not learned on."""
    cells = _cells(rows)
    missed, far = cells.missed, (cells.beyond > FAR).astype(float)
    words = "## Would one learned number do better?\n\n"
    if missed.sum() < _ENOUGH:
        return f"{words}{missed.sum():.0f} intervals missed, too few to learn from.\n\n"
    order = {"green": 0.0, "amber": 1.0, "red": 2.0}
    light = np.array([order[c["light"]] for r in rows for c in r["channels"]])
    chance = left_out(cells)
    lines = []
    for name, values in (("learned, by leave-one-kind-out", chance), ("lights", light)):
        shares = [percent(caught(values, missed, wanted)) for wanted in (missed, far)]
        lines.append([name, number(area(values, missed)), number(area(values, far)), *shares])
    header = ["", "area under the curve, misses", "misses larger than a tenth of the width"]
    header += [f"misses caught at {FALSE_ALARMS:.0%} false alarms", "of the larger ones"]
    parts = np.array_split(np.argsort(chance), 4)
    said = ", ".join(f"{chance[p].mean():.0%} said and {missed[p].mean():.0%} missed" for p in parts)
    return f"{words}{table(header, lines)}By quarters of what it says: {said}.\n"
