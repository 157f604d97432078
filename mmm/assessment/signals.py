"""What data and posterior say about how far each channel's estimate can be trusted, in numbers by channel.

Four kinds: how much the estimate rests on assumptions (prior, family of curves, one quarter of data), whether hidden
demand could have made it, whether what the model leaves unexplained follows the channel, and whether the data speak
against the sign that its role assumes. docs/warnings.md has the
formulas, docs/studies/gate.md how often they are right in worlds with known truth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mmm.analysis.effects import effect, log_effects, marginal_effect, observed
from mmm.analysis.models import by_model, disagreement
from mmm.arrays import Floats
from mmm.assessment.free_signs import free_signs
from mmm.assessment.reweight import reweighted
from mmm.inference.fit import Fit
from mmm.model import response
from mmm.model.response import ResponseDraws

SCORES = ("future", "later", "fading", "bent", "joint")
"""Columns of score statistics: what the outcome would follow if the model were wrong in that way."""
_MAX_DRAWS, _FEWEST_DRAWS = 1000, 200
# Numbers of a panel times draws beyond which fewer draws are taken.
_MOST_CELLS = 30_000_000
_BINS = 20
_SCALES = (0.5, 2.0)
# Of the variance that a direction would have without a model, the least that is believed to be left of it.
_LEAST_LEFT = 0.1


@dataclass(frozen=True)
class Signals:
    """Numbers by channel (index channel), and those of the model as a whole.

    ``channels`` has the columns

    - ``overlap``: share that prior and posterior of the channel's effect have in common, 1 where nothing was learned;
    - ``surprise``: posterior mean of the log effect in the prior's standard deviations from its median;
    - ``together``: correlation of the log effect with that of ``partner``, the channel that it is least told apart
      from (the most negative);
    - ``prior``: largest shift of the mean log effect, in posterior sd, when the effect's prior is raised to the powers
      1/2 and 2;
    - ``family``: share of the variance of its return that lies between the models of a mixture;
    - ``quarter``: shift of the log effect since a fit without the last periods, in the sd that the new data explain
      (NaN where there is no such fit);
    - ``direction``: probability that its marginal return exceeds the spend-weighted mean;
    - ``robustness``: partial R2 that hidden demand needs with both the channel's response and the outcome to bring its
      marginal return to that mean (Cinelli and Hazlett 2020);
    - ``future``, ``later``, ``fading``, ``bent``, ``joint``: score statistics, standard normal where the model is
      right, of what is left unexplained against the channel's response a few periods ahead (hidden demand), after its
      look-back (longer carryover), times time (an effect that changes), squared (another curve), and times the other
      channels' (synergy);
    - ``opposite``, ``opposite_error``, ``against``: what a refit with free signs says (:mod:`.free_signs`).

    ``whole`` has ``step`` (the largest score of a lasting step in the outcome), ``tails`` (the excess kurtosis of what
    is left unexplained; zero where the noise has heavy tails of its own, which expects it) and ``memory`` (its
    correlation with itself one period later).
    """

    channels: pd.DataFrame
    whole: dict[str, float]


def signals(fit: Fit, earlier: Fit | None = None) -> Signals:
    """All signals of a fit; ``earlier`` is one that did not see the last periods."""
    periods, geos, channels = fit.dataset.data["media"].shape
    most = int(np.clip(_MOST_CELLS // (periods * geos * channels), _FEWEST_DRAWS, _MAX_DRAWS))
    draws = fit.response(most)
    logs = log_effects(fit, draws)
    table = pd.DataFrame(index=pd.Index(fit.spec.channel_names, name="channel"))
    prior = np.array([[c.effect.mu, c.effect.sigma] for c in fit.spec.channels])
    standard = (logs - prior[:, 0]) / prior[:, 1]
    table["overlap"] = [_overlap(ndtr(column)) for column in standard.T]
    table["surprise"] = standard.mean(axis=0)
    table["together"], table["partner"] = _together(logs, fit.spec.channel_names)
    table["prior"] = [_prior_shift(*pair) for pair in zip(logs.T, standard.T, strict=True)]
    table["family"] = disagreement(by_model(fit)).reindex(table.index) if len(fit.counted) > 1 else 0.0
    table["quarter"] = (
        _quarter(fit, earlier.response(most), earlier, logs).reindex(table.index) if earlier is not None else np.nan
    )
    panel = observed(fit)
    worth = panel.value if fit.dataset.has_value else panel.ones
    # What costs nothing has no marginal return, and so neither direction nor what would turn it.
    spend = np.where(panel.spend.sum(axis=0) > 0, panel.spend.sum(axis=0), np.nan)
    marginal = marginal_effect(draws, panel, worth) / spend
    mean = np.nansum(marginal * spend, axis=1) / np.nansum(spend)
    table["direction"] = np.where(np.isnan(spend), np.nan, (marginal > mean[:, None]).mean(axis=0))
    left, ends = _left(fit, most), fit.dataset.rows(fit.window)
    table["robustness"] = _robustness(logs, marginal, mean, left.free)
    for name, paths in _directions(fit, draws).items():
        table[name] = [left.score(ends.totals(path) / ends.spans[:, None]) for path in paths]
    table = table.join(free_signs(fit.dataset, fit.spec))
    tails = _tails(left) if not fit.main.spec.noise.expects_tails else 0.0
    return Signals(table, {"step": _step(left), "tails": tails, "memory": _memory(left)})


def _overlap(u: Floats) -> float:
    """Overlap of a density with its prior; draws ``u`` are in the prior's quantiles, uniform if nothing was learned."""
    share = np.histogram(u, bins=_BINS, range=(0.0, 1.0))[0] / len(u)
    return float(np.minimum(share, 1.0 / _BINS).sum())


