"""Files: the same numbers from every format, and damaged files refused with the line."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

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
        ("a.csv", b"date;tv;sales\n2023-01-02;1;2\n", "Set data.csv.separator"),
        ("a.csv", b"date,tv,sales\n2023-01-02,1\n", "line 2: 2 cells"),
        ("a.csv", b'date,tv,sales\n2023-01-02,"1,2\n', "Correct the quoting"),
        ("a.csv", b"date,tv,sales\n2023-01-02,\xff,2\n", "is not utf-8"),
        ("a.csv.gz", b"date,tv,sales\n", "no intact gzip"),
        ("a.csv.gz", gzip.compress(b"date,tv,sales\n" * 99, mtime=0)[:-20], "no intact gzip"),
        ("a.parquet", b"PAR1 no", "cannot be read as Parquet"),
        ("a.xlsx", b"", "none of .csv, .csv.gz and .parquet"),
    ],
)
def test_unusable_files(tmp_path: Path, settings_of: Settings, name: str, content: bytes, part: str) -> None:
    (tmp_path / name).write_bytes(content)
    settings = settings_of(source=name, geo=None, population=None, channels=["tv"], controls=[])
    with pytest.raises(DataError) as error:
        load(settings, tmp_path)
    assert part in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize("source", ["nowhere.csv", ".", "a\0b.csv", "x" * 199])
def test_no_file(tmp_path: Path, settings_of: Settings, source: str) -> None:
    with pytest.raises(DataError, match="is no file"):
        load(settings_of(source=source), tmp_path)


def test_nothing_is_unpickled(tmp_path: Path, frame: pd.DataFrame, settings_of: Settings) -> None:
    frame.to_pickle(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        load(settings_of(source="a.parquet"), tmp_path)
