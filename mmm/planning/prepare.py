"""From a fit and the settings to a planning problem: the reference plan, prices, the past, and the baseline ahead."""

from dataclasses import dataclass, replace

import numpy as np

from mmm.arrays import Floats
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import PlanError, SettingsError
from mmm.inference.fit import Fit
from mmm.model.frequencies import at_frequency, frequencies
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.response import ResponseDraws
from mmm.model.response_planner import scaled_effect
from mmm.model.spec import without_inactive_channels
from mmm.planning.ahead import recent_rows, within, without_money
from mmm.planning.bills import bills_of, require_sold
from mmm.planning.constraints import check_names
from mmm.planning.discrepancy import with_discrepancy
from mmm.planning.problem import PlanProblem
from mmm.planning.settings import ChannelLimits, ObjectiveSettings, PlanSettings
from mmm.planning.statements import Kind, Money, Part, Share, Span, Statement, Value
from mmm.planning.worth import UnitWorth, is_profit, margin_of
from mmm.suggest import suggestion


@dataclass(frozen=True)
class Prepared:
    """A problem with what the horizon brings without its spend: baseline and carry-in of the past, by draw [n].

    ``posterior`` are the draws as the model gives them, without the discrepancy that the problem's own draws have; None
    where the settings ask for none.
    """

    problem: PlanProblem
    without_spend: Floats | None
    posterior: ResponseDraws | None = None


def prepare(fit: Fit, settings: PlanSettings, worth: UnitWorth | None = None) -> Prepared:
    """The planning problem of a fit; with ``worth`` a channel's units count what it says they are worth.

    Raises PlanError and SettingsError where the settings, or the values, do not suit the data.
    """
    panel = priced(fit.dataset, settings)
    # What lowers the outcome stays as it is: the less of it the better, which needs no plan.
    lowering = tuple(c.name for c in fit.spec.channels if c.direction < 0 and c.name in panel.channels)
    _check_excluded(fit.excluded, settings)
    _check_lowering(lowering, settings)
    panel = panel.with_channels([name for name in panel.channels if name not in lowering])

    ahead = panel.frequency.following(panel.dates[-1], parse_periods(settings.horizon, panel.frequency))

    def planned_on(found: ResponseDraws) -> ResponseDraws:
        own = found.only(panel.channels).ahead(ahead)
        return _valued(_at_frequencies(own, panel, settings), panel, settings, worth)

    posterior, asked = fit.response(settings.draws), settings.discrepancy
    alone = planned_on(posterior)
    draws = alone if asked is None else planned_on(with_discrepancy(fit, posterior, asked, settings.seed))
    problem = replace(_posed(panel, settings, draws), worth=worth)
    notes = list(problem.notes)
    model = problem.with_draws(alone)
    without = without_money(fit, settings, model, notes)
    if asked is not None:
        # What is not the channels' is the baseline's: today's plan brings what the model forecasts.
        without += (model.effect_draws(problem.reference) - problem.effect_draws(problem.reference)).sum(axis=1)
    if fit.excluded:
        notes.append(Statement("excluded", {"names": fit.excluded}))
    if lowering:
        notes.append(Statement("lowering", {"names": lowering}))
    _say_objective(settings.objective, notes)
    _say_margin(problem, settings, notes)
    return Prepared(replace(problem, notes=tuple(notes)), without, None if asked is None else alone)


def priced(dataset: Dataset, settings: PlanSettings) -> Dataset:
    """The panel of the channels that a plan moves: paid ones, and those whose price it states, as if they were paid.

    Raises SettingsError for a price of a channel that has none to be stated.
    """
    roles = dict(zip(dataset.channels, dataset.channel_roles, strict=True))
    for name in settings.prices:
        if name not in roles:
            raise SettingsError(f"plan.prices names '{name}', no channel of the data. {suggestion(name, roles)}")
        if not roles[name].priceable:
            raise SettingsError(
                f"plan.prices names '{name}', which is {roles[name].label}: only media of one's own that have no price "
                "are given one. Remove it."
            )
    unmoved = sorted(n for n in _named(settings) & roles.keys() if not roles[n].costs and n not in settings.prices)
    if unmoved:
        how = "State its price (plan.prices), or remove it." if roles[unmoved[0]].priceable else "Remove it."
        raise SettingsError(f"The plan section names '{unmoved[0]}', {roles[unmoved[0]].label} without a cost. {how}")
    found = dataset.with_channels([name for name in dataset.channels if roles[name].costs or name in settings.prices])
    if not settings.prices:
        return found
    data = found.data.copy(deep=True)
    for name, price in settings.prices.items():
        data["spend"].loc[{"channel": name}] = price * data["media"].sel(channel=name)
    return replace(found, data=data, roles=())