def _together(logs: Floats, names: tuple[str, ...]) -> tuple[Floats, list[str]]:
    if len(names) == 1:
        return np.zeros(1), [""]
    correlation = np.corrcoef(logs.T) + np.diag(np.full(len(names), np.inf))
    worst = correlation.argmin(axis=1)
    return correlation.min(axis=1), [names[i] for i in worst]


def _prior_shift(logs: Floats, standard: Floats) -> float:
    """Power-scaling of one channel's prior (Kallioinen, Paananen, Buerkner and Vehtari 2024)."""
    density = -0.5 * standard**2
    if not logs.std() > 0:
        return 0.0  # chains that stand still do not move
    shifts = []
    for scale in _SCALES:
        weights = reweighted((scale - 1.0) * density)
        # Draws that do not reach the other posterior say that it is far away.
        shifts.append(abs(float(weights.mean(logs)) - logs.mean()) / logs.std() if weights.reliable else np.inf)
    return float(max(shifts))


def _quarter(fit: Fit, draws: ResponseDraws, earlier: Fit, logs: Floats) -> pd.Series:
    """Shift of the log effects of the same spend between ``draws`` of the earlier fit and this one's."""
    channels = earlier.spec.channel_names
    same = replace(earlier, dataset=fit.dataset.with_channels(channels))
    panel = observed(same)
    worth = panel.value if fit.spec.effect_kind == "roas" else panel.ones
    before = np.log(np.maximum(np.abs(effect(draws, panel, worth).sum(axis=1)), 1e-300))
    place = [fit.spec.channel_names.index(c) for c in channels]
    now = logs[:, place] + np.log([fit.spec.channels[i].denominator for i in place])
    # A posterior that learns more moves by about the root of the variance that it loses.
    variance = np.maximum(before.var(axis=0) - now.var(axis=0), 0.25 * before.var(axis=0))
    return pd.Series((now.mean(axis=0) - before.mean(axis=0)) / np.sqrt(variance), index=list(channels))


@dataclass(frozen=True)
class _Left:
    """What the model leaves unexplained: ``residual[t, g]`` in scaled outcome (zero where unobserved), its variance
    without a model, and draws of the fitted mean [n, t, g] around their own mean."""

    residual: Floats
    seen: Floats
    variance: float
    fitted: Floats

    @property
    def free(self) -> float:
        """Degrees of freedom: observed cells less those that the fit uses up."""
        used = float(self.fitted.var(axis=0)[self.seen > 0].sum()) / self.variance
        return max(float(self.seen.sum()) - used, 1.0)

    def score(self, direction: Floats) -> float:
        """Score statistic of a direction [t, g] that the model does not have, standard normal where it is right.

        The residual's covariance is the noise's less that of the fitted mean, which the posterior's draws have: what
        baseline and curves can express of the direction counts neither for nor against it.
        """
        path = direction * self.seen
        path = path - path.sum() / self.seen.sum() * self.seen
        size = float((path**2).sum())
        if size == 0.0:
            return 0.0
        expressed = float(np.einsum("tg,ntg->n", path, self.fitted).var())
        variance = max(self.variance * size - expressed, _LEAST_LEFT * self.variance * size)
        return float((path * self.residual).sum() / np.sqrt(variance))


