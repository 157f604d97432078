"""The page of the study: tables in Markdown, one figure a question, and all scores in JSON."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmm.files import write_whole
from mmm.simulate import library_names, library_world
from mmm.study import figures
from mmm.study.methods import KEEP, METHODS, OURS, TOLD
from mmm.study.peers import PEERS, PeerSettings
from mmm.study.score import Row, compared, decisions, estimates, finite, gated, median, warned
from mmm.study.words import INTRO, LINES, NOTE
from mmm.study.worlds import HIDDEN


def write_pages(rows: list[Row], folder: Path) -> tuple[Path, ...]:
    """Write ``decisions.md``, ``decisions.json`` and the figures into ``folder``."""
    pictures = figures.write(rows, folder)
    text = json.dumps(rows, indent=None, separators=(",", ":")).replace('{"world"', '\n{"world"') + "\n"
    page = write_whole(folder / "decisions.md", markdown(rows, {path.stem for path in pictures}))
    return page, write_whole(folder / "decisions.json", text), *pictures


def markdown(rows: list[Row], pictures: set[str]) -> str:
    """The page. Sections without any result are left out."""
    peers = PeerSettings()
    note = NOTE.format(chains=peers.chains, draws=peers.draws, tune=peers.tune)
    methods = "## The methods\n\n" + table(["", "what it is"], [list(line) for line in LINES]) + note
    reported = [r for r in rows if r["part"] == "reported"]
    parts = [
        INTRO,
        methods,
        _together(reported, pictures),
        _plans(reported, pictures),
        _by_world(reported, pictures),
        _warnings(rows, pictures),
        _forecasts(reported, pictures),
        _tests(reported),
        _repeats(rows),
        _public(rows),
        _benchmark(rows),
        _failures(rows),
    ]
    return "".join(part for part in parts if part).rstrip() + "\n"


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *lines)) + "\n\n"


def percent(value: float | None) -> str:
    """A share in words; a dash for what is not known."""
    return "–" if value is None else f"{value:.0%}"


def number(value: float | None) -> str:
    """Two digits; a dash for what is not known."""
    return "–" if value is None else f"{value:.2f}"


def coverage(found: Row) -> str:
    """Coverage with its standard error."""
    if found["coverage"] is None:
        return "–"
    error = "" if found["coverage_error"] is None else f" ± {found['coverage_error']:.0%}"
    return f"{found['coverage']:.0%}{error}"


def _figure(name: str, words: str, pictures: set[str]) -> str:
    return f"![{words}]({name}.svg)\n\n" if name in pictures else ""


def _of(rows: Sequence[Row], method: str) -> list[Row]:
    return [r for r in rows if r["method"] == method and r["error"] is None]


def _shown(rows: Sequence[Row]) -> list[str]:
    """Methods that answered in some world, in their order."""
    return [m for m in METHODS if _of(rows, m)]


def fields(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Fields of comparison: worlds in which all peers answered, or one of them, each with its rows.

    A field with the worlds of one before is left out: it says nothing new.
    """
    out: list[tuple[str, list[Row]]] = []
    known: list[set[str]] = []
    asked = [p for p in PEERS if _of(rows, p)]
    for group in dict.fromkeys((tuple(asked), *((p,) for p in asked))):
        same = compared(rows, (OURS, *group))
        same = [r for r in same if r["method"] not in PEERS or r["method"] in group]
        worlds = {r["world"] for r in same}
        if worlds and worlds not in known:
            known.append(worlds)
            out.append((" and ".join(group) or "the workbench", same))
    return out


def _together(rows: list[Row], pictures: set[str]) -> str:
    """Returns by method, each comparison on the same worlds."""
    out = ["## Do the intervals hold the truth, and how far off are the estimates?\n\n"]
    out.append("Methods in one table answered in the same worlds.\n\n")
    for name, same in fields(rows):
        lines = []
        for method in (m for m in _shown(same) if m not in (KEEP, TOLD)):
            mine = _of(same, method)
            found, marginal = estimates(mine), estimates(mine, "marginal")
            if found is None:
                continue
            nothing: Row = dict.fromkeys(("coverage", "coverage_error", "width", "score"))
            lines.append(
                [
                    method,
                    f"{found['worlds']} ({found['cells']})",
                    coverage(found),
                    percent(found["error"]),
                    number(found["width"]),
                    number(found["score"]),
                    coverage(marginal or nothing),
                    number((marginal or nothing)["width"]),
                    number(median(r["srmse"] for r in mine)),
                    number(median(r["rank"] for r in mine)),
                ]
            )
        header = ["", "worlds (channels)", "90% interval of ROAS holds the truth", "median error", "width / truth"]
        header += ["interval score / truth", "marginal ROAS: holds", "width / truth", "sRMSE", "rank correlation"]
        out.append(f"Worlds answered by {name}:\n\n{table(header, lines)}")
    out.append(_figure("decisions_intervals", "Coverage against width of the intervals, by method", pictures))
    return "".join(out)


