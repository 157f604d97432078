"""``mmm experiment read``: what it prints and writes, and one sentence for whatever is wrong with its input."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from panels import TREATED, panel
from typer.testing import CliRunner

from mmm.cli import app

TEST: dict[str, Any] = {
    "name": "search off", "channel": "search", "kind": "go_dark", "treated": list(TREATED),
    "start": "2023-08-14", "end": "2023-09-24",
    "panel": {"source": "panel.csv", "outcome": "sales", "spend": "search"},
}  # fmt: skip
DATA = {"source": "demo", "date": "date", "geo": "geo", "currency": "EUR",
        "target": {"column": "revenue"}, "channels": {"search": "search_spend"}}  # fmt: skip


def written(folder: Path, test: dict[str, Any] | None = None, **desk: Any) -> Path:
    data = panel(-0.2)
    rows = [
        {"date": f"{day:%Y-%m-%d}", "region": name, "sales": data.outcome[t, g], "search": data.spend[t, g]}
        for t, day in enumerate(data.dates)
        for g, name in enumerate(data.regions)
    ]
    pd.DataFrame(rows).round(2).to_csv(folder / "panel.csv", index=False)
    settings = {"name": "shop", "data": DATA}
    section = {"readouts": [TEST if test is None else test], "method": {"placebos": 5}} | desk
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(settings | {"desk": section}, sort_keys=False), encoding="utf-8")
    return path


def command(path: Path, *more: str) -> Any:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["experiment", "read", str(path), "--out", str(path.parent), *more]
    )


def test_it_prints_and_writes_what_the_test_said(tmp_path: Path) -> None:
    done = command(written(tmp_path, {**TEST, "planned_spend": 3000.0}), "--without-model")
    assert done.exit_code == 0, done.output
    told = ("synthetic control", "chosen", "Evidence for the model", "Money withheld", "Delivered against planned")
    for said in told:
        assert said in done.output
    evidence = pd.read_csv(tmp_path / "shop/experiment/evidence.csv")
    assert list(evidence["geos"]) == [";".join(TREATED)]
    assert evidence["outcome"][0] > 3 * evidence["error"][0] > 0
    courses = pd.read_csv(tmp_path / "shop/experiment/courses.csv")
    assert len(courses) == 90
    assert set(pd.read_csv(tmp_path / "shop/experiment/estimators.csv")["estimator"]) >= {"did", "sc", "average"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"treated": ["r01", "r99"]}, "treated: 'r99' is no region of panel.csv"),
        ({"near": ["r1"]}, "near: 'r1' is no region of panel.csv. Did you mean 'r1"),
        ({"near": ["r01"]}, "'r01' is treated and near"),
        ({"start": "2024-08-12", "end": "2024-09-22"}, "panel.csv has days from 2022-01-03 to 2023-09-24"),
        ({"start": "2023-08-15"}, "start 2023-08-15 is inside a week of panel.csv (2023-08-14 to 2023-08-20)"),
        ({"treated": [f"r{i:02d}" for i in range(12)]}, "at least 3 have to be left as controls"),
        ({"kind": "heavy_up"}, "nothing was added"),
        ({"panel": {"source": "none.csv", "outcome": "sales"}}, "none.csv' does not exist"),
        ({"panel": {"source": "panel.csv", "outcome": "revenue"}}, "Column 'revenue'"),
        ({"panel": {"source": "panel.csv", "outcome": "sales"}}, "the money that was withheld is not known"),
        ({"treated": None, "assignment": "groups.csv"}, "group 'treatd' of 'r01' is none. Did you mean 'treated'?"),
    ],
)
def test_wrong_input_is_answered_by_one_sentence(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (tmp_path / "groups.csv").write_text("region,group\nr00,control\nr01,treatd\n", encoding="utf-8")
    test = {key: value for key, value in (TEST | change).items() if value is not None}
    done = command(written(tmp_path, test), "--without-model")
    assert done.exit_code == 3, done.output
    assert said in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "serch"}, "'serch' is not a channel of this analysis. Did you mean 'search'?"),
        ({"treated": None}, "give treated or assignment; neither given"),
        ({"end": "2023-01-01"}, "comes before start"),
        ({"excluded": ["r01"]}, "'r01' is treated and excluded"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_read(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    test = {key: value for key, value in (TEST | change).items() if value is not None}
    done = command(written(tmp_path, test), "--without-model")
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_without_a_test_it_says_where_one_goes(tmp_path: Path) -> None:
    done = command(written(tmp_path, readouts=[]), "--without-model")
    assert done.exit_code == 2
    assert "names no test under desk.readouts" in done.output


def test_regions_that_the_model_does_not_know_have_to_be_placed(tmp_path: Path) -> None:
    done = command(written(tmp_path))
    assert done.exit_code == 3
    assert "'r01' is no geo of the analysis. Say in which of its geos" in " ".join(done.output.split())
