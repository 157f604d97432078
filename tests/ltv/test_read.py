"""From rows of orders to a row a customer; what is wrong with them is said with its rows."""

import numpy as np
import pandas as pd
import pytest

from mmm.errors import DataError
from mmm.ltv.read import read_customers
from mmm.ltv.settings import LtvSettings

COLUMNS = ["customer_id", "date", "value", "order_id", "channel", "currency"]
ORDERS = [
    ("c1", "2024-01-01 09:00:00", 20.0, "o1", "search", "EUR"),
    ("c1", "2024-01-01 18:00:00", 10.0, "o2", "email", "EUR"),  # the same day: one purchase with it
    ("c1", "2024-01-15", 50.0, "o3", "email", "EUR"),
    ("c1", "2024-01-22", 40.0, "o4", "email", "EUR"),
    ("c2", "2024-01-08", 25.0, "o5", "tv", "EUR"),
    ("c3", "2024-03-01", 99.0, "o6", "tv", "EUR"),  # after the end
    *((f"x{i}", "2024-01-29", 5.0, f"p{i}", "search", "EUR") for i in range(50)),
]
TRANSACTIONS = {"source": "orders.csv", "person": "customer_id", "time": "date", "value": "value", "id": "order_id"}


def read(folder, orders=ORDERS, persons=None, end="2024-02-05", **changes):
    pd.DataFrame(orders, columns=COLUMNS).to_csv(folder / "orders.csv", index=False)
    document = {"transactions": TRANSACTIONS | {"channel": "channel"} | changes, "end": end}
    if persons is not None:
        pd.DataFrame(persons, columns=["who", "segment"]).to_csv(folder / "persons.csv", index=False)
        document["transactions"].pop("channel")
        document["customers"] = {"source": "persons.csv", "person": "who", "segment": "segment"}
    return read_customers(LtvSettings.model_validate(document), folder, "EUR")


def test_frequency_recency_age_and_value(tmp_path):
    found = read(tmp_path)
    table = found.seen_until(found.found.end).set_index("person")
    one = table.loc[0]
    assert (one["x"], one["last"], one["weeks"], one["mean"], one["first"]) == (2, 3.0, 5.0, 45.0, 30.0)
    two = table.loc[1]
    assert (two["x"], two["last"], two["weeks"]) == (0, 0.0, 4.0)
    assert np.isnan(two["mean"])
    whole = found.found
    assert (whole.orders, whole.after_end, whole.merged, whole.purchases, whole.customers) == (56, 1, 1, 54, 52)
    assert (whole.value, whole.value_after_end) == (395.0, 99.0)
    assert whole.orders == whole.after_end + whole.merged + whole.purchases
    # The channel is that of the first order; an earlier end sees fewer.
    assert found.cells.names == {"channel": ("search", "tv")}
    assert found.person["cell"].tolist()[:2] == [0, 1]
    early = found.seen_until(pd.Timestamp("2024-01-14"))
    assert early["x"].tolist() == [0, 0]


def test_segments_of_a_table_of_customers(tmp_path):
    persons = [("c1", "young"), ("c2", "old"), ("c3", "old"), *((f"x{i}", "old") for i in range(50))]
    found = read(tmp_path, persons=persons)
    assert found.cells.names == {"segment": ("old", "young")}
    with pytest.raises(DataError, match=r"1 orders are of customers who are not in persons\.csv[\s\S]*row 6: 'c2'"):
        read(tmp_path, persons=[line for line in persons if line[0] != "c2"])
    with pytest.raises(DataError, match="names customers more than once"):
        read(tmp_path, persons=[*persons, ("c1", "old")])


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        ([(None, "2024-01-05", 5.0, "q1", "tv", "EUR")], {}, "empty in 1 rows: an order without a person"),
        ([("c9", "05.01.2024", 5.0, "q1", "tv", "EUR")], {}, r"no moments[\s\S]*row 58"),
        ([("c9", "2024-01-05", -5.0, "q1", "tv", "EUR")], {}, "1 orders have a negative value: they look like refunds"),
        ([("c9", "2024-01-05", 5.0, "o1", "tv", "EUR")], {}, "the same order would count twice"),
        ([("c9", "2024-01-05", 5.0, "q1", "tv", "USD")], {"currency": "currency"}, "names 2 currencies"),
        ([("c9", "2024-01-05", 5.0, "q1", None, "EUR")], {}, r"\(ltv.transactions.channel\) is empty in 1 rows"),
        ([("c9", "2024-01-05", "5,00 x", "q1", "tv", "EUR")], {}, "no amounts of money"),
        ([], {"time": "day"}, r"no column 'day' \(ltv.transactions.time\)"),
    ],
)
def test_wrong_orders_are_named(tmp_path, rows, changes, said):
    with pytest.raises(DataError, match=said):
        read(tmp_path, ORDERS + rows, **changes)


def test_an_end_without_orders_before_it_is_a_mistake(tmp_path):
    with pytest.raises(DataError, match=r"more than 90 days before ltv\.end"):
        read(tmp_path, end="2025-02-05")
    with pytest.raises(DataError, match=r"customers bought until 2024-01-05; at least 50"):
        read(tmp_path, end="2024-01-05")


def test_refunds_are_netted(tmp_path):
    refund = ("c1", "2024-01-20", -50.0, "o3", "email", "EUR")
    found = read(tmp_path, [*ORDERS, refund], refunds="net")
    # The refunded order is gone, as if it had not been.
    one = found.seen_until(found.found.end).set_index("person").loc[0]
    assert (one["x"], one["mean"], found.found.refunds) == (1, 40.0, 1)