def _left(fit: Fit, most: int) -> _Left:
    window = fit.window
    ends = fit.dataset.rows(window)
    scale = np.array(fit.spec.outcome_scale) * ends.spans[:, None]
    mean = fit.draws(most).expected(fit.dataset, window, fit.seed) / scale
    seen = fit.dataset.data["observed"].values[ends.places].astype(float)
    outcome = np.nan_to_num(fit.dataset.data["outcome"].values[ends.places]) / scale
    centre = mean.mean(axis=0)
    residual = (outcome - centre) * seen
    fitted = (mean - centre) * seen
    variance = float((residual**2).sum() + fitted.var(axis=0).sum()) / float(seen.sum())
    return _Left(residual, seen, variance, fitted)


def _directions(fit: Fit, draws: ResponseDraws) -> dict[str, list[Floats]]:
    """For each score, a direction [t, g] a channel: what the outcome would follow if the model were wrong that way."""
    window, lookback = fit.window, fit.spec.lookback
    media = fit.dataset.data["media"].values
    some = draws.thinned(200)
    course = some.course(fit.dataset.dates[: window.stop])
    kept = response.contributions(some, media[: window.stop], course=course).mean(axis=0)[window]
    kept = kept / np.array(fit.spec.outcome_scale)[:, None]
    scaled = media / np.array(fit.spec.media_scale)
    time = np.linspace(-1.0, 1.0, kept.shape[0])[:, None]
    out: dict[str, list[Floats]] = {name: [] for name in SCORES}
    everything = kept.sum(axis=2)
    for c in range(kept.shape[2]):
        own = kept[:, :, c]
        out["future"].append(_ahead(scaled[:, :, c], window))
        out["later"].append(_after(scaled[:, :, c], window, lookback))
        out["fading"].append(time * own)
        out["bent"].append((own - own.mean(axis=0)) ** 2)
        out["joint"].append((own - own.mean(axis=0)) * (everything - own - (everything - own).mean(axis=0)))
    return out


def _ahead(media: Floats, window: slice) -> Floats:
    """Mean log media of the next three periods; where the data end, the last known."""
    path = np.log1p(media)
    rows = np.arange(window.start, window.stop)
    return np.asarray(np.mean([path[np.minimum(rows + k, len(path) - 1)] for k in (1, 2, 3)], axis=0))


def _after(media: Floats, window: slice, lookback: int) -> Floats:
    """Mean media in as many periods again as the look-back has, after it."""
    padded = np.concatenate([np.zeros((2 * lookback + 1, media.shape[1])), media])
    rows = np.arange(window.start, window.stop) + 2 * lookback + 1
    return np.asarray(np.mean([padded[rows - lookback - 1 - k] for k in range(lookback)], axis=0))


def _robustness(logs: Floats, marginal: Floats, mean: Floats, free: float) -> Floats:
    """Robustness value of each channel's direction: Cinelli and Hazlett (2020), equation 18, with its estimate's t.

    The share of the effect to be explained away is that which takes its marginal return to the mean of all.
    """
    own = marginal.mean(axis=0)
    share = np.abs(own - mean.mean()) / np.maximum(own, 1e-300)
    t = 1.0 / np.maximum(logs.std(axis=0), 1e-6)
    f = share * t / np.sqrt(free)
    return np.asarray(0.5 * (np.sqrt(f**4 + 4.0 * f**2) - f**2))


def _step(left: _Left) -> float:
    periods = left.residual.shape[0]
    edge = max(4, periods // 20)

    def scores() -> Iterator[float]:
        for at in range(edge, periods - edge, 2):
            path = np.zeros_like(left.residual)
            path[at:] = 1.0
            yield abs(left.score(path))

    return max(scores(), default=0.0)


def _tails(left: _Left) -> float:
    from scipy import stats

    return float(stats.kurtosis(left.residual[left.seen > 0]))


def _memory(left: _Left) -> float:
    """Correlation of neighbouring residuals within geos, weighted by cells."""
    both = left.seen[1:] * left.seen[:-1]
    product = float((left.residual[1:] * left.residual[:-1] * both).sum())
    return product / (float((left.residual**2).sum()) + 1e-300)