def _at_frequencies(draws: ResponseDraws, dataset: Dataset, settings: PlanSettings) -> ResponseDraws:
    """The response at the frequencies that the settings ask for, by channel known by reach and frequency."""
    known = () if draws.reach is None else tuple(draws.channels[place] for place in draws.reach.places)
    recent = dataset.data["media"].values[-recent_rows(dataset) :].mean(axis=0)
    best = {found.channel: found.best for found in frequencies(draws, recent)} if settings.frequency else {}
    for name, wanted in settings.frequency.items():
        if name not in known:
            said = f"plan.frequency names '{name}', which is no channel with reach and frequency."
            raise SettingsError(f"{said} {suggestion(name, known)}".strip() if known else said)
        if wanted != "usual":
            draws = at_frequency(draws, name, best[name] if wanted == "optimal" else float(wanted))
    return draws


def _valued(draws: ResponseDraws, dataset: Dataset, settings: PlanSettings, worth: UnitWorth | None) -> ResponseDraws:
    """Effects as so many units of the data's own value: by channel and draw, what a unit is worth over that value."""
    if worth is None:
        return draws
    if not is_profit(dataset) or dataset.outcome_kind == "profit":
        raise PlanError(
            "plan.customer_value says what a unit of the outcome is worth, so that the outcome must count units: "
            "data.target.kind: kpi, with value_per_unit, what one is worth on average."
        )
    own = float(_value(dataset, []).mean())
    return scaled_effect(draws, worth.paired(draws.channels, draws.n, settings.seed) / own)


def _say_objective(wish: ObjectiveSettings, notes: list[Statement]) -> None:
    if wish.kind == "mean_cvar":
        weights = {"mean": Share(1 - wish.risk_weight), "tail": Share(wish.tail), "worst": Share(wish.risk_weight)}
        notes.append(Statement("weighs", weights))


def _say_margin(problem: PlanProblem, settings: PlanSettings, notes: list[Statement]) -> None:
    if problem.has_value and margin_of(settings, has_value=True, is_profit=problem.is_profit) is None:
        notes.append(Statement("no_margin"))


def unfitted(dataset: Dataset, settings: PlanSettings) -> Prepared:
    """The problem of a panel before anything is fitted: what the constraints say of it, without any response.

    Raises PlanError and SettingsError where the settings do not suit the data.
    """
    active, excluded = without_inactive_channels(priced(dataset, settings))
    _check_excluded(excluded, settings)
    g, c = len(active.geos), len(active.channels)
    nothing = ResponseDraws(
        channels=active.channels,
        geos=active.geos,
        adstock_kind=np.full((1, c), adstock_kind("geometric", normalised=True)),
        adstock_par=np.zeros((1, c, 1)),
        saturation_kind=np.full((1, c), saturation_kind("hill")),
        saturation_par=np.ones((1, c, 1)),
        log_beta=np.zeros((1, g, c)),
        media_scale=np.ones((g, c)),
        lookback=0,
    )
    return Prepared(_posed(active, settings, nothing), None)


