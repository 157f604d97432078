"""mmm import: a Robyn model and a table of Meridian's become settings, and what is lost is said."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mmm.cli import app
from mmm.errors import DataError, SettingsError
from mmm.settings import load_settings, settings_from
from mmm.starting.peers.imported import active_mean, beta, carried, interval
from mmm.starting.peers.robyn import import_robyn, read_model
from mmm.starting.written import settings_text

WEEKS = 80
WAVE = np.array([100.0 + 37 * (i * i % 11) for i in range(WEEKS)])


def frame() -> pd.DataFrame:
    days = pd.date_range("2022-01-03", periods=WEEKS, freq="7D").strftime("%Y-%m-%d")
    level = [9000.0 + 5 * w + 211 * (i % 13) for i, w in enumerate(WAVE)]
    events = ["na"] * 70 + ["sale"] * 10
    return pd.DataFrame(
        {"DATE": days, "revenue": level, "tv_S": WAVE, "web_S": WAVE[::-1], "web_I": 30 * WAVE[::-1], "events": events}
    ).assign(newsletter=[float(i % 7) for i in range(WEEKS)])


def model() -> dict[str, Any]:
    """As robyn_write lays it out (3.11.1): R's vectors are lists, its empty lists objects."""
    ranges = {
        f"{c}_{what}": ends for c in ("tv_S", "web_S") for what, ends in (("alphas", [0.5, 3]), ("gammas", [0.3, 1]))
    }
    return {
        "InputCollect": {
            "date_var": ["DATE"],
            "dep_var": ["revenue"],
            "dep_var_type": ["revenue"],
            "prophet_vars": ["trend", "season", "holiday"],
            "prophet_country": ["DE"],
            "context_vars": ["events"],
            "factor_vars": ["events"],
            "paid_media_spends": ["tv_S", "web_S"],
            "paid_media_vars": ["tv_S", "web_I"],
            "organic_vars": ["newsletter"],
            "window_start": ["2022-03-07"],
            "window_end": ["2023-06-26"],
            "adstock": ["geometric"],
            "hyperparameters": ranges | {"tv_S_thetas": [0.3, 0.8], "web_S_thetas": [0, 0.3], "train_size": [0.5, 0.8]},
            "calibration_input": {},
        },
        "ExportedModel": {
            "hyper_values": {"lambda": [78143.8], "train_size": [0.5]},
            "summary": [
                {"variable": "(Intercept)", "coef": 1.0, "decompPer": 0.4},
                {"variable": "tv_S", "decompPer": 0.036, "performance": 3.96, "ci_low": 2.04, "ci_up": 4.87},
                {"variable": "web_S", "decompPer": 0.014, "performance": 1.87, "ci_low": 0.64, "ci_up": 2.8},
            ],
        },
    }


def test_a_robyn_model_becomes_settings_with_its_ranges_as_priors() -> None:
    found = import_robyn(model(), frame(), "shop.csv", "shop", "EUR")
    settings = settings_from(found.document)
    assert settings.data.channels["web"].media == "web_I"
    assert settings.data.channels["newsletter"].role == "organic"
    assert settings.data.controls["events"].reference == "na"
    assert settings.model.baseline.calendar.holidays is not None
    alpha = settings.model.adstock_of("tv").priors["alpha"]
    assert alpha.alpha / (alpha.alpha + alpha.beta) == pytest.approx(0.55, abs=0.005)  # type: ignore[union-attr]
    slope = settings.model.saturation_of("tv").priors["slope"]
    assert (slope.lower, slope.upper) == (0.5, 3.0)  # type: ignore[union-attr]
    half = settings.model.saturation_of("web").priors["half"]
    series = carried(30 * WAVE[::-1], 0.15)
    ends = [(series.min() * (1 - g) + series.max() * g) / active_mean(30 * WAVE[::-1]) for g in (0.3, 1.0)]
    assert (half.lower, half.upper) == pytest.approx(ends, rel=0.01)  # type: ignore[union-attr]


def test_robyns_curve_and_ours_are_the_same_at_a_hyperparameter() -> None:
    """Robyn's Hill curve of unnormalised carryover equals ours of carryover that adds up to one."""
    theta, gamma, slope = 0.4, 0.6, 1.7
    theirs = np.empty(WEEKS)
    level = 0.0
    for t, value in enumerate(WAVE):
        level = value + theta * level
        theirs[t] = level
    inflexion = theirs.min() * (1 - gamma) + theirs.max() * gamma
    curve = theirs**slope / (theirs**slope + inflexion**slope)
    series = carried(WAVE, theta)
    half = (series.min() * (1 - gamma) + series.max() * gamma) / active_mean(WAVE)
    relative = series / active_mean(WAVE)
    assert relative**slope / (relative**slope + half**slope) == pytest.approx(curve)


