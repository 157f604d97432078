"""Named scenarios as bounds on categories, and what to move within them, with the money behind it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from mmm.arrays import Floats
from mmm.campaigns.efficiency import Efficiency
from mmm.campaigns.settings import CampaignSettings, Purpose, TemplateSettings
from mmm.errors import PlanError

Template = TemplateSettings
TEMPLATES: Mapping[str, TemplateSettings] = {
    "conservative": TemplateSettings(),
    "growth": TemplateSettings(
        total=(1.0, 1.2), acquisition=(0.9, 1.5), retention=(0.9, 1.5), content=(0.9, 1.5), other=(0.9, 1.5)
    ),
    "acquisition": TemplateSettings(acquisition=(1.0, 1.5), retention=(0.8, 1.0), content=(0.8, 1.0), other=(0.8, 1.0)),
    "content": TemplateSettings(content=(1.0, 1.5), acquisition=(0.8, 1.0), retention=(0.8, 1.0), other=(0.8, 1.0)),
}
"""``conservative``: nothing by more than a tenth; ``growth``: up to a fifth more in all, nothing by more than half;
``acquisition`` and ``content``: up to half more for them, up to a fifth less for the others, the same in all."""


def templates_of(settings: CampaignSettings) -> dict[str, TemplateSettings]:
    """The templates by name, with the settings' own in place of, or beside, those of the workbench."""
    return {**TEMPLATES, **settings.templates}


def moves(
    found: Efficiency, template: TemplateSettings, purposes: Mapping[str, Purpose], margin: float | None = None
) -> pd.DataFrame:
    """What every category should get within a template's bounds: the most effect at today's average returns.

    Columns: channel, name, today, planned (all costs of the category over the table's days), low, high, gain with 90%
    interval (effect won more, times ``margin`` and less the money where a margin is known). Each channel's money
    is planned apart; a linear program, as nothing is known of how returns diminish inside a channel, which is what the
    bounds are for. Raises PlanError where there are no categories, or bounds that no plan keeps.
    """
    rows = found.table["level"] == "category"
    if not rows.any():
        raise PlanError("Templates bound categories: name the column of the category (campaigns.category).")
    table = found.table[rows].reset_index(drop=True)
    draws = found.draws[rows.to_numpy()]
    parts = []
    for channel, inside in table.groupby("channel", sort=False):
        planned = _planned(str(channel), inside, template, purposes, margin)
        change = planned - inside["loaded"].to_numpy()
        own = np.where(change[:, None] == 0.0, 0.0, change[:, None] * draws[inside.index])
        parts.append(
            _lines(inside, (planned, template, purposes), own if margin is None else margin * own - change[:, None])
        )
    return pd.concat(parts, ignore_index=True)


def _bounds(inside: pd.DataFrame, template: TemplateSettings, purposes: Mapping[str, Purpose]) -> Floats:
    factors = [getattr(template, purposes.get(str(name), "other")) for name in inside["name"]]
    return np.asarray(np.array(factors, dtype=float) * inside["loaded"].to_numpy(dtype=float)[:, None])


def _planned(
    channel: str,
    inside: pd.DataFrame,
    template: TemplateSettings,
    purposes: Mapping[str, Purpose],
    margin: float | None,
) -> Floats:
    today, bounds = inside["loaded"].to_numpy(), _bounds(inside, template, purposes)
    returns = np.nan_to_num(inside["loaded_roas"].to_numpy())
    total = float(today.sum())
    low, high = max(template.total[0] * total, bounds[:, 0].sum()), min(template.total[1] * total, bounds[:, 1].sum())
    if low > high * (1 + 1e-12):
        raise PlanError(
            f"The bounds of a template cannot hold together in {channel}: its categories allow "
            f"{bounds[:, 0].sum():,.0f} to {bounds[:, 1].sum():,.0f}, its total {template.total[0] * total:,.0f} to "
            f"{template.total[1] * total:,.0f}. Widen them (campaigns.templates)."
        )
    # Money that wins less than it costs is not spent beyond the least total.
    worth = (1.0 if margin is None else margin) * returns - 1.0
    ones = np.ones(len(today))
    solved = linprog(-worth, A_ub=np.array([ones, -ones]), b_ub=[high, -low], bounds=bounds, method="highs")
    if solved.x is None:
        raise PlanError(f"No plan keeps the bounds of a template in {channel}. Widen them (campaigns.templates).")
    tidy = np.where(np.abs(solved.x - today) < 1e-9 * max(1.0, total), today, solved.x)
    return np.asarray(tidy, dtype=float)


def _lines(
    inside: pd.DataFrame, made: tuple[Floats, TemplateSettings, Mapping[str, Purpose]], gains: Floats
) -> pd.DataFrame:
    planned, template, purposes = made
    bounds = _bounds(inside, template, purposes)
    ends = np.quantile(gains, (0.05, 0.95), axis=1)
    frame = inside[["channel", "name"]].assign(
        today=inside["loaded"], planned=planned, low=bounds[:, 0], high=bounds[:, 1], gain=gains.mean(axis=1)
    )
    frame["gain_lower"], frame["gain_upper"] = ends
    total = gains.sum(axis=0)
    whole = {"channel": inside["channel"].iloc[0], "name": "", "today": frame["today"].sum(), "planned": planned.sum()}
    whole |= {"low": bounds[:, 0].sum(), "high": bounds[:, 1].sum(), "gain": total.mean()}
    whole["gain_lower"], whole["gain_upper"] = np.quantile(total, (0.05, 0.95))
    return pd.concat([frame, pd.DataFrame([whole])], ignore_index=True)
