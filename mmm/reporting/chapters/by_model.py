"""What the report says of the models of a mixture: what differs between them, and where that changes the advice."""

from collections.abc import Iterator

import pandas as pd

from mmm.planning.models import PlanByModel
from mmm.reporting.content.material import ModelViews
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.parts import Cell, Column, Table, table_of
from mmm.reporting.pages.telling import Telling

_MOST_MODELS = 7
# Between-model share of a channel's variance above which the models are said to disagree.
_APART = 0.25


def agreement(models: int, fitted: int, between: pd.Series, fmt: Formatter) -> str:
    """How many models there are, and on which channels they disagree. ``between`` is the share by channel."""
    t = fmt.t
    start = t(
        "Nobody knows how long advertising works on, or how its returns diminish. So {count} models were fitted that "
        "differ in this, and each counts as much as its forecasts of periods left out of the data deserve.",
        count=fmt.number(max(fitted, models)),
    )
    if fitted > models:
        start += " " + fmt.plural(
            "{n} of them has weight enough to count here.",
            "{n} of them have weight enough to count here.",
            models,
        )
    apart = [fmt.label(str(name)) for name in between.sort_values(ascending=False).index if between[name] > _APART]
    if not apart:
        return f"{start} {t('They agree on every channel to within what each leaves open itself.')}"
    end = t(
        "They disagree on {names}: much of what is uncertain there is which model holds, and more periods of the same "
        "kind will not settle it. A test would.",
        names=fmt.join(apart),
    )
    return f"{start} {end}"


def disputes(found: PlanByModel, fmt: Formatter) -> list[str]:
    """One warning a channel whose direction in the plan some models speak against."""
    return [
        fmt.t(
            "The direction of {name} depends on the model: {models}, with {share} of the weight, would rather move its "
            "money the other way.",
            name=fmt.label(name),
            models=fmt.join([fmt.t("“{name}”", name=m) for m in against]),
            share=fmt.percent(weight),
        )
        for name, (against, weight) in found.disputed.items()
    ]


def gains(found: PlanByModel, fmt: Formatter) -> str:
    """The plan's gain over the range of models."""
    t, table = fmt.t, found.gain.sort_values("gain")
    low, high = float(table["gain"].iloc[0]), float(table["gain"].iloc[-1])
    if low > 0:
        return t(
            "Under every one of them the plan is expected to gain: from {low} ({least}) to {high} ({most}).",
            low=fmt.outcome(low),
            least=t("“{name}”", name=table.index[0]),
            high=fmt.outcome(high),
            most=t("“{name}”", name=table.index[-1]),
        )
    losing = table.index[table["gain"] <= 0]
    return t(
        "Under {models}, with {share} of the weight, the plan is not expected to gain.",
        models=fmt.join([t("“{name}”", name=name) for name in losing]),
        share=fmt.percent(float(table.loc[table["gain"] <= 0, "weight"].sum())),
    )


def models_text(views: ModelViews, m: Telling) -> str:
    """How far the models agree, and what each says of the plan."""
    count = views.returns["model"].nunique()
    return f"{agreement(count, views.fitted, views.between, m.fmt)} {gains(views.plan, m.gain_fmt)}"


def return_of_model(line: pd.Series, q: str, fmt: Formatter) -> Cell:
    """A channel's return under one model."""
    value = Estimate(*(float(line[f"roas{end}"]) for end in ("", "_lower", "_upper")), q=q)
    return Cell(fmt.ratio(value), fmt.ratio_range(value))


def models_table(views: ModelViews, m: Telling) -> Table:
    """Return of every channel under the heaviest models: one column a model."""
    fmt, table = m.fmt, views.returns
    weights = table.groupby("model", sort=False)["weight"].first().head(_MOST_MODELS)
    head = (
        Column(fmt.t("Channel"), number=False),
        *(Column(f"{name} ({fmt.percent(weight)})") for name, weight in weights.items()),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for channel, lines in table.groupby("channel", sort=False):
            found = lines.set_index("model").loc[list(weights.index)]
            cells = [return_of_model(line, f"model/{name}/{channel}/roas", fmt) for name, line in found.iterrows()]
            yield Cell(fmt.label(str(channel))), *cells

    caption = fmt.t(
        "Average return per {amount} under each model alone, with the model’s weight; small print: 90% intervals.",
        amount=fmt.next_amount,
    )
    return table_of(caption, head, rows(), compact=True, folded=True)
