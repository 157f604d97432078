"""What must be declared to be accepted: partial geos, media history, categorical controls, the long layout."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mmm.data.dataset import Dataset

Loaded = Callable[..., Dataset]
Refused = Callable[..., str]
LATE = {"south": {"start": "2023-02-06"}}


def late(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["geo"] == "north") | (frame["date"] >= "2023-02-06")]


def test_a_late_start_must_be_declared(frame: pd.DataFrame, refused: Refused, loaded: Loaded) -> None:
    assert "Geo 'south' starts on 2023-02-06, but the panel starts on 2023-01-02" in refused(late(frame))
    assert "data.partial_geos: {south: {start: 2023-02-06}}" in refused(late(frame))
    dataset = loaded(late(frame), partial_geos=LATE)
    assert dataset.data["observed"].sum("date").to_numpy().tolist() == [30, 25]
    before = dataset.data.sel(geo="south", date="2023-01-30")
    assert np.isnan(before["outcome"])
    assert before["spend"].to_numpy().tolist() == [0, 0]
    first = frame[(frame["geo"] == "south") & (frame["date"] == "2023-02-06")].iloc[0]
    assert float(before["control"][0]) == first["price"]
    assert "5 periods of geos declared to start late" in dataset.notes[0]


def test_an_early_end_with_blank_cells(frame: pd.DataFrame, refused: Refused, loaded: Loaded) -> None:
    gone = (frame["geo"] == "south") & (frame["date"] > "2023-06-05")
    frame.loc[gone, ["sales", "tv", "price"]] = np.nan
    assert "Column 'sales' is empty in 7 rows" in refused(frame)
    dataset = loaded(frame, partial_geos={"south": {"end": "2023-06-05"}})
    assert int((~dataset.data["observed"]).sum()) == 7
    assert np.isfinite(dataset.data["control"]).all()
    assert float(dataset.data["spend"].sel(geo="south", channel="tv")[-1]) == 0
    assert float(dataset.data["spend"].sel(geo="south", channel="search")[-1]) > 0


@pytest.mark.parametrize(
    ("partial", "part"),
    [
        ({"south": {"start": "2023-02-13"}}, "has 1 values outside the span declared"),
        ({"south": {"start": "2023-01-30"}}, "Geo 'south' starts on 2023-02-06"),
        ({"south": {"start": "2023-02-07"}}, "The period that holds it starts on 2023-02-06"),
        ({"sout": {"start": "2023-02-06"}}, "names 'sout', which the data do not have. Did you mean 'south'?"),
    ],
)
def test_a_declaration_must_fit(
    frame: pd.DataFrame, refused: Refused, partial: dict[str, dict[str, str]], part: str
) -> None:
    assert part in refused(late(frame), partial_geos=partial)


def test_media_history_must_be_declared(frame: pd.DataFrame, refused: Refused, loaded: Loaded) -> None:
    frame.loc[frame["date"] < "2023-02-06", ["sales", "price"]] = np.nan
    assert "set data.media_history to true" in refused(frame)
    dataset = loaded(frame, media_history=True)
    assert dataset.data["observed"].sum("date").to_numpy().tolist() == [25, 25]
    assert (dataset.data["spend"][:5] > 0).all()
    assert "The first 5 periods are media history" in dataset.notes[0]


def test_history_excuses_no_gap_after_the_first_outcome(frame: pd.DataFrame, refused: Refused) -> None:
    frame.loc[frame["date"] < "2023-02-06", "sales"] = np.nan
    frame.loc[20, "sales"] = np.nan
    assert "Column 'sales' is empty in 1 rows" in refused(frame, media_history=True)


def test_text_controls_must_be_declared(frame: pd.DataFrame, refused: Refused, loaded: Loaded) -> None:
    texts = frame.assign(event=["none", "easter", "none", "na", "x-mas"] * 12)
    assert "Declare it: {event: {column: event, categorical: true}}" in refused(texts, controls=["event"])
    dataset = loaded(texts, controls={"event": {"column": "event", "categorical": True}})
    assert dataset.controls == ("event: na", "event: none", "event: x-mas")
    rows = [[0, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    np.testing.assert_array_equal(dataset.data["control"][:5, 0], rows)
    assert "against its level 'easter'" in dataset.notes[0]
    pinned = loaded(texts, controls={"event": {"column": "event", "categorical": True, "reference": "none"}})
    assert pinned.controls == ("event: easter", "event: na", "event: x-mas")
    wrong = {"event": {"column": "event", "categorical": True, "reference": "non"}}
    assert "has no level 'non'. Did you mean 'none'?" in refused(texts, controls=wrong)


def test_a_level_cannot_have_the_name_of_a_channel(frame: pd.DataFrame, refused: Refused) -> None:
    texts = frame.assign(event=["none", "tv"] * 30)
    message = refused(
        texts,
        channels={"event: tv": "tv", "search": "search"},
        controls={"event": {"column": "event", "categorical": True}},
    )
    assert "A channel is named 'event: tv', and so is a level of control 'event'" in message
    assert "Rename the channel or the control in the settings" in message


def test_a_blank_level_is_missing(frame: pd.DataFrame, refused: Refused) -> None:
    texts = frame.assign(event=["", *["a", "b"] * 29, "a"])
    assert "Column 'event' is empty in 1 rows" in refused(
        texts, controls={"e": {"column": "event", "categorical": True}}
    )


def test_one_level_explains_nothing(frame: pd.DataFrame, loaded: Loaded) -> None:
    dataset = loaded(frame.assign(event="x"), controls={"e": {"column": "event", "categorical": True}})
    assert dataset.controls == ()
    assert "has one level ('x')" in dataset.notes[0]


def long_of(frame: pd.DataFrame) -> pd.DataFrame:
    shared = frame[["date", "geo", "price", "population", "sales"]]
    tv = shared.assign(channel="TV", spend=frame["tv"], clicks=0.0)
    search = shared.assign(channel="search", spend=frame["search"], clicks=frame["clicks"])
    return pd.concat([tv, search], ignore_index=True)


LONG = {"layout": "long", "channels": {"tv": "TV", "search": {"media": "clicks", "media_unit": "clicks"}}}


def test_long_and_wide_agree(frame: pd.DataFrame, loaded: Loaded) -> None:
    assert loaded(long_of(frame).sample(frac=1, random_state=2), **LONG).fingerprint == loaded(frame).fingerprint


def test_absent_long_rows_are_zero_only_where_said(frame: pd.DataFrame, refused: Refused, loaded: Loaded) -> None:
    rows = long_of(frame).drop(index=[3, 40])
    message = refused(rows, **LONG)
    assert "Channel 'TV' has no row for 2 dates and geos" in message
    assert "2023-01-23, north, TV" in message
    spend = loaded(rows, **LONG, long={"absent_rows": "zero"}).data["spend"].sel(channel="tv")
    assert int((spend == 0).sum()) == 2


def test_long_errors(frame: pd.DataFrame, refused: Refused) -> None:
    rows = long_of(frame)
    assert "has several rows for one date and geo" in refused(pd.concat([rows, rows.iloc[[5]]]), **LONG)
    changed = rows.copy()
    changed.loc[70, "sales"] = 1.0
    assert "'sales' differs between the rows of one date and geo" in refused(changed, **LONG)
    assert "No row of column 'channel' is 'TVs'. Did you mean 'TV'?" in refused(
        rows, **(LONG | {"channels": {"tv": "TVs"}})
    )
