"""Settings for one table, with what was seen, what was guessed, and what only its owner knows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mmm.data.cells import texts
from mmm.data.edges import zero_runs
from mmm.data.names import COMPONENTS
from mmm.data.target import MONTH
from mmm.errors import DataError, SettingsError
from mmm.starting import words
from mmm.starting.asked import Proposal, Question, ask_currency, ask_margin, ask_target, currency_of, quoted
from mmm.starting.roles import Roles, Unpaid, date_of, roles_of
from mmm.starting.sight import Sight
from mmm.suggest import suggestion

_WEEKEND = (5, 6)
_FOUR_WEEKS, _LONGEST_MONTH = 28, 31


def propose(sight: Sight, source: Any, name: str, answers: Mapping[str, str]) -> Proposal:
    """Settings for one table; ``source`` is what ``data.source`` has to say, ``answers`` what is known by key.

    Raises DataError where no column is a period or an outcome, SettingsError for an answer that cannot be.
    """
    found = Proposal({"name": name})
    date = date_of(sight)
    if date is None:
        raise DataError(f"{sight.name}: no column holds days or weeks. {_columns(sight)}")
    given = answers.get("outcome")
    if given is not None and given not in sight.columns:
        raise SettingsError(f"outcome: '{given}' is no column of {sight.name}. {suggestion(given, sight.columns)}")
    roles = roles_of(sight, date, given)
    if not roles.outcomes:
        raise DataError(
            f"{sight.name}: no column is called like an outcome. Name it: --outcome COLUMN. {_columns(sight)}"
        )
    if not roles.channels and roles.long is None:
        raise DataError(f"{sight.name}: no column is called like spend or a channel. {_columns(sight)}")
    data: dict[str, Any] = {"source": source}
    found.document["data"] = data
    _period(found, sight, roles, answers)
    _outcome(found, sight, roles, answers)
    _spans(found, roles)
    _channels(found, roles)
    _others(found, sight, roles)
    _text(found, sight, roles, answers)
    found.unused = roles.unused
    return found


def _columns(sight: Sight) -> str:
    return f"Its columns: {', '.join(sight.columns[:20])}{', ...' if len(sight.columns) > 20 else ''}."


def _period(found: Proposal, sight: Sight, roles: Roles, answers: Mapping[str, str]) -> None:
    data, look = found.document["data"], roles.date
    if roles.long is not None:
        data["layout"] = "long"
    data["date"] = look.column
    if look.date_format is not None:
        data["date_format"] = look.date_format
        if look.others:
            formats = (look.date_format, *look.others)
            example = str(sight.cells(look.column).iloc[0])
            data["date_format"] = found.ask(
                Question(
                    "date_format",
                    f"How is the date {example} written?",
                    look.date_format,
                    f"Dates such as {example} are read as {look.date_format}; {' or '.join(look.others)} fits as well.",
                    formats,
                ),
                answers,
            )
    days = np.unique(look.days[~np.isnat(look.days)])
    steps = np.diff(days).astype("timedelta64[D]").astype(int)
    weekday = int((days[0].astype("datetime64[D]").astype(int) + 3) % 7) if days.size else 0
    if steps.size and np.median(steps) == 7 and weekday in _WEEKEND and _plain_days(sight, look.column):
        named = {"end", "ending", "ende", "bis"}.intersection(words.parts(look.column))
        guess = "end" if named else "start"
        day = ("Saturday", "Sunday")[weekday - 5]
        label = found.ask(
            Question(
                "week_label",
                f"Weeks are labelled by a {day}. Is it their first day (start) or their last (end)?",
                guess,
                f"Weeks are labelled by a {day}, taken for their {'last' if named else 'first'} day.",
                ("start", "end"),
            ),
            answers,
        )
        data["week_label"] = label
        found.comments["data.week_label"] = f"Weekly rows on a {day}: its first day (start) or its last (end)?"
    if roles.geo is not None:
        data["geo"] = roles.geo


def _spans(found: Proposal, roles: Roles) -> None:
    """Rows of months or of four weeks, where all of the table has them: ``data.target.every``."""
    days = pd.DatetimeIndex(np.unique(roles.date.days[~np.isnat(roles.date.days)]))
    steps = np.diff(days.to_numpy()).astype("timedelta64[D]").astype(int)
    if not steps.size or roles.long is not None:
        return
    if (steps == _FOUR_WEEKS).all():
        every, told = "4 weeks", "four weeks"
    elif (days.day == 1).all() and steps.min() >= _FOUR_WEEKS and steps.max() <= _LONGEST_MONTH:
        every, told = MONTH, "a month"
    else:
        return
    found.document["data"]["target"]["every"] = every
    found.notes.append(
        f"Each row is {told}, so media are taken as even over its days: by week or day they would say much more."
    )


def _plain_days(sight: Sight, column: str) -> bool:
    first = str(sight.cells(column).iloc[0])
    return "W" not in first and " - " not in first and len(first.strip()) != 6


def _outcome(found: Proposal, sight: Sight, roles: Roles, answers: Mapping[str, str]) -> None:
    data, column = found.document["data"], roles.outcomes[0]
    if len(roles.outcomes) > 1:
        column = found.ask(
            Question(
                "outcome",
                "Which column is the outcome?",
                column,
                f"The outcome is taken to be '{column}'; {quoted(roles.outcomes[1:])} may be one as well.",
                tuple(sight.columns),
            ),
            answers,
        )
    ask_target(found, column, answers, roles.value, sight.columns)
    currency, seen = currency_of(sight)
    said = "" if seen else f"No currency stands in the file; {currency} is a guess that changes names and signs only."
    data["currency"] = ask_currency(found, currency, said, answers)
    if data["target"]["kind"] == "revenue" or "value_per_unit" in data["target"]:
        ask_margin(found, answers)


def _channels(found: Proposal, roles: Roles) -> None:
    data = found.document["data"]
    channels: dict[str, Any] = {}
    if roles.long is not None:
        for label in roles.long.labels:
            more: dict[str, Any] = {} if roles.long.media is None else {"media": roles.long.media}
            channels[_free(label)] = {"label": label, **more} if more or label in COMPONENTS else label
        data["channels"] = channels
        data["long"] = {"channel": roles.long.channel, "spend": roles.long.spend}
        if roles.long.absent:
            data["long"]["absent_rows"] = "zero"
            found.notes.append("Channels without a row in a period are taken to have spent nothing then.")
        return
    for paid in roles.channels:
        units: dict[str, Any] = {} if paid.media is None else {"media": paid.media}
        if paid.unit is not None:
            units["media_unit"] = paid.unit
        channels[_free(paid.name)] = {"spend": paid.spend, **units} if units else paid.spend
    channels |= {_free(each.name): unpaid_channel(each) for each in roles.unpaid}
    if roles.unpaid:
        named = quoted([each.media for each in roles.unpaid])
        found.notes.append(f"{named}: media without spend; they get a contribution and no return (role).")
    data["channels"] = channels
    found.comments["data.channels"] = "Spend of each channel; media units, where there are some, drive its response."


def unpaid_channel(media: Unpaid) -> dict[str, str]:
    """What ``data.channels`` says of media without spend."""
    return {"role": media.role, "media": media.media, **({"media_unit": media.unit} if media.unit else {})}


def _free(name: str) -> str:
    return f"{name}_channel" if name in COMPONENTS else name


def _others(found: Proposal, sight: Sight, roles: Roles) -> None:
    data = found.document["data"]
    channels = data["channels"]
    plain = [column for column in roles.controls if column not in COMPONENTS and column not in channels]
    renamed = {f"{column}_control": column for column in roles.controls if column not in plain}
    controls: dict[str, Any] = {name: name for name in starred(plain, sight.columns)} | renamed
    for column, level in roles.levels.items():
        controls[column] = {"column": column, "categorical": True, "reference": level}
    if controls:
        listed = all(name == item for name, item in controls.items())
        data["controls"] = list(controls) if listed else controls
        found.comments["data.controls"] = (
            "What else moves the outcome and is not moved by it. Take out what you do not believe in."
        )
    if roles.population is not None and roles.geo is not None:
        data["population"] = roles.population
    elif roles.population is not None:
        roles.unused[roles.population] = "the data are national: the size of a geo changes nothing"
    spans = partial_geos(sight, roles) if roles.geo is not None else {}
    if spans:
        data["partial_geos"] = spans
        found.comments["data.partial_geos"] = "These geos start late or end early, as rows or runs of zeros say."
        found.notes.append(f"{quoted(list(spans))}: taken to have opened late or closed early (data.partial_geos).")


def starred(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The names, with ``hldy_*`` for four and more that begin alike where all columns that begin so are among them."""
    found: list[str] = []
    for name in names:
        head = name.split("_")[0] + "_"
        alike = [other for other in columns if other.startswith(head)]
        whole = len(alike) >= 4 and "_" in name and set(alike) <= set(names) and "*" not in head
        found.append(f"{head}*" if whole else name)
    return list(dict.fromkeys(found))


