"""Several lenses on made-up draws: every number by hand, and what differs is told with its reason."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mmm.cli import app
from mmm.cli.lenses import print_beside, print_prior, print_table
from mmm.errors import DataError
from mmm.lenses import Lenses, beside, side_by_side
from mmm.lenses.beside import prior_of
from mmm.lenses.table import lenses_there, named

CHANNELS = ("search", "tv", "email")
EFFECTS = np.random.default_rng(3).normal([100.0, 300.0, 50.0], [5.0, 10.0, 2.0], size=(2000, 3))
SPEND = np.array([200.0, 1000.0, 0.0])
CREDIT = pd.DataFrame(
    {"share": [0.6, 0.1, 0.3], "lower": [0.55, 0.08, 0.1], "upper": [0.65, 0.12, 0.35]},
    index=pd.Index(["search", "tv", "email"], name="channel"),
)


def test_every_lens_is_a_ratio_of_the_same_effect():
    with np.errstate(divide="ignore"):
        roas = EFFECTS * 4.0 / SPEND
    worth = np.tile([8.0, 2.0, 4.0], (2000, 1))
    costs = (np.array([200.0, 800.0, 0.0]), np.array([250.0, 1600.0, 90.0]))
    found = side_by_side(Lenses(CHANNELS, EFFECTS, roas, SPEND, costs, worth, CREDIT))
    mean = EFFECTS.mean(axis=0)
    assert found.loc["search", "media_roas"] == pytest.approx(mean[0] * 4 / 200)
    assert found.loc["search", "loaded_roas"] == pytest.approx(mean[0] * 4 / 250)
    assert found.loc["tv", "loaded_roas"] == pytest.approx(mean[1] * 4 / 1000 / 2)
    assert found.loc["search", "value_roas"] == pytest.approx(mean[0] * 8 / 200)
    lower, upper = np.quantile(EFFECTS[:, 1] * 4 / 1000, (0.05, 0.95))
    assert (found.loc["tv", "media_roas_lower"], found.loc["tv", "media_roas_upper"]) == pytest.approx((lower, upper))
    # Nothing was spent on e-mail: no ratio says anything, and nothing is infinite.
    assert found.loc["email", ["media_roas", "loaded_roas", "value_roas"]].isna().all()
    assert found.loc["email", "attributed"] == 0.3


def test_a_lens_that_is_not_there_is_left_out(capsys):
    found = side_by_side(Lenses(CHANNELS[:2], EFFECTS[:, :2], EFFECTS[:, :2] / SPEND[:2], SPEND[:2]))
    assert lenses_there(found) == ["media_roas"]
    print_table(found, "EUR")
    said = capsys.readouterr().out
    assert "media ROAS" in said
    assert "fully loaded" not in said


def test_journeys_beside_the_model(capsys):
    kinds = {"search": "captures_demand", "tv": "offline"}
    found = beside(EFFECTS, CHANNELS, CREDIT, kinds)
    assert found["verdict"].to_dict() == {"search": "more", "tv": "less", "email": "alike"}
    assert "bought anyway" in found.loc["search", "reason"]
    assert "nobody clicks" in found.loc["tv", "reason"]
    assert found.loc["email", "reason"] == ""
    assert found["model"].sum() == pytest.approx(1.0)
    print_beside(found, "markov")
    assert "tv, credited less: nobody clicks on it" in capsys.readouterr().out
    # A kind that would be the other way round explains nothing; neither does none.
    other = beside(EFFECTS, CHANNELS, CREDIT, {"search": "offline"})
    assert "the other way round" in other.loc["search", "reason"]
    assert "no reason is stated" in other.loc["tv", "reason"]
    with pytest.raises(DataError, match="at least two"):
        beside(EFFECTS, CHANNELS, CREDIT.loc[["tv"]], {})


def test_names_of_journeys_are_those_of_the_model():
    shares = CREDIT.rename(index={"search": "paid_search"})
    assert list(named(shares, [("paid_search", "search"), ("tv", "tv")]).index) == ["search", "tv"]


def test_a_prior_is_made_only_when_asked_for_and_as_wide(capsys):
    found = prior_of(pd.Series({"search": 600.0, "tv": 0.0, "email": 5.0}), {"search": 200.0, "tv": 10.0}, 3.0)
    assert found == {"search": pytest.approx((1.0, 9.0))}
    print_prior(found)
    assert "search: {roas: {lower: 1, upper: 9}}" in capsys.readouterr().out
    with pytest.raises(DataError, match="factor above 1"):
        prior_of(pd.Series({"search": 600.0}), {"search": 200.0}, 1.0)


def test_without_another_lens_the_command_says_what_to_add(tmp_path):
    (tmp_path / "plain.yaml").write_text(
        "name: plain\ndata: {source: demo, date: date, geo: geo, target: {column: revenue, kind: revenue}, "
        "currency: EUR, channels: {search: search_spend}}\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(app, ["lenses", str(tmp_path / "plain.yaml")])
    assert result.exit_code == 2
    assert "no other lens than the model" in result.output
