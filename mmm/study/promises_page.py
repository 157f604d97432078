"""The page of the study of promises: tables from the plain results of each world, and the results as JSON."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.checks import Check, Status
from mmm.assessment.lights import Colour, lights
from mmm.assessment.recovery_score import clustered_error
from mmm.assessment.scores import interval_score
from mmm.files import write_whole
from mmm.study import figures, shrinking
from mmm.study.answer import answer_of
from mmm.study.doubts import FALSE_ALARMS, Cells, area, caught, features, left_out
from mmm.study.kinds import new_kinds
from mmm.study.page import number, percent, table
from mmm.study.peers import PEERS, PeerSettings
from mmm.study.promises_figure import chances
from mmm.study.score import Row, median, returns, score
from mmm.study.shrinking import Promises
from mmm.study.worlds import Entry, StudyWorld

FAR = 0.1
"""Misses further out than this share of the interval's width cannot be chance alone."""
_NOTHING = 1e-4
"""Gains below this share of what today's media bring have no ratio to what was promised."""
_KINDS = 5
"""Kinds from which on something can be learned of the others."""
_ALPHA = 0.1
"""What a 90% interval leaves out, as its score counts it."""
_SEED, _DRAWS = 1, 2000
"""Of the bootstrap of a ratio."""
_ENOUGH = 15
"""Misses from which on something can be learned of them."""
_BINS = ((0.0, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.01))
_WORDS = re.compile(r"(\w+): (warn|fail)(?: \((.*)\))?")

INTRO = """# Are promises kept, and do warnings come when they should?

Made by `python -m mmm.study.promises` (resumes where it stopped). Kinds of worlds that no default, limit or correction
was chosen on: each world is another company with its own channels, patterns of spend, returns and noise
(`mmm/study/kinds.py`), some with four regions; beside them further draws of the simulator's library. Each is fitted
with the default mixture, {chains} chains of {draws} draws a model after {tune} of warm-up, and planned for 13 weeks
with today's total, every channel within 30%. The plan is then spent in the simulator. "Told of two lift tests" is the
same fit told of a hold-out of each of the two largest channels, read with a standard error of a fifth of the effect.
Peers fit their default models ({peers}) and plan with their own optimisers.
Gains, widths and interval scores are shares of what today's media bring. Errors are one standard error, by world;
intervals of ratios are 90%, by a bootstrap of kinds.

"""
_ARMS = (
    ("told", "with the discrepancy"),
    ("alone", "posterior alone"),
    ("tested", "told of two lift tests"),
    *((name, name) for name in PEERS),
)
_DIGITS = 5
"""That are kept of every number: more than any table shows."""


def write(rows: Sequence[Row], sampler: dict[str, int], folder: Path) -> tuple[Path, ...]:
    """Write ``promises.md``, its figure, and ``promises.json``, of which both can be made again."""
    kept = [_rounded(row) for row in rows]
    text = json.dumps(kept, separators=(",", ":")).replace('{"world"', '\n{"world"') + "\n"
    pictures = figures.saved({"promises_chances": chances}, kept, folder)
    page = write_whole(folder / "promises.md", markdown(kept, sampler, {path.stem for path in pictures}))
    return page, write_whole(folder / "promises.json", text), *pictures


def _rounded(value: Any) -> Any:
    """Plain data with every number cut to a few digits."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def scored(entry: Entry, world: StudyWorld, found: dict[str, Any], best: float | None) -> Row:
    """Plain numbers of one world: its plan with the discrepancy and by the posterior alone, and its channels."""
    told, others = found["told"], {name: found[name] for name in ("tested", *PEERS) if name in found}
    asked = {"told": told, "alone": {**told, "decision": found["alone"]}, **others}
    plans = {}
    for name, answer in asked.items():
        row, said = score(world, answer, best)["decision"], answer["decision"]
        ends = {end: said[end] / row["today"] for end in ("lower", "upper")}
        below = [q / row["today"] for q in said["quantiles"]]
        plans[name] = {**row, **ends, "quantiles": below, "chance": said["chance"]}
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
    hits = {name: (returns(answer_of(answer).roas, world.roas) or {})["hit"] for name, answer in others.items()}
    return {**label, "seconds": found["seconds"], "plans": plans, "channels": channels, "hits": hits}


def _checks(words: Sequence[str]) -> list[Check]:
    """The checks that an answer's warnings are of."""
    out = []
    for said in words:
        name, status, channels = _WORDS.findall(said)[0]
        worst: Status = "fail" if status == "fail" else "warn"
        out.append(Check(name, "", worst, None, "", "", channels=tuple(channels.split(", "))))
    return out


def markdown(rows: Sequence[Row], sampler: dict[str, int], pictures: Collection[str] = ()) -> str:
    """The page; ``pictures`` are the figures that there are."""
    new = [r for r in rows if r["part"] == "new kinds"]
    groups = [
        ("new kinds", new),
        ("new kinds, national", [r for r in new if r["geos"] == 1]),
        ("new kinds, four regions", [r for r in new if r["geos"] > 1]),
        ("the library again", [r for r in rows if r["part"] == "learned on"]),
    ]
    known = [(name, group) for name, group in groups if group and (name == "new kinds" or group != new)]
    parts = [_promises(known), _shrunk(new), _chances(known, pictures), _by_kind(new), _lights(known), _learned(rows)]
    asked = PeerSettings()
    peers = f"{asked.chains} chains of {asked.draws} draws after {asked.tune}"
    return (INTRO.format(**sampler, peers=peers) + "".join(parts)).rstrip() + "\n"


