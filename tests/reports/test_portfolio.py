"""A portfolio of two markets in two currencies: what it rests on, its split, its files, and what it refuses."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from reading import LANGUAGES, leaked, text_of
from typer.testing import CliRunner

from mmm.cli import app
from mmm.errors import GateError, PlanError, ReportError, SettingsError
from mmm.execution import Here
from mmm.reporting.runs.portfolio_page import PortfolioStory, write_portfolio
from mmm.settings import Settings, dump_settings, load_settings
from mmm.settings.portfolio import load_portfolio
from mmm.settings.report import Language
from mmm.settings.request import budget_of, markets_of, request_of
from mmm.settings.text import read_yaml, write_yaml
from mmm.workflow.portfolio import Split, facts_of, shared_out, table_by_market

RATES = {"date": "2025-06-02", "source": "central bank", "per_unit": {"GBP": 1.2}}


@pytest.fixture(scope="module")
def files(make_settings: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two settings files whose fits are in their stores."""
    quick = {
        "plan": {"draws": 100},
        "gate": {"holdout": None, "ess_bulk_min": 300, "ess_tail_min": 300, "r_hat_max": 1.05},
    }
    cases: dict[str, dict[str, Any]] = {
        "home": {"channels": ("tv", "search"), "geos": 1},
        "<b>away</b>": {"channels": ("tv", "search", "print"), "geos": 1, "currency": "GBP", "spend": 150_000.0},
    }
    found = {}
    for title, case in cases.items():
        settings = make_settings(**case, settings=quick)
        name = "home" if title == "home" else "away"
        document = read_yaml(dump_settings(settings), name) | {"name": name, "title": title}
        found[name] = settings.base / "settings.yaml"
        found[name].write_text(write_yaml(document), encoding="utf-8")
    return found


