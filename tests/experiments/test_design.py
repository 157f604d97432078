"""Designs: groups keep the rules, power is what simulation shows, a better group is found, money is the model's."""

import numpy as np
import pytest
import yaml
from panels import panel, regions
from typer.testing import CliRunner

from mmm.cli import app
from mmm.data.coarse import summed
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError
from mmm.experiments.candidates import candidates, require_designs
from mmm.experiments.design import (
    Rules,
    Search,
    before,
    changes,
    draw_groups,
    judged,
    rough_errors,
    search,
    windows,
)
from mmm.experiments.panel import GeoPanel, Span, panel_of, pose
from mmm.experiments.placebo import quantile, spans_before
from mmm.experiments.settings import DesignSettings
from mmm.inference.preview import preview
from mmm.model.draws import response_draws, stacked
from mmm.model.evidence import Evidence, Experiment, effects, stake
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import data_settings, demo_world, simulate

NONE = np.zeros(14, dtype=bool)
FAST = Search(draws=200, kept=3, estimator="did")


def rules(count: int = 3, **changes_) -> Rules:
    return Rules(**({"count": count, "must": NONE, "never": NONE, "largest_share": 1.0} | changes_))


@pytest.fixture(scope="module")
def quiet() -> GeoPanel:
    return panel(0.0)


def test_groups_keep_the_rules(quiet) -> None:
    must, never = np.isin(regions(), ["r02"]), np.isin(regions(), ["r04", "r05"])
    groups = draw_groups(
        quiet.outcome, rules(4, must=must, never=never, largest_share=0.4), 300, np.random.default_rng(1)
    )
    share = groups @ quiet.outcome.mean(axis=0) / quiet.outcome.mean(axis=0).sum()
    assert len(groups) > 20
    assert groups[:, must].all()
    assert not groups[:, never].any()
    assert (groups.sum(axis=1) == 4).all()
    assert share.max() <= 0.4


def test_a_group_that_cannot_be_is_refused(quiet) -> None:
    with pytest.raises(DataError, match="Treat fewer regions"):
        draw_groups(quiet.outcome, rules(6, largest_share=0.02), 50, np.random.default_rng(1))


def test_the_rough_error_is_that_of_difference_in_differences(quiet) -> None:
    from mmm.experiments.estimators import ESTIMATORS

    spans = spans_before(0, 90, 6, 5)
    groups = draw_groups(quiet.outcome, rules(), 6, np.random.default_rng(2))
    change, size = changes(quiet.outcome, spans)
    by_hand = []
    for span in spans:
        question = pose(quiet.outcome, span, groups, np.ones((1, 14), dtype=bool), index=True).question
        by_hand.append(ESTIMATORS["did"].answer(question).effect(question)[:, question.before :].mean(axis=1))
    np.testing.assert_allclose(rough_errors(groups, change, size), np.sqrt(np.mean(np.square(by_hand), axis=0)))


def test_search_finds_better_groups_than_chance(quiet) -> None:
    found = search(quiet, rules(), 6, FAST)
    change, size = changes(quiet.outcome, before(windows(quiet, 6)))
    drawn = rough_errors(draw_groups(quiet.outcome, rules(), 200, np.random.default_rng(9)), change, size)
    assert rough_errors(found.groups, change, size).max() <= np.quantile(drawn, 0.02)


def test_groups_are_judged_by_windows_that_did_not_choose_them(quiet) -> None:
    judged_in = windows(quiet, 6)
    looked = before(judged_in)
    assert max(span.stop for span in looked) <= min(span.start for span in judged_in)
    assert min(span.start for span in looked) == 12
    # Noise that only the judging windows have is seen in what is said.
    shaken = quiet.outcome.copy()
    shaken[judged_in[0].start :] *= np.exp(
        0.2 * np.random.default_rng(4).standard_normal((90 - judged_in[0].start, 14))
    )
    other = GeoPanel(quiet.dates, quiet.regions, shaken, None, 7)
    kept, changed = (search(one, rules(), 6, FAST) for one in (quiet, other))
    assert changed.detectable.min() > 2 * kept.detectable.min()
    # Without room for windows of both kinds the same ones serve.
    short = windows(GeoPanel(quiet.dates[:25], quiet.regions, quiet.outcome[:25], None, 7), 6)
    assert before(short) == short


def test_groups_by_chance_say_how_far_errors_go(quiet) -> None:
    """The chosen group's few windows are not taken for all that can happen."""
    drawn = draw_groups(quiet.outcome, rules(), 40, np.random.default_rng(3))
    alone = judged(quiet, drawn[:1], windows(quiet, 6), "did")
    beside = judged(quiet, drawn[:1], windows(quiet, 6), "did", others=drawn[1:])
    assert beside.misfit == pytest.approx(alone.misfit)
    assert len(beside.chance.studentised) == len(drawn) * len(alone.chance.studentised)
    assert beside.detectable[0] != pytest.approx(alone.detectable[0], rel=1e-3)


