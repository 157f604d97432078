"""What a test said: every estimator's answer, what its interval is worth on this panel, and the one to go by."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import bdtrc
from threadpoolctl import threadpool_limits

from mmm.arrays import Floats
from mmm.errors import DataError
from mmm.experiments.delivery import Delivery, delivery
from mmm.experiments.estimators import ESTIMATORS, Answer
from mmm.experiments.panel import GeoPanel, Posed, pose, require_sizes
from mmm.experiments.placebo import (
    AVERAGE,
    LEVEL,
    PERMUTATIONS,
    Choice,
    Placebos,
    coverage,
    judge,
    p_values,
    quantile,
    run_placebos,
    spans_before,
)
from mmm.experiments.settings import MethodSettings
from mmm.experiments.simplex import Bools
from mmm.experiments.source import GeoTest

Z = 1.6448536269514722
_HELD = (0.85, 0.95)
"""Coverage in placebo tests with which a 90% interval is offered."""
_OWN_HELD = 0.7
"""Least coverage in placebo tests of the treated regions alone: there are only as many as windows."""
_LEFT = 0.99
_HARDER = 3.0
_DROPPED = 5
_GRID = 81
_WINDOWS = 6
"""Windows before the test in which controls are looked at one by one."""


@dataclass(frozen=True)
class Robustness:
    """How the effect changes with its controls, in outcome units.

    ``dropped`` has one row a donor left out (``region``, ``weight``, ``effect``). ``without_near`` is the effect
    without the controls that the test may have spilled over to. Of ``controls``, ``strayed`` did something in the
    test's periods that lies outside their own 90% interval; one in ten does by chance, ``strayed_p`` is the
    probability of so many.
    """

    dropped: pd.DataFrame = field(repr=False)
    without_near: float | None
    controls: int
    strayed: int
    strayed_p: float


@dataclass(frozen=True)
class Readout:
    """The result of a test. Effects are outcome in total over treated regions and counted periods, as they happened.

    ``table`` has one row an estimator (and ``average``): ``effect``, ``lower``, ``upper`` (90%, from placebos),
    ``share`` of the outcome expected, ``error_share`` (root mean square of placebo errors), ``coverage`` and
    ``own_coverage`` of the interval in placebo tests, ``p_block``, ``p_iid`` with ``kept_block``, ``kept_iid`` (how
    often such a p-value was above 10% without an effect), ``passes``. ``chosen`` is the row to go by. ``conformal`` is
    its second interval, None where its coverage in placebo tests was not near 90%. ``path`` has the observed and
    expected outcome by date.
    """

    test: GeoTest
    panel: GeoPanel = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    chosen: str
    conformal: tuple[float, float] | None
    path: pd.DataFrame = field(repr=False)
    weights: "pd.Series[float]" = field(repr=False)
    robustness: Robustness
    delivery: Delivery | None
    placebos: Placebos = field(repr=False)

    @property
    def _row(self) -> "pd.Series[float]":
        return self.table.T[self.chosen]

    @property
    def effect(self) -> float:
        return float(self._row["effect"])

    @property
    def interval(self) -> tuple[float, float]:
        """90% interval of the effect."""
        return float(self._row["lower"]), float(self._row["upper"])

    @property
    def error(self) -> float:
        """The standard error of a normal distribution with the same 90% interval."""
        lower, upper = self.interval
        return (upper - lower) / 2.0 / Z

    @property
    def brought(self) -> float:
        """What the money brought: positive where it raised the outcome, whatever was done with it."""
        return -self.effect if self.test.kind == "go_dark" else self.effect


def read_out(panel: GeoPanel, test: GeoTest, method: MethodSettings | None = None) -> Readout:
    """Read a test. ``panel`` is without excluded regions.

    Raises DataError with the reason where the test cannot be read: no room for placebo tests, spend that was not moved,
    regions that had left their controls before the test or are far harder to imitate than regions like them, no
    estimator whose interval held in placebo tests.
    """
    method = method or MethodSettings()
    index = method.scale == "index"
    if index:
        require_sizes(panel, slice(test.span.first, test.span.start))
    moved = delivery(panel, test)
    treated = panel.mask(test.treated)
    # Products are small and many: threads would wait for one another.
    with threadpool_limits(1):
        placebos = run_placebos(panel, treated, test.span, Choice(method.placebos, method.windows, method.seed, index))
        posed = pose(panel.outcome, test.span, treated[None], ~treated[None], index=index)
        answers = {name: estimator.answer(posed.question) for name, estimator in ESTIMATORS.items()}
        table, passing = _table(posed, placebos, answers)
        chosen = _chosen(method.estimator, table, passing, test)
        _require_fit(chosen if chosen != AVERAGE else passing[0], placebos, test)
        main = passing if chosen == AVERAGE else (chosen,)
        conformal = _conformal(posed, table, chosen)
        robustness = _robustness(panel, test, main, index=index)
    return Readout(
        test=test,
        panel=panel,
        table=table,
        chosen=chosen,
        conformal=conformal,
        path=_path(panel, test, posed, [answers[name] for name in main]),
        weights=_weights(panel, [answers[name] for name in main]),
        robustness=robustness,
        delivery=moved,
        placebos=placebos,
    )


def _table(posed: Posed, placebos: Placebos, answers: dict[str, Answer]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table of a readout, and the estimators whose interval held."""
    question, factor = posed.question, float(posed.factor[0])
    share, misfit, p = (part[0] for part in judge(posed, conformal=True))
    rows = {}
    for e, name in enumerate(ESTIMATORS):
        own = (placebos.share[:, e], placebos.misfit[:, e])
        expected = float(answers[name].path[0, question.before :].sum()) * factor
        rows[name] = _row((float(share[e]), float(misfit[e])), expected, own, placebos)
        for k, kind in enumerate(PERMUTATIONS):
            rows[name][f"p_{kind}"] = float(p[e, k])
            known = placebos.p[:, e, k]
            rows[name][f"kept_{kind}"] = float(np.mean(known > 1 - LEVEL)) if np.isfinite(known).all() else np.nan
    passing = tuple(name for name, row in rows.items() if row["passes"])
    if passing:
        where = [list(ESTIMATORS).index(name) for name in passing]
        both = (float(share[where].mean()), float(misfit[where].mean()))
        expected = float(np.mean([answers[name].path[0, question.before :].sum() for name in passing])) * factor
        rows[AVERAGE] = _row(both, expected, placebos.column(passing), placebos)
    return pd.DataFrame(rows).T.infer_objects().rename_axis("estimator"), passing