def portfolio_file(folder: Path, files: dict[str, Path], **changes: Any) -> Path:
    document = {
        "name": "europe",
        "title": "Europe",
        "markets": [str(path) for path in files.values()],
        "currency": "EUR",
        "rates": RATES,
        "points": 9,
        **changes,
    }
    path = folder / "portfolio.yaml"
    path.write_text(write_yaml({k: v for k, v in document.items() if v is not None}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def story(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> PortfolioStory:
    portfolio = load_portfolio(portfolio_file(tmp_path_factory.mktemp("portfolio"), files))
    return PortfolioStory(portfolio, shared_out(markets_of(portfolio), budget_of(portfolio), Here()))


@pytest.fixture(scope="module")
def found(story: PortfolioStory) -> Split:
    return story.split


def test_the_split_spends_what_is_spent_today_and_wins_more(found: Split) -> None:
    table = table_by_market(found)
    assert table["spend"].sum() == pytest.approx(found.today, rel=1e-6)
    assert found.gain.mean() >= -1e-6
    assert found.moved.mean() >= -1e-6
    # What it wins over today's plans is moving between markets, and using each market's money better.
    inside = sum(float(m.at(m.today).mean() - m.today_worth.mean()) for m in found.markets)
    assert found.gain.mean() == pytest.approx(found.moved.mean() + inside, rel=1e-6)
    assert list(table.index) == ["home", "away"]


def test_amounts_are_converted(found: Split, files: dict[str, Path]) -> None:
    data = pd.read_csv(load_settings(files["away"]).data.source)
    spend = data[[c for c in data.columns if c.endswith("_spend")]].tail(13).to_numpy().sum()
    assert found.markets[1].today == pytest.approx(1.2 * spend, rel=1e-6)


def test_curves_rise_and_todays_budget_is_a_point(found: Split) -> None:
    for m in found.markets:
        assert (np.diff(m.spend) > 0).all()
        assert (np.diff(m.expected) > 0).all()
        assert np.abs(m.spend / m.today - 1).min() < 1e-3


def test_the_files_hold_the_split(story: PortfolioStory, tmp_path: Path) -> None:
    paths = {path.name: path for path in write_portfolio(story, tmp_path)}
    assert {"portfolio.html", "portfolio.csv", "portfolio.json"} <= set(paths)
    html = paths["portfolio.html"].read_text(encoding="utf-8")
    assert "&lt;b&gt;away&lt;/b&gt;" in html
    assert "<b>away</b>" not in html
    for words in ("Against today’s plans this brings", "2 June 2025 (central bank): 1 GBP = 1.2 EUR", "90% interval"):
        assert words in html.replace("\u00a0", " ")
    numbers = json.loads(paths["portfolio.json"].read_text(encoding="utf-8"))
    gain = numbers["gain_over_todays_plans"]
    assert gain["lower"] <= gain["mean"] <= gain["upper"]
    assert sum(m["spend"] for m in numbers["markets"]) == pytest.approx(numbers["spend"])
    csv = pd.read_csv(paths["portfolio.csv"]).set_index("market")
    assert csv.loc["away", "change"] == pytest.approx(csv.loc["away", "spend"] - csv.loc["away", "reference"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_settings_language(story: PortfolioStory, language: Language, tmp_path: Path) -> None:
    report = story.portfolio.settings.report.model_copy(update={"language": language})
    settings = story.portfolio.settings.model_copy(update={"report": report, "title": None})
    # Money left over, and a market that failed its gate, so that every sentence is there.
    failures = {"home": (("r_hat", "Chains agree"),)}
    told = PortfolioStory(
        replace(story.portfolio, settings=settings),
        replace(story.split, failures=failures, total=1.1 * story.split.total),
    )
    html = write_portfolio(told, tmp_path)[0].read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    text = text_of(html)
    assert "1 GBP = 1,2 EUR" in text
    for name in ("central bank", "<b>away</b>", "&lt;b&gt;away&lt;/b&gt;", "home"):
        text = text.replace(name, "")
    assert leaked(text) == []


def test_a_market_that_failed_its_gate_is_told_first(story: PortfolioStory, tmp_path: Path) -> None:
    failed = replace(story, split=replace(story.split, failures={"home": (("r_hat", "Chains agree"),)}))
    html = write_portfolio(failed, tmp_path / "failed")[0].read_text(encoding="utf-8")
    assert html.index("Do not decide on these numbers") < html.index("Against today’s plans")
    passed = write_portfolio(story, tmp_path / "passed")[0].read_text(encoding="utf-8")
    assert "Do not decide" not in passed


def test_a_worker_tells_what_its_market_failed(make_settings: Callable[..., Settings]) -> None:
    quick = {"plan": {"draws": 100, "curve_points": 2}, "gate": {"holdout": None, "override": True}}
    settings = make_settings(channels=("tv", "search"), geos=1, diverging=True, settings=quick)
    assert "divergences" in dict(facts_of(lambda _: None, request_of(settings), 5, ".").failures)
    strict = settings.model_copy(update={"gate": settings.gate.model_copy(update={"override": False})})
    with pytest.raises(GateError):
        facts_of(lambda _: None, request_of(strict), 5, ".")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": None, "rates": None}, "the markets count in EUR, GBP"),
        ({"rates": None}, "no exchange rate to EUR is given for GBP"),
        ({"limits": {"mars": {"maximum": 5.0}}}, "'mars' is no market"),
        ({"markets": ["none/*.yaml"]}, "matches no file"),
        ({"markets": ["/dev/n*ll"]}, "matches no file"),
        ({"markets": ["a**b"]}, "matches no file"),
        ({"markets": ["gone.yaml"]}, "gone.yaml' does not exist"),
        ({"markets": ["/dev/zero"]}, "is a device, not a file"),
        ({"markets": []}, "markets: must have at least 1 of them"),
        ({"markets": "one.yaml"}, "markets: must be a list"),
        ({"totl_budget": 5}, "totl_budget: unknown key. Did you mean 'total_budget'"),
        ({"total_budget": "much"}, "total_budget: must be a number without a unit"),
        ({"total_budget": 1e300}, "total_budget: must be less than or equal to"),
        ({"rates": {"per_unit": {"GBP": 1.17}}}, "rates.date: required, but missing"),
        ({"limits": {"home": {"minimum": 9.0, "maximum": 5.0}}}, "minimum 9 is above maximum 5"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_fitted(
    changes: dict[str, Any], said: str, files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=said):
        load_portfolio(portfolio_file(tmp_path, files, **changes))


def test_its_own_templates_are_checked_first_and_used(
    story: PortfolioStory, files: dict[str, Path], tmp_path: Path
) -> None:
    own = tmp_path / "own" / "chapters"
    own.mkdir(parents=True)
    template = own / "portfolio.html.j2"
    template.write_text("{% if %}", encoding="utf-8")
    path = portfolio_file(tmp_path, files, report={"templates": "own", "formats": ["html"]})
    answer = CliRunner().invoke(app, ["portfolio", str(path)])
    assert answer.exit_code == ReportError.exit_code
    assert "portfolio.html.j2" in answer.output
    template.write_text("<p>Our own page</p>", encoding="utf-8")
    page, *_ = write_portfolio(replace(story, portfolio=load_portfolio(path)), tmp_path / "reports")
    assert "<p>Our own page</p>" in page.read_text(encoding="utf-8")


def test_a_market_is_listed_once(files: dict[str, Path], tmp_path: Path) -> None:
    (files["home"].parent / "below").mkdir()
    paths = [str(files["home"]), str(files["home"].parent / "*" / ".." / files["home"].name)]
    with pytest.raises(SettingsError, match=r"names as well\. List each market once"):
        load_portfolio(portfolio_file(tmp_path, files, markets=paths))


@pytest.mark.parametrize(("content", "said"), [("", "this is empty"), ("[1]", "this is a list"), ("{", "line 1")])
def test_what_is_no_portfolio_is_told(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_portfolio(path)


def test_a_pipe_is_no_portfolio(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="is a named pipe, not a file"):
        load_portfolio(tmp_path / "pipe")


def test_markets_must_ask_alike(files: dict[str, Path], tmp_path: Path) -> None:
    document = read_yaml(files["home"].read_bytes(), "home")
    document["plan"] |= {"horizon": "8 weeks", "margin": 0.4}
    other = files["home"].with_name("other.yaml")
    other.write_text(write_yaml(document), encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_portfolio(portfolio_file(tmp_path, {**files, "home": other}))
    assert "plan.horizon, in days, differs between markets: home 56, away 91" in str(error.value)
    assert "state plan.margin" in str(error.value)


@pytest.mark.parametrize(("weeks", "refused"), [(1, True), (39, True), (0, False)])
def test_plans_must_begin_at_the_same_time(weeks: int, refused: bool, files: dict[str, Path], tmp_path: Path) -> None:
    data = pd.read_csv(load_settings(files["away"]).data.source)
    dates = sorted(data["date"].unique())
    # Weeks that start on another day are no other time.
    data["date"] = (pd.to_datetime(data["date"]) - pd.Timedelta(days=0 if weeks else 6)).dt.strftime("%Y-%m-%d")
    data[data["date"] <= dates[-1 - weeks]].to_csv(files["away"].with_name("older.csv"), index=False)
    document = read_yaml(files["away"].read_bytes(), "away")
    document["data"]["source"] = "older.csv"
    older = files["away"].with_name("older.yaml")
    older.write_text(write_yaml(document), encoding="utf-8")
    path = portfolio_file(tmp_path, {**files, "away": older})
    if not refused:
        assert load_portfolio(path).markets[1].dataset.dates[-1] < pd.Timestamp(dates[-1])
        return
    with pytest.raises(SettingsError) as error:
        load_portfolio(path)
    first = [f"{pd.Timestamp(dates[-1 - back]) + pd.Timedelta(days=7):%Y-%m-%d}" for back in (0, weeks)]
    assert f"home {first[0]}, away {first[1]}. Bring the older data up to date" in str(error.value)


def test_a_total_below_what_markets_must_spend_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    portfolio = load_portfolio(portfolio_file(tmp_path, files, total_budget=1000.0))
    with pytest.raises(PlanError, match="must spend at least"):
        shared_out(markets_of(portfolio), budget_of(portfolio), Here())
