"""The pages of the recovery study: tables in Markdown, and all numbers in JSON."""

import json
from pathlib import Path
from typing import Any

from mmm.assessment.recovery_score import HEADER, summarise, table_row
from mmm.files import write_whole


def write_pages(
    results: list[dict[str, Any]], priors: dict[str, Any], sampler: dict[str, Any], folder: Path
) -> tuple[Path, Path]:
    """Write ``recovery.md`` and ``recovery.json`` into ``folder``."""
    numbers = json.dumps({"priors": priors, "sampler": sampler, "worlds": results}, indent=1) + "\n"
    return (
        write_whole(folder / "recovery.md", markdown(results, sampler)),
        write_whole(folder / "recovery.json", numbers),
    )


def _rows(results: list[dict[str, Any]], groups: tuple[str, ...], *, by_geo: bool = False) -> list[dict[str, Any]]:
    return [e for r in results if r["group"] in groups for e in r["estimates"] if (e["geo"] != "") == by_geo]


def markdown(results: list[dict[str, Any]], sampler: dict[str, Any]) -> str:
    """The study as a page."""
    random = ("random national", "random geo")
    about = (
        "Made by `make study-recovery`. Every world is simulated (or given) with a known ROAS; the default model is "
        f"fitted once with {sampler['chains']} chains of {sampler['draws']} draws and its 90% intervals are compared "
        "with the truth. Errors of coverage are one standard error, clustered by world."
    )
    lines = ["# Do the intervals hold the truth?", "", about, "", "## Worlds drawn from the default priors", "", HEADER]
    for label, groups, by_geo in (
        ("all, ROAS of channels", random, False),
        ("national", random[:1], False),
        ("five geos", random[1:], False),
        ("five geos, ROAS by geo", random[1:], True),
    ):
        rows = _rows(results, groups, by_geo=by_geo)
        if rows:
            lines.append(table_row(label, summarise(rows)))
    lines += _demo(results) + _shared(results) + _sampler(results)
    return "\n".join(lines) + "\n"


def _estimate_table(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| channel | true ROAS | median | 90% interval | holds |", "|---|---|---|---|---|"]
    for e in rows:
        holds = "yes" if e["lower"] <= e["truth"] <= e["upper"] else "**no**"
        ends = f"{e['lower']:.2f} to {e['upper']:.2f}"
        lines.append(f"| {e['channel']} | {e['truth']:.2f} | {e['median']:.2f} | {ends} | {holds} |")
    return lines


def _demo(results: list[dict[str, Any]]) -> list[str]:
    rows = _rows(results, ("demo",))
    if not rows:
        return []
    summary = [HEADER, table_row("demo, channels", summarise(rows))]
    cells = _rows(results, ("demo",), by_geo=True)
    summary.append(table_row("demo, by geo", summarise(cells)))
    return ["", "## The demo", "", *summary, "", *_estimate_table(rows)]


def _shared(results: list[dict[str, Any]]) -> list[str]:
    rows = _rows(results, ("shared",))
    if not rows:
        return []
    note = (
        "`reach_frequency` records reach instead of money for TV, so that channel has a prior on its share of the "
        "outcome (1% to 30%) instead of its ROAS; everything else is the default."
    )
    title = "## Given worlds, at most one assumption broken in each"
    names = sorted({r["name"] for r in results if r["group"] == "shared"})
    each = [table_row(name, summarise([e for e in rows if e["world"] == name])) for name in names]
    return ["", title, "", note, "", HEADER, table_row("all", summarise(rows)), *each]


def _sampler(results: list[dict[str, Any]]) -> list[str]:
    failed = [r["name"] for r in results if r["sampler"] == "fail"]
    seconds = sorted(r["seconds"] for r in results)
    verdict = f"failed in {', '.join(failed)}" if failed else "passed in all of them"
    middle = seconds[len(seconds) // 2]
    text = (
        f"{len(results)} fits took {sum(seconds) / 60:.0f} minutes, {middle:.0f} s in the median and "
        f"{seconds[-1]:.0f} s at most. The sampler's checks {verdict}. A world whose sampler failed counts like the "
        "others."
    )
    return ["", "## Sampling", "", text]