def _row(
    found: tuple[float, float], expected: float, own: tuple[Floats, Floats], placebos: Placebos
) -> dict[str, float | bool]:
    """One row: ``found`` and ``own`` are share and misfit of the test and of the placebos."""
    share, misfit = own
    held = coverage(share, misfit, placebos.window)
    half = quantile(share / np.maximum(misfit, 1e-12)) * found[1]
    effect = found[0] * expected
    covered, own_covered = float(held.mean()), float(held[placebos.own].mean())
    return {
        "effect": effect,
        "lower": effect - half * abs(expected),
        "upper": effect + half * abs(expected),
        "share": found[0],
        "error_share": float(np.sqrt((share**2).mean())),
        "bias_share": float(share.mean()),
        "coverage": covered,
        "own_coverage": own_covered,
        "passes": _HELD[0] <= covered <= _HELD[1] and own_covered >= _OWN_HELD,
    }


def _chosen(wanted: str, table: pd.DataFrame, passing: tuple[str, ...], test: GeoTest) -> str:
    if not passing:
        held = ", ".join(f"{name} {row['coverage']:.0%}" for name, row in table.iterrows())
        raise DataError(
            f"Test '{test.name}': no estimator's 90% interval held in placebo tests on this panel ({held}). Give a "
            "longer "
            "history, or more regions like the treated ones."
        )
    if wanted == "auto":
        return str(table.loc[list(passing), "error_share"].idxmin())
    if wanted != AVERAGE and wanted not in passing:
        row = table.loc[wanted]
        raise DataError(
            f"Test '{test.name}': the 90% interval of {wanted} held in {row['coverage']:.0%} of all placebo tests and "
            f"{row['own_coverage']:.0%} of those of the treated regions. Set desk.method.estimator: auto; "
            f"these pass: {', '.join(passing)}."
        )
    return wanted


def _require_fit(name: str, placebos: Placebos, test: GeoTest) -> None:
    """Raise DataError where the treated regions cannot be imitated, or had left their controls before the test."""
    e = placebos.estimators.index(name)
    share, misfit = placebos.share[:, e], placebos.misfit[:, e]
    last = placebos.window == placebos.window.max()
    ratio = float(misfit[last & placebos.own][0] / np.median(misfit[last & ~placebos.own]))
    if ratio > _HARDER:
        raise DataError(
            f"Test '{test.name}': before the test {ESTIMATORS[name].label} misses the treated regions by {ratio:.1f} "
            "times "
            "as much as groups like them, so that nothing here can stand in for them. Choose other regions, or add "
            "controls that resemble them."
        )
    error = np.abs(share) / np.maximum(misfit, 1e-12)
    found = float(error[last & placebos.own][0])
    most = quantile(error[~last], _LEFT)
    if found > most:
        raise DataError(
            f"Test '{test.name}': in the {test.span.length} periods before the test the treated regions had left their "
            f"controls already, by {share[last & placebos.own][0]:+.1%} ({found / most:.1f} times what one in a "
            "hundred "
            "placebo tests shows). What the test would show is not the test's alone. Look for what happened there."
        )


