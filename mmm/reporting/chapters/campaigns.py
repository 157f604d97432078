"""What is inside channels: efficiency by campaign and category under a stated rule, and what templates would move."""

from collections.abc import Iterator

import pandas as pd

from mmm.reporting.chapters.past import swatch
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_LEVELS = {
    "campaign": mark("By campaign"),
    "category": mark("By category"),
    "platform": mark("By platform"),
}
_TEMPLATES = {
    "conservative": mark("Conservative"),
    "growth": mark("Growth"),
    "acquisition": mark("Acquisition"),
    "content": mark("Content first"),
}
_MOST = 25
_TRIFLE = 0.5
"""Money below which nothing is said to move."""


def campaigns(m: Telling) -> Chapter | None:
    """Efficiency tables, templates and their moves. None where the settings have no campaigns."""
    found = m.lenses
    if found is None or "campaigns" not in found.frames:
        return None
    t, made = m.fmt.t, found.frames["campaigns"]
    facts = found.facts["campaigns"]
    notes = [
        t(
            "The model knows channels, not what is inside them: a channel’s effect is shared among its campaigns by "
            "“{rule}”. That is a rule and no estimate; the intervals are of the channel’s effect alone, and the last "
            "column shows what the other keys would say.",
            rule=facts["rule"],
        )
    ]
    if facts["rule"] == "spend":
        notes.append(t("By money all campaigns of a channel return the same in media: the rule says nothing of them."))
    moved = found.frames.get("moves")
    html = m.render(
        "chapters/campaigns.html.j2",
        notes=notes,
        tables=[_efficiency(m, level, rows) for level, rows in made.groupby("level", sort=False)],
        moves=[] if moved is None else list(_advice(m, moved)),
        templates=[] if moved is None else list(_templates(m, moved)),
    )
    return Chapter("campaigns", t("What works inside the channels?"), _answer(m, made), html)


def _answer(m: Telling, made: pd.DataFrame) -> str:
    """The best and the least of the broadest level, where the rule tells them apart."""
    fmt, t = m.fmt, m.fmt.t
    level = "category" if (made["level"] == "category").any() else "campaign"
    rows = made[(made["level"] == level) & made["loaded_roas"].notna()]
    if len(rows) < 2:
        return t("There is nothing to compare.")
    best, least = (rows.iloc[int(place)] for place in (rows["loaded_roas"].argmax(), rows["loaded_roas"].argmin()))
    return t(
        "By this rule {best} returns {most} per unit of all its costs, {least} {few}.",
        best=fmt.label(str(best["name"])),
        most=fmt.ratio(_estimate(best, "loaded_roas")),
        least=fmt.label(str(least["name"])),
        few=fmt.ratio(_estimate(least, "loaded_roas")),
    )


def _estimate(line: "pd.Series[float]", name: str) -> Estimate:
    return Estimate(*(float(line[f"{name}{end}"]) for end in ("", "_lower", "_upper")))


def _ratio(m: Telling, line: "pd.Series[float]", name: str) -> Cell:
    value = _estimate(line, name)
    return Cell(m.fmt.ratio(value), m.fmt.ratio_range(value)) if value.known else Cell("–")


def _channel(m: Telling, name: str) -> Cell:
    return swatch(m, name) if name in m.basis.channels else Cell(m.fmt.label(name))


def _efficiency(m: Telling, level: object, made: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t
    shown = made.nlargest(_MOST, "loaded")

    def rows() -> Iterator[tuple[Cell, ...]]:
        for _, line in shown.iterrows():
            money = (Cell(fmt.exact(float(line["spend"]))), Cell(fmt.exact(float(line["loaded"]))))
            others = fmt.span(*(fmt.number(float(line[end]), 1) for end in ("lowest", "highest")))
            share = Cell(fmt.percent(float(line["share"]), 0))
            name = Cell(fmt.label(str(line["name"])), fmt.label(str(line["channel"])))
            yield (name, *money, share, _ratio(m, line, "roas"), _ratio(m, line, "loaded_roas"), Cell(others))

    heads = (
        t("Media"),
        t("All costs"),
        t("Of the effect"),
        t("Media ROAS"),
        t("Fully loaded ROAS"),
        t("By other rules"),
    )
    caption = f"{t(_LEVELS[str(level)])}. {t('Small print: 90% intervals.')}"
    if len(shown) < len(made):
        caption += " " + t("The {n} largest of {all}.", n=len(shown), all=len(made))
    return table_of(caption, columns(t("Name"), *heads), rows())


def _named(m: Telling, template: object) -> str:
    known = _TEMPLATES.get(str(template))
    return m.fmt.t(known) if known is not None else m.fmt.label(str(template))


def _templates(m: Telling, moved: pd.DataFrame) -> Iterator[Table]:
    """A table of each template, with the channels in which it moves anything; none where it moves nothing."""
    change = (moved["planned"] - moved["today"]).abs()
    moves = change.groupby([moved["template"], moved["channel"]], sort=False).transform("max") > _TRIFLE
    for template, rows in moved[moves].groupby("template", sort=False):
        yield _template(m, template, rows)


def _template(m: Telling, template: object, made: pd.DataFrame) -> Table:
    fmt, t = m.fmt, m.fmt.t

    def line(row: "pd.Series[float]") -> tuple[Cell, ...]:
        gain = _estimate(row, "gain")
        whole = not row["name"]
        first = Cell(t("All") if whole else fmt.label(str(row["name"])), fmt.label(str(row["channel"])), strong=whole)
        change = round(float(row["planned"] - row["today"]), 2)
        return (
            first,
            Cell(fmt.exact(float(row["today"]))),
            Cell(fmt.span(*(fmt.exact(float(row[end])) for end in ("low", "high")))),
            Cell(fmt.exact(float(row["planned"]))),
            Cell(fmt.exact(change, sign=True) if abs(change) > _TRIFLE else "–"),
            Cell(fmt.money(gain, sign=True), fmt.money_range(gain)) if change or whole else Cell("–"),
        )

    what = t("Outcome won more") if m.settings.plan.margin is None else t("Profit won more")
    heads = (t("Today"), t("Allowed"), t("Planned"), t("Change"), what)
    return table_of(_named(m, template), columns(t("Category"), *heads), (line(row) for _, row in made.iterrows()))


def _advice(m: Telling, moved: pd.DataFrame) -> Iterator[str]:
    """One sentence a template: from where to where, and the money behind it."""
    fmt, t = m.fmt, m.fmt.t
    for template, rows in moved.groupby("template", sort=False):
        parts, whole = rows[rows["name"] != ""], rows[rows["name"] == ""]
        change = parts["planned"] - parts["today"]
        more, less = parts[change > _TRIFLE], parts[change < -_TRIFLE]
        gain = Estimate(*(float(whole[f"gain{end}"].sum()) for end in ("", "_lower", "_upper")))
        if more.empty and less.empty:
            yield t("{name}: nothing moves.", name=_named(m, template))
            continue
        said = mark("{name}: more for {more}, less for {less}: {gain} ({ends}) from {money} moved.")
        if less.empty:
            said = mark("{name}: more for {more}: {gain} ({ends}) from {money} more.")
        yield t(
            said,
            name=_named(m, template),
            more=fmt.join([fmt.label(str(name)) for name in more["name"]]),
            less=fmt.join([fmt.label(str(name)) for name in less["name"]]),
            gain=fmt.money(gain, sign=True),
            ends=fmt.money_range(gain),
            money=fmt.money(float(change[change > 0].sum())),
        )