def _plans(rows: list[Row], pictures: set[str]) -> str:
    """Decisions by method, each comparison on the same worlds."""
    out = ["## What do the plans bring, against what was promised and what was possible?\n\n"]
    for name, same in fields(rows):
        lines = []
        asked = [(m, _of(same, m)) for m in _shown(same) if m != TOLD]
        asked.insert(1, (f"{OURS}, today's plan where its gate fails", gated(_of(same, OURS))))
        for label, mine in asked:
            found = decisions(mine)
            if found is None:
                continue
            lines.append(
                [
                    label,
                    str(found["worlds"]),
                    percent(found["share"]),
                    percent(found["pooled"]),
                    number(found["promised"]),
                    percent(found["off"]),
                    percent(found["holds"]),
                    percent(found["lost"]),
                ]
            )
        header = ["", "worlds", "realised share of the oracle's gain, median", "of all gains together"]
        header += [
            "promised / realised, median",
            "promise off by, median",
            "promise's interval holds",
            "plans that lost",
        ]
        out.append(f"Worlds answered by {name}:\n\n{table(header, lines)}")
    out.append(
        "The promised over the realised gain is of plans that won something. A plan's gain is over today's plan in the "
        f"same {HIDDEN} weeks; the oracle knows the truth and keeps the same bounds; where recorded spend is not what "
        "was paid, it keeps the total that was paid, and a plan that keeps the recorded one may win more. The "
        "workbench makes no plan where its gate fails; the first row is of plans made nevertheless, the second has "
        "today's plan for them.\n\n"
    )
    return "".join(out) + _figure("decisions_plans", "Promised against realised gain, by method", pictures)


def _by_world(rows: list[Row], pictures: set[str]) -> str:
    """Coverage by kind of world and method, with what the workbench's gate said."""
    names = {name: library_world(name).note for name in library_names()}
    methods = [m for m in _shown(rows) if m in (OURS, *PEERS)]
    lines = []
    answered = {
        (r["kind"], r["geos"]) for r in rows if r["method"] in methods and r["error"] is None and r["kind"] in names
    }
    for row in sorted(answered, key=lambda x: (x[1], list(names).index(x[0]))):
        kind, geos = row
        mine = [r for r in rows if (r["kind"], r["geos"]) == row]
        cells = []
        for method in methods:
            found = _of(mine, method)
            hits = [h for r in found if r["roas"] is not None for h in r["roas"]["hit"]]
            best = median(r["decision"]["realised"] / r["decision"]["oracle"] for r in found if _won(r))
            cells += [f"{sum(hits)} of {len(hits)}" if hits else "–", percent(best)]
        asked = _of(mine, OURS)
        said = [", ".join(r["warnings"]) or "nothing" for r in asked] or ["–"]
        label = names[kind] + ("" if geos == 1 else f" ({geos} regions)")
        lines.append([label, *cells, "; ".join(said)])
    header = [""]
    for method in methods:
        header += [f"{method}: intervals that hold", "share of the oracle's gain"]
    words = "## World by world\n\nOver all draws of a kind; a semicolon parts what the gate said of each.\n\n"
    out = words + table([*header, "the workbench's gate said"], lines)
    return out + _figure("decisions_worlds", "Errors of the return by world and method", pictures)


def _won(row: Row) -> bool:
    return row["decision"] is not None and row["decision"]["oracle"] > 0


def _warnings(rows: list[Row], pictures: set[str]) -> str:
    """Whether a method said that it may be wrong where it was."""
    lines = []
    for part in ("reported", "well specified"):
        for method in (OURS, *PEERS):
            mine = _of([r for r in rows if r["part"] == part], method)
            found = warned(mine)
            if not found["worlds"]:
                continue
            of_misses, of_holds = (
                f"{found[f'{kind}_warned']} of {found[kind]}"
                + (f" ({percent(found[f'{kind}_warned'] / found[kind])})" if found[kind] else "")
                for kind in ("misses", "holds")
            )
            lines.append([method, part, str(found["worlds"]), str(found["alarms"]), of_misses, of_holds])
    header = ["", "worlds", "count", "with any warning", "intervals that miss: warned of", "that hold: warned of"]
    text = (
        "## Was there a warning where the answer was wrong?\n\nAn interval counts as warned of where a check that did "
        "not pass names its channel, or names none and so is about all. Peers' warnings name no channel. One interval "
        "in ten misses by design.\n\n"
    )
    return text + table(header, lines) + _figure("decisions_warnings", "Misses, warned of and not, by world", pictures)


def _forecasts(rows: list[Row], pictures: set[str]) -> str:
    lines = []
    for name, same in fields(rows):
        for method in (m for m in _shown(same) if m in (OURS, *PEERS)):
            found = [r["forecast"] for r in _of(same, method) if r["forecast"] is not None]
            if found:
                numbers = [f"{median(f[k] for f in found):.2%}" for k in ("crps", "naive")]
                lines.append(
                    [name, method, str(len(found)), *numbers, percent(finite(f["coverage"] for f in found).mean())]
                )
    if not lines:
        return ""
    header = [
        "worlds answered by",
        "",
        "worlds",
        "CRPS / mean outcome, median",
        "repeating the last year",
        "90% interval holds",
    ]
    words = f"## How good is the forecast of {HIDDEN} hidden weeks?\n\nMedia and controls of these weeks are known.\n\n"
    return words + table(header, lines) + _figure("decisions_forecasts", "CRPS of hidden weeks by method", pictures)


