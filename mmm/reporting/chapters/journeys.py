"""Who gets the credit in journeys, beside the model: where they differ by more than their intervals, and why."""

from collections.abc import Iterator

import pandas as pd

from mmm.reporting.chapters.past import swatch
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.parts import Cell, Chapter, Table, columns, table_of
from mmm.reporting.pages.telling import Telling

_RULES = {
    "first": mark("First"),
    "last": mark("Last"),
    "linear": mark("Linear"),
    "time_decay": mark("Time decay"),
    "position": mark("Position"),
    "markov": "Markov",
    "shapley": "Shapley",
    "shapley_rate": mark("Shapley, by rate"),
}
_ADDING = ("markov", "shapley", "shapley_rate")
"""Rules that go by what is lost without a channel, not by places in a journey; a table of eight fits no page."""
_VERDICTS = {"more": mark("credited more"), "less": mark("credited less"), "alike": mark("not told apart")}


def journeys(m: Telling) -> Chapter | None:
    """Attribution beside the model, all rules, roles. None where the settings have no journeys."""
    found = m.lenses
    if found is None or "credit" not in found.frames:
        return None
    frames, fmt, t = found.frames, m.fmt, m.fmt.t
    apart = frames["beside"][frames["beside"]["verdict"] != "alike"]
    whys = [
        t(
            "{name}: {reason}. To decide it: {test}.",
            name=fmt.label(str(name)),
            reason=t(line["reason"]),
            test=t(line["test"]),
        )
        for name, line in apart.iterrows()
    ]
    html = m.render(
        "chapters/journeys.html.j2",
        beside=_beside(m, frames["beside"]),
        whys=whys,
        rules=[_by_rule(m, frames["credit"], adding=adding) for adding in (False, True)],
        roles=_roles(m, frames["roles"]),
        counted=_counted(m),
    )
    return Chapter("journeys", t("Who was there before people bought?"), _answer(m, apart), html)


def _answer(m: Telling, apart: pd.DataFrame) -> str:
    fmt, t = m.fmt, m.fmt.t
    if apart.empty:
        return t("Journeys and model do not differ by more than their intervals.")
    return t(
        "Journeys and model differ by more than their intervals on {names}. Journeys describe; only a test decides.",
        names=fmt.join([fmt.label(str(name)) for name in apart.index]),
    )


def _named(m: Telling, channel: str) -> Cell:
    return swatch(m, channel) if channel in m.basis.channels else Cell(m.fmt.label(channel))


def _share(m: Telling, line: "pd.Series[float]", name: str, ends: tuple[str, str]) -> Cell:
    value = Estimate(float(line[name]), float(line[ends[0]]), float(line[ends[1]]))
    return Cell(m.fmt.percent(value), m.fmt.percent_range(value))


def _beside(m: Telling, table: pd.DataFrame) -> Table:
    t = m.fmt.t
    rule = _RULES[m.lenses.facts["rule"]] if m.lenses is not None else ""

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in table.iterrows():
            both = (_share(m, line, one, (f"{one}_lower", f"{one}_upper")) for one in ("model", "attributed"))
            verdict = str(line["verdict"])
            yield (_named(m, str(name)), *both, Cell(t(_VERDICTS[verdict]), tone="" if verdict == "alike" else "warn"))

    caption = t(
        "Shares among the channels that both know: of the model’s effect, and of the credit in journeys ({rule}). "
        "Small print: 90% intervals.",
        rule=t(rule),
    )
    heads = (t("Of the model’s effect"), t("Of the journeys’ credit"), t("Journeys against the model"))
    return table_of(caption, columns(t("Channel"), *heads), rows())


def _by_rule(m: Telling, table: pd.DataFrame, *, adding: bool) -> Table:
    t = m.fmt.t
    rules = [rule for rule in dict.fromkeys(table["rule"]) if (rule in _ADDING) == adding]
    channels = list(dict.fromkeys(table["channel"]))
    lines = table.set_index(["rule", "channel"])

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name in channels:
            cells = (_share(m, lines.loc[(rule, name)], "share", ("lower", "upper")) for rule in rules)
            yield (_named(m, str(name)), *cells)

    what = m.lenses.facts["measure"] if m.lenses is not None else "value"
    said = (
        mark("Share of the credited money by rule.")
        if what == "value"
        else mark("Share of the credited conversions by rule.")
    )
    said = mark("Credit by what a channel adds.") if adding else said
    caption = f"{t(said)} {t('Small print: 90% intervals.')}"
    return table_of(caption, columns(t("Channel"), *(t(_RULES[rule]) for rule in rules)), rows())


def _roles(m: Telling, table: pd.DataFrame) -> Table:
    t, fmt = m.fmt.t, m.fmt

    def rows() -> Iterator[tuple[Cell, ...]]:
        for name, line in table.iterrows():
            numbers = (fmt.number(float(line[role])) for role in ("opens", "assists", "closes", "alone"))
            yield (_named(m, str(name)), *(Cell(text) for text in numbers))

    caption = t("Conversions in whose journey a channel came first, between, last, or alone.")
    return table_of(caption, columns(t("Channel"), t("Opens"), t("Assists"), t("Closes"), t("Alone")), rows())


def _counted(m: Telling) -> str:
    facts = m.lenses.facts["journeys"] if m.lenses is not None else {}
    fmt = m.fmt
    return fmt.t(
        "{journeys} journeys of {persons} persons; of {conversions} conversions {credited} are credited, {without} had "
        "no touch before them and are credited to nobody.",
        journeys=fmt.number(facts["journeys"]),
        persons=fmt.number(facts["persons"]),
        conversions=fmt.number(facts["conversions"]),
        credited=fmt.number(facts["credited"]),
        without=fmt.number(facts["without_touch"]),
    )
