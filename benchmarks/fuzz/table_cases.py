"""Tables: formats of numbers and dates, headers, missing and doubled rows, encodings, totals, zeros at edges."""

import datetime as dt
import random
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.command import Fault, Outcome, faults, masked, run
from fuzz.odd_texts import FULL_WIDTH, odd_way
from fuzz.reader import Unreadable, read
from fuzz.settings_cases import agreement
from fuzz.sheets import FORMATS, Sheet, decimal_of, number, sheet, write
from fuzz.worlds import QUICK

# Mutations


def _cell(made: Sheet, rng: random.Random) -> tuple[int, int]:
    return rng.randrange(len(made.rows)), rng.choice(made.numeric)


def odd_cells(made: Sheet, rng: random.Random) -> None:
    """One cell, a few, or a whole column written in another way."""
    change, (row, column) = odd_way(rng), _cell(made, rng)
    many = rng.choice((1, 1, 3, len(made.rows)))
    for i in [row] if many == 1 else rng.sample(range(len(made.rows)), many):
        made.rows[i][column] = change(made.rows[i][column])


def other_marks(made: Sheet, rng: random.Random) -> None:
    """A column in another country's way of writing numbers, or in two ways."""
    column = rng.choice(made.numeric)
    options = {
        "decimal": rng.choice((".", ",")),
        "thousands": rng.choice((None, ".", ",", " ", "'", "\u00a0", "\u202f", "_")),
    }
    share = rng.choice((0.02, 0.3, 1.0))
    decimals = rng.choice((0, 0, 2, 3))
    for i in range(len(made.rows)):
        if rng.random() < share:
            made.rows[i][column] = number(rng.choice((1.0, 1.0, 30.0)) * rng.gammavariate(1.0, 800), decimals, options)