def _conformal(posed: Posed, table: pd.DataFrame, chosen: str) -> tuple[float, float] | None:
    """The effects that block permutations do not reject at 10%, in outcome; None where that test is not to be had."""
    if chosen == AVERAGE or not _HELD[0] <= table["kept_block"][chosen] <= _HELD[1]:
        return None
    question, row = posed.question, table.loc[chosen]
    periods = len(question.x) - question.before
    unit = float(posed.factor[0]) * periods
    reach = 2.0 * (row["upper"] - row["lower"])
    grid = np.linspace(row["effect"] - reach, row["effect"] + reach, _GRID)
    y = np.repeat(question.y, _GRID, axis=0)
    y[:, question.before :] -= (grid / unit)[:, None]
    donors = np.broadcast_to(question.donors, (_GRID, question.donors.shape[1]))
    treated = np.repeat(question.treated, _GRID)
    whole = type(question)(y, question.x, donors, len(question.x), question.size, treated)
    kept = grid[p_values(whole, question.before, ESTIMATORS[chosen])[:, 0] > 1 - LEVEL]
    # An interval that the grid does not hold says nothing.
    if not len(kept) or kept[0] == grid[0] or kept[-1] == grid[-1]:
        return None
    return float(kept[0]), float(kept[-1])


def _effect(panel: GeoPanel, test: GeoTest, names: tuple[str, ...], donors: Bools, *, index: bool) -> Floats:
    """Effect in outcome, [b], of the test with other donors [b, g]."""
    treated = np.broadcast_to(panel.mask(test.treated), donors.shape)
    posed = pose(panel.outcome, test.span, treated, donors, index=index)
    question = posed.question
    found = [ESTIMATORS[name].answer(question).effect(question)[:, question.before :].sum(axis=1) for name in names]
    return np.asarray(np.mean(found, axis=0) * posed.factor)


def _robustness(panel: GeoPanel, test: GeoTest, names: tuple[str, ...], *, index: bool) -> Robustness:
    treated = panel.mask(test.treated)
    posed = pose(panel.outcome, test.span, treated[None], ~treated[None], index=index)
    weights = np.mean([ESTIMATORS[name].answer(posed.question).weights[0] for name in names], axis=0)
    order = [int(g) for g in np.argsort(-np.abs(weights))[:_DROPPED] if not treated[g] and weights[g] != 0]
    donors = np.repeat(~treated[None], len(order), axis=0)
    donors[np.arange(len(order)), order] = False
    effects = _effect(panel, test, names, donors, index=index)
    dropped = pd.DataFrame({"region": [panel.regions[g] for g in order], "weight": weights[order], "effect": effects})
    without = None
    far = ~treated & ~panel.mask(test.near)
    if test.near and far.sum() >= 2:
        without = float(_effect(panel, test, names, far[None], index=index)[0])
    strayed, tail = _strayed(panel, test, names, index=index)
    return Robustness(dropped, without, int((~treated).sum()), strayed, tail)


def _strayed(panel: GeoPanel, test: GeoTest, names: tuple[str, ...], *, index: bool) -> tuple[int, float]:
    """How many controls did what they do in one window of ten, and the probability of so many.

    Each control is the target of the others, in the test's periods and in the last windows before it, which show how
    far controls stray anyway.
    """
    treated = panel.mask(test.treated)
    controls = np.flatnonzero(~treated)
    alone = np.eye(len(treated), dtype=bool)[controls]
    donors = np.broadcast_to(~treated, alone.shape)
    earlier = spans_before(test.span.first, test.span.start, test.span.length, _WINDOWS)
    errors = []
    for span in (test.span, *earlier):
        posed = pose(panel.outcome, span, alone, donors, index=index)
        question = posed.question
        found = [ESTIMATORS[name].answer(question) for name in names]
        effect = np.mean([a.effect(question)[:, question.before :].mean(axis=1) for a in found], axis=0)
        misfit = np.mean([a.fit_error(question) for a in found], axis=0)
        errors.append(np.abs(effect) / np.maximum(misfit, 1e-300))
    strayed = int((errors[0] > quantile(np.concatenate(errors[1:]))).sum())
    return strayed, float(bdtrc(strayed - 1, len(controls), 1 - LEVEL))


def _path(panel: GeoPanel, test: GeoTest, posed: Posed, answers: list[Answer]) -> pd.DataFrame:
    expected = np.mean([answer.path[0] for answer in answers], axis=0) * posed.factor[0]
    dates = panel.dates[test.span.first : test.span.stop]
    observed = posed.question.y[0] * posed.factor[0]
    part = np.where(np.arange(len(dates)) < posed.question.before, "before", "counted")
    return pd.DataFrame({"date": dates, "observed": observed, "expected": expected, "part": part})


def _weights(panel: GeoPanel, answers: list[Answer]) -> "pd.Series[float]":
    weights = np.mean([answer.weights[0] for answer in answers], axis=0)
    found = pd.Series(weights, index=pd.Index(panel.regions, name="region"), name="weight")
    return found[found.abs() > 1e-4].sort_values(key=lambda w: -w.abs())
