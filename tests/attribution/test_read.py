"""From rows of touches and conversions to journeys; what is wrong with them is said with its rows."""

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from mmm.attribution import AttributionSettings, attribute
from mmm.cli import app
from mmm.data.settings import DataSettings
from mmm.errors import DataError
from mmm.workflow.lenses import OtherLenses, require_readable

TOUCHES = [
    # u1 searches, reads an e-mail, buys; searches again and buys again.
    ("u1", "2024-03-01 10:00:00", "search"),
    ("u1", "2024-03-03 10:00:00", "email"),
    ("u1", "2024-03-10 09:00:00", "search"),
    # u2 never buys; two months lie between the touches: two journeys.
    ("u2", "2024-01-05", "display"),
    ("u2", "2024-03-05", "search"),
    # u3 buys long after the one touch.
    ("u3", "2024-01-01", "display"),
    # u4 is touched after the purchase only.
    ("u4", "2024-03-02", "email"),
]
CONVERSIONS = [
    ("u1", "2024-03-03 12:00:00", 40.0, "o1"),
    ("u1", "2024-03-10 09:00:00", 60.0, "o2"),
    ("u3", "2024-03-01", 30.0, "o3"),
    ("u4", "2024-03-01", 20.0, "o4"),
]
DATA = {
    "source": "demo",
    "date": "date",
    "geo": "geo",
    "target": {"column": "revenue", "kind": "revenue"},
    "currency": "EUR",
    "channels": {"search": "search_spend"},
}
TABLES = {
    "touches": {"source": "touches.csv", "person": "user", "time": "at", "channel": "channel"},
    "conversions": {"source": "orders.csv", "person": "user", "time": "at", "value": "amount", "id": "order"},
}


def made(folder, touches=TOUCHES, conversions=CONVERSIONS, **changes):
    pd.DataFrame(touches, columns=["user", "at", "channel"]).to_csv(folder / "touches.csv", index=False)
    pd.DataFrame(conversions, columns=["user", "at", "amount", "order"]).to_csv(folder / "orders.csv", index=False)
    document = {name: table | changes.pop(name, {}) for name, table in TABLES.items()}
    return attribute(AttributionSettings.model_validate(document | {"replicates": 50} | changes), folder)


def test_journeys_end_at_conversions_and_every_row_is_accounted_for(tmp_path):
    found = made(tmp_path)
    whole = found.reconciliation
    assert (whole.touches, whole.expired, whole.persons, whole.journeys) == (7, 1, 4, 6)
    assert (whole.conversions, whole.credited, whole.without_touch) == (4, 2, 2)
    assert (whole.value, whole.value_without_touch) == (150.0, 50.0)
    last = found.credit.xs("last")["value"]
    assert last.to_dict() == {"display": 0, "email": 40, "search": 60}
    # Two hours and 50 hours before the order: a half-life of a day.
    decayed = made(tmp_path, half_life="1 day").credit.xs("time_decay")["value"]
    early, late = 0.5 ** (50 / 24), 0.5 ** (2 / 24)
    assert decayed["email"] == pytest.approx(40 * late / (early + late))
    assert found.counts.lags["conversions"].sum() == whole.credited


def test_a_conversion_column_is_the_same_as_a_table(tmp_path):
    rows = [(*touch, 0, None) for touch in TOUCHES[:2]] + [("u1", "2024-03-10 09:00:00", "search", 1, 60.0)]
    frame = pd.DataFrame(rows, columns=["user", "at", "channel", "bought", "amount"])
    frame.to_csv(tmp_path / "touches.csv", index=False)
    touches = TABLES["touches"] | {"conversion": "bought", "value": "amount"}
    found = attribute(AttributionSettings.model_validate({"touches": touches, "replicates": 50}), tmp_path)
    assert found.credit.xs("linear")["value"].to_dict() == pytest.approx({"email": 20, "search": 40})
    pd.concat([frame, frame.tail(1)]).to_csv(tmp_path / "touches.csv", index=False)
    with pytest.raises(DataError, match=r"1 conversions have person, moment, channel and value[\s\S]*row 5: 'u1'"):
        attribute(AttributionSettings.model_validate({"touches": touches, "replicates": 50}), tmp_path)