def partial_geos(sight: Sight, roles: Roles) -> dict[str, dict[str, str]]:
    """First and last day of geos that lack rows, or hold nothing but zeros, at an end of the span."""
    days, geos = roles.date.days, texts(sight.cells(roles.geo or ""))[0]
    values = sight.numbers(roles.outcomes[0])
    if values is None or np.isnat(days).any():
        return {}
    dates, at = np.unique(days, return_inverse=True)
    names = sorted(set(geos))
    panel = np.full((dates.size, len(names)), np.nan)
    panel[at, [names.index(geo) for geo in geos]] = values
    spans: dict[str, dict[str, str]] = {}
    for g, name in enumerate(names):
        known = np.flatnonzero(np.isfinite(panel[:, g]))
        if not known.size:
            continue
        first, last = int(known[0]), int(known[-1])
        for run in zero_runs(panel[:, [g]]):
            first, last = (run.last + 1, last) if run.side == "start" else (first, last)
            last = run.first - 1 if run.side == "end" else last
        ends = {"start": first} if first > 0 else {}
        ends |= {"end": last} if last < dates.size - 1 else {}
        if ends:
            spans[name] = {side: str(dates[i].astype("datetime64[D]")) for side, i in ends.items()}
    return spans


def _text(found: Proposal, sight: Sight, roles: Roles, answers: Mapping[str, str]) -> None:
    options: dict[str, Any] = dict(sight.options)
    if sight.signs.others:
        readings = [sight.signs.stated, *sight.signs.others]
        named = {_signs(reading): reading for reading in readings}
        chosen = found.ask(
            Question(
                "signs",
                f"How is the number {sight.signs.example} written?",
                next(iter(named)),
                f"Numbers such as {sight.signs.example} are read with {next(iter(named))}; another way is possible.",
                tuple(named),
            ),
            answers,
        )
        options = {k: v for k, v in options.items() if k not in ("decimal", "thousands")} | named[chosen]
    token = _nothing(sight, roles)
    if token is not None:
        chosen = found.ask(
            Question(
                "nothing",
                f"Spend and media hold '{token}'. Was there nothing (zero), or is the value missing (missing)?",
                "zero",
                f"'{token}' in spend and media is taken to say that there was nothing.",
                ("zero", "missing"),
            ),
            answers,
        )
        if chosen == "zero":
            options["zero"] = [token]
    if options:
        found.document["data"]["csv"] = options
        found.comments["data.csv"] = "How the file writes its cells."


def _signs(reading: Mapping[str, str]) -> str:
    return ", ".join(f"{key} '{sign}'" for key, sign in reading.items()) or "decimal '.'"


def _nothing(sight: Sight, roles: Roles) -> str | None:
    """What stands in cells of spend and media that hold no number, where it is one text."""
    seen: set[str] = set()
    money = [c for paid in roles.channels for c in (paid.spend, paid.media) if c is not None]
    if roles.long is not None:
        money = [roles.long.spend]
    for column in money:
        cells = sight.cells(column)
        seen |= {cell.strip() for cell in cells if isinstance(cell, str) and not any(c.isdigit() for c in cell)}
    seen.discard("")
    return seen.pop() if len(seen) == 1 else None
