"""``mmm.design_tests`` and ``mmm.read_tests``: from a fit to a test that is priced, from a panel to evidence."""

from typing import Any

import pytest
import tested_shop

import mmm
from mmm.errors import DataError, GateError, SettingsError
from mmm.settings import Settings

CHEAP: dict[str, Any] = {"lengths": ["4 weeks"], "shares": [0.25], "draws": 50, "estimator": "did"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return mmm.load_settings(tested_shop.write(tmp_path_factory.mktemp("shop")))


@pytest.fixture(scope="module")
def dataset(settings: Settings) -> mmm.Dataset:
    return mmm.load_dataset(settings)


@pytest.fixture(scope="module")
def fit(dataset: mmm.Dataset, settings: Settings) -> mmm.Fit:
    return mmm.fit(dataset, settings, experiments=[])


@pytest.fixture(scope="module")
def plan(fit: mmm.Fit) -> mmm.Plan:
    return mmm.plan(fit)


def test_keywords_are_the_settings_of_a_design(fit: mmm.Fit, plan: mmm.Plan) -> None:
    found = mmm.design_tests(fit, plan, channels=["search"], kinds=["go_dark", "heavy_up"], **CHEAP)
    assert set(found.table["channel"]) == {"search"}
    assert set(found.table["kind"]) == {"go_dark", "heavy_up"}
    assert set(found.table["periods"]) == {4}
    assert {len(where.split("; ")) for where in found.table["regions"]} == {2}
    assert found.table["net"].to_numpy() == pytest.approx((found.table["worth"] - found.table["price"]).to_numpy())
    if found.best is not None:
        assert found.value_of(found.best) == (found.table["worth"].iloc[0], found.table["price"].iloc[0])


def test_the_plan_is_that_of_the_fit_by_default(fit: mmm.Fit, plan: mmm.Plan) -> None:
    own, given = (mmm.design_tests(fit, *one, channels=["search"], **CHEAP).table for one in ((), (plan,)))
    assert own["worth"].tolist() == pytest.approx(given["worth"].tolist())


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ({"kind": ["go_dark"]}, "kinds"),
        ({"must": ["nroth"]}, "'nroth' is no region. Did you mean 'north'?"),
        ({"channels": ["serch"]}, "Did you mean 'search'?"),
        ({"lengths": ["4 wekks"]}, "4 wekks"),
    ],
)
def test_a_wrong_setting_is_named(fit: mmm.Fit, plan: mmm.Plan, design: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says.replace("?", r"\?").replace(".", r"\.")):
        mmm.design_tests(fit, plan, **design)


def test_what_is_no_fit_is_refused(plan: mmm.Plan) -> None:
    with pytest.raises(SettingsError, match=r"fit is a Plan; the rule is a fit\. Make one with mmm\.fit"):
        mmm.design_tests(plan)  # type: ignore[arg-type]


def test_a_fit_that_failed_its_gate_prices_no_test(dataset: mmm.Dataset, settings: Settings, plan: mmm.Plan) -> None:
    strict = mmm.fit(dataset, settings, experiments=[], gate={"override": False, "ess_bulk_min": 1e6})
    with pytest.raises(GateError):
        mmm.design_tests(strict, plan, **CHEAP)


def test_a_test_is_read_and_its_row_is_the_next_fits_evidence(settings: Settings, dataset: mmm.Dataset) -> None:
    read = mmm.read_tests(settings, dataset)
    (readout,), (row,) = read.readouts, read.evidence.to_dict("records")
    assert row["name"] == "search off"
    assert row["geos"] == ";".join(tested_shop.DARK)
    assert row["outcome"] == pytest.approx(readout.brought, rel=1e-5)
    assert readout.delivery.moved == pytest.approx(row["spend"], rel=1e-5)
    (given,) = read.section["tests"]
    assert given["outcome"] == pytest.approx(row["outcome"])


def test_what_was_read_takes_the_place_of_a_file_with_the_same_tests(settings: Settings, dataset: mmm.Dataset) -> None:
    read = mmm.read_tests(settings, dataset)
    read.evidence.to_csv(settings.base / "tests.csv", index=False)
    stored = settings.model_copy(
        update={
            "experiments": mmm.load_settings(
                settings.base / "settings.yaml", {"experiments": {"source": "tests.csv"}}
            ).experiments
        }
    )
    told = mmm.fit(dataset, stored, experiments=read.section)
    assert [one.name for one in told.evidence.experiments] == ["search off"]


def test_settings_without_a_test_say_where_one_goes(settings: Settings, dataset: mmm.Dataset) -> None:
    with pytest.raises(SettingsError, match=r"name no test under desk\.readouts"):
        mmm.read_tests(settings.model_copy(update={"desk": None}), dataset)


def test_a_region_that_the_panel_misses_is_named(settings: Settings, dataset: mmm.Dataset) -> None:
    desk = settings.desk
    assert desk is not None
    wrong = desk.readouts[0].model_copy(update={"treated": ("north", "atlantis")})
    with pytest.raises(DataError, match="'atlantis' is no region of the analysis' data"):
        mmm.read_tests(settings.model_copy(update={"desk": desk.model_copy(update={"readouts": (wrong,)})}), dataset)


@pytest.mark.parametrize(
    ("treated", "says"),
    [
        (("north", "west"), "both change spend in 'north' at the same time"),
        (("west", "south"), "its control 'south' is treated by test 'again' at the same time. List it under excluded"),
    ],
)
def test_tests_that_disturb_each_other_are_not_read(
    settings: Settings, dataset: mmm.Dataset, treated: tuple[str, ...], says: str
) -> None:
    desk = settings.desk
    assert desk is not None
    again = desk.readouts[0].model_copy(update={"name": "again", "treated": treated})
    two = desk.model_copy(update={"readouts": (desk.readouts[0], again)})
    with pytest.raises(DataError, match=says):
        mmm.read_tests(settings.model_copy(update={"desk": two}), dataset)