def _pairs(rows: list[Row], methods: Sequence[str], what: Callable[[list[Row]], list[str]]) -> list[list[str]]:
    same = compared(rows, methods)
    return [[method, *what(_of(same, method))] for method in methods if _of(same, method)]


def _summary(rows: list[Row]) -> list[str]:
    found, plans = estimates(rows), decisions(rows)
    if found is None:
        return ["–"] * 7
    out = [f"{found['worlds']} ({found['cells']})", coverage(found), percent(found["error"]), number(found["width"])]
    out.append(number(found["score"]))
    return out + (["–"] * 2 if plans is None else [percent(plans["share"]), percent(plans["lost"])])


_SUMMARY = ["worlds (channels)", "90% interval of ROAS holds the truth", "median error", "width / truth"]
_SUMMARY += ["interval score / truth", "share of the oracle's gain", "plans that lost"]


def _tests(rows: list[Row]) -> str:
    lines = _pairs([r for r in rows if r["method"] in (OURS, TOLD)], (OURS, TOLD), _summary)
    if len(lines) < 2:
        return ""
    demand = [r for r in rows if r["kind"] in ("hidden_demand", "mixed")]
    lines += [[f"{m}: worlds of hidden demand", *rest] for m, *rest in _pairs(demand, (OURS, TOLD), _summary)]
    return "## What do two lift tests change?\n\n" + table(["", *_SUMMARY], lines)


def _repeats(rows: list[Row]) -> str:
    mine = _of([r for r in rows if r["kind"] == "well_specified" and r["part"] != "public"], OURS)
    if not mine:
        return ""
    words = "## In worlds where nothing is broken\n\nFurther draws of the first world, and those above.\n\n"
    return words + table(["", *_SUMMARY], [[OURS, *_summary(mine)]])


def _public(rows: list[Row]) -> str:
    """Every public world by itself."""
    public = [r for r in rows if r["part"] == "public" and r["method"] in (OURS, *PEERS) and r["error"] is None]
    if not public:
        return ""
    lines = []
    for row in sorted(public, key=lambda r: (r["world"], METHODS.index(r["method"]))):
        found = estimates([row])
        if found is None:
            continue
        hits = row["roas"]["hit"]
        numbers = [percent(found["error"]), number(found["width"]), number(found["score"])]
        said = ", ".join(row["warnings"]) or "nothing"
        lines.append([row["world"], row["method"], f"{sum(hits)} of {len(hits)}", *numbers, said])
    header = ["", "", "intervals that hold", "median error", "width / truth", "interval score / truth", "warnings"]
    words = (
        "## Public data\n\nEight national worlds with at most one assumption broken; `confounded`, where a driver of "
        "both spend and outcome is not given, and the same with it given; an effect that drifts. All rows are fitted, "
        "as no plan can be scored.\n\n"
    )
    return words + table(header, lines)


def _benchmark(rows: list[Row]) -> str:
    """The published comparison's panels: contribution errors, and totals by geo and channel inside their intervals."""
    found = [r for r in rows if r["part"] == "benchmark" and r["error"] is None and r["method"] in (OURS, *PEERS)]
    if not found:
        return ""
    lines = []
    for row in sorted(found, key=lambda r: (r["geos"], METHODS.index(r["method"]))):
        held = row["totals"] or []
        told = ", ".join(row["warnings"]) or "nothing"
        lines.append([row["kind"], row["method"], number(row["srmse"]), f"{sum(held)} of {len(held)}", told])
    words = (
        "## The public benchmark\n\nThe panels of the published comparison of PyMC-Marketing and Meridian, every "
        "method with its plain defaults. The peers' published settings, and the largest panel, are in "
        "[sampling](sampling.md).\n\n"
    )
    return words + table(["", "", "sRMSE", "totals by geo and channel inside 90% intervals", "warnings"], lines)


def _failures(rows: list[Row]) -> str:
    failed = [r for r in rows if r["error"] is not None]
    asked: dict[str, Any] = {m: sum(r["method"] == m for r in rows) for m in METHODS}
    lines = [[m, str(n), str(sum(r["method"] == m for r in failed))] for m, n in asked.items() if n]
    seconds = {m: median(r["seconds"] for r in _of(rows, m)) for m in asked}
    lines = [[*line, "–" if seconds[line[0]] is None else f"{seconds[line[0]]:.0f}"] for line in lines]
    words = "## What was run\n\nSeconds are of a machine that did other work beside; they compare nothing.\n\n"
    why = "".join(f"- {r['world']}, {r['method']}: {r['error']}\n" for r in failed)
    return words + table(["", "worlds asked", "failed", "seconds a world, median"], lines) + why
