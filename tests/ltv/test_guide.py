"""`mmm ltv` from files to tables, on customers whose truth is known; what docs/ltv.md shows is run."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from mmm.cli import app
from mmm.settings import settings_from
from mmm.simulate.cohorts import shop, simulate_orders, true_value

GUIDE = (Path(__file__).parents[2] / "docs" / "ltv.md").read_text(encoding="utf-8")


def test_settings_of_the_guide_are_settings():
    first, second = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL))
    assert settings_from(first | second).ltv.margin == 0.4


@pytest.mark.recovery
def test_search_and_tv_end_to_end(tmp_path):
    """Two channels, sampled; the truth is in the interval, every file is there, and sums agree."""
    orders = simulate_orders(shop(), 5)
    orders[orders["channel"].isin(["search", "tv"])].to_csv(tmp_path / "orders.csv", index=False)
    document = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)[0])
    document["ltv"] |= {"draws": 500, "horizons": ["26 weeks", "52 weeks"]}
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    run = ["ltv", str(tmp_path / "shop.yaml"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, run, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    for said in (
        "A new customer: expected margin (EUR",
        "value to cost",
        "Fitted until 2023-05",
        "Customers there are",
    ):
        assert said in result.output
    folder = tmp_path / "out" / "shop" / "ltv"
    value = pd.read_csv(folder / "value.csv").set_index("level")
    for name in ("search", "tv"):
        truth = 0.4 * true_value(shop().channels[name], 52, 0.1 / 52.18)
        assert value.loc[name, "value_52_lower"] < truth < value.loc[name, "value_52_upper"]
        assert value.loc[name, "customers"] == shop().channels[name].customers
    assert value.loc["tv", "value_26"] < value.loc["tv", "value_52"]
    draws = pd.read_csv(folder / "draws.csv")
    assert draws.mean().to_dict() == pytest.approx(value["value_52"].drop("all customers").to_dict())
    customers = pd.read_csv(folder / "customers.csv")
    assert len(customers) == value.loc["all customers", "customers"]
    assert customers["alive"].between(0, 1).all()
