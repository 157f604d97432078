"""What the planner's guide shows runs as it stands."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import xarray as xr
import yaml

import mmm
from mmm.errors import SettingsError
from mmm.planning import PlanSettings
from mmm.settings import settings_from

DATA = {"source": "demo", "date": "date", "target": {"column": "revenue", "kind": "revenue"}, "currency": "EUR"}
GUIDE = Path(__file__).parents[2] / "docs" / "planner.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def fit(known):
    """A fit with enough draws for every objective: those of the truth, many times."""
    member = known.fit.members[0]
    groups = {name: member.tree[name].to_dataset() for name in ("posterior", "sample_stats")}
    many = {name: xr.concat([group] * 60, dim="draw") for name, group in groups.items()}
    return replace(known.fit, members=(replace(member, tree=xr.DataTree.from_dict(many)),))


def test_the_examples_run(fit):
    examples = blocks("python")
    assert examples
    for example in examples:
        names = {"fit": fit}
        exec(compile(example, str(GUIDE), "exec"), names)  # noqa: S102  (our own guide)
        assert set(names["scenarios"]) == {"half", "dearer media", "more money", "last year", "podcast"}


def test_the_yaml_is_valid():
    for example in blocks("yaml"):
        document = yaml.safe_load(example)
        if "costs" in document:
            document |= {"name": "bills", "data": {**DATA, **document["data"]}}
            assert settings_from(document).plan.vendors["email"].name == "sendwell"
            continue
        settings = PlanSettings.model_validate(document["plan"])
        assert settings.channels["cinema"].zero_or_at_least == 150_000


def test_the_objectives_of_the_guide_are_those_of_the_settings(fit):
    table = GUIDE.read_text(encoding="utf-8").partition("## Objectives")[2].partition("##")[0]
    named = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) - {"objective"}
    targets = {"smallest_budget": {"target": 1.0}, "largest_budget": {"roas": 0.01}}
    for kind in sorted(named):
        plan = mmm.plan(fit, horizon="4 weeks", margin=0.5, objective={"kind": kind, **targets.get(kind, {})})
        assert plan.objective == kind
    with pytest.raises(SettingsError):
        mmm.plan(fit, objective="the largest possible")
    assert len(named) == 6