def odd_dates(made: Sheet, rng: random.Random) -> None:
    """Dates of another kind in one row or in all."""
    odd = (
        "2024-02-30",
        "",
        "Total",
        "nan",
        "45000",
        "2024-W05",
        "202405",
        "9999-12-31",
        "10000-01-03",
        "0001-01-01",
        "1/2/2023",
        "02.01.23",
    )
    odd += (
        "2023-01-02T00:00:00Z",
        "2023-01-02 12:30",
        "2023-01-02 - 2023-01-08",
        "Jan 2023",
        "2023-01",
        "tomorrow",
        "2023-01-02" + " " * 70_000 + "x",
        " - 1" * 20_000,
        "2023-01-02".translate(FULL_WIDTH),
        "-2023-01-02",
    )
    if rng.random() < 0.6:
        for i in rng.sample(range(len(made.rows)), rng.choice((1, 1, 2, 10))):
            made.rows[i][0] = rng.choice(odd)
        return
    pattern = rng.choice(
        (
            *FORMATS,
            "%d.%m.%y",
            "%m/%d/%y",
            "%GW%V",
            "%G-W%V",
            "%Y%W",
            "%Y-%m",
            "%s",
            "%Y-%m-%dT00:00:00Z",
            "%A %d %B %Y",
        )
    )
    first, per_geo = dt.date(2022, 1, 3), max(1, len(made.rows) // made.geos)
    for i, row in enumerate(made.rows):
        row[0] = (first + dt.timedelta(days=made.step * (i % per_geo))).strftime(pattern)
    if rng.random() < 0.4:
        made.data["date_format"] = pattern


def odd_rows(made: Sheet, rng: random.Random) -> None:
    """Rows dropped, doubled, moved, cut or lengthened."""
    at = rng.randrange(len(made.rows))
    how = rng.randrange(9)
    if how == 0:
        del made.rows[at]
    elif how == 1:
        made.rows.insert(rng.randrange(len(made.rows)), list(made.rows[at]))
    elif how == 2:
        rng.shuffle(made.rows)
    elif how == 3:
        made.rows.reverse()
    elif how == 4:
        made.rows[at] = made.rows[at][:-1]
    elif how == 5:
        made.rows[at] = [*made.rows[at], rng.choice(("", "1", "x"))]
    elif how == 6:
        made.rows = made.rows[: rng.choice((0, 1, 2, 5, 20))]
    elif how == 7:
        made.rows.insert(at, list(made.header))
    else:
        made.rows[at] = [""] * len(made.header)


def totals_row(made: Sheet, rng: random.Random) -> None:
    """A row below (or above) that sums the others."""
    label = rng.choice(("Total", "Total: Account", "Summe", "Gesamt", "", "2030-01-07", "Grand total"))
    cells = [label, *[""] * (len(made.header) - 1)]
    for column in made.numeric:
        cells[column] = "123456" if made.options["thousands"] is None else number(123456, 0, made.options)
    made.rows.insert(rng.choice((len(made.rows), 0)), cells)


def odd_header(made: Sheet, rng: random.Random) -> None:
    """Header names doubled, changed, lost; lines above it."""
    at = rng.randrange(len(made.header))
    how = rng.randrange(10)
    names = {
        0: made.header[rng.randrange(len(made.header))],
        1: made.header[at].upper(),
        2: f" {made.header[at]} ",
        3: f"\ufeff{made.header[at]}",
        4: "",
        5: f"{made.header[at]}\u200b",
        6: made.header[at] + "\n",
    }
    if how in names:
        made.header[at] = names[how]
    elif how == 7:
        made.header = [str(i) for i in range(len(made.header))]
    else:
        title = [["Weekly report"], ["from", "2023"]][: rng.choice((1, 2))]
        made.rows = [made.header, *made.rows] if rng.random() < 0.5 else made.rows
        made.raw.append(lambda raw: _titled(raw, title))


def _titled(raw: bytes, title: list[list[str]]) -> bytes:
    return "\n".join(";".join(line) for line in title).encode() + b"\n" + raw


def zero_edges(made: Sheet, rng: random.Random) -> None:
    """A region that was not open yet (or any more), written as rows of zeros."""
    if made.geos < 2:
        return odd_cells(made, rng)
    per_geo, geo = len(made.rows) // made.geos, rng.randrange(made.geos)
    length = rng.randrange(12, per_geo // 2)
    rows = made.rows[geo * per_geo : (geo + 1) * per_geo]
    for row in rows[:length] if rng.random() < 0.5 else rows[-length:]:
        for column in made.numeric[:-1]:
            row[column] = "0"
    made.tells = "partial_geos"
    return None


def other_unit(made: Sheet, rng: random.Random) -> None:
    """A channel in thousands, or above the outcome, or a part of a column times a thousand."""
    column = rng.choice(made.numeric)
    factor = rng.choice((1e-3, 1e3, 1e6))
    share = rng.choice((0.5, 1.0))
    for row in made.rows[: int(share * len(made.rows))]:
        value = _value(row[column], made.options)
        row[column] = number(value * factor, 4 if factor < 1 else 0, made.options)


def _value(text: str, options: dict[str, Any]) -> float:
    plain = text if options["thousands"] is None else text.replace(options["thousands"], "")
    try:
        return float(plain.replace(decimal_of(options), "."))
    except ValueError:
        return 1.0


def constant(made: Sheet, rng: random.Random) -> None:
    """A column that is nothing, or the same, throughout; or one that repeats another."""
    column, other = rng.choice(made.numeric), rng.choice(made.numeric)
    value = rng.choice(("0", "5", "", "1e9"))
    copied = rng.random() < 0.3
    for row in made.rows:
        if len(row) > max(column, other):  # another change may have cut it off
            row[column] = row[other] if copied else value


def other_settings(made: Sheet, rng: random.Random) -> None:
    """Settings that say something else about the file than what is true."""
    name = rng.choice(("separator", "decimal", "thousands", "encoding"))
    values: dict[str, tuple[Any, ...]] = {
        "separator": (",", ";", "\t", "|", " ", "a", '"', "\0"),
        "decimal": (".", ","),
        "thousands": (None, ",", ".", " ", "'"),
        "encoding": ("utf-8", "latin-1", "cp1252", "utf-16"),
    }
    made.options[name] = rng.choice(values[name])


def bytes_changed(made: Sheet, rng: random.Random) -> None:
    """Damage to the file itself."""
    seed = rng.randrange(2**32)

    def change(raw: bytes) -> bytes:
        own = random.Random(seed)
        how, changed, at = own.randrange(6), bytearray(raw), own.randrange(len(raw))
        if how == 0:
            return raw[:at]
        if how == 1:
            for _ in range(own.choice((1, 5, 50))):
                changed[own.randrange(len(changed))] = own.randrange(256)
        elif how == 2:
            changed[at:at] = own.choice((b"\0", b'"', b"\x80", b"\xff\xfe", b"\n", b"\r", b"\xef\xbb\xbf", b";", b","))
        elif how == 3:
            changed[at:at] = raw[at : at + 200]
        elif how == 4:
            return b""
        else:
            return raw + own.choice((b"\n\n\n", b'"', b"\x1a", b",,,,\n", b"\0" * 100))
        return bytes(changed)

    made.raw.append(change)


MUTATIONS = (odd_cells, odd_cells, other_marks, other_marks, odd_dates, odd_rows, totals_row, odd_header, zero_edges)
MUTATIONS += (other_unit, constant, other_settings, bytes_changed)


# One case


def case(folder: Path, index: int, seed: int) -> tuple[list[Fault], dict[str, Any]]:
    """Checks one table, and compares what was read with what the independent reader reads."""
    from mmm.settings.text import write_yaml

    rng = random.Random(f"{seed}:tables:{index}")
    made = sheet(rng)
    for change in rng.choices(MUTATIONS, k=rng.choice((0, 1, 1, 1, 1, 1, 1, 2, 2, 3))):
        change(made, rng)
        made.did.append(change.__name__)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    document = {"name": "table", **QUICK, "data": made.data}
    path = write(made, folder)
    (folder / "table.yaml").write_text(write_yaml(document), encoding="utf-8")
    checked = run(["check", "table.yaml"], folder)
    about = {
        "did": made.did,
        "options": made.options,
        "kind": made.kind,
        "content": path.read_bytes(),
        "code": checked.code,
    }
    about["settings"] = (folder / "table.yaml").read_text(encoding="utf-8")
    found = faults(checked)
    if checked.code == 0 and not found:
        found = compared(made.data, folder, checked.out)
        if made.did in (["zero_edges"], []) and made.tells and made.tells not in checked.out:
            found.append(Fault(f"{made.did[0]} without a word of {made.tells}", checked.out[-1500:]))
        if not found and index % 8 == 0:
            planned = run(["plan", "table.yaml"], folder)
            found = [*faults(planned), *agreement(checked, planned)]
    elif not made.did and checked.code:
        found.append(Fault("a valid table is refused", checked.err[:600]))
    elif checked.code == 3 and not found:
        found = advised(made, folder, checked)
    return found, about


def advised(made: Sheet, folder: Path, refused: Outcome) -> list[Fault]:
    """The lines to paste that an error names are settings, are not named again, and read as the independent reader."""
    from mmm.settings.text import read_yaml

    found = []
    for line in dict.fromkeys(re.findall(r"data\.csv: (\{.*?\})(?=[.,; ]|$)", refused.err, re.MULTILINE)):
        again = run(["check", "table.yaml", "-p", f"data.csv={line}"], folder)
        found += faults(again)
        # What was read by the line may be too short for the rest of the settings: that is another matter.
        if again.code == 2 and "do not fit the data" not in again.err:
            found.append(Fault("the line to paste is refused", f"{line}\n{again.err[:500]}"))
        elif again.code == 3 and f"data.csv: {line}" in again.err:
            found.append(Fault("the line to paste is named again", f"{line}\n{refused.err[:400]}\n{again.err[:400]}"))
        elif again.code == 0 and not found:
            stated = {**made.data, "csv": read_yaml(line, "the line")}
            found += compared(stated, folder, again.out)
    return found


def compared(data: dict[str, Any], folder: Path, said: str) -> list[Fault]:
    """Totals, dates and number of periods of the workbench and of the independent reader."""
    from mmm.settings import load_dataset, load_settings

    settings = load_settings(folder / "table.yaml", {"data.csv": data["csv"]})
    dataset = load_dataset(settings)
    try:
        right = read(folder / data["source"], data)
    except Unreadable as error:
        return [Fault(f"accepted, but {_kind(str(error))}", f"{error}; options {data['csv']}")]
    found = [Fault(f"accepted without a word of {word}", said[-800:]) for word in right.asks if word not in said]
    spend = {
        c.spend or name: float(dataset.data["spend"].sel(channel=name).sum())
        for name, c in settings.data.channels.items()
    }
    got = {settings.data.target.column: float(np.nansum(dataset.data["outcome"].values)), **spend}
    got |= {
        c.column: float(dataset.data["control"].sel(control_name=n).sum()) for n, c in settings.data.controls.items()
    }
    for name, value in got.items():
        if abs(value - right.totals[name]) > 1e-9 * max(abs(value), abs(right.totals[name])) + 1e-9:
            found.append(Fault("totals differ", f"{name}: {value!r}, the independent reader {right.totals[name]!r}"))
    seen = (dataset.dates[0].date(), dataset.dates[-1].date(), len(dataset.dates))
    if settings.data.model_dump().get("week_label", "start") != "end" and seen != (
        right.first,
        right.last,
        right.periods,
    ):
        found.append(
            Fault("dates differ", f"{seen}, the independent reader {(right.first, right.last, right.periods)}")
        )
    return found


def _kind(reason: str) -> str:
    return "a date that is none" if "date" in reason else masked(reason.rpartition(": ")[2])
