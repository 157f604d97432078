"""Several models of the same outcome side by side: how well each predicts, and what each says of the channels.

Prediction is scored twice: period by period from all others (PSIS-LOO of the stored draws), and ahead, by refreshes
that knew less and less (CRPS of a backtest). Both come with the standard error of the difference to the best model, as
models share the periods that they predict well or badly. Neither says which model's returns are right: that is what
experiments and stated causes are for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp

from mmm.analysis import Analysis
from mmm.arrays import Floats
from mmm.assessment.backtest import Backtest
from mmm.assessment.paired import chance_of_worse
from mmm.cards import facts, lines
from mmm.errors import DataError
from mmm.inference.fit import Fit
from mmm.inference.loo import K_MAX, MOST_UNBELIEVABLE, believable, contenders, leave_one_out, stacking

_FEWEST_REFRESHES = 3
"""Refreshes ahead from which a standard error is told; forecasts of one refresh err together."""
BY_CHANCE = 0.025
"""Chance below which a model that forecasts worse is ruled out."""
_RETURN = ("roas", "marginal_roas")


@dataclass(frozen=True)
class Compared:
    """One model with what was made of it; ``backtest`` is None where none was asked for."""

    fit: Fit
    analysis: Analysis
    backtest: Backtest | None = None


@dataclass(frozen=True, repr=False)
class Comparison:
    """``table`` (index model, the best first): how well each model predicts.

    - ``elpd``, ``elpd_error``: expected log predictive density, the sum over periods left out one at a time, with its
      standard error; ``behind``, ``behind_error``: the best model's less this one's, paired by period; ``unsure``:
      periods whose Pareto shape is above 0.7 in this model; ``weight``: by stacking; ``near``: whether leaving periods
      out cannot tell it from the best one (less than 4 behind, or less than two standard errors).
    - ``crps``, ``worse``, ``worse_error``, in units of the outcome: mean CRPS of the forecasts ahead, its difference to
      the best one's, with a standard error over refreshes (NaN below three); ``coverage`` of their 90% intervals;
      ``skill``: what it saves of the CRPS of repeating last year; ``chance`` that as much worse is chance alone
      (:func:`mmm.assessment.paired.chance_of_worse`). NaN where no backtest was made.
    - ``possible``: ruled out neither by periods left out (``near``) nor by forecasts ahead (``chance`` below 2.5%).
    - ``r_hat``, ``ess``: the worst of the members that count.

    ``returns``: model, channel, and mean, lower, upper of ``roas`` and ``marginal_roas`` (of the outcome in its units
    where it has no value). ``periods`` were compared, ``left_out`` of them counted for no model.
    """

    table: pd.DataFrame
    returns: pd.DataFrame
    periods: int
    left_out: int

    def __repr__(self) -> str:
        return lines(self._title, self._facts())

    def _repr_html_(self) -> str:
        return facts(self._title, self._facts())

    @property
    def _title(self) -> str:
        return f"Models of one outcome: log density of {self.periods} periods, each left out"

    def _facts(self) -> list[tuple[str, str]]:
        return [
            (
                str(line["model"]),
                f"{line['elpd']:.1f}, "
                + (f"{line['behind']:.1f} ± {line['behind_error']:.1f} behind" if line["behind"] else "the best")
                + ("" if line["possible"] else "; ruled out"),
            )
            for line in self.table.reset_index().to_dict("records")
        ]

    @property
    def best(self) -> str:
        """The model that predicts periods left out best."""
        return str(self.table.index[0])

    @property
    def undecided(self) -> tuple[str, ...]:
        """Models beside the best that neither score rules out."""
        return self._others("possible")

    @property
    def worse_ahead(self) -> tuple[str, ...]:
        """Models that leaving periods out cannot tell from the best one, and forecasts ahead do."""
        return tuple(name for name in self._others("near") if name not in self.undecided)

    def _others(self, which: str) -> tuple[str, ...]:
        return tuple(str(name) for name in self.table.index[1:] if bool(self.table.loc[name, which]))

    @property
    def believable(self) -> bool:
        """Whether leaving periods out could be reckoned for nearly all of them."""
        return self.left_out <= MOST_UNBELIEVABLE * self.periods

    def apart(self) -> list[str]:
        """Channels whose 90% intervals of the return do not overlap between two models that are possible."""
        possible = {self.best, *self.undecided}
        found = []
        for channel, rows in self.returns[self.returns["model"].isin(possible)].groupby("channel", sort=False):
            if rows["roas_lower"].max() > rows["roas_upper"].min():
                found.append(str(channel))
        return found


def compared(models: Mapping[str, Compared]) -> Comparison:
    """Compare models by name. Raises DataError where there are fewer than two, or they are not of the same outcome."""
    if len(models) < 2:
        raise DataError("Comparing needs two models at least.")
    _require_same_outcome(models)
    left_out = {name: left_out_of(one.fit) for name, one in models.items()}
    dates = _common(left_out)
    found = [left_out[name].sel(date=dates) for name in models]
    good = believable(found)
    counted = good if (~good).sum() <= MOST_UNBELIEVABLE * len(good) else np.ones_like(good)
    elpd = np.stack([one["elpd"].values[counted] for one in found])
    table = _by_period(list(models), found, elpd)
    table = table.join(_ahead({name: one.backtest for name, one in models.items()}))
    # A comparison with nan is false: without forecasts ahead nothing is ruled out by them.
    table["possible"] = table["near"] & ~(table["chance"] < BY_CHANCE)
    table["r_hat"] = [_worst(one.fit)[0] for one in models.values()]
    table["ess"] = [_worst(one.fit)[1] for one in models.values()]
    table = table.sort_values("elpd", ascending=False, kind="stable")
    returns = pd.concat([_returns(name, one.analysis) for name, one in models.items()], ignore_index=True)
    return Comparison(table, returns, len(good), int((~good).sum()))


def left_out_of(fit: Fit) -> xr.Dataset:
    """``elpd`` and ``k`` (dim date) of a fit; of a mixture, the density is its members' by weight, ``k`` the worst."""
    counted = fit.counted
    parts = [
        m.tree["loo"].to_dataset() if "loo" in m.tree else leave_one_out(m.spec, m.posterior, fit.dataset, fit.seed)
        for m in counted
    ]
    weights = np.array([member.weight for member in counted])
    elpd = logsumexp(np.stack([p["elpd"].values for p in parts]) + np.log(weights / weights.sum())[:, None], axis=0)
    k = np.max([np.nan_to_num(p["k"].values, nan=np.inf) for p in parts], axis=0)
    return xr.Dataset({"elpd": ("date", elpd), "k": ("date", k)}, coords={"date": parts[0]["date"].values})