def test_parquet_and_csv_give_the_same(tmp_path):
    before = made(tmp_path).credit
    for name in ("touches", "orders"):
        pd.read_csv(tmp_path / f"{name}.csv").to_parquet(tmp_path / f"{name}.parquet")
    document = {name: table | {"source": table["source"].replace("csv", "parquet")} for name, table in TABLES.items()}
    after = attribute(AttributionSettings.model_validate(document | {"replicates": 50}), tmp_path).credit
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize(
    ("touches", "conversions", "said"),
    [
        ([(None, "2024-03-01", "search")], [], "row 9"),
        ([("u9", "1.3.24", "search")], [], "no moments"),
        ([("u9", "2024-03-01", "")], [], "Column 'channel' is empty in 1 rows"),
        ([("u9", "2024-03-01T10:00:00+02:00", "search")], [], "with and without a time zone"),
        ([("u9", "1970-01-01 00:00:03", "search")], [], r"a clock that was not set[\s\S]*row 9: '1970-01-01"),
        ([], [("u9", "2204-03-01", 5.0, "o9")], r"before 1990 or after 2100[\s\S]*row 6: '2204-03-01"),
        ([], [("u1", "2024-03-10", 60.0, "o2")], "the same order would count twice"),
        ([], [("u1", "2024-03-11", -60.0, "o2")], "look like refunds"),
        ([], [("u1", "2024-03-11", "60,5", "o9")], "no amounts of money"),
        ([], [(None, "2024-03-11", 60.0, "o9")], "without a person belongs to nobody"),
    ],
)
def test_wrong_rows_are_named(tmp_path, touches, conversions, said):
    with pytest.raises(DataError, match=said):
        made(tmp_path, TOUCHES + touches, CONVERSIONS + conversions)


def test_clocks_that_run_backwards(tmp_path):
    frame = pd.DataFrame(TOUCHES, columns=["user", "at", "channel"])
    frame["step"] = [2, 1, 3, 1, 2, 1, 1]
    pd.DataFrame(CONVERSIONS, columns=["user", "at", "amount", "order"]).to_csv(tmp_path / "orders.csv", index=False)
    frame.to_csv(tmp_path / "touches.csv", index=False)
    document = TABLES | {"touches": TABLES["touches"] | {"position": "step"}}
    with pytest.raises(DataError, match=r"a clock runs backwards[\s\S]*row 2: 'u1'"):
        attribute(AttributionSettings.model_validate(document), tmp_path)


def test_refunds_are_netted_dropped_or_refused(tmp_path):
    refunds = [("u1", "2024-03-12", -60.0, "o2"), ("u3", "2024-03-12", -10.0, "o3")]
    netted = _with_refunds(tmp_path, refunds, {"refunds": "net"})
    assert (netted.reconciliation.value, netted.reconciliation.conversions) == (80.0, 3)
    dropped = _with_refunds(tmp_path, refunds, {"refunds": "drop"})
    assert (dropped.reconciliation.value, dropped.reconciliation.refunds) == (150.0, 2)
    for refund in (("u1", "2024-03-12", -61.0, "o2"), ("u1", "2024-03-12", -6.0, "o7")):
        with pytest.raises(DataError, match="without being there once, or by more than their value"):
            _with_refunds(tmp_path, [refund], {"refunds": "net"})
    with pytest.raises(DataError, match=r"refunded before they are made: a clock runs backwards[\s\S]*row 3: 'o2'"):
        _with_refunds(tmp_path, [("u1", "2024-03-09", -6.0, "o2")], {"refunds": "net"})


def _with_refunds(folder, refunds, orders):
    made(folder)
    rows = pd.DataFrame(CONVERSIONS + refunds, columns=["user", "at", "amount", "order"])
    rows.to_csv(folder / "orders.csv", index=False)
    document = TABLES | {"conversions": TABLES["conversions"] | orders, "replicates": 50}
    return attribute(AttributionSettings.model_validate(document), folder)


