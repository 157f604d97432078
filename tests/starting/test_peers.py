"""mmm import: a Robyn model and a table of Meridian's become settings, and what is lost is said."""

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from mmm.cli import app
from mmm.errors import DataError, SettingsError
from mmm.inference.posterior import for_files, posterior_tree
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.runs.beside_page import Beside, beside, page
from mmm.settings import load_settings, settings_from
from mmm.settings.report import ReportSettings
from mmm.starting.peers.imported import active_mean, beta, carried, interval
from mmm.starting.peers.pymc_marketing import import_pymc_marketing
from mmm.starting.peers.pymc_marketing import read_model as read_fitted
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


def test_robyns_curves_are_of_what_it_modelled() -> None:
    """From 3.5.1 to 3.11.1 all_media holds the spends, though paid_media_vars names impressions; later these."""
    old = model()
    old["InputCollect"]["all_media"] = ["tv_S", "web_S", "newsletter"]
    found = import_robyn(old, frame(), "shop.csv", "shop", "EUR")
    assert found.document["data"]["channels"]["web"] == "web_S"
    assert [item.theirs for item in found.items if "its curves are of spend" in item.why] == ["web_I"]
    new = model()
    new["InputCollect"]["all_media"] = ["tv_S", "web_I", "newsletter"]
    found = import_robyn(new, frame(), "shop.csv", "shop", "EUR")
    assert found.document["data"]["channels"]["web"]["media"] == "web_I"


def test_robyns_curve_is_kept_at_three_levels_of_steady_spend() -> None:
    """Its steady response is its own: the sum of the same curve over the window is its contribution."""
    document = model()
    document["InputCollect"] |= {"rollingWindowStartWhich": [11], "rollingWindowEndWhich": [70]}
    chosen = {"tv_S_alphas": [1.7], "tv_S_gammas": [0.6], "tv_S_thetas": [0.4]}
    document["ExportedModel"]["hyper_values"] |= chosen
    document["ExportedModel"]["summary"][1]["coef"] = 420.0
    theirs = import_robyn(document, frame(), "shop.csv", "shop", "EUR").theirs
    level, kept = 0.0, []
    for value in WAVE:
        level = value + 0.4 * level
        kept.append(level)
    kept = kept[10:70]
    inflexion = 0.4 * min(kept) + 0.6 * max(kept)
    steady = np.array([0.5, 1.0, 2.0]) * WAVE.mean() / (1 - 0.4)
    assert theirs[0].steady == pytest.approx(420 * steady**1.7 / (steady**1.7 + inflexion**1.7))
    assert theirs[1].steady == ()
    document["InputCollect"]["adstock"] = ["weibull_cdf"]
    assert import_robyn(document, frame(), "shop.csv", "shop", "EUR").theirs[0].steady == ()


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
    Path("RobynModel.csv").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(app, ["import", "robyn", "RobynModel.json", "--currency", "EUR"])
    assert "'RobynModel.csv' is there already" in result.stderr
    assert Path("RobynModel.csv").read_text(encoding="utf-8") == "mine"
    result = CliRunner().invoke(app, ["import", "robyn", "RobynModel.json", "--currency", "EUR", "--force"])
    assert result.exit_code == 0, result.output
    assert load_settings("RobynModel.yaml").data.source == "RobynModel.csv"
    theirs = pd.read_csv("RobynModel_theirs.csv")
    assert list(theirs["channel"]) == ["tv", "web"]
    assert set(theirs["interval"]) == {"95% ranges over the models of its cluster"}
    rows = frame().rename(columns={"DATE": "time", "revenue": "sales"}).assign(geo="a", population=100.0)
    rows = rows.rename(columns={"tv_S": "tv_spend", "web_S": "web_spend", "web_I": "web_impression"})
    rows.drop(columns=["events", "newsletter"]).to_csv("meridian.csv", index=False)
    result = CliRunner().invoke(app, ["import", "meridian", "meridian.csv"])
    assert result.exit_code == 0, result.output
    settings = load_settings("meridian.yaml")
    assert settings.model.lookback == "8 weeks"
    assert settings.model.roas.median == pytest.approx(np.exp(0.2), rel=0.01)
    assert settings.data.channels["web"].media == "web_impression"


# PyMC-Marketing