def _posed(dataset: Dataset, settings: PlanSettings, draws: ResponseDraws) -> PlanProblem:
    periods = parse_periods(settings.horizon, dataset.frequency)
    check_names(settings, dataset.channels)
    notes: list[Statement] = []
    dates = dataset.frequency.following(dataset.dates[-1], periods)
    reference, pattern = reference_plan(dataset, settings, periods, notes)
    unit = media_per_money(dataset, settings, periods, notes)
    factors = [settings.channels.get(name, ChannelLimits()).value_factor for name in draws.channels]
    if any(factor != 1.0 for factor in factors):
        draws = scaled_effect(draws, np.array(factors))
    lookback = draws.lookback
    bills = bills_of(dataset, settings.vendors, settings.billing, periods)
    require_sold(bills, reference, unit, dataset.channels)
    for name in dict.fromkeys(dataset.channels[bill.channel] for bill in bills):
        vendor = next(bill.vendor for bill in bills if dataset.channels[bill.channel] == name)
        notes.append(Statement("billed", {"part": Part(name), "name": vendor}))
    spend, media = dataset.data["spend"].values, dataset.data["media"].values
    past = np.zeros((lookback, *media.shape[1:]))
    known = min(lookback, len(media))
    past[lookback - known :] = media[len(media) - known :]
    value = _value(dataset, notes)
    demand = np.ones(2 * lookback + periods)
    demand[lookback : lookback + periods] = _by_period(settings.demand_factor, periods, "plan.demand_factor")
    demand[lookback + periods :] = demand[lookback + periods - 1]
    return PlanProblem(
        draws=draws,
        dates=dates,
        reference=reference,
        pattern=pattern,
        unit=unit,
        history=past,
        weights=demand[:, None] * value,
        observed_peak=spend.max(axis=0),
        observed_peak_total=spend.sum(axis=1).max(axis=0),
        has_value=dataset.has_value,
        currency=dataset.currency,
        outcome_unit=dataset.outcome_unit,
        unit_value=value if dataset.has_value else None,
        is_profit=is_profit(dataset),
        notes=tuple(notes),
        bills=bills,
    )


def _check_excluded(excluded: tuple[str, ...], settings: PlanSettings) -> None:
    """Raise PlanError where the settings plan on a channel that the model has to leave out."""
    left_out = sorted(_named(settings) & set(excluded))
    if left_out:
        raise PlanError(
            f"The plan section names {', '.join(left_out)}, left out of the model because nothing can be learned of a "
            "channel that was never used. Remove it there, or plan on it as a new channel in a scenario."
        )


def _check_lowering(lowering: tuple[str, ...], settings: PlanSettings) -> None:
    """Raise PlanError where the settings plan on a channel that they say to lower the outcome."""
    named = sorted(_named(settings) & set(lowering))
    if named:
        raise PlanError(
            f"The plan section names {', '.join(named)}, which lowers the outcome by model.channels.{named[0]}.sign: "
            "no money is planned for it. Remove it there."
        )


def _named(settings: PlanSettings) -> set[str]:
    """Channels that the plan section says something of."""
    named = {*settings.channels, *settings.cost_factor, *(c for g in settings.groups.values() for c in g.channels)}
    return named | (set(settings.reference) if isinstance(settings.reference, dict) else set())


def reference_plan(
    dataset: Dataset, settings: PlanSettings, periods: int, notes: list[Statement]
) -> tuple[Floats, Floats]:
    """Money of the reference plan and the split of each channel's money, both [h, g, c]."""
    spend = dataset.data["spend"].values
    rows = len(spend)
    if periods > rows:
        raise PlanError(f"plan.horizon is {periods} periods, but the data have {rows}. Shorten the horizon.")
    money = spend[rows - periods :].copy()
    kind: Kind = "today_last"
    if settings.reference == "last_year":
        money = last_year(dataset, settings, periods)
        kind = "today_last_year"
    totals = money.sum(axis=(0, 1))
    pattern = _pattern(money, dataset)
    if isinstance(settings.reference, dict):
        kind = "today_given"
        for name, total in settings.reference.items():
            totals[dataset.channels.index(name)] = total
        money = pattern * totals
    idle = tuple(name for name, total in zip(dataset.channels, totals, strict=True) if total == 0)
    span = Span(periods, dataset.frequency.unit)
    notes.append(Statement(kind, {"span": span}))
    if idle:
        notes.append(Statement("idle", {"names": idle}))
    if settings.total_budget is not None and _like_one_period(settings.total_budget, float(totals.sum()), periods):
        today = float(totals.sum())
        values: dict[str, Value] = {"amount": Money(settings.total_budget), "today": Money(today), "span": span}
        notes.append(Statement("one_period", values | {"share": Share(settings.total_budget / today)}))
    return money, pattern


