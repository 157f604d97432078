"""Experiments: the media that they compare, and the effect that the model says they would have measured."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import pytest

from mmm.errors import DataError
from mmm.model.evidence import Evidence, Experiment, contrasts, effects
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.response import ResponseDraws
from mmm.simulate.formulas import adstock_weights, carry_over, saturate
from mmm.simulate.world import Adstock, Saturation

LOOKBACK = 5
DATA = cases.dataset("geo")


def experiment(**changes: object) -> Experiment:
    known = {
        "name": "test", "channel": "c1", "geos": ("g1", "g3"), "start": "2022-05-02", "end": "2022-05-23",
        "kind": "hold_out", "measured": 100.0, "error": 20.0,
    }  # fmt: skip
    return Experiment.model_validate({**known, **changes})


def evidence(**changes: object) -> Evidence:
    return Evidence(experiments=(experiment(**changes),))


def contrast(**changes: object):
    return contrasts(evidence(**changes), DATA, LOOKBACK)[0]


def rows() -> slice:
    first = list(DATA.dates.strftime("%Y-%m-%d")).index("2022-05-02")
    return slice(first, first + 4)


def media() -> np.ndarray:
    return DATA.data["media"].values[:, [1, 3], 1]


def test_a_hold_out_compares_the_spend_as_it_was_with_none() -> None:
    found, window = contrast(), slice(LOOKBACK, LOOKBACK + 4)
    wide = slice(rows().start - LOOKBACK, rows().stop + LOOKBACK)
    assert np.array_equal(found.high, media()[wide])
    assert not found.low[window].any()
    assert np.array_equal(np.delete(found.low, np.r_[window], axis=0), np.delete(found.high, np.r_[window], axis=0))
    assert np.array_equal(found.weights.any(axis=1), np.arange(len(found.high)) >= LOOKBACK)


def test_a_heavy_up_takes_away_what_was_added() -> None:
    found, window = contrast(kind="heavy_up", spend=50.0), slice(LOOKBACK, LOOKBACK + 4)
    assert (found.high - found.low).sum() == pytest.approx(50.0)
    share = (found.low / np.where(found.high > 0, found.high, 1.0))[window]
    assert np.allclose(share[found.high[window] > 0], 1 - 50.0 / media()[rows()].sum())


def test_a_dark_test_gives_back_what_was_withheld() -> None:
    found = contrast(kind="go_dark", spend=400.0, counted=2)
    added = found.high - found.low
    assert added.sum() == pytest.approx(400.0)
    assert np.array_equal(added.any(axis=1).nonzero()[0], np.arange(LOOKBACK, LOOKBACK + 4))
    assert added[LOOKBACK] == pytest.approx(100.0 * media().sum(axis=0) / media().sum())
    assert len(found.high) == LOOKBACK + 4 + 2
    assert np.array_equal(found.low, media()[rows().start - LOOKBACK : rows().stop + 2])


def test_outside_the_data_the_channel_runs_as_usual_around_the_test() -> None:
    found = contrast(start="2020-05-04", end="2020-05-25", spend=400.0)
    usual = media().mean(axis=0)
    assert np.allclose(found.high[:LOOKBACK], usual)
    assert np.allclose(found.high[-LOOKBACK:], usual)
    assert found.high[LOOKBACK : LOOKBACK + 4].sum() == pytest.approx(400.0)
    assert not found.low[LOOKBACK : LOOKBACK + 4].any()
    extra = contrast(start="2020-05-04", end="2020-05-25", spend=400.0, kind="heavy_up")
    assert np.allclose(extra.low, usual)
    assert (extra.high - extra.low).sum() == pytest.approx(400.0)


def test_effect_is_the_oracles() -> None:
    """With and without the money, by the simulator's formulas; carryover from before and after the window counts."""
    draws = one_draw()
    weights = adstock_weights(Adstock(alpha=0.6, max_lag=LOOKBACK))
    total = np.array(DATA.data["media"].values[:, :, 1])
    without = total.copy()
    without[rows(), 1], without[rows(), 3] = 0.0, 0.0
    ends = [
        np.exp(0.7) * saturate(carry_over(x / 50.0, weights), Saturation(k=1.5))[: rows().stop + LOOKBACK].sum()
        for x in (total, without)
    ]
    assert effects(evidence(), DATA, draws)[0, 0] == pytest.approx(ends[0] - ends[1], rel=1e-12)
    short = effects(evidence(counted=0), DATA, draws)[0, 0]
    assert 0 < short < ends[0] - ends[1]
    doubled = replace(DATA, data=DATA.data.assign(value_per_unit=2.0 * DATA.data["value_per_unit"]))
    assert effects(evidence(measures="value"), doubled, draws)[0, 0] == pytest.approx(2 * (ends[0] - ends[1]))


def one_draw() -> ResponseDraws:
    """Every channel with the same geometric carryover and Hill curve."""
    shape = (1, len(DATA.channels))
    return ResponseDraws(
        channels=DATA.channels,
        geos=DATA.geos,
        adstock_kind=np.full(shape, adstock_kind("geometric", normalised=True)),
        adstock_par=np.full((*shape, 1), 0.6),
        saturation_kind=np.full(shape, saturation_kind("hill")),
        saturation_par=np.full((*shape, 1), 1.5),
        log_beta=np.full((1, len(DATA.geos), len(DATA.channels)), 0.7),
        media_scale=np.full((len(DATA.geos), len(DATA.channels)), 50.0),
        lookback=LOOKBACK,
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channel": "c9"}, "'c9' is no channel"),
        ({"geos": ("g1", "x")}, "'x' is no geo"),
        ({"start": "2022-05-03"}, "starts of a week"),
        ({"end": "2022-04-25"}, "not after the last"),
        ({"start": "2021-12-20"}, "partly outside"),
        ({"end": "2024-01-01"}, "partly outside"),
        ({"kind": "go_dark"}, "the money withheld"),
        ({"kind": "heavy_up"}, "the money added"),
        ({"kind": "heavy_up", "spend": 1e6}, "the data have"),
        ({"start": "2020-05-04", "end": "2020-05-04"}, "the money at stake"),
        ({"channel": "c0", "start": "2022-01-03", "end": "2022-01-10"}, "did not run"),
        ({"channel": "c2", "geos": ("g1",), "kind": "go_dark", "spend": 5.0}, "never ran"),
    ],
)
def test_what_the_panel_cannot_place_is_an_error(changes: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        contrast(**changes)


def test_money_needs_a_value_per_unit() -> None:
    unknown = replace(DATA, data=DATA.data.assign(value_per_unit=np.nan * DATA.data["value_per_unit"]))
    with pytest.raises(DataError, match="value_per_unit"):
        contrasts(evidence(measures="value"), unknown, LOOKBACK)


def test_a_fit_on_earlier_data_knows_earlier_tests_only() -> None:
    both = Evidence(experiments=(experiment(), experiment(name="old", start="2020-05-04", end="2020-05-25", spend=9.0)))
    assert both.known_to(DATA) == both
    hidden = len(DATA.dates) - rows().stop + 1
    assert [e.name for e in both.known_to(DATA.with_outcome_hidden(hidden)).experiments] == ["old"]
    assert [e.name for e in both.without(["old"]).experiments] == ["test"]
