"""Files: the same numbers from every format, and damaged files refused with the line."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmm.data import read
from mmm.data.load import load
from mmm.data.settings import DataSettings
from mmm.errors import DataError

Settings = Callable[..., DataSettings]


def test_csv_gzip_parquet_and_frame_agree(tmp_path: Path, frame: pd.DataFrame, settings_of: Settings) -> None:
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a_semicolon.csv", index=False, sep=";", decimal=",", encoding="utf-16")
    prints = {load(settings_of(source=name), tmp_path).fingerprint for name in ("a.csv", "a.csv.gz", "a.parquet")}
    csv = {"separator": ";", "decimal": ",", "encoding": "utf-16"}
    prints.add(load(settings_of(source="a_semicolon.csv", csv=csv), tmp_path).fingerprint)
    assert len(prints) == 1


def test_thousands_signs_and_a_byte_order_mark(tmp_path: Path, settings_of: Settings) -> None:
    rows = [f"2023-01-{2 + 7 * i:02d},{i + 1}'000.5,{i}" for i in range(4)]
    (tmp_path / "a.csv").write_text("\n".join(["date,tv,sales", *rows]), encoding="utf-8-sig")
    settings = settings_of(
        source="a.csv", geo=None, population=None, channels=["tv"], controls=[], csv={"thousands": "'"}
    )
    assert load(settings, tmp_path).data["spend"].to_numpy().ravel().tolist() == [1000.5, 2000.5, 3000.5, 4000.5]


def test_line_numbers_count_quoted_line_breaks(tmp_path: Path, settings_of: Settings) -> None:
    text = 'date,note,tv,sales\n2023-01-02,"two\nlines",1,5\n\n2023-01-09,,x,6\n2023-01-16,,3,7\n'
    (tmp_path / "a.csv").write_text(text)
    settings = settings_of(source="a.csv", geo=None, population=None, channels=["tv"], controls=[])
    with pytest.raises(DataError, match=r"a\.csv: .*\n +line 5, 2023-01-09: 'x'"):
        load(settings, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.csv", b"date,tv,sales\n", "no rows"),
        ("a.csv", b"date;tv;sales\n2023-01-02;1;2\n", 'Set data.csv: {separator: ";"}'),
        ("a.csv", b"date,tv,sales\n2023-01-02,1\n", "line 2: 2 cells"),
        ("a.csv", b'date,tv,sales\n2023-01-02,"1,2\n', "Correct the quoting"),
        ("a.csv", b"date,tv,sales\n2023-01-02,\xff,2\n", "is not utf-8"),
        ("a.csv.gz", b"date,tv,sales\n", "no intact gzip"),
        ("a.csv.gz", gzip.compress(b"date,tv,sales\n" * 99, mtime=0)[:-20], "no intact gzip"),
        ("a.parquet", b"PAR1 no", "cannot be read as Parquet"),
        ("a.xls", b"", "none of .csv, .csv.gz, .parquet and .xlsx"),
        ("a.xlsx", b"PK", "cannot be read as a workbook"),
    ],
)
def test_unusable_files(tmp_path: Path, settings_of: Settings, name: str, content: bytes, part: str) -> None:
    (tmp_path / name).write_bytes(content)
    settings = settings_of(source=name, geo=None, population=None, channels=["tv"], controls=[])
    with pytest.raises(DataError) as error:
        load(settings, tmp_path)
    assert part in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize("source", ["nowhere.csv", ".", "x" * 199])
def test_no_file(tmp_path: Path, settings_of: Settings, source: str) -> None:
    with pytest.raises(DataError, match=r"does not exist|is a folder, not a file|is no name of a file"):
        load(settings_of(source=source), tmp_path)


def test_nothing_is_unpickled(tmp_path: Path, frame: pd.DataFrame, settings_of: Settings) -> None:
    frame.to_pickle(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        load(settings_of(source="a.parquet"), tmp_path)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_a_pipe_or_a_device_is_never_waited_for(tmp_path: Path, settings_of: Settings, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="is a named pipe, not a file"):
        load(settings_of(source=name), tmp_path)
    (tmp_path / f"zero_{name}").symlink_to("/dev/zero")
    with pytest.raises(DataError, match="is a device, not a file"):
        load(settings_of(source=f"zero_{name}"), tmp_path)


def test_files_are_read_up_to_a_size(tmp_path: Path, settings_of: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{day:%Y-%m-%d},1,5\n" for day in pd.date_range("2020-01-06", periods=400, freq="7D"))
    settings = settings_of(source="a.csv", geo=None, population=None, channels=["tv"], controls=[])
    (tmp_path / "a.csv").write_text(f"date,tv,sales\n{rows}")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    monkeypatch.setattr(read, "MOST_CELLS", 1000)
    with pytest.raises(DataError, match=r"a\.csv has 334 rows of 3 columns; at most 1,000 cells are read"):
        load(settings, tmp_path)
    monkeypatch.setattr(read, "MOST_UNPACKED", 3000)
    with pytest.raises(DataError, match="unpacks to more than 3,000 bytes"):
        load(settings.model_copy(update={"source": "a.csv.gz"}), tmp_path)
    monkeypatch.setattr(read, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="at most 1,000 are read"):
        load(settings, tmp_path)


def test_parquet_is_unpacked_up_to_a_size(
    tmp_path: Path, settings_of: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = pd.DataFrame({"date": ["x" * 20_000] * 5000, "tv": 1.0, "sales": np.arange(5000.0)})
    long.to_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    monkeypatch.setattr(read, "MOST_UNPACKED", 10_000_000)
    with pytest.raises(DataError, match="unpacks to more than 10,000,000 bytes"):
        load(settings_of(source="a.parquet"), tmp_path)
