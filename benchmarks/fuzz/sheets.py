"""A valid table in one of the many ways in which tables are written, and the settings that say how."""

import contextlib
import csv
import datetime as dt
import gzip
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.worlds import columns, days


@dataclass
class Sheet:
    """A table as text, how it is written, and the settings that say so; mutations change it in place."""

    header: list[str]
    rows: list[list[str]]
    data: dict[str, Any]
    numeric: list[int]
    step: int
    geos: int
    kind: str = "csv"
    newline: str = "\n"
    mark: bool = False
    quoting: int = csv.QUOTE_MINIMAL
    tells: str = ""
    """A word that check must say of what was done to the table, where nothing else was done to it."""
    raw: list[Callable[[bytes], bytes]] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    @property
    def options(self) -> dict[str, Any]:
        return self.data["csv"]

    def path(self, folder: Path) -> Path:
        return folder / self.data["source"]


_NAMES = (
    "tv",
    "search",
    "social",
    "TV & Radio",
    "Où",
    "价格",
    "paid social ",
    "e\u0301mail",
    "=cmd",
    "a;b",
    "100%",
    "None",
    "2024",
)
FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%b %d, %Y")


def sheet(rng: random.Random) -> Sheet:
    """A table that is valid as it stands, in one of the many ways in which tables are written."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    step = rng.choice((7, 7, 7, 1))
    periods = rng.randrange(100, 150) if step == 1 else rng.randrange(54, 90)
    geos = [f"geo {i}" for i in range(rng.choice((1, 1, 1, 2, 3)))]
    channels = rng.sample(_NAMES, rng.choice((1, 2, 2, 3)))
    channels = [name.strip() for name in channels]
    first = dt.date(2015, 1, 1) + dt.timedelta(days=rng.randrange(3000))
    decimals, size = rng.choice((0, 1, 2, 2, 2, 4)), rng.choice((1e-2, 1.0, 1.0, 1.0, 1e3))
    options = _options(rng)
    pattern = rng.choice(FORMATS)
    with_geo = len(geos) > 1
    header = ["date", *(["region"] if with_geo else []), "revenue", *channels, "price"]
    rows = []
    for place, geo in enumerate(geos):
        found = columns(numbers, periods, tuple(channels), size * (1 + place))
        found["price"] = [round(float(v), 3) for v in 10 + numbers.standard_normal(periods)]
        for i, day in enumerate(days(first.isoformat(), periods, step)):
            cells = [number(found[n][i], decimals, options) for n in ("revenue", *channels)]
            rows.append(
                [day.strftime(pattern), *([geo] if with_geo else []), *cells, number(found["price"][i], 2, options)]
            )
    data: dict[str, Any] = {
        "source": "table.csv",
        "target": {"column": "revenue"},
        "currency": "EUR",
        "channels": channels if rng.random() < 0.5 else {n: {"spend": n} for n in channels},
        "controls": ["price"],
        "csv": options,
        **({"geo": "region"} if with_geo else {}),
    }
    if pattern in ("%d/%m/%Y", "%m/%d/%Y") or rng.random() < 0.2:
        data["date_format"] = pattern
    made = Sheet(header, rows, data, list(range(1 + with_geo, len(header))), step, len(geos))
    made.kind = rng.choice(("csv",) * 7 + ("gz", "parquet", "parquet"))
    made.newline = rng.choice(("\n", "\n", "\r\n", "\r"))
    made.mark = options["encoding"] == "utf-8" and rng.random() < 0.3
    made.quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    return made


def _options(rng: random.Random) -> dict[str, Any]:
    decimal = rng.choice((".", ".", ","))
    marks = [m for m in (",", ".", " ", "'") if m != decimal]
    separators = [s for s in (",", ";", "\t", "|") if s != decimal] if decimal == "," else [",", ",", ";", "\t", "|"]
    thousands = rng.choice([None, None, None, *marks])
    implied = decimal == ("," if thousands == "." else ".")
    return {
        "separator": rng.choice(separators),
        "decimal": None if implied and rng.random() < 0.6 else decimal,
        "thousands": thousands,
        "encoding": rng.choice(("utf-8", "utf-8", "utf-8", "utf-16")),
    }


def decimal_of(options: dict[str, Any]) -> str:
    """The sign before decimals: as stated, or the one that the thousands sign is not."""
    return options["decimal"] or ("," if options["thousands"] == "." else ".")


def number(value: float, decimals: int, options: dict[str, Any]) -> str:
    """The number as the options write it."""
    text = f"{value:,.{decimals}f}"
    marks = {",": options["thousands"] or "", ".": decimal_of(options)}
    return "".join(marks.get(sign, sign) for sign in text)


def write(made: Sheet, folder: Path) -> Path:
    """The file, in the stated form and encoding."""
    made.data["source"] = {"csv": "table.csv", "gz": "table.csv.gz", "parquet": "table.parquet"}[made.kind]
    path = made.path(folder)
    if made.kind == "parquet":
        _write_parquet(made, path)
        return path
    buffer = io.StringIO(newline="")
    separator = (
        made.options["separator"]
        if len(made.options["separator"]) == 1 and made.options["separator"] not in '"\0'
        else ","
    )
    writer = csv.writer(buffer, delimiter=separator, quoting=made.quoting, lineterminator=made.newline, escapechar="\\")
    writer.writerow(made.header)
    writer.writerows(made.rows)
    encoding = "utf-8-sig" if made.mark else made.options["encoding"]
    raw = buffer.getvalue().encode(encoding, "replace")
    if made.kind == "gz":
        raw = gzip.compress(raw, mtime=0)
    for change in made.raw:
        raw = change(raw) if raw else raw
    path.write_bytes(raw)
    return path


def _write_parquet(made: Sheet, path: Path) -> None:
    """Columns as text, or as the numbers and dates that they are where all cells are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    width = len(made.header)
    rows = [(row + [""] * width)[:width] for row in made.rows]
    arrays = []
    for place in range(width):
        cells = [row[place] for row in rows]
        typed: Any = pa.array(cells, pa.string())
        if place in made.numeric:
            with contextlib.suppress(ValueError):
                typed = pa.array([float(_strictly(cell, made.options)) for cell in cells])
        arrays.append(typed)
    pq.write_table(pa.Table.from_arrays(arrays, names=made.header), path)
    raw = path.read_bytes()
    for change in made.raw:
        raw = change(raw) if raw else raw
    path.write_bytes(raw)


def _strictly(text: str, options: dict[str, Any]) -> str:
    plain = text if options["thousands"] is None else text.replace(options["thousands"], "")
    return plain.replace(decimal_of(options), ".")