def test_power_is_how_often_a_planted_effect_is_found(quiet) -> None:
    """Effects planted into the outcome itself, read again in every window and group."""
    from mmm.experiments.estimators import ESTIMATORS

    groups = draw_groups(quiet.outcome, rules(), 10, np.random.default_rng(5))
    found = judged(quiet, groups, windows(quiet, 6), "did")
    most, hits = quantile(found.chance.studentised), []
    for span in windows(quiet, 6):
        for group, lift in zip(groups, found.detectable, strict=True):
            planted = quiet.outcome.copy()
            planted[span.start : span.stop, group] *= 1.0 + lift
            question = pose(planted, span, group[None], np.ones((1, 14), dtype=bool), index=True).question
            answer = ESTIMATORS["did"].answer(question)
            share = answer.effect(question)[:, question.before :].mean() / answer.path[:, question.before :].mean()
            hits.append(abs(share) > most * answer.fit_error(question)[0])
    assert found.power(0, found.detectable[:1])[0] == pytest.approx(0.8, abs=0.02)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.1)
    assert found.power(0, np.array([0.0]))[0] == pytest.approx(0.08, abs=0.05)
    assert found.coverage.mean() == pytest.approx(0.9, abs=0.1)


def test_a_history_without_room_is_refused(quiet) -> None:
    short = GeoPanel(quiet.dates[:20], quiet.regions, quiet.outcome[:20], None, 7)
    with pytest.raises(DataError, match="Shorten the test"):
        search(short, rules(), 6, FAST)
    assert Span(0, 3, 5).length == 2


@pytest.fixture(scope="module")
def demo():
    """The demo's panel, and draws of a preview: nothing is fitted."""
    simulated = simulate(demo_world())
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    spec = make_spec(dataset, ModelSettings(mixture=None))
    look = preview(dataset, spec, count=200)
    return dataset, response_draws(spec, stacked(look.posterior))


def design(**changes) -> DesignSettings:
    given = {"channels": ("search",), "lengths": ("4 weeks",), "shares": (0.2,), "draws": 50, "estimator": "did"}
    return DesignSettings.model_validate(given | changes)


def test_what_a_test_would_find_is_what_the_model_says_of_such_a_test(demo) -> None:
    """A go-dark of the last weeks is the hold-out of the same cells, counted as long."""
    dataset, draws = demo
    settings = design(cool_down="2 weeks")
    found = candidates(dataset, draws, settings).tests
    assert {c.periods for c in found} == {4}
    one, cool = found[0].arms[0], found[0].cool
    assert cool == 2
    dates = dataset.dates
    test = Experiment(
        name="t", channel="search", geos=one.regions, start=f"{dates[-4]:%Y-%m-%d}", end=f"{dates[-1]:%Y-%m-%d}",
        kind="hold_out", counted=cool, measured=0.0, error=1.0,
    )  # fmt: skip
    np.testing.assert_allclose(one.effect, effects(Evidence(experiments=(test,)), dataset, draws)[:, 0], rtol=1e-9)
    assert one.moved == pytest.approx(stake(test, dataset))
    assert (one.brought >= one.effect).all()
    assert 0.0 < one.power < 1.0
    assert one.error < one.detectable


def test_outcomes_by_month_are_refused_in_one_sentence(demo) -> None:
    by_month = summed(demo[0], "month")
    with pytest.raises(DataError, match=r"outcomes by week or day.*covers several periods.*desk\.readouts\.panel"):
        require_designs(by_month, DesignSettings())
    with pytest.raises(DataError, match="covers several periods"):
        panel_of(by_month, by_month.channels[0])


def test_a_heavy_up_moves_its_factor_of_the_money(demo) -> None:
    dataset, draws = demo
    tests = candidates(dataset, draws, design(kinds=("go_dark", "heavy_up"), heavy_up=0.5)).tests
    found = {(c.arms[0].kind, c.arms[0].regions): c.arms[0] for c in tests}
    for (kind, where), one in found.items():
        dark = found["go_dark", where]
        assert one.moved == pytest.approx(dark.moved * (0.5 if kind == "heavy_up" else 1.0))
        assert (one.effect > 0).all()
        # Returns diminish: half as much again brings less than half of what is there.
        assert kind == "go_dark" or one.effect.mean() < 0.5 * dark.effect.mean()


@pytest.mark.parametrize(
    ("design", "code", "said"),
    [
        ({"must": ["nroth"]}, 2, "desk.design.must: 'nroth' is no region. Did you mean 'north'?"),
        ({"shares": [0.9]}, 3, "3 controls have to be left"),
        ({"lengths": ["10 days"]}, 2, "'10 days' is not a whole, positive number of periods"),
        ({"channels": ["serch"]}, 2, "desk.design.channels: 'serch' is not a channel"),
        ({"must": ["north"], "never": ["north"]}, 2, "'north' stands in must and in never"),
    ],
)
def test_wrong_designs_are_refused_before_anything_is_fitted(tmp_path, design, code: int, said: str) -> None:
    settings = {"name": "shop", "data": data_settings(simulate(demo_world())) | {"source": "demo"}}
    path = tmp_path / "settings.yaml"
    document = settings | {"desk": {"design": design}, "sampler": {"store": str(tmp_path / "fits")}}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = CliRunner().invoke(app, ["experiment", "design", str(path)])
    assert done.exit_code == code, done.output
    assert said in " ".join(done.output.split())
    assert not (tmp_path / "fits").exists()