def _require_same_outcome(models: Mapping[str, Compared]) -> None:
    first, *others = models
    then = models[first].fit.dataset
    for name in others:
        now = models[name].fit.dataset
        same = now.geos == then.geos and now.dates.equals(then.dates)
        if not (same and np.allclose(now.data["outcome"], then.data["outcome"], rtol=1e-9, equal_nan=True)):
            raise DataError(
                f"'{name}' and '{first}' are not of the same outcome: densities of other periods, geos or units say "
                "nothing of each other. Compare models of one panel."
            )


def _common(left_out: Mapping[str, xr.Dataset]) -> pd.DatetimeIndex:
    """Periods that every model predicts: a longer look-back leaves out more at the start."""
    dates: pd.DatetimeIndex | None = None
    for one in left_out.values():
        own = pd.DatetimeIndex(one["date"].values)
        dates = own if dates is None else dates.intersection(own)
    if dates is None or not len(dates):
        raise DataError("There is no period that all models predict.")
    return dates


def _by_period(names: list[str], found: list[xr.Dataset], elpd: Floats) -> pd.DataFrame:
    n = elpd.shape[1]
    difference = elpd[elpd.sum(axis=1).argmax()] - elpd
    return pd.DataFrame(
        {
            "elpd": elpd.sum(axis=1),
            # Both errors as ArviZ 1.3 has them: that of a sum divides by n - 1, that of a difference by n.
            "elpd_error": np.sqrt(n) * elpd.std(axis=1, ddof=1),
            "behind": difference.sum(axis=1),
            "behind_error": np.sqrt(n) * difference.std(axis=1),
            "unsure": [int((one["k"].values > K_MAX).sum()) for one in found],
            "weight": stacking(elpd),
            "near": contenders(elpd),
        },
        index=pd.Index(names, name="model"),
    )


def _ahead(made: Mapping[str, Backtest | None]) -> pd.DataFrame:
    """Scores of forecasts that every model made: of the same refreshes and periods."""
    names = ("crps", "worse", "worse_error", "coverage", "skill", "chance")
    empty = pd.DataFrame(np.nan, index=pd.Index(list(made), name="model"), columns=list(names))
    known = {name: one.forecasts.set_index(["origin", "date"]) for name, one in made.items() if one is not None}
    if len(known) < len(made):
        return empty
    scores = pd.concat({name: one["crps"] for name, one in known.items()}, axis=1, join="inner").sort_index()
    if scores.empty:
        return empty
    best = scores.mean().idxmin()
    for name, one in known.items():
        part = one.loc[scores.index]
        worse = (scores[name] - scores[best]).groupby("origin").mean()
        several = len(worse) >= _FEWEST_REFRESHES
        empty.loc[name] = (
            float(scores[name].mean()),
            float((scores[name] - scores[best]).mean()),
            float(worse.std(ddof=1) / np.sqrt(len(worse))) if several else np.nan,
            float(((part["lower"] <= part["actual"]) & (part["actual"] <= part["upper"])).mean()),
            float(1.0 - scores[name].mean() / part["crps_naive"].mean()),
            1.0 if name == best else chance_of_worse(scores[name].to_numpy(), scores[best].to_numpy()),
        )
    return empty


def _worst(fit: Fit) -> tuple[float, float]:
    states = [member.converged for member in fit.counted]
    known = [state for state in states if state is not None]
    if not known:
        return float("nan"), float("nan")
    return max(state.r_hat for state in known), min(state.ess for state in known)


def _returns(name: str, analysis: Analysis) -> pd.DataFrame:
    """Rows of a model: returns in value, or in units of the outcome where it has none."""
    channels = analysis.channels
    out = pd.DataFrame({"model": name, "channel": channels.index.astype(str)})
    for measure in _RETURN:
        for end in ("", "_lower", "_upper"):
            out[f"{measure}{end}"] = channels[f"{measure}{end}"].to_numpy(dtype=float)
    if not np.isfinite(out["roas"]).all():
        cost = channels["spend"].to_numpy(dtype=float)
        for end in ("", "_lower", "_upper"):
            out[f"roas{end}"] = channels[f"effect{end}"].to_numpy(dtype=float) / cost
            out[f"marginal_roas{end}"] = channels[f"marginal_effect{end}"].to_numpy(dtype=float)
    return out
