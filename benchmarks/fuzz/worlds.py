"""Small panels and settings that are valid, to start from. Everything fits in a fraction of a second."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np

QUICK: dict[str, Any] = {
    "model": {"mixture": None, "lookback": "4 weeks", "baseline": {"seasonality_order": 1}},
    "sampler": {"draws": 50, "tune": 50, "chains": 1, "attempts": 1, "seed": 1},
    "gate": {"override": True, "holdout": None},
    "backtest": {"least": "40 weeks"},
    "plan": {"draws": 50, "horizon": "4 weeks", "objective": "expected_outcome", "curve_points": 2, "time_limit": 5},
    "report": {"formats": ["html"]},
}
"""So few draws that nothing may be decided on them: what is tried is the path, not the posterior."""

Columns = dict[str, list[float]]


def columns(rng: np.random.Generator, periods: int, channels: tuple[str, ...], size: float = 1.0) -> Columns:
    """Spend by channel, and an outcome that it moves."""
    found: Columns = {}
    outcome = 50_000 * size + 2_000 * size * rng.standard_normal(periods)
    for place, name in enumerate(channels):
        spend = rng.gamma(2.0, 1_000 * size / (place + 1), periods)
        spend[rng.random(periods) < 0.1 * place] = 0.0
        outcome += (1.5 + place) * spend
        found[name] = [round(float(value), 2) for value in spend]
    return {"revenue": [round(float(value), 2) for value in outcome], **found}


def days(first: str, periods: int, step: int = 7) -> list[dt.date]:
    start = dt.date.fromisoformat(first)
    return [start + dt.timedelta(days=step * i) for i in range(periods)]


def write_rows(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    lines = [",".join(header), *(",".join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_worlds(folder: Path) -> dict[str, dict[str, Any]]:
    """Writes the data of five worlds, and returns their settings by name: national, regions, kpi, long, daily."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "national": _national(folder),
        "regions": _regions(folder),
        "kpi": _kpi(folder),
        "long": _long(folder),
        "daily": _daily(folder),
    }
    return {name: {"name": name, **QUICK, **document} for name, document in made.items()}


def _national(folder: Path) -> dict[str, Any]:
    found = columns(np.random.default_rng(1), 60, ("tv", "search"))
    rows = [[day, *cells] for day, *cells in zip(days("2023-01-02", 60), *found.values(), strict=True)]
    write_rows(folder / "national.csv", ["date", *found], rows)
    data = {"source": "national.csv", "target": {"column": "revenue"}, "currency": "EUR", "channels": ["tv", "search"]}
    return {"data": data}


def _regions(folder: Path) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    rows: list[list[Any]] = []
    for geo, size in (("north", 1.0), ("NO", 0.4)):
        found = columns(rng, 56, ("tv", "search"), size)
        weeks = days("2023-01-02", 56)
        for i, (day, *cells) in enumerate(zip(weeks, *found.values(), strict=True)):
            rows.append([day, geo, *cells, 100 + i % 7, "sale" if i % 9 == 0 else "none", int(1e6 * size)])
    header = ["week", "region", "revenue", "tv", "search", "price", "holiday", "people"]
    write_rows(folder / "regions.csv", header, rows)
    data = {
        "source": "regions.csv",
        "date": "week",
        "geo": "region",
        "target": {"column": "revenue"},
        "currency": "EUR",
        "channels": {"tv": "tv", "search": {"spend": "search"}},
        "controls": {"price": "price", "holiday": {"column": "holiday", "categorical": True, "reference": "none"}},
        "population": "people",
    }
    plan = {**QUICK["plan"], "bounds": [0.5, 1.5], "channels": {"tv": {"maximum": 20000}}, "max_increase": 0.6}
    return {"data": data, "plan": plan}


def _kpi(folder: Path) -> dict[str, Any]:
    found = columns(np.random.default_rng(3), 60, ("tv", "search"))
    counts = [round(value / 1000) for value in found["revenue"]]
    shown = [round(50 * value) for value in found["tv"]]
    rows = [
        [day, *cells]
        for day, *cells in zip(days("2023-01-02", 60), counts, found["tv"], shown, found["search"], strict=True)
    ]
    write_rows(folder / "kpi.csv", ["date", "leads", "tv", "impressions", "search"], rows)
    data = {
        "source": "kpi.csv",
        "target": {"column": "leads", "kind": "kpi", "unit": "leads", "value_per_unit": 120.5},
        "currency": "USD",
        "channels": {"tv": {"spend": "tv", "media": "impressions", "media_unit": "impressions"}, "search": "search"},
    }
    plan = {**QUICK["plan"], "total_budget": 12000, "scenarios": [{"name": "less tv", "change": {"tv": -0.5}}]}
    return {"data": data, "plan": plan}


def _long(folder: Path) -> dict[str, Any]:
    found = columns(np.random.default_rng(4), 56, ("TV", "Search"))
    rows = [
        [day, channel, found[channel][i], found["revenue"][i]]
        for i, day in enumerate(days("2023-01-01", 56))
        for channel in ("TV", "Search")
    ]
    write_rows(folder / "long.csv", ["date", "channel", "spend", "revenue"], rows)
    data = {
        "source": "long.csv",
        "layout": "long",
        "target": {"column": "revenue"},
        "currency": "GBP",
        "channels": {"tv": "TV", "search": {"label": "Search"}},
    }
    experiments = [
        {"name": "a test", "channel": "tv", "start": "2023-06-04", "end": "2023-07-01", "kind": "hold_out"}
        | {"roas": 1.5, "error": 0.5}
    ]
    return {"data": data, "experiments": experiments}


def _daily(folder: Path) -> dict[str, Any]:
    found = columns(np.random.default_rng(5), 120, ("tv",))
    rows = [[day, *cells] for day, *cells in zip(days("2024-01-15", 120, 1), *found.values(), strict=True)]
    write_rows(folder / "daily.csv", ["date", *found], rows)
    data = {"source": "daily.csv", "target": {"column": "revenue"}, "currency": "EUR", "channels": ["tv"]}
    plan = {**QUICK["plan"], "horizon": "7 days"}
    return {
        "data": data,
        "plan": plan,
        "model": {**QUICK["model"], "lookback": "7 days"},
        "backtest": {"least": "90 days", "step": "14 days"},
    }