def test_several_currencies(tmp_path):
    made(tmp_path)
    rows = pd.DataFrame(CONVERSIONS, columns=["user", "at", "amount", "order"])
    rows.assign(money=["EUR", "EUR", "USD", None]).to_csv(tmp_path / "orders.csv", index=False)
    document = TABLES | {"conversions": TABLES["conversions"] | {"currency": "money"}}
    with pytest.raises(DataError, match="USD: 1 rows"):
        attribute(AttributionSettings.model_validate(document), tmp_path)
    rows.assign(money="USD").to_csv(tmp_path / "orders.csv", index=False)
    settings = AttributionSettings.model_validate(document | {"replicates": 50})
    with pytest.raises(DataError, match=r"Column 'money' says USD, but data\.currency is EUR"):
        attribute(settings, tmp_path, "EUR")
    assert attribute(settings, tmp_path, "USD").reconciliation.value == 150.0


def test_the_command_and_the_lenses_know_the_currency(tmp_path):
    made(tmp_path)
    orders = pd.read_csv(tmp_path / "orders.csv").assign(money="USD")
    orders.to_csv(tmp_path / "orders.csv", index=False)
    section = TABLES | {"conversions": TABLES["conversions"] | {"currency": "money"}, "replicates": 50}
    config = tmp_path / "journeys.yaml"
    config.write_text(yaml.safe_dump({"name": "journeys", "data": DATA, "attribution": section}), encoding="utf-8")
    result = CliRunner().invoke(app, ["attribution", str(config), "--out", str(tmp_path / "out")])
    assert (result.exit_code, "says USD, but data.currency is EUR" in result.output) == (3, True), result.output
    journeys = AttributionSettings.model_validate(section)
    with pytest.raises(DataError, match="says USD"):
        require_readable(OtherLenses(DataSettings.model_validate(DATA), tmp_path, attribution=journeys))


def test_names_with_quotes_are_data(tmp_path):
    odd = 'it\'s "a"; DROP TABLE touch'
    touches = [(user, at, odd if channel == "search" else channel) for user, at, channel in TOUCHES]
    found = made(tmp_path, touches)
    assert odd in found.channels
    frame = pd.read_csv(tmp_path / "touches.csv").rename(columns={"channel": odd})
    frame.to_csv(tmp_path / "touches.csv", index=False)
    document = TABLES | {"touches": TABLES["touches"] | {"channel": odd}, "replicates": 50}
    assert odd in attribute(AttributionSettings.model_validate(document), tmp_path).channels


def test_amounts_that_may_be_thousands_are_asked_about(tmp_path):
    orders = [("u1", "2024-03-03 12:00:00", "1.234", "o1"), ("u1", "2024-03-10 09:00:00", "998", "o2")]
    with pytest.raises(DataError, match="which may be thousands or decimals"):
        made(tmp_path, conversions=orders)
    for csv, value in (({"thousands": "."}, 2232.0), ({"decimal": "."}, 999.234)):
        document = TABLES | {"conversions": TABLES["conversions"] | {"csv": csv}, "replicates": 50}
        found = attribute(AttributionSettings.model_validate(document), tmp_path)
        assert found.reconciliation.value == pytest.approx(value)
    with pytest.raises(DataError, match="no amounts of money"):
        made(tmp_path, conversions=[("u1", "2024-03-03", "12.34.5", "o1")])


def test_the_command_prints_credit_and_writes_tables(tmp_path):
    made(tmp_path)
    settings = tmp_path / "journeys.yaml"
    document = {"name": "journeys", "data": DATA, "attribution": {**TABLES, "replicates": 50}}
    settings.write_text(yaml.safe_dump(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["attribution", str(settings), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "Share of the value credited" in result.output
    assert "credited to nobody" in result.output
    credit = pd.read_csv(tmp_path / "out" / "journeys" / "attribution" / "credit.csv")
    assert credit.query("rule == 'last' and channel == 'search'")["value"].tolist() == [60.0]
    del document["attribution"]
    settings.write_text(yaml.safe_dump(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["attribution", str(settings)])
    assert result.exit_code == 2
    assert "no section 'attribution'" in result.output
