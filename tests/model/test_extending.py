"""The page on adding to the model is run as it stands, and what it adds keeps what every family has to keep."""

import re
from pathlib import Path
from typing import Any

import engine_cases as cases
import numpy as np
import pytest

import mmm
from mmm.errors import SettingsError
from mmm.inference.engine import log_posterior
from mmm.model.build import build
from mmm.model.draws import response_draws, stacked
from mmm.model.families import ADSTOCKS, SATURATIONS, Adstock, Parameter, registry
from mmm.model.priors import LogNormalPrior
from mmm.model.response import contributions
from mmm.model.response_planner import always_concave
from mmm.model.terms import TERMS

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's blocks leave behind, one after the other in one namespace; forgotten afterwards."""
    for known in (ADSTOCKS, SATURATIONS):
        known.parameters()
        monkeypatch.setattr(known, "_families", dict(known._families))
    monkeypatch.setattr(TERMS, "_made", {name: TERMS[name] for name in TERMS})
    names: dict[str, Any] = {"mmm": mmm, "dataset": cases.dataset("national")}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)  # noqa: S102  (the page's own code)
    return names


def test_the_page_adds_a_family_that_everything_takes(told: dict[str, Any]) -> None:
    spec, dataset = told["spec"], told["dataset"]
    assert {channel.saturation.family for channel in spec.channels} == {"exponential"}
    assert {channel.saturation.priors["half"].lower for channel in spec.channels} == {0.3}
    p = log_posterior(spec, dataset, integrated=False)
    plain = build(spec, dataset, fused=False)
    both = plain.compile_fn([plain.logp(), plain.dlogp()], mode="FAST_COMPILE")
    x = 0.5 * np.random.default_rng(1).standard_normal(p.layout.dim)
    value, gradient = p.value_and_gradient(x)
    point = p.layout.pymc_point(x)
    assert value == pytest.approx(float(both(point)[0]), abs=1e-8)
    step = 1e-5 * np.eye(p.layout.dim)[len(spec.channels) :][:10]
    differences = (p.many(x + step)[0] - p.many(x - step)[0]) / 2e-5
    np.testing.assert_allclose(gradient[len(spec.channels) :][:10], differences, rtol=1e-5, atol=1e-4)
    draws = response_draws(spec, stacked(told["look"].posterior, 20))
    assert always_concave(draws)
    assert np.isfinite(contributions(draws, dataset.data["media"].values)).all()


def test_a_name_is_taken_once_and_a_parameter_means_one_thing(told: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="'exponential' is registered already"):
        registry.register(told["exponential"])
    other = Parameter("alpha", "adstock_alpha", LogNormalPrior(lower=1.0, upper=2.0), "another alpha")
    given = {name: getattr(ADSTOCKS["delayed"], name) for name in ("label", "sentence", "formula", "source", "graph")}
    mine = Adstock(name="mine", parameters=(other,), weights=ADSTOCKS["delayed"].weights, **given)
    with pytest.raises(SettingsError, match=r"'alpha' .* is not that of the family"):
        registry.register(mine)


def test_a_package_offers_families_by_an_entry_point(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name, value = "ours", "our_package:FAMILIES"

        def load(self) -> Any:
            return (told["exponential"],)

    class Broken(Point):
        def load(self) -> Any:
            raise ImportError("no module named our_package")

    monkeypatch.setattr(registry, "entry_points", lambda *, group: [Point()] if group == "mmm.families" else [])
    fresh = registry.Registry(type(told["exponential"]), "saturation", 0)
    assert "exponential" in fresh
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [Broken()])
    with pytest.raises(SettingsError, match="'our_package:FAMILIES' cannot be loaded: no module"):
        list(registry.Registry(type(told["exponential"]), "saturation", 0))