def _like_one_period(budget: float, today: float, periods: int) -> bool:
    """Whether a total looks like the money of one period: nearer to today's mean period than to any other reading."""
    return periods > 2 and today > 0 and 0.6 <= budget * periods / today <= 1.7


def last_year(dataset: Dataset, settings: PlanSettings, periods: int) -> Floats:
    """Money [h, g, c] of the same periods one year (364 days) before the horizon."""
    spend = dataset.data["spend"].values
    rows, year = len(spend), round(364 / dataset.frequency.days)
    if year > rows or periods > year:
        raise PlanError(
            f"Last year's spend needs {year} periods of data and a horizon of at most that; there are {rows} and "
            f"plan.horizon is {settings.horizon}. Use reference: last."
        )
    return np.array(spend[rows - year : rows - year + periods])


def _pattern(money: Floats, dataset: Dataset) -> Floats:
    total = money.sum(axis=(0, 1))
    ever = dataset.data["spend"].values.sum(axis=0)
    by_geo = np.where(ever.sum(axis=0) > 0, ever / np.where(ever.sum(axis=0) > 0, ever.sum(axis=0), 1.0), 1 / len(ever))
    even = np.broadcast_to(by_geo[None] / len(money), money.shape)
    return np.where(total > 0, money / np.where(total > 0, total, 1.0), even)


def media_per_money(dataset: Dataset, settings: PlanSettings, periods: int, notes: list[Statement]) -> Floats:
    """Media units that one unit of money buys, [h, g, c], at the last 13 weeks' cost and the settings' factors."""
    rows = recent_rows(dataset)
    spend, media = dataset.data["spend"].values, dataset.data["media"].values
    ratio = np.full(spend.shape[1:], np.nan)
    for s, m in ((spend[-rows:], media[-rows:]), (spend, media)):
        for axes in (0, (0, 1)):
            money, units = s.sum(axis=axes), m.sum(axis=axes)
            usable = (money > 0) & (units > 0)
            cost = np.broadcast_to(np.where(usable, units / np.where(usable, money, 1.0), np.nan), ratio.shape)
            ratio = np.where(np.isnan(ratio), cost, ratio)
    missing = [name for name, column in zip(dataset.channels, ratio.T, strict=True) if np.isnan(column).any()]
    if missing:
        raise PlanError(
            f"Channels {', '.join(missing)} have no period with both spend and media units, so that their cost is "
            "unknown. Correct the data, or leave the channels out."
        )
    ratio = np.broadcast_to(ratio, (periods, *ratio.shape)).copy()
    given = {} if dataset.future is None else dataset.future.costs
    for name in [name for name in given if name in dataset.channels]:
        ratio[:, :, dataset.channels.index(name)] = 1.0 / within(given[name], periods)
    if given:
        notes.append(Statement("cost_given", {"names": tuple(given)}))
    factor = np.ones((periods, len(dataset.channels)))
    for name, wanted in settings.cost_factor.items():
        factor[:, dataset.channels.index(name)] = _by_period(wanted, periods, f"plan.cost_factor.{name}")
    if any(unit != dataset.currency for unit in dataset.media_unit):
        notes.append(Statement("cost_changed" if settings.cost_factor else "cost", {"n": rows}))
    return np.asarray(ratio / factor[:, None, :])


def _by_period(value: float | tuple[float, ...], periods: int, where: str) -> Floats:
    if isinstance(value, tuple):
        if len(value) != periods:
            raise PlanError(
                f"{where} has {len(value)} factors for {periods} periods. Give one, or one for each period."
            )
        return np.array(value)
    return np.full(periods, value)


def _value(dataset: Dataset, notes: list[Statement]) -> Floats:
    """Value of a unit of outcome by geo, [g]: the mean of the last 13 weeks, or 1 where it has none."""
    if dataset.has_value:
        return np.asarray(dataset.data["value_per_unit"].values[-recent_rows(dataset) :].mean(axis=0))
    notes.append(Statement("no_value", {"name": dataset.outcome_unit}))
    return np.ones(len(dataset.geos))
