"""From a folder of five platforms' exports and a table of sales to a report by two commands, timed.

The folder is written from a simulated world: spend and sales of each week are spread over its days, and every file
has the layout of its platform: titles and totals, UTF-16 with tabs, US dollars, a summary row first. No file is edited.
What the panel holds is compared with the world: spend, and revenue, to a cent a week.

    python benchmarks/first_hour.py --out /tmp/first_hour            # both commands (minutes)
    python benchmarks/first_hour.py --out /tmp/first_hour --no-report
    python benchmarks/first_hour.py --out /tmp/first_hour --tables ../shared/data   # the same for each table there

Of a folder of tables each is timed by itself, with its exit codes, the gate and page one's lead; those that are
done are not done again.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from mmm.data.load import load
from mmm.settings import load_settings
from mmm.simulate import simulate
from mmm.simulate.prior import random_world

DOLLAR = 0.92
SHARES = np.array([0.16, 0.15, 0.15, 0.15, 0.15, 0.13, 0.11])
"""Of a week's money, by day."""
MMM = [str(Path(sys.executable).with_name("mmm"))]


def daily(weekly: np.ndarray) -> np.ndarray:
    """Days of each week, in cents; their sum is the week's."""
    days = np.round(np.outer(weekly, SHARES), 2)
    days[:, -1] = np.round(weekly - days[:, :-1].sum(axis=1), 2)
    return days.reshape(-1)


def written(path: Path, lines: list[str], encoding: str = "utf-8") -> None:
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))


