"""Tables beside the panel from queries: journeys, orders, ledgers and campaigns are what their files would be."""

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from mmm.attribution import AttributionSettings, attribute
from mmm.campaigns import CampaignSettings, read_campaigns
from mmm.costs import CostsSettings, load_costs
from mmm.data.settings import DataSettings
from mmm.errors import DataError
from mmm.ltv import LtvSettings
from mmm.ltv.read import read_customers
from mmm.simulate.cohorts import shop, simulate_orders

ORDERS = {"person": "customer_id", "time": "date", "value": "value", "id": "order_id", "channel": "channel"}
DATA = {
    "source": "none", "date": "date", "target": {"column": "revenue"}, "currency": "EUR",
    "channels": {"tv": "tv_spend"},
}  # fmt: skip


@pytest.fixture(scope="module")
def orders():
    return simulate_orders(shop(0.1), 3)


def customers(source: object, base: Path):
    return read_customers(LtvSettings.model_validate({"transactions": {"source": source, **ORDERS}}), base)


def test_orders_of_a_query_are_those_of_the_file(orders, tmp_path, monkeypatch):
    orders.to_csv(tmp_path / "orders.csv", index=False)
    plain = customers("orders.csv", tmp_path)
    query = {"query": "select * from 'orders.csv'"}
    # A query knows types: days are days, and money is a number.
    for source in (query, {"query": "select * replace (value::decimal(12, 2) as value) from 'orders.csv'"}):
        found = customers(source, tmp_path)
        pd.testing.assert_frame_equal(found.days, plain.days)
        pd.testing.assert_frame_equal(found.person, plain.person)
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    orders.to_sql("sales", sa.create_engine(address), index=False)
    monkeypatch.setenv("SHOP_DATABASE", address)
    found = customers({"query": "select * from sales", "address": "SHOP_DATABASE"}, tmp_path)
    pd.testing.assert_frame_equal(found.days, plain.days)


def test_what_is_wrong_with_a_query_names_its_key(orders, tmp_path):
    orders.to_csv(tmp_path / "orders.csv", index=False)
    for query, message in (
        ("select * from 'gone.csv'", "The query of ltv.transactions.source failed"),
        ("select * from 'orders.csv' where value < -1e9", "The query of ltv.transactions.source returns no rows"),
        ("select order_id, date, value, channel from 'orders.csv'", "There is no column 'customer_id'"),
        ("select * replace (-value as value) from 'orders.csv'", "they look like refunds"),
        ("drop table x", "must be one SELECT"),
    ):
        with pytest.raises(DataError, match=message):
            customers({"query": query}, tmp_path)


def test_journeys_ledgers_and_campaigns_come_from_queries_too(tmp_path):
    paths = pd.DataFrame({"path": ["tv > search", "search"], "conversions": [10, 40], "nulls": [90, 60]})
    paths.to_csv(tmp_path / "paths.csv", index=False)
    section = {"path": "path", "conversions": "conversions", "nulls": "nulls"}
    found = [
        attribute(
            AttributionSettings.model_validate({"paths": {"source": source, **section}, "replicates": 50}), tmp_path
        )
        for source in ("paths.csv", {"query": "select * from 'paths.csv'"})
    ]
    pd.testing.assert_frame_equal(found[0].credit, found[1].credit)

    (tmp_path / "ledger.csv").write_text("date,amount,account\n2024-01-31,100.10,media\n", encoding="utf-8")
    rules = [{"name": "media", "where": {"category": ["media"]}, "category": "working_media", "channel": "tv"}]
    for source in ("ledger.csv", {"query": "select * from 'ledger.csv'"}):
        costs = CostsSettings.model_validate({"ledger": {"source": source, "category": "account"}, "rules": rules})
        assert load_costs(costs, DataSettings.model_validate(DATA), tmp_path).cents.loc["tv", "working_media"] == 10010

    rows = pd.DataFrame({"date": ["2024-01-01"], "channel": ["tv"], "campaign": ["spring"], "spend": [5.0]})
    rows.to_csv(tmp_path / "campaigns.csv", index=False)
    for source in ("campaigns.csv", {"query": "select * from 'campaigns.csv'"}):
        read = read_campaigns(CampaignSettings.model_validate({"source": source}), ["tv"], "EUR", tmp_path)
        assert read.rows["spend"].tolist() == [5.0]