def fitted(path: Path, **changed: Any) -> Path:
    """A file as MMM.save of PyMC-Marketing 1.3.0 lays it out, with the parts that are read; draws are all the truth."""
    saturation = "pymc_marketing.mmm.components.saturation."
    priors = {"lam": {"dist": "Gamma", "kwargs": {"alpha": 3, "beta": 1}}, "beta": {"dist": "HalfNormal", "kwargs": {}}}
    parts = {
        "date_column": "DATE",
        "target_column": "revenue",
        "channel_columns": ["tv_S", "web_S"],
        "control_columns": ["newsletter"],
        "dims": [],
        "adstock": {
            "__type__": "pymc_marketing.mmm.components.adstock.GeometricAdstock",
            "l_max": 6,
            "normalize": True,
            "priors": {"alpha": {"dist": "Beta", "kwargs": {"alpha": 1, "beta": 3}, "dims": ["channel"]}},
        },
        "saturation": {"__type__": f"{saturation}LogisticSaturation", "priors": priors},
        "yearly_seasonality": 2,
        "time_varying_media": True,
        "link": "identity",
        **changed,
    }
    media = frame()[["tv_S", "web_S"]].to_numpy()
    scale, target = media.max(axis=0), float(frame()["revenue"].max())
    beta, lam = np.array([0.2, 0.1]), np.array([2.0, 3.0])
    won = beta * np.tanh(lam * media / scale / 2)
    draw = {"channel": ["tv_S", "web_S"]}
    many = lambda v: np.broadcast_to(v, (2, 3, *np.shape(v)))  # noqa: E731
    groups = {
        "posterior": xr.Dataset(
            {
                "saturation_beta": (("chain", "draw", "channel"), many(beta)),
                "saturation_lam": (("chain", "draw", "channel"), many(lam)),
                "channel_contribution": (("chain", "draw", "date", "channel"), many(won)),
            },
            coords=draw,
        ),
        "fit_data": xr.Dataset.from_dataframe(
            frame()
            .assign(DATE=pd.to_datetime(frame()["DATE"]))
            .set_index("DATE")[["tv_S", "web_S", "newsletter", "revenue"]]
        ),
        "constant_data": xr.Dataset({"channel_scale": ("channel", scale), "target_scale": target}, coords=draw),
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {key: value if isinstance(value, str) else json.dumps(value) for key, value in parts.items()}
    tree.to_netcdf(path, engine="h5netcdf")
    return path


def test_a_fitted_model_becomes_settings_with_its_priors(tmp_path: Path) -> None:
    model = read_fitted(fitted(tmp_path / "model.nc"))
    found = import_pymc_marketing(model, "shop.csv", "shop", "EUR")
    settings = settings_from(found.document)
    assert settings.model.lookback == "5 weeks"
    alpha = settings.model.adstock_of("tv_S").priors["alpha"]
    assert (alpha.alpha, alpha.beta) == (1.0, 3.0)  # type: ignore[union-attr]
    half = settings.model.saturation_of("tv_S").priors["half"]
    # Quantiles of Gamma(3, 1) are 0.818 and 6.296; log 3 over them, from the largest value to the mean.
    ratio = WAVE.max() / WAVE.mean()
    ends = (np.log(3) / 6.296 * ratio, np.log(3) / 0.818 * ratio)
    assert (half.lower, half.upper) == pytest.approx(ends, rel=0.06)  # type: ignore[union-attr]
    assert settings.model.baseline.seasonality_order == 2
    gone = {item.theirs for item in found.items if item.how == "not carried over"}
    assert {"time_varying_media", "posterior"} <= gone


def test_the_prior_of_a_curves_height_is_told_as_a_return(tmp_path: Path) -> None:
    """With everything fixed the return is known by hand: the curve at each week's media, no carryover."""
    fixed = {"__type__": "x.LogisticSaturation", "priors": {"lam": 2.0, "beta": 0.2}}
    no = {"__type__": "x.NoAdstock", "l_max": 1, "priors": {}}
    model = read_fitted(fitted(tmp_path / "model.nc", saturation=fixed, adstock=no))
    document = import_pymc_marketing(model, "shop.csv", "shop", "EUR").document
    won = 0.2 * np.tanh(WAVE / WAVE.max()).sum() * frame()["revenue"].max() / WAVE.sum()
    assert document["model"]["channels"]["tv_S"]["roas"]["lower"] == pytest.approx(won, rel=0.01)


def test_what_a_fitted_model_said_is_kept(tmp_path: Path) -> None:
    theirs = import_pymc_marketing(read_fitted(fitted(tmp_path / "model.nc")), "s.csv", "shop", "EUR").theirs
    tv = theirs[0]
    target = frame()["revenue"].max()
    won = (0.2 * np.tanh(WAVE / WAVE.max())).sum() * target
    assert tv.roas == pytest.approx(won / WAVE.sum())
    assert tv.share == pytest.approx(100 * won / frame()["revenue"].sum())
    assert tv.steady[2] == pytest.approx(0.2 * np.tanh(2 * WAVE.mean() / WAVE.max()) * target)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"channel_columns": None}, "holds no|no 'channel_columns'"),
        ({"dims": ["geo", "brand"]}, "has the dims geo, brand"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    path = fitted(tmp_path / "model.nc", **changed)
    if changed.get("channel_columns", "") is None:
        tree = xr.open_datatree(path, engine="h5netcdf").load()
        tree.close()
        del tree.attrs["channel_columns"]
        tree.to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
        path = tmp_path / "other.nc"
    with pytest.raises(SettingsError, match=said):
        read_fitted(path)


def test_a_text_file_is_no_netcdf(tmp_path: Path) -> None:
    (tmp_path / "model.nc").write_text("no", encoding="utf-8")
    with pytest.raises(SettingsError, match="is no netCDF file"):
        read_fitted(tmp_path / "model.nc")


def test_results_stand_beside_each_other() -> None:
    channels = pd.DataFrame(
        {"spend": [800.0], "share": [0.1], "roas": [2.0], "roas_lower": [1.0], "roas_upper": [3.0]}, index=["tv"]
    )
    curves = pd.DataFrame({"channel": "tv", "spend": [0.0, 10.0, 15.0], "effect": [0.0, 20.0, 25.0]})
    analysis: Any = SimpleNamespace(channels=channels, curves=curves)
    theirs = pd.DataFrame({"channel": ["tv", "gone"], "share": 8.0, "roas": 5.0, "low": 4.0, "high": 6.0})
    (row,) = beside(theirs.assign(won_at_1=7.0), analysis, 80).to_dict("records")
    assert (row["share"], row["our_share"], row["won_at_1"]) == (0.08, 0.1, 7.0)
    assert (row["our_won_at_0.5"], row["our_won_at_1"]) == (10.0, 20.0)
    assert np.isnan(row["our_won_at_2"])  # a spend of 20 a week lies beyond the curve
    shown = page(Beside(pd.DataFrame([row]), "Shop", "PyMC-Marketing"), Formatter("EUR", "EUR", True), ReportSettings())
    assert "On 1 of 1 channels the two ranges of the return do not even overlap" in shown
    assert "not seen" in shown
    near = Beside(pd.DataFrame([row | {"low": 2.0}] * 2), "Shop", "Robyn", "95% ranges")
    shown = page(near, Formatter("EUR", "EUR", True), ReportSettings())
    assert "On all 2 channels the two ranges of the return overlap" in shown
    assert "Robyn's 95% ranges" in shown or "Robyn&#39;s 95% ranges" in shown


def test_a_posterior_is_handed_over_as_netcdf_and_zarr(known: Any, tmp_path: Path) -> None:
    """Names are objects in a store and texts in files, which ArviZ opens."""
    import arviz

    made = posterior_tree(known.fit)
    draws = made["posterior"].to_dataset()
    names = np.array(["geometric"] * draws.sizes["draw"], dtype=object)
    # A mixture's draws know their model by a name that is an object.
    made["posterior"] = xr.DataTree(draws.assign_coords(model=("draw", names)).assign_attrs(settings={"tune": 500}))
    tree = for_files(made)
    tree.to_netcdf(tmp_path / "posterior.nc", engine="h5netcdf")
    tree.to_zarr(tmp_path / "posterior.zarr", mode="w", zarr_format=2)
    roas = known.fit.main.posterior["log_beta"]
    for found in (arviz.from_netcdf(tmp_path / "posterior.nc"), arviz.from_zarr(tmp_path / "posterior.zarr")):
        assert list(found["posterior"]["channel"].values) == list(known.dataset.channels)
        assert set(found["posterior"]["model"].values) == {"geometric"}
        np.testing.assert_array_equal(found["posterior"]["log_beta"].values, roas.values)
