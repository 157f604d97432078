"""Campaigns inside channels: parts that add up to the channel, the truth under the right key, and bounds that hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from mmm.campaigns import TEMPLATES, CampaignSettings, efficiency, moves, read_campaigns
from mmm.campaigns.settings import TemplateSettings
from mmm.campaigns.templates import templates_of
from mmm.cli import app
from mmm.errors import DataError, PlanError
from mmm.settings import load_settings
from mmm.simulate import simulate
from mmm.simulate.programme import (
    CAMPAIGNS,
    campaign_rows,
    ledger_rows,
    platform_bill,
    programme_world,
    true_shares,
)

ROOT = Path(__file__).parents[2]
CHANNELS = ("search", "social", "email")
ASKED = {
    "source": "campaigns.csv", "date": "week", "category": "type", "spend": "platform_cost",
    "costs": {"content": "content_cost", "people": "people_cost"}, "keys": {"orders": "orders", "clicks": "clicks"},
    "rule": "orders", "purposes": {"welcome": "acquisition", "win-back": "acquisition", "magazine": "content"},
}  # fmt: skip


@pytest.fixture(scope="module")
def world():
    simulated = simulate(programme_world(3))
    return simulated, campaign_rows(simulated, 3)


@pytest.fixture
def made(world, tmp_path):
    world[1].to_csv(tmp_path / "campaigns.csv", index=False)
    return read_campaigns(CampaignSettings.model_validate(ASKED), CHANNELS, "EUR", tmp_path)


def roas(n=400, seed=1):
    return np.random.default_rng(seed).normal([2.4, 1.5, 9.0], [0.2, 0.3, 1.0], size=(n, 3))


def test_campaigns_and_ledger_are_the_panels_money(world):
    simulated, rows = world
    by_week = rows.groupby("week")[["emails", "platform_cost"]].sum()
    frame = simulated.frame.set_index("date")
    np.testing.assert_allclose(by_week["emails"], frame["email_emails"], rtol=1e-6)
    np.testing.assert_allclose(by_week["platform_cost"], frame["email_spend"], rtol=1e-5)
    ledger = ledger_rows(simulated, rows)
    amounts = ledger["amount"].astype(float)
    assert amounts[ledger["channel"] == "search"].sum() == pytest.approx(frame["search_spend"].sum(), abs=1)
    assert platform_bill(1_500_000) == 90 + 2400 + 850


def test_parts_add_up_to_the_channel_and_the_right_key_finds_the_truth(made):
    draws = roas()
    for rule in ("spend", "orders", "clicks"):
        found = efficiency(made, draws, CHANNELS, rule)
        for level in ("campaign", "category"):
            rows = found.table[found.table["level"] == level]
            assert rows["share"].sum() == pytest.approx(1.0)
            effect = (rows["loaded_roas"] * rows["loaded"]).sum()
            assert effect == pytest.approx(draws[:, 2].mean() * made.rows["spend"].sum())
            assert (rows["lowest"] <= rows["loaded_roas"] + 1e-12).all()
            assert (rows["loaded_roas"] <= rows["highest"] + 1e-12).all()
    by_orders = efficiency(made, draws, CHANNELS, "orders").table.query("level == 'campaign'").set_index("name")
    by_clicks = efficiency(made, draws, CHANNELS, "clicks").table.query("level == 'campaign'").set_index("name")
    for name, share in true_shares().items():
        assert by_orders.loc[name, "share"] == pytest.approx(share, abs=0.02)
    assert abs(by_clicks.loc["magazine", "share"] - true_shares()["magazine"]) > 0.05  # clicks flatter the magazine


def test_by_money_every_campaign_returns_what_the_channel_does(made):
    found = efficiency(made, roas(), CHANNELS, "spend").table
    assert found["roas"].to_numpy() == pytest.approx(roas()[:, 2].mean())
    assert (found["loaded_roas"] < found["roas"]).all()


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@pytest.mark.parametrize("margin", [None, 0.4])
def test_templates_keep_their_bounds_and_nothing_within_them_is_better(made, name, margin):
    found = efficiency(made, roas(), CHANNELS, "orders")
    purposes = CampaignSettings.model_validate(ASKED).purposes
    table = moves(found, TEMPLATES[name], purposes, margin)
    parts, whole = table[table["name"] != ""], table[table["name"] == ""].iloc[0]
    assert (parts["planned"] >= parts["low"] - 1e-6).all()
    assert (parts["planned"] <= parts["high"] + 1e-6).all()
    low, high = (factor * parts["today"].sum() for factor in TEMPLATES[name].total)
    assert low - 1e-6 <= whole["planned"] <= high + 1e-6
    assert whole["gain"] == pytest.approx(parts["gain"].sum(), abs=1e-6)
    assert whole["gain_lower"] <= whole["gain"] <= whole["gain_upper"]
    # Random plans within the bounds win no more.
    returns = found.table.query("level == 'category'").set_index("name").loc[parts["name"], "loaded_roas"].to_numpy()
    worth = (1.0 if margin is None else margin) * returns - 1
    best = float(worth @ parts["planned"])
    rng = np.random.default_rng(0)
    for _ in range(300):
        trial = rng.uniform(parts["low"], parts["high"])
        if low <= trial.sum() <= high:
            assert worth @ trial <= best + 1e-6


def test_bounds_that_cannot_hold_are_an_error(made):
    found = efficiency(made, roas(), CHANNELS, "orders")
    narrow = TemplateSettings(total=(1.5, 2.0))
    with pytest.raises(PlanError, match="cannot hold together in email"):
        moves(found, narrow, {})
    bare = replace(made, levels=("campaign",))
    without = efficiency(bare, roas(), CHANNELS, "orders")
    with pytest.raises(PlanError, match="name the column of the category"):
        moves(without, narrow, {})
    own = CampaignSettings.model_validate({**ASKED, "templates": {"growth": {"total": [1, 2]}, "ours": {}}})
    assert templates_of(own)["growth"].total == (1, 2)
    assert {"conservative", "growth", "acquisition", "content", "ours"} == templates_of(own).keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(channel=t["channel"].where(t.index > 2, "emial")), r"names channels in 3 rows.*'email'"),
        (lambda t: pd.concat([t, t.head(2)]), "2 rows have the date, channel, campaign, category of an earlier row"),
        (
            lambda t: t.assign(type=t["type"].where(t.index != 4, "magazine")),
            "1 campaigns are of more than one category",
        ),
        (lambda t: t.assign(platform_cost=-t["platform_cost"]), "negative"),
        (lambda t: t.assign(orders=t["orders"].where(t.index != 7)), "Column 'orders' is empty in 1 rows"),
        (lambda t: t.assign(orders=0), "'orders' is zero in every row"),
        (lambda t: t.drop(columns="clicks"), r"Column 'clicks' \(campaigns\) is not there"),
        (lambda t: t.assign(campaign=t["campaign"].where(t.index != 1, "")), "Name the campaign of every row"),
        (lambda t: t.assign(type=t["type"].replace("welcome", "hello")), "purposes names the category 'welcome'"),
    ],
)
def test_wrong_tables_are_named_with_their_rows(world, tmp_path, change, message):
    change(world[1]).to_csv(tmp_path / "campaigns.csv", index=False)
    with pytest.raises(DataError, match=f"(?s){message}"):
        read_campaigns(CampaignSettings.model_validate(ASKED), CHANNELS, "EUR", tmp_path)


def test_a_rule_that_is_no_key_is_refused():
    with pytest.raises(ValueError, match="give one of spend, orders, clicks"):
        CampaignSettings.model_validate({**ASKED, "rule": "opens"})
    with pytest.raises(ValueError, match="'spend' is taken"):
        CampaignSettings.model_validate({**ASKED, "keys": {"spend": "orders", "orders": "orders"}})


def test_the_example_is_what_simulate_writes(tmp_path):
    result = CliRunner().invoke(app, ["simulate", "--world", "email", "--seed", "1", "--out", str(tmp_path / "email")])
    assert result.exit_code == 0, result.output
    text = (ROOT / "configs" / "examples" / "email.yaml").read_text(encoding="utf-8")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "email.yaml").write_text(text.replace("../../email/", "../email/"), encoding="utf-8")
    example = load_settings(tmp_path / "configs" / "email.yaml").model_dump(mode="json")
    written = load_settings(tmp_path / "email" / "settings.yaml").model_dump(mode="json")
    plain = yaml.safe_dump(example).replace("../email/", "")
    assert yaml.safe_load(plain) == written
    assert set(CAMPAIGNS) == set(pd.read_csv(tmp_path / "email" / "campaigns.csv")["campaign"])
    assert (
        CliRunner().invoke(app, ["costs", str(tmp_path / "email" / "settings.yaml"), "--out", str(tmp_path)]).exit_code
        == 0
    )


def test_without_the_section_the_command_says_what_to_add(tmp_path):
    (tmp_path / "plain.yaml").write_text(
        "name: plain\ndata: {source: demo, date: date, geo: geo, target: {column: revenue, kind: revenue}, "
        "currency: EUR, channels: {search: search_spend}}\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(app, ["campaigns", str(tmp_path / "plain.yaml")])
    assert result.exit_code == 2
    assert "no section 'campaigns'" in result.output