def test_what_was_not_carried_over_is_said_and_their_results_are_kept() -> None:
    found = import_robyn(model(), frame(), "shop.csv", "shop", "EUR")
    gone = {item.theirs: item.why for item in found.items if item.how == "not carried over"}
    assert {key.split(" ")[0] for key in gone} >= {"window_start,", "lambda", "train_size", "coefficients,"}
    assert [(t.channel, t.share, t.roas) for t in found.theirs] == [
        ("tv", pytest.approx(3.6), 3.96),
        ("web", pytest.approx(1.4), 1.87),
    ]
    weibull = model()
    weibull["InputCollect"]["adstock"] = ["weibull_pdf"]
    found = import_robyn(weibull, frame(), "shop.csv", "shop", "EUR")
    assert settings_from(found.document).model.adstock.family == "weibull"


def test_files_that_are_none_of_robyns_and_data_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SettingsError, match="no 'InputCollect'"):
        read_model(path)
    with pytest.raises(DataError, match="no column 'web_I'"):
        import_robyn(model(), frame().drop(columns="web_I"), "shop.csv", "shop", "EUR")


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.3), (0.3, 0.8), (0.5, 3.0)])
def test_ranges_become_intervals(low: float, high: float) -> None:
    prior = interval(low, high)
    assert 0 < prior["lower"] < prior["upper"]
    if high < 1:
        shape = beta(low, high)
        assert shape["alpha"] / (shape["alpha"] + shape["beta"]) == pytest.approx((low + high) / 2, abs=0.01)


def exported(folder: Path, tool: str) -> tuple[pd.DataFrame, str]:
    result = CliRunner().invoke(app, ["export", tool, "shop.yaml", "--out", "made"])
    assert result.exit_code == 0, result.output
    name = tool.replace("-", "_")
    return pd.read_csv(folder / "made" / f"{name}.csv"), (folder / "made" / f"read_{name}.py").read_text("utf-8")


def test_data_are_handed_to_other_tools_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame().to_csv("shop.csv", index=False)
    found = import_robyn(model(), frame(), "shop.csv", "shop", "EUR")
    Path("shop.yaml").write_text(settings_text(found.document, {}, [], {}), encoding="utf-8")
    table, code = exported(tmp_path, "meridian")
    assert table["tv_spend"].tolist() == WAVE.tolist()
    assert table["web_media"].tolist() == (30 * WAVE[::-1]).tolist()
    assert "geo" not in table
    columns = [str(node.value) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    assert set(table.columns) <= set(columns)
    assert 'organic_media=["newsletter_media"]' in code
    assert "newsletter_spend" not in table
    table, code = exported(tmp_path, "pymc-marketing")
    assert list(table.columns) == ["date", "y", "tv", "web", "newsletter", "events_sale"]
    assert "GeometricAdstock(l_max=14)" in code
    ast.parse(code)
    result = CliRunner().invoke(app, ["export", "merdian", "shop.yaml"])
    assert "Did you mean 'meridian'" in result.stderr


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("RobynModel.json").write_text(json.dumps(model() | {"Extras": {"raw_data": frame().to_dict("records")}}))
    result = CliRunner().invoke(app, ["import", "robyn", "RobynModel.json", "--currency", "EUR"])
    assert result.exit_code == 0, result.output
    assert load_settings("RobynModel.yaml").data.source == "RobynModel.csv"
    assert list(pd.read_csv("RobynModel_theirs.csv")["channel"]) == ["tv", "web"]
    rows = frame().rename(columns={"DATE": "time", "revenue": "sales"}).assign(geo="a", population=100.0)
    rows = rows.rename(columns={"tv_S": "tv_spend", "web_S": "web_spend", "web_I": "web_impression"})
    rows.drop(columns=["events", "newsletter"]).to_csv("meridian.csv", index=False)
    result = CliRunner().invoke(app, ["import", "meridian", "meridian.csv"])
    assert result.exit_code == 0, result.output
    settings = load_settings("meridian.yaml")
    assert settings.model.lookback == "8 weeks"
    assert settings.model.roas.median == pytest.approx(np.exp(0.2), rel=0.01)
    assert settings.data.channels["web"].media == "web_impression"