def _plans(rows: Sequence[Row], name: str, key: str) -> Floats:
    return np.array([r["plans"][name][key] for r in rows], dtype=float)


def _by_arm(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """Each way of promising with the rows that have it; where only some have, those by the default once more before."""
    out: list[tuple[str, str, list[Row]]] = []
    for name, words in _ARMS:
        mine = [r for r in rows if name in r["plans"]]
        if 0 < len(mine) < len(rows):
            out.append(("told", "with the discrepancy, worlds of the next line", mine))
        out.append((name, words, mine))
    return [(name, words, mine) for name, words, mine in out if mine]


def _promises(groups: Sequence[tuple[str, Sequence[Row]]]) -> str:
    lines = []
    for label, rows in groups:
        for name, words, mine in _by_arm(rows):
            lower, upper, came, said, best = (
                _plans(mine, name, key) for key in ("lower", "upper", "realised", "promised", "oracle")
            )
            holds = (lower <= came) & (came <= upper)
            error = float(np.sqrt(holds.mean() * (1.0 - holds.mean()) / len(holds)))
            lines.append(
                [
                    label,
                    words,
                    f"{len(mine)} ({len({r['kind'] for r in mine})})",
                    f"{holds.mean():.0%} ± {error:.0%}",
                    _ratio(said, came, [r["kind"] for r in mine]),
                    f"{said.sum():.2f} / {came.sum():.2f}",
                    f"{np.median(upper - lower):.3f}",
                    f"{interval_score(lower, upper, came).mean():.3f}",
                    percent(median(came / np.where(best > 0, best, np.nan))),
                    percent(float(_plans(mine, name, "lost").mean())),
                ]
            )
    header = ["worlds", "", "count (kinds)", "90% interval of the gain holds", "promised / realised, median"]
    header += ["promised / realised, sums", "width, median", "interval score", "share of the possible gain", "lost"]
    return "## Are promises kept?\n\n" + table(header, lines) + _returns_told(groups[0][1] if groups else [])


def _ratio(said: Floats, came: Floats, kinds: Sequence[str]) -> str:
    """Median of promised over realised, with the 90% interval of a bootstrap that draws whole kinds of worlds."""
    won = came > _NOTHING
    ratios, names = said[won] / came[won], np.array(kinds)[won]
    groups = [ratios[names == name] for name in dict.fromkeys(names)]
    if len(groups) < _KINDS:
        return number(median(ratios))
    rng = np.random.default_rng(_SEED)
    drawn = [np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]) for _ in range(_DRAWS)]
    low, high = np.quantile([median(one) for one in drawn], [0.05, 0.95])
    return f"{number(median(ratios))} ({number(float(low))} to {number(float(high))})"


def _returns_told(rows: Sequence[Row]) -> str:
    """Whether intervals of returns hold told of two tests and by peers, beside the default in the same worlds."""
    said = []
    for name, words in _ARMS[2:]:
        mine = [r for r in rows if name in r["hits"]]
        if not mine:
            continue
        names = np.array([r["world"] for r in mine for _ in r["hits"][name]])
        told = np.array([hit for r in mine for hit in r["hits"][name]], dtype=float)
        before = np.array([not c["missed"] for r in mine for c in r["channels"]], dtype=float)
        share, without = (f"{x.mean():.0%} ± {clustered_error(x, names) or 0.0:.0%}" for x in (told, before))
        said.append(
            f"Intervals of ROAS, {words}: {share} of {len(told)} hold ({without} by the default in the same worlds).\n"
        )
    return "\n".join(said) + "\n" * bool(said)


def _shrunk(rows: Sequence[Row]) -> str:
    """Whether a correction learned on other kinds would keep promises better."""
    words = "## Would shrinking and widening do better?\n\n"
    if len({r["kind"] for r in rows}) < _KINDS:
        return ""
    lines = []
    for name, said in (("told", "with the discrepancy"), ("alone", "posterior alone")):
        found = Promises(*(_plans(rows, name, key) for key in ("promised", "lower", "upper", "realised")))
        changed, given = shrinking.left_out(found, [r["kind"] for r in rows])
        for label, one in ((said, found), (f"{said}, changed", changed)):
            held, won = (one.lower <= one.came) & (one.came <= one.upper), one.came > _NOTHING
            line = [label, f"{held.mean():.0%}", number(median(one.promised[won] / one.came[won]))]
            lines.append([*line, f"{np.median(one.upper - one.lower):.3f}", f"{one.score:.3f}"])
        shrink, widen = np.array(given).T
        ends = f"{shrink.min():.2f} to {shrink.max():.2f} and {widen.min():.1f} to {widen.max():.1f}"
        lines[-1][0] += f" ({ends})"
    header = ["new kinds", "90% interval holds", "promised / realised, median", "width, median", "interval score"]
    how = "Means times one number, spreads times another, both with the lowest score on all other kinds.\n\n"
    return words + how + table(header, lines)


def _chances(groups: Sequence[tuple[str, Sequence[Row]]], pictures: Collection[str]) -> str:
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
    words = "Left: plans that won, by their stated chance. Right: gains below each stated quantile. New kinds."
    picture = f"![{words}](promises_chances.svg)\n\n{words}\n\n" if "promises_chances" in pictures else ""
    return "## Do chances come true?\n\n" + picture + table(header, lines)


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