def export(folder: Path, weeks: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Write the folder; spend by week and channel, and revenue by week, as they went in."""
    world = simulate(random_world(np.random.default_rng(seed), weeks=weeks, geos=1, channels=5, name="first_hour"))
    frame = world.frame
    names = [channel.name for channel in world.world.channels]
    spend = np.round(frame[[f"{name}_spend" for name in names]].to_numpy(), 2)
    revenue = np.round(frame[world.world.outcome].to_numpy(), 2)
    days = pd.date_range(pd.Timestamp(world.world.start), periods=7 * weeks, freq="D")
    by = [daily(spend[:, c]) for c in range(5)]
    folder.mkdir(parents=True, exist_ok=True)
    google(folder, days, by[0])
    meta(folder, days, by[1] / DOLLAR)
    linkedin(folder, days, by[2])
    tiktok(folder, days, by[3])
    microsoft(folder, days, by[4])
    rows = [
        f"{day:%d.%m.%Y};{f'{value:.2f}'.replace('.', ',')}" for day, value in zip(days, daily(revenue), strict=True)
    ]
    written(folder / "sales.csv", ["Tag;Umsatz", *rows], "cp1252")
    return pd.DataFrame(spend, columns=["google_ads", "meta", "linkedin", "tiktok", "microsoft_ads"]), revenue


def google(folder: Path, days: pd.DatetimeIndex, money: np.ndarray) -> None:
    span = f'"{days[0]:%B} {days[0].day}, {days[0].year} - {days[-1]:%B} {days[-1].day}, {days[-1].year}"'
    lines = ["Campaign report", span, "Day,Campaign,Currency code,Cost,Impr.,Clicks,Search impr. share"]
    for day, value in zip(days, money, strict=True):
        lines.append(f'{day:%Y-%m-%d},"Brand, all",EUR,"{value:,.2f}","{value * 40:,.0f}",{value:.0f},< 10%')
    total = f'"{money.sum():,.2f}"'
    written(folder / "google.csv", [*lines, *(f"Total: {w}, --,EUR,{total},1,1, --" for w in ("Campaigns", "Account"))])


def meta(folder: Path, days: pd.DatetimeIndex, money: np.ndarray) -> None:
    lines = [
        "Reporting starts,Reporting ends,Campaign name,Attribution setting,Amount spent (USD),Impressions,Link clicks"
    ]
    lines.append(f"{days[0]:%Y-%m-%d},{days[-1]:%Y-%m-%d},,,{money.sum():.2f},1,1")
    for day, value in zip(days, money, strict=True):
        row = f"{day:%Y-%m-%d},{day:%Y-%m-%d},Prospecting,7-day click or 1-day view"
        lines.append(f"{row},{value:.6f},{value * 90:.0f},{value * 2:.0f}")
    written(folder / "meta.csv", lines)


def linkedin(folder: Path, days: pd.DatetimeIndex, money: np.ndarray) -> None:
    head = ["Start Date (in UTC)", "Account Name", "Campaign Name", "Currency", "Total Spent", "Impressions", "Clicks"]
    lines = ["Campaign Performance Report (in UTC)", "", "\t".join(head)]
    for day, value in zip(days, money, strict=True):
        cells = [f"{day.month}/{day.day}/{day.year}", "Shop", "Leads", "EUR", f"{value:.2f}", f"{value * 10:.0f}", "1"]
        lines.append("\t".join(cells))
    written(folder / "linkedin.csv", lines, "utf-16")


def tiktok(folder: Path, days: pd.DatetimeIndex, money: np.ndarray) -> None:
    lines = ["By Day,Campaign name,Cost,Impressions,Clicks (destination),Currency"]
    rows = [f"{d:%Y-%m-%d},Spark,{v:.2f},{v * 200:.0f},1,EUR" for d, v in zip(days, money, strict=True) if v > 0]
    written(folder / "tiktok.csv", [*lines, *rows, f"Total of {len(rows)} results,-,{money.sum():.2f},1,1,EUR"])


def microsoft(folder: Path, days: pd.DatetimeIndex, money: np.ndarray) -> None:
    lines = ['"Report Name: Campaigns"', f'"Rows: {len(days)}"', ""]
    lines.append('"TimePeriod","AccountName","CampaignName","CurrencyCode","Impressions","Clicks","Spend"')
    for day, value in zip(days, money, strict=True):
        lines.append(f'"{day:%Y-%m-%d}","Shop","Brand","EUR","{value * 30:.0f}","1","{value:.2f}"')
    written(folder / "microsoft.csv", [*lines, "", '"\u00a92026 Microsoft Corporation. All rights reserved. "'])


def tables(folder: Path, out: Path, further: list[str]) -> None:
    """Settings and a report of every table below a folder, small ones first, a line each in ``tables.csv``.

    ``further`` are parameters of the report, such as one model alone. A line has the exit codes and seconds of both
    commands, the gate's verdict and page one's lead, or the first line of the error; what is there already stays.
    """
    done = out / "tables.csv"
    lines = pd.read_csv(done).to_dict("records") if done.exists() else []
    there = (path for path in folder.rglob("*") if path.name.endswith((".csv", ".csv.gz")) and "truth" not in path.name)
    for path in sorted(there, key=lambda path: path.stat().st_size):
        name = str(path.relative_to(folder))
        if any(line["table"] == name for line in lines):
            continue
        place = out / "tables" / name.replace("/", "_").partition(".")[0]
        place.mkdir(parents=True, exist_ok=True)
        init = tried([*MMM, "init", str(path.resolve()), "--out", "a.yaml", "--yes", "--force"], place)
        report = tried([*MMM, "report", "a.yaml", *further, "--out", "reports"], place)
        lines.append({"table": name, **judged(place, init, report)})
        pd.DataFrame(lines).to_csv(done, index=False)
    print(pd.DataFrame(lines).to_string(index=False))


def judged(place: Path, init: tuple[int, float, str], report: tuple[int, float, str]) -> dict[str, object]:
    """A line of the table from what both commands gave back."""
    line: dict[str, object] = {"init": round(init[1]), "report": round(report[1]), "rc": f"{init[0]}, {report[0]}"}
    results = sorted((place / "reports").rglob("results.json"))
    if report[0] == 0 and results:
        told = json.loads(results[-1].read_text(encoding="utf-8"))
        return line | {"gate": told["gate"]["status"], "told": told["headline"]["lead"]}
    said = (text for text in (report[2] or init[2]).splitlines() if text.startswith("Error"))
    return line | {"gate": "", "told": next(said, "")}


def tried(command: list[str], folder: Path) -> tuple[int, float, str]:
    """Exit code and seconds of a command, and what it said on its error stream."""
    print("$", " ".join(["mmm", *command[1:]]))
    since = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603 - its own
    for stream, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        (folder / f"{command[1]}.{stream}").write_text(text, encoding="utf-8")
    return done.returncode, time.perf_counter() - since, done.stderr


def timed(command: list[str], folder: Path) -> float:
    """Seconds of a command; it has to succeed."""
    print("$", " ".join(["mmm", *command[1:]]))
    since = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - its own commands
    return time.perf_counter() - since


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weeks", type=int, default=130)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--no-report", action="store_true")
    parser.add_argument("--tables", type=Path, help="a folder of tables in place of the exports")
    parser.add_argument(
        "-p", dest="further", action="append", default=[], help="a parameter of the reports of --tables"
    )
    given = parser.parse_args()
    if given.tables is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        tables(given.tables, given.out.resolve(), [word for one in given.further for word in ("-p", one)])
        return
    spend, revenue = export(given.out / "exports", given.weeks, given.seed)
    first = timed(
        [*MMM, "init", "exports", "--out", "shop.yaml", "--yes", "--force", "--rate", f"USD={DOLLAR}"], given.out
    )
    settings = load_settings(given.out / "shop.yaml")
    data = load(settings.data, settings.base).data
    read = data["spend"].sel(channel=list(spend.columns)).values[:, 0, :]
    off = max(float(np.abs(read - spend.to_numpy()).max()), float(np.abs(data["outcome"].values[:, 0] - revenue).max()))
    print(f"Largest difference of a week from what went in: {off:.4f} EUR, of {read.sum():,.0f} spent.")
    if off > 0.02:
        raise SystemExit("The panel is not what went in.")
    print(f"mmm init: {first:.0f} s")
    if not given.no_report:
        print(f"mmm report: {timed([*MMM, 'report', 'shop.yaml'], given.out):.0f} s")


if __name__ == "__main__":
    main()
