"""Mixtures: members from the settings, weights from predictions, draws in proportion, the store, and old fits."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from seeds import seeded

from mmm.analysis import analyse
from mmm.assessment.gate import gate
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference import loo, store
from mmm.inference.attempt import Attempt
from mmm.inference.convergence import Convergence
from mmm.inference.fit import Fit, Member, shares
from mmm.inference.mix import clearly_better, fit_members, with_loo, without_failed
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.draws import Draws
from mmm.model.mixture import Beliefs, Mixture, NamedSpec, make_mixture
from mmm.model.settings import ModelSettings
from mmm.planning import plan
from mmm.planning.settings import PlanSettings
from mmm.simulate import simulate

TWO = {
    "lookback": "6 weeks",
    "baseline": {"seasonality_order": 1},
    "mixture": {"members": {"plain": {}, "late": {"adstock": "delayed", "drift": {"scale": 0.1}}}, "floor": 0.1},
}
SAMPLER = seeded(draws=100, tune=200, chains=2)


@pytest.fixture(scope="module")
def dataset(small_world, dataset_of) -> Dataset:
    world = small_world(1)
    return dataset_of(simulate(replace(world, channels=world.channels[:2])))


@pytest.fixture(scope="module")
def made(dataset, tmp_path_factory) -> tuple[Fit, Mixture, SamplerSettings]:
    sampler = SAMPLER.model_copy(update={"store": str(tmp_path_factory.mktemp("store"))})
    mixture = make_mixture(dataset, ModelSettings.model_validate(TWO))
    return store.obtain(dataset, mixture, sampler), mixture, sampler


def by_hand(fit: Fit) -> Fit:
    """``fit`` with predictions of periods left out that are stated: 'late' is a little worse, and all can be judged.

    What a sample says of them differs between processors, down to which member is the heavier.
    """
    dates = fit.dataset.dates[fit.window]
    plain = np.random.default_rng(6).standard_normal(len(dates))
    told = {"plain": plain, "late": plain - 0.02 + 0.1 * np.cos(np.arange(len(dates)))}
    members = []
    for member in fit.members:
        tree = member.tree.copy()
        found = {"elpd": ("date", told[member.name]), "k": ("date", np.full(len(dates), 0.1))}
        tree["loo"] = xr.DataTree(xr.Dataset(found, {"date": dates}))
        members.append(replace(member, tree=tree))
    return replace(fit, members=tuple(members))


def families(dataset: Dataset, document: dict[str, object]) -> dict[str, set[tuple[str, str]]]:
    mixture = make_mixture(dataset, ModelSettings.model_validate(document))
    return {m.name: {(c.adstock.family, c.saturation.family) for c in m.spec.channels} for m in mixture.members}


def test_what_the_settings_state_is_not_varied(dataset):
    open_ones = families(dataset, {})
    assert {f for found in open_ones.values() for f, _ in found} == {"geometric", "delayed"}
    stated = families(dataset, {"adstock": {"family": "delayed"}})
    assert {f for found in stated.values() for f, _ in found} == {"delayed"}
    assert len(stated) < len(open_ones)
    one = families(
        dataset, {"adstock": {"family": "delayed"}, "saturation": {"family": "hill"}, "baseline": {"drift": {}}}
    )
    assert one == {"model": {("delayed", "hill")}}
    assert families(dataset, {"mixture": None}) == {"model": {("geometric", "hill")}}
    of_channel = families(dataset, {"channels": {"tv": {"adstock": {"family": "delayed"}}}})
    assert all(("delayed" in {f for f, _ in found}) for found in of_channel.values())
    steep = families(dataset, {"saturation": {"slope": {"lower": 1.0, "upper": 2.0}}})
    assert {f for found in steep.values() for _, f in found} == {"hill_sloped"}


def test_a_stated_half_saturation_holds_in_every_member(dataset):
    settings = ModelSettings.model_validate({"saturation": {"half": {"lower": 1.0, "upper": 2.0}}})
    members = make_mixture(dataset, settings).members
    assert len(members) > 2
    assert {c.saturation.priors["half"].lower for m in members for c in m.spec.channels} == {1.0}


def test_the_fit_that_is_judged_takes_the_models_that_count(dataset):
    beliefs = Beliefs(ModelSettings())
    kept = beliefs.only(["geometric", "delayed"]).mixture(dataset)
    assert [m.name for m in kept.members] == ["geometric", "delayed"]
    late = ModelSettings.model_validate({"mixture": {"members": {"late": {"adstock": "delayed"}}}})
    assert Beliefs(late).only(["model"]).mixture(dataset) == Beliefs(late).mixture(dataset)
    single = Beliefs(ModelSettings(mixture=None))
    assert single.only(["model"]) == single


def test_draws_follow_the_weights_and_belong_to_one_spec(made):
    fit = made[0]
    members = (replace(fit.members[0], weight=0.75), replace(fit.members[1], weight=0.25))
    mixed = replace(fit, members=members)
    draws = mixed.draws(80)
    assert [samples.sizes["sample"] for _, samples in draws.parts] == [60, 20]
    found = draws.response()
    assert sorted({tuple(row) for row in found.adstock_kind}) == sorted(
        {tuple(m.spec and Draws(((m.spec, m.samples(1)),)).response().adstock_kind[0]) for m in members}
    )
    assert mixed.draws().n == 266  # 200 draws are three quarters of them
    np.testing.assert_array_equal(shares(np.array([0.5, 0.3, 0.2]), 11), [6, 3, 2])
    negligible = replace(fit, members=(replace(members[0], weight=0.995), replace(members[1], weight=0.005)))
    assert len(negligible.counted) == 1


def test_an_analysis_of_a_mixture_is_the_weighted_mean_of_its_members(made):
    fit = replace(made[0], members=tuple(replace(m, weight=0.5) for m in made[0].members))
    mixed = analyse(fit)
    alone = [analyse(fit.of(member)) for member in fit.members]
    mean = np.mean([a.channels["roas"].to_numpy() for a in alone], axis=0)
    np.testing.assert_allclose(mixed.channels["roas"].to_numpy(), mean, rtol=1e-9)
    total = mixed.decomposition.groupby("date")["mean"].sum()
    expected = fit.draws().expected(fit.dataset, fit.window, fit.seed).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(total.to_numpy(), expected, rtol=1e-9)


def test_a_mixture_is_planned_on(made):
    found = plan(made[0], PlanSettings(objective="expected_outcome", draws=100, gap=0.05))
    assert np.isfinite(found.outcome_draws).all()
    assert found.outcome_draws.shape == (100,)


def test_another_weighting_fits_nothing_again(made, dataset, monkeypatch):
    fit, mixture, sampler = made
    monkeypatch.setattr(store, "sample_once", lambda *_, **__: pytest.fail("fitted again"))
    same = store.obtain(dataset, mixture, sampler)
    assert (same.key, [m.weight for m in same.members]) == (fit.key, [m.weight for m in fit.members])
    other = store.obtain(dataset, mixture.model_copy(update={"weighting": "equal"}), sampler)
    assert [m.weight for m in other.members] == [0.5, 0.5]
    assert other.key != fit.key
    loaded = store.load(Path(sampler.store) / fit.key)
    assert [(m.name, m.key, m.weight) for m in loaded.members] == [(m.name, m.key, m.weight) for m in fit.members]
    np.testing.assert_array_equal(loaded.response(50).log_beta, fit.response(50).log_beta)


def test_weights_must_add_up_and_members_share_the_panel(made):
    fit = made[0]
    with pytest.raises(FitError, match="add up to 2"):
        replace(fit, members=tuple(replace(m, weight=1.0) for m in fit.members))
    longer = fit.members[1].spec.model_copy(update={"lookback": 9})
    with pytest.raises(FitError, match="lookback"):
        replace(fit, members=(fit.members[0], replace(fit.members[1], spec=longer)))


def gaussian_loo(x: np.ndarray, sd: float) -> np.ndarray:
    """Log density of every x under the others, for x ~ N(mu, sd^2) with a flat prior on mu."""
    n = len(x)
    mean = (x.sum() - x) / (n - 1)
    variance = sd**2 * (1 + 1 / (n - 1))
    return np.asarray(-0.5 * np.log(2 * np.pi * variance) - 0.5 * (x - mean) ** 2 / variance)


def test_leave_one_out_against_the_exact_value(made):
    """The marginal of each week given the others is known where only the level is: all other draws are held.

    The outcome is made around what these say, so that nothing hangs on them.
    """
    fit = made[0]
    member, dataset = fit.members[0], fit.dataset
    scale, rows = member.spec.outcome_scale[0], fit.window
    rng = np.random.default_rng(2)
    held = member.posterior.isel(chain=[0], draw=[0])
    rest = Draws(((member.spec, Member(member.spec, xr.DataTree.from_dict({"posterior": held}), "", "").samples()),))
    control = dataset.data["control"].values[rows]
    fixed = (
        rest.expected(dataset, rows, 1)[0, :, 0] - rest.baseline(dataset.dates[rows], control, 1)["intercept"][0, :, 0]
    )
    n, sd = len(fixed), 0.05
    level = 1.0 + sd * rng.standard_normal(n)
    data = dataset.data.copy(deep=True)
    data["outcome"][rows, 0] = fixed + level * scale
    dataset = replace(dataset, data=data)
    many = held.isel(draw=np.zeros(4000, dtype=int)).assign_coords(draw=np.arange(4000))
    many["intercept"] = (
        many["intercept"] * 0 + (level.mean() + sd / np.sqrt(n) * rng.standard_normal(4000))[None, :, None]
    )
    many["sigma"] = many["sigma"] * 0 + sd
    found = loo.leave_one_out(member.spec, many, dataset, 1)
    assert float(found["k"].max()) < loo.K_MAX
    np.testing.assert_allclose(found["elpd"].values, gaussian_loo(level, sd) - np.log(scale), atol=0.02)


def test_a_fit_of_the_first_format_is_read_and_planned_on(tmp_path):
    """Made by the version before mixtures: two geos, three channels, one delayed and one with a free slope."""
    with zipfile.ZipFile(Path(__file__).parent / "fits" / "format_1.zip") as archive:
        archive.extractall(tmp_path / "old")
    old = store.load(tmp_path / "old")
    assert (old.format_version, len(old.members), old.main.weight) == (1, 1, 1.0)
    assert float(old.response().log_beta.sum()) == pytest.approx(7633.297483527073)
    assert analyse(old).channels.loc["search", "roas"] == pytest.approx(2.579399, rel=1e-6)
    # The search ends where its gap is closed, or by the clock: on a busy machine half a minute is not enough.
    found = plan(old, PlanSettings(objective="expected_outcome", time_limit=3600.0, discrepancy=None))
    assert found.allocation["spend"].to_numpy() == pytest.approx([7.739205e5, 1.857692e6, 1.021857e6], rel=1e-3)


@pytest.mark.parametrize(
    ("worse", "r_hat", "again"),
    [((0, 0), 1.02, ["plain", "late"]), ((50, 50), 1.02, ["plain"]), ((50, 50), 1.2, ["plain"]),
     ((50, 0), 1.2, ["plain", "late"])],
)  # fmt: skip
def test_members_without_weight_are_sampled_again_only_where_a_chain_could_give_them_some(made, worse, r_hat, again):
    """The prediction of every period is ``worse`` by chain."""
    asked: list[tuple[str, int]] = []
    told = by_hand(made[0])

    def make(member: NamedSpec, attempt: Attempt) -> Fit:
        asked.append((member.name, attempt.number))
        part = next(m for m in told.members if m.name == member.name)
        tree = part.tree.copy()
        left_out, less = tree["loo"].to_dataset(), xr.DataArray(list(worse), dims="chain") * (member.name == "late")
        chains = {"elpd_by_chain": left_out["elpd"] - less, "k_by_chain": left_out["k"] + 0 * less}
        tree["loo"] = xr.DataTree(left_out.assign(**chains, elpd=left_out["elpd"] - less.mean()))
        converged = Convergence(1.0 if attempt.number else r_hat, 1000.0, 0)
        key = f"{member.name} {attempt.number}"
        return replace(made[0], members=(replace(part, tree=tree, converged=converged, key=key, weight=1.0),), key=key)

    said: list[str] = []
    stated = made[1].model_copy(update={"open_noise": False})
    fit = fit_members(stated, SamplerSettings(), make, said.append)
    assert asked == [("plain", 0), ("late", 0), *((name, 1) for name in again)]
    how = "As many draws again: R-hat 1.020." if r_hat < 1.03 else "Sampled again, 3 times as long: R-hat 1.200."
    assert said == [f"{name}: {how}" for name in again]
    assert {m.name: m.key for m in fit.members} == {
        "plain": "plain 1",
        "late": "late 1" if "late" in again else "late 0",
    }
    asked.clear()
    fit_members(stated, SamplerSettings(attempts=1), make)
    assert asked == [("plain", 0), ("late", 0)]


@pytest.mark.parametrize(("better", "heavy"), [(1.0, True), (0.0, False), (-1.0, False), (0.01, False)])
def test_noise_is_heavy_tailed_where_that_predicts_clearly_better(made, better, heavy):
    """A better prediction of every period by ``better``; 0.01 of 80 periods is no difference to speak of."""
    asked: list[tuple[str, str]] = []
    told = by_hand(made[0])

    def make(member: NamedSpec, attempt: Attempt) -> Fit:
        asked.append((member.name, member.spec.likelihood))
        part = next(m for m in told.members if m.name == member.name)
        tree, tails = part.tree.copy(), member.spec.likelihood == "student_t"
        left_out = tree["loo"].to_dataset()
        tree["loo"] = xr.DataTree(left_out.assign(elpd=left_out["elpd"] + better * tails))
        one = replace(part, spec=member.spec, tree=tree, converged=Convergence(1.0, 1000.0, 0), weight=1.0)
        return replace(made[0], members=(one,), key=f"{member.name} {tails}")

    said: list[str] = []
    fit = fit_members(made[1], SamplerSettings(), make, said.append)
    assert asked[:2] == [("plain", "normal"), ("late", "normal")]
    assert asked[2:] == [("plain", "student_t"), *([("late", "student_t")] if heavy else [])]
    assert {m.spec.likelihood for m in fit.members} == {"student_t" if heavy else "normal"}
    assert list(fit.notes) == said
    assert [note.startswith("Student-t noise") for note in said] == [True] * heavy
    stated = made[1].model_copy(update={"open_noise": False})
    asked.clear()
    fit_members(stated, SamplerSettings(), make)
    assert {likelihood for _, likelihood in asked} == {"normal"}


@pytest.mark.parametrize(
    ("wide", "r_hat", "better"),
    [((0, 1), 1.0, True), ((0, 1), 1.5, True), ((0,), 1.5, False), ((), 1.0, False), ((), 1.5, False)],
)
def test_chains_that_disagree_decide_where_each_of_them_says_the_same(made, wide, r_hat, better):
    """The worse fit's noise is three times too wide in the chains ``wide``: of both, it is worse whichever is right."""

    def alone(widened: tuple[int, ...], chains_agree: float) -> Fit:
        part = made[0].main
        factor = xr.DataArray([3.0 if i in widened else 1.0 for i in range(2)], dims="chain")
        tree = part.tree.copy()
        samples = part.posterior.drop_vars("chain")
        tree["posterior"] = xr.DataTree(samples.assign(sigma=samples["sigma"] * factor))
        one = replace(part, tree=tree, converged=Convergence(chains_agree, 1000.0, 0), weight=1.0)
        return with_loo(replace(made[0], members=(one,)))

    def earlier(fit: Fit) -> Fit:
        """As a version stored it that had no estimates by chain."""
        tree = fit.main.tree.copy()
        tree["loo"] = xr.DataTree(tree["loo"].to_dataset()[["elpd", "k"]])
        return replace(fit, members=(replace(fit.main, tree=tree),))

    good, worse = alone((), r_hat), alone(wide, r_hat)
    assert ("elpd_by_chain" in worse.main.tree["loo"]) is (r_hat > 1.1)
    assert clearly_better(good, worse) is better
    assert not clearly_better(worse, good)
    assert clearly_better(earlier(good), earlier(worse)) is better


