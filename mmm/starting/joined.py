"""Settings for several files: platforms' exports, orders, trends and plain tables, joined on one calendar."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmm.data.exports.channels import channel_of
from mmm.data.exports.periods import weekday
from mmm.data.exports.rows import TABLE, Rows, rows_of
from mmm.data.exports.settings import WEEKDAYS, SourceSettings
from mmm.data.problems import Problems
from mmm.errors import DataError, SettingsError
from mmm.starting import words
from mmm.starting.asked import Proposal, Question, ask_currency, ask_margin, ask_target, quoted, stated_currency
from mmm.starting.proposal import unpaid_channel
from mmm.starting.roles import Paid, Roles, Unpaid, date_of, roles_of
from mmm.starting.sight import Sight
from mmm.suggest import suggestion

_MEANS = frozenset(
    ["price", "preis", "precio", "prix", "index", "score", "temperature", "rate", "share", "distribution", "average"]
)
"""Words of columns whose days make a week by their mean."""
_MOST_CHANNELS = 12


@dataclass(frozen=True)
class Table:
    """A plain table of outcomes and controls, and the column of its spend by channel."""

    sight: Sight
    entry: dict[str, Any]
    outcomes: tuple[str, ...]
    controls: tuple[str, ...]
    spend: Mapping[str, tuple[str, str | None, str | None]]
    """By channel: spend, media and its unit, as columns of the panel."""
    unpaid: tuple[Unpaid, ...] = ()


@dataclass(frozen=True)
class Export:
    """Files of one reader whose rows are of one export."""

    rows: tuple[Rows, ...]
    entry: dict[str, Any]

    @property
    def reader_gives(self) -> str:
        return self.rows[0].reader.gives


def propose_joined(
    paths: Sequence[Path], sights: Mapping[Path, Sight], folder: Path, name: str, answers: Mapping[str, str]
) -> Proposal:
    """Settings with ``data.sources`` for ``paths``; ``sights`` are those of files that no reader knows.

    Raises DataError where no file holds an outcome, or none spend.
    """
    found = Proposal({"name": name})
    exports = _exports([p for p in paths if p not in sights], folder, found)
    looked = (_table(path, sights[path], folder, found) for path in paths if path in sights)
    tables = [table for table in looked if table is not None]
    data: dict[str, Any] = {"sources": [t.entry for t in tables] + [e.entry for e in exports]}
    found.document["data"] = data
    outcome = _outcome(tables, exports, found, answers)
    _calendar(data, tables, exports, found)
    money = _currency(tables, exports, found, answers)
    ask_target(found, outcome, answers, None)
    data["currency"] = money
    ask_margin(found, answers)
    _rates(data, exports, money, found, answers)
    _channels(data, tables, exports)
    _controls(data, tables, exports, outcome, found)
    if not data["channels"]:
        raise DataError("No file holds spend: none is an export of a platform or has columns called so.")
    found.comments["data.sources"] = (
        "Files, how each is read, and by which rules its rows are channels. docs/sources.md"
    )
    found.comments["data.channels"] = "Spend and media of each channel, as the sources' columns are called."
    return found


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _exports(paths: Sequence[Path], folder: Path, found: Proposal) -> list[Export]:
    made = []
    for path in paths:
        rows = rows_of(path, SourceSettings(file=path.name))
        entry: dict[str, Any] = {"file": _relative(path, folder), "kind": rows.kind}
        if rows.reader.gives == "media":
            rules = _rules(rows)
            if rules:
                entry["channels"] = rules
            # A platform that was not yet used has no rows; what is missing in truth looks the same.
            entry["outside"] = "zero"
        made.append(Export((rows,), entry))
    taken: dict[str, str] = {}
    for export in made:
        for channel in _names(export):
            if channel in taken:
                raise DataError(
                    f"{export.rows[0].file} and {taken[channel]} both give channel '{channel}'. Name them by one "
                    "pattern in data.sources (file: 'google*.csv'), or start with one of them."
                )
            taken[channel] = export.rows[0].file
    if any(export.reader_gives == "media" for export in made):
        found.notes.append("Before the first and after the last row of a platform's file nothing was spent (outside).")
    return made


def _rules(rows: Rows) -> dict[str, Any]:
    """A channel for each level of the label by which the campaigns differ in kind, where there are several."""
    cells = rows.labels.get(rows.reader.splits)
    if cells is None:
        return {}
    spend = rows.amounts.get("spend", np.zeros(len(cells)))
    sums: dict[str, float] = defaultdict(float)
    for cell, money in zip(cells, spend, strict=True):
        sums[cell] += float(money)
    levels = [cell for cell in sorted(sums, key=lambda c: -sums[c]) if sums[cell] > 0 and cell]
    if not 1 < len(levels) <= _MOST_CHANNELS or any("*" in level for level in levels):
        return {}
    head = rows.reader.channel.removesuffix("_ads")
    rules: dict[str, Any] = {f"{head}_{_plain(level)}": {rows.reader.splits: level} for level in levels}
    if len(rules) < len(levels):
        return {}
    if set(sums) - set(levels):
        rules[f"{head}_other"] = "*"
    return rules if "campaign" in rows.labels or set(sums) <= set(levels) else {}


def _plain(text: str) -> str:
    return re.sub(r"\W+", "_", text.casefold()).strip("_") or "other"


def _names(export: Export) -> list[str]:
    """Channels of an export that have spend."""
    if export.reader_gives != "media":
        return []
    rules = export.entry.get("channels", {})
    return [n for n in rules if not n.endswith("_other")] or [export.rows[0].reader.channel or export.rows[0].kind]


def _table(path: Path, sight: Sight, folder: Path, found: Proposal) -> Table | None:
    date = date_of(sight)
    if date is None:
        found.notes.append(f"{path.name} is left out: no column holds days or weeks.")
        return None
    roles = roles_of(sight, date)
    if roles.geo is not None or roles.long is not None:
        raise DataError(
            f"{path.name} has a row a {'region' if roles.geo else 'channel'} and period; files are joined to one "
            "national panel. Sum it first, or start with this file alone."
        )
    platform = _platform(path, roles)
    if platform is not None:
        roles = replace(roles, channels=(platform,), unpaid=())
    columns = {column: column for column in (*roles.outcomes, *roles.controls, *(u.media for u in roles.unpaid))}
    spend: dict[str, tuple[str, str | None, str | None]] = {}
    for paid in roles.channels:
        money, media = paid.spend, paid.media
        if platform is not None:
            money, media = f"{paid.name}_spend", f"{paid.name}_{paid.unit}" if paid.media is not None else None
        columns[money] = paid.spend
        if media is not None and paid.media is not None:
            columns[media] = paid.media
        spend[paid.name] = (money, media, paid.unit)
    entry: dict[str, Any] = {"file": _relative(path, folder), "kind": TABLE, "date": date.column}
    if date.date_format is not None:
        entry["date_format"] = date.date_format
    entry["columns"] = {
        name: {"column": column, "over_time": "mean"} if _is_mean(sight, column) else column
        for name, column in columns.items()
    }
    csv = {key: value for key, value in sight.options.items() if key in ("decimal", "thousands")}
    if sight.signs.others and csv:
        entry["csv"] = csv
        found.notes.append(f"{path.name}: numbers such as {sight.signs.example} are read with {csv}.")
    left = [column for column in (*roles.levels, *roles.unused) if column and column not in roles.outcomes]
    if left:
        found.notes.append(f"{path.name}: {quoted(left)} not taken.")
    return Table(sight, entry, roles.outcomes, roles.controls, spend, roles.unpaid)


def _platform(path: Path, roles: Roles) -> Paid | None:
    """The channel of a file of one platform that no reader knows, called as the file is where its columns name none.

    Two such files have columns of the same names; of several media columns the first is its media.
    """
    if roles.outcomes or len(roles.channels) != 1 or not words.is_spend_alone(roles.channels[0].spend):
        return None
    paid, name = roles.channels[0], _plain(path.name.partition(".")[0])
    beside = [] if paid.media is not None else [u for u in roles.unpaid if u.unit is not None and u.role == "organic"]
    if not beside:
        return replace(paid, name=name)
    shown = min(beside, key=lambda unpaid: words.worth(unpaid.unit or ""))
    return Paid(name, paid.spend, shown.media, shown.unit)


def _is_mean(sight: Sight, column: str) -> bool:
    """Whether days make a week by their mean: prices, indices, and what is 0 or 1."""
    values = sight.numbers(column)
    flag = values is not None and bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())
    return flag or words.has(column, _MEANS)


def _outcome(tables: list[Table], exports: list[Export], found: Proposal, answers: Mapping[str, str]) -> str:
    """The column of the panel that is the outcome; tables of sales come before what platforms say of them."""
    names = [column for table in tables for column in table.outcomes]
    names += [n for e in exports if e.reader_gives == "panel" for n in e.rows[0].amounts if n in ("revenue", "orders")]
    if not names:
        raise DataError(
            "No file holds an outcome: a table with a column of days and one called revenue, sales, orders or the "
            "like, or orders of a shop. Name such a file too."
        )
    given = answers.get("outcome")
    if given is not None and given not in names:
        raise SettingsError(f"outcome: '{given}' is none of the columns that may be one. {suggestion(given, names)}")
    if len(names) == 1:
        return names[0]
    return found.ask(
        Question(
            "outcome", "Which column is the outcome?", names[0],
            f"The outcome is taken to be '{names[0]}'; {quoted(names[1:])} may be one as well.", tuple(names),
        ),
        answers,
    )  # fmt: skip


def _calendar(data: dict[str, Any], tables: list[Table], exports: list[Export], found: Proposal) -> None:
    """Weeks: those of a weekly outcome, else those that all weekly files share, else from Monday; others are split."""
    weekly: dict[str, int] = {}
    for export in exports:
        rows = export.rows[0]
        if rows.days.size and (rows.days == 7).all():
            weekly[export.entry["file"]] = weekday(rows.start[0])
    first = None
    for table in tables:
        date = date_of(table.sight)
        days = np.unique(date.days[~np.isnat(date.days)]) if date is not None else np.array([])
        if days.size > 1 and np.median(np.diff(days).astype("timedelta64[D]").astype(int)) == 7:
            weekly[table.entry["file"]] = weekday(days[0])
            first = weekday(days[0]) if first is None and table.outcomes else first
    anchor = first if first is not None else (max(weekly.values(), key=list(weekly.values()).count) if weekly else 0)
    if weekly and first is None and any(t.outcomes for t in tables):
        anchor = 0 if len(set(weekly.values())) > 1 else anchor
    data["calendar"] = {"period": "week", "starts": WEEKDAYS[anchor]}
    for entry in data["sources"]:
        if weekly.get(entry["file"], anchor) != anchor:
            entry["split"] = "days"
            found.notes.append(
                f"{Path(entry['file']).name} has weeks from {WEEKDAYS[weekly[entry['file']]].capitalize()}, the panel "
                f"from {WEEKDAYS[anchor].capitalize()}: they are spread evenly over their days (split: days)."
            )


def _currency(tables: list[Table], exports: list[Export], found: Proposal, answers: Mapping[str, str]) -> str:
    """The currency of most rows of spend, or that of plain tables, which are not converted.

    Raises DataError where a plain table says that it is in another one.
    """
    stated = {t.sight.name: code for t in tables if (code := stated_currency(t.sight)) is not None}
    codes = [c for e in exports for c in e.rows[0].currency if c]
    if stated:
        code = next(iter(stated.values()))
        others = sorted({code, *codes} - {code})
        said = (
            f"{code} is taken as the currency of the panel; files are in {code}, {', '.join(others)}." if others else ""
        )
        money = ask_currency(found, code, said, answers)
        for name, own in stated.items():
            if own != money:
                raise DataError(
                    f"{name} says that its money is in {own}, and the panel is in {money}; rows of a plain table are "
                    f"added as they are. Convert it to {money} first, or let the panel be in {own}."
                )
        return money
    guess = max(sorted(set(codes)), key=codes.count) if codes else "USD"
    seen = bool(codes) and len(set(codes)) == 1
    said = "" if seen else (
        f"{guess} is taken as the currency of the panel; files are in {', '.join(sorted(set(codes)))}." if codes else
        f"No currency stands in the files; {guess} is a guess that changes names and signs only."
    )  # fmt: skip
    return ask_currency(found, guess, said, answers)


def _rates(
    data: dict[str, Any], exports: list[Export], currency: str, found: Proposal, answers: Mapping[str, str]
) -> None:
    others = sorted({c for e in exports for c in e.rows[0].currency if c and c != currency})
    rates = {}
    for code in others:
        given = found.ask(Question(f"rate_{code}", f"What is one {code} in {currency} (empty: later)?", ""), answers)
        if given:
            try:
                rates[code] = float(given)
            except ValueError:
                raise SettingsError(f"rate_{code}: '{given}' is no number. Write 0.92.") from None
    if rates:
        data["rates"] = rates
    if len(rates) < len(others):
        missing = [code for code in others if code not in rates]
        found.notes.append(
            f"Set data.rates for {', '.join(missing)}: what one unit is in {currency}; it is not guessed."
        )


def _channels(data: dict[str, Any], tables: list[Table], exports: list[Export]) -> None:
    channels: dict[str, Any] = {}
    for table in tables:
        for name, (spend, media, unit) in table.spend.items():
            counted = {"media_unit": unit} if unit else {}
            channels[name] = {"spend": spend, "media": media, **counted} if media else spend
        channels |= {each.name: unpaid_channel(each) for each in table.unpaid}
    for export in exports:
        rows = export.rows[0]
        given = {key: item for key, item in export.entry.items() if key == "channels"}
        of = channel_of(rows, SourceSettings.model_validate({"file": rows.file, **given}), Problems(rows.file))
        shown = rows.amounts.get("impressions", np.zeros(of.size))
        for name in _names(export):
            seen = bool(shown[of == name].sum() > 0)
            more = {"media": f"{name}_impressions", "media_unit": "impressions"} if seen else {}
            channels[name] = {"spend": f"{name}_spend", **more} if more else f"{name}_spend"
    data["channels"] = channels


def _controls(data: dict[str, Any], tables: list[Table], exports: list[Export], outcome: str, found: Proposal) -> None:
    controls = [column for table in tables for column in table.controls]
    for export in exports:
        if export.reader_gives == "panel":
            terms = export.rows[0].amounts
            kept = [n for n in terms if n.startswith(("trends_", "query_volume")) and n != outcome]
            controls += [n for n in kept if np.ptp(terms[n]) > 0]
            same = [n for n in kept if np.ptp(terms[n]) == 0]
            if same:
                found.notes.append(f"{export.rows[0].file}: {quoted(same)} not taken, the same in every row.")
    if controls:
        data["controls"] = list(dict.fromkeys(controls))
        found.comments["data.controls"] = "What else moves the outcome and is not moved by it."
