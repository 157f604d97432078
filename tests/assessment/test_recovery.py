"""The recovery study: its cases, its resuming, its page, and a small version of it."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from seeds import seeded

from mmm.assessment import gate_study, recovery
from mmm.assessment.recovery import estimates, file_case, priors_of, random_case, run_case, simulated_case
from mmm.assessment.recovery_page import markdown, write_pages
from mmm.assessment.recovery_score import Estimate, summarise
from mmm.assessment.resume import kept
from mmm.errors import DataError
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import WorldPriors, random_world

MODEL = ModelSettings()


def test_worlds_are_drawn_from_the_models_own_priors() -> None:
    priors = priors_of(MODEL)
    assert priors.roas == pytest.approx((MODEL.roas.mu, MODEL.roas.sigma))
    half = MODEL.saturation.all_priors["half"]
    assert priors.half == pytest.approx((half.mu, half.sigma))
    assert priors.geo_sd == MODEL.geo_scale
    case = random_case(1, MODEL)
    spec = make_spec(case.dataset, MODEL)
    alpha = spec.channels[0].adstock.priors["alpha"]
    assert (alpha.alpha, alpha.beta) == priors.alpha
    assert spec.lookback == priors.max_lag
    # The defaults of the simulator are the same numbers.
    own = WorldPriors()
    assert own.alpha == priors.alpha
    assert own.roas == pytest.approx(priors.roas, abs=0.01)
    assert own.half == pytest.approx(priors.half, abs=0.01)


def test_random_cases_repeat_alternate_and_know_their_truth() -> None:
    first, second = random_case(0, MODEL), random_case(1, MODEL)
    assert first.dataset.fingerprint == random_case(0, MODEL).dataset.fingerprint
    assert len(first.dataset.geos) == 1
    assert len(second.dataset.geos) == 5
    assert first.geo_truth == {}
    assert len(second.geo_truth) == 25
    spend = second.dataset.data["spend"].values.sum(axis=0)
    for c, channel in enumerate(second.dataset.channels):
        by_geo = [second.geo_truth[geo, channel] for geo in second.dataset.geos]
        assert np.average(by_geo, weights=spend[:, c]) == pytest.approx(second.truth[channel])


def _write_world(folder: Path, *, truth: bool = True) -> Path:
    rng = np.random.default_rng(0)
    weeks = pd.date_range("2021-01-04", periods=40, freq="7D")
    frame = pd.DataFrame(
        {
            "week": weeks.strftime("%Y-%m-%d"),
            "spend_TV": rng.random(40),
            "spend_Search": 50 * rng.random(40),
            "y": 300 + rng.random(40),
            "control_Price": 12 + rng.random(40),
        }
    )
    path = folder / "clean.csv"
    frame.to_csv(path, index=False)
    if truth:
        (folder / "clean__truth.json").write_text(json.dumps({"true_roas": {"TV": 90.0, "Search": 0.8}}))
    return path


def test_cases_from_files_have_a_share_prior_where_spend_is_reach(tmp_path: Path) -> None:
    case = file_case(_write_world(tmp_path), MODEL)
    assert case.truth == {"TV": 90.0, "Search": 0.8}
    assert case.dataset.controls == ("control_Price",)
    assert set(case.model.channels) == {"TV"}
    assert case.model.channels["TV"].share is not None
    assert MODEL.channels == {}


def test_a_file_without_its_truth_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="clean__truth"):
        file_case(_write_world(tmp_path, truth=False), MODEL)


def test_results_are_kept_by_key_and_made_anew_when_unreadable(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"value": len(made)}

    path = tmp_path / "deep" / "a.json"
    assert kept(path, "k", make) == {"key": "k", "value": 1}
    assert kept(path, "k", make)["value"] == 1
    assert kept(path, "other", make)["value"] == 2
    path.write_text("{ torn")
    assert kept(path, "other", make)["value"] == 3
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def _result(name: str, group: str, geo: str = "") -> dict[str, Any]:
    estimate = Estimate(name, group, "tv", geo, 1.0, 1.1, 0.5, 1.5, *((0.2, 5.0) if geo == "" else (None, None)))
    national = replace(estimate, geo="")
    rows = [estimate.to_dict()] if geo == "" else [national.to_dict(), estimate.to_dict()]
    return {"name": name, "group": group, "seconds": 12.0, "sampler": "pass", "checks": {}, "estimates": rows}


def test_the_page_has_every_part_and_the_numbers_are_json(tmp_path: Path) -> None:
    results = [
        _result("random_00", "random national"),
        _result("random_01", "random geo", "north"),
        _result("demo_retailer", "demo", "north"),
        _result("clean", "shared"),
    ]
    page, numbers = write_pages(results, {"alpha": (2.0, 2.5)}, {"chains": 4, "draws": 1000}, tmp_path)
    text = page.read_text()
    for part in ("drawn from the default priors", "five geos, ROAS by geo", "## The demo", "| clean |", "## Sampling"):
        assert part in text
    assert "passed in all of them" in text
    assert json.loads(numbers.read_text())["worlds"][3]["name"] == "clean"
    failed = markdown([{**results[0], "sampler": "fail"}], {"chains": 4, "draws": 1000})
    assert "failed in random_00" in failed
    assert "## The demo" not in failed


def test_the_study_runs_each_case_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def fake(case: recovery.Case, sampler: SamplerSettings) -> dict[str, Any]:
        calls.append(case.name)
        return _result(case.name, case.group, "" if len(case.dataset.geos) == 1 else "north")

    monkeypatch.setattr(recovery, "run_case", fake)
    shared = tmp_path / "shared"
    shared.mkdir()
    _write_world(shared)
    options = [
        "--random",
        "2",
        "--shared",
        str(shared),
        "--out",
        str(tmp_path / "out"),
        "--work",
        str(tmp_path / "work"),
    ]
    recovery.main(options)
    assert calls == ["random_00_national", "random_01_geo", "demo_retailer", "clean"]
    recovery.main(options)
    assert len(calls) == 4
    recovery.main([*options, "--draws", "500"])
    assert len(calls) == 8


def test_gate_rates_by_hand() -> None:
    results = [
        {"shift": 0.1, "passed": True},
        {"shift": 0.1, "passed": False},
        {"shift": 0.5, "passed": False},
    ]
    found = gate_study.rates(results)
    assert (found.good, found.good_passed, found.bad, found.bad_stopped) == (2, 0.5, 1, 1.0)
    assert gate_study.rates(results[:1]).bad_stopped is None
    checks = {"r_hat": 1.0, "ess_bulk": 900.0, "ess_tail": 800.0}
    page = gate_study.markdown([{"name": "a", "checks": checks, **r} for r in results], SamplerSettings())
    assert "2 of 3 are, and 50% of these pass" in page
    assert "of the others 100% do not." in page
    assert page.count("**no**") == 2


def test_the_largest_shift_is_in_posterior_deviations_whatever_the_order() -> None:
    rng = np.random.default_rng(3)
    long = rng.standard_normal((4, 5000, 2)) * np.array([1.0, 10.0])
    short = long[:, :500] - long[:, :500].mean(axis=(0, 1)) + np.array([0.1, 5.0])
    centred = long - long.mean(axis=(0, 1))

    def fit(**variables: np.ndarray) -> Fit:
        data = xr.Dataset({name: (("chain", "draw"), values) for name, values in variables.items()})
        return cast("Fit", SimpleNamespace(main=SimpleNamespace(posterior=data)))

    shift = gate_study.largest_shift(
        fit(a=short[:, :, 0], b=short[:, :, 1]), fit(b=centred[:, :, 1], a=centred[:, :, 0])
    )
    assert shift == pytest.approx(0.5, rel=0.05)


def test_estimates_of_the_truth_are_the_truth_of_their_channel_and_geo(known) -> None:
    """Every draw of this fit is the truth; the returns of its channels are far from each other."""
    case = simulated_case(known.simulated.world, "known", ModelSettings(lookback="26 weeks", mixture=None))
    found = estimates(case, known.fit)
    assert len({e.channel for e in found}) == len(known.dataset.channels)
    assert {e.geo for e in found} == ({""} if len(known.dataset.geos) == 1 else {"", *known.dataset.geos})
    for e in found:
        assert e.median == pytest.approx(e.truth, rel=0.01), (e.channel, e.geo)
        assert (e.lower, e.upper) == pytest.approx((e.median, e.median))


@pytest.mark.recovery
def test_intervals_hold_the_truth_in_a_small_world() -> None:
    """One small world of the study, in full: most intervals hold, and the data narrow the prior."""
    priors = replace(priors_of(MODEL), max_lag=6, noise_sd=(0.015, 0.02), controls=0)
    world = random_world(np.random.default_rng([7, 7]), priors, geos=2, weeks=78, channels=3)
    case = simulated_case(world, "small", ModelSettings.model_validate({"lookback": "6 weeks", "mixture": None}))
    result = run_case(case, seeded(draws=250, tune=400, chains=2))
    rows = result["estimates"]
    channels = summarise([e for e in rows if e["geo"] == ""])
    cells = summarise([e for e in rows if e["geo"] != ""])
    assert (channels.cells, cells.cells) == (3, 6)
    assert channels.coverage >= 2 / 3
    assert cells.coverage >= 4 / 6
    assert channels.shrinkage is not None
    assert channels.shrinkage < 0.75