def test_a_fit_that_judges_has_the_noise_of_the_one_that_decided(dataset):
    decided = Beliefs(ModelSettings.model_validate(TWO)).with_noise("student_t")
    for members in (["late"], ["plain", "late"]):
        mixture = decided.only(members).mixture(dataset)
        assert not mixture.open_noise
        assert [m.spec.likelihood for m in mixture.members] == ["student_t"] * len(members)


def test_stated_noise_is_not_varied(dataset):
    for stated in ("normal", "student_t"):
        mixture = make_mixture(dataset, ModelSettings.model_validate(TWO | {"likelihood": stated}))
        assert not mixture.open_noise
        assert {m.spec.likelihood for m in mixture.members} == {stated}
    assert make_mixture(dataset, ModelSettings.model_validate(TWO)).open_noise


@pytest.mark.parametrize(
    ("weights", "wrong", "left"),
    [
        ((0.93, 0.07), Convergence(1.2, 1000.0, 0), ["late"]),
        ((0.93, 0.07), Convergence(1.0, 1000.0, 100), ["late"]),
        ((0.93, 0.07), Convergence(1.0, 1000.0, 0), []),
        ((0.85, 0.15), Convergence(1.2, 1000.0, 0), []),
        ((0.995, 0.005), Convergence(1.2, 1000.0, 0), []),
    ],
)
def test_a_member_that_cannot_be_sampled_and_weighs_little_is_left_out(made, weights, wrong, left):
    fine = Convergence(1.0, 1000.0, 0)
    members = tuple(
        replace(m, weight=w, converged=c) for m, w, c in zip(made[0].members, weights, (fine, wrong), strict=True)
    )
    said: list[str] = []
    fit = without_failed(replace(made[0], members=members), said.append)
    assert [m.name for m in fit.members if m.left_out] == left
    check = next((c for c in gate(fit, GateSettings(holdout=None)).checks if c.name == "left_out"), None)
    if not left:
        assert fit.members == members
        assert said == []
        assert check is None
        return
    assert [m.weight for m in fit.members] == pytest.approx([1.0, 0.0])
    assert [m.name for m in fit.counted] == ["plain"]
    assert fit.key != made[0].key
    assert said == [fit.notes[-1]] == [f"Left out, as the chains do not agree: late ({wrong.short}; weight 7%)."]
    assert check is not None
    assert check.status == "warn"
    assert f"late ({wrong.short})" in check.summary


def test_a_stored_fit_keeps_how_its_chains_converged(made):
    found = [store.load(Path(made[2].store) / m.key).main for m in made[0].members]
    assert [m.converged for m in found] == [m.converged for m in made[0].members]
    assert any(m.short for m in found)


def test_a_single_model_is_stored_as_such(dataset, tmp_path):
    sampler = SAMPLER.model_copy(update={"store": str(tmp_path)})
    settings = ModelSettings.model_validate({**TWO, "mixture": None})
    mixture = make_mixture(dataset, settings)
    fit = store.obtain(dataset, mixture, sampler)
    assert [m.name for m in fit.members] == ["model"]
    assert [p.name for p in tmp_path.iterdir()] == [fit.key]
    assert fit_model(dataset, mixture.members[0].spec, sampler).key == fit.key
