"""Which column of one table is what: by what it is called and by what it holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from mmm.data.cells import FloatArray, texts
from mmm.starting import words
from mmm.starting.sight import DateLook, Sight, day_look

_MOST_LEVELS = 20
_MOST_LABELS = 50


@dataclass(frozen=True)
class Paid:
    """A channel: the column of its spend, and that of its media units."""

    name: str
    spend: str
    media: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Unpaid:
    """Media without spend: a newsletter, what competitors advertise."""

    name: str
    media: str
    unit: str | None
    role: str


@dataclass(frozen=True)
class Long:
    """The columns of a long table, and the channels that it names."""

    channel: str
    spend: str
    labels: tuple[str, ...]
    media: str | None = None
    absent: bool = False
    """Whether some channel has no row for a date and geo that others have."""


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are taken for."""

    date: DateLook
    outcomes: tuple[str, ...]
    """Columns that may be the outcome, the likeliest first."""
    geo: str | None = None
    long: Long | None = None
    channels: tuple[Paid, ...] = ()
    unpaid: tuple[Unpaid, ...] = ()
    controls: tuple[str, ...] = ()
    levels: dict[str, str] = field(default_factory=dict)
    """Categorical controls with their commonest level."""
    value: str | None = None
    population: str | None = None
    unused: dict[str, str] = field(default_factory=dict)
    """Columns that are left out, and why."""


def date_of(sight: Sight) -> DateLook | None:
    """The column of the period: the first that holds days, those called so before others."""
    looks = [look for column in dict.fromkeys(sight.columns) if (look := day_look(column, sight.cells(column)))]
    if looks:
        return min(looks, key=lambda look: not words.has(look.column, words.DATE))
    # Days that cannot be read yet, as months or with a time zone: what is wrong with them is said when they are read.
    named = next((c for c in sight.columns if words.has(c, words.DATE)), None)
    rows = np.arange(len(sight.table.frame)).astype("datetime64[D]").astype("datetime64[ns]")
    return None if named is None else DateLook(named, rows)


def roles_of(sight: Sight, date: DateLook, outcome: str | None = None) -> Roles:
    """What every column is taken for; ``outcome`` is the column of the outcome, where that is known."""
    return _Reading(sight, date, outcome).roles()


@dataclass
class _Reading:
    sight: Sight
    date: DateLook
    outcome: str | None
    unused: dict[str, str] = field(default_factory=dict)

    def roles(self) -> Roles:
        columns = [c for c in dict.fromkeys(self.sight.columns) if c != self.date.column]
        numbers = {c: values for c in columns if (values := self.sight.numbers(c)) is not None}
        geo, long = self._keys([c for c in columns if c not in numbers], numbers)
        rest = [c for c in columns if c not in {geo, *(() if long is None else (long.channel, long.spend, long.media))}]
        outcomes = self._outcomes(rest, numbers)
        chosen = self.outcome or (outcomes[0] if outcomes else None)
        rest = [c for c in rest if c != chosen]
        value = next((c for c in rest if c in numbers and _is_value(c)), None)
        people = next((c for c in rest if c in numbers and words.has(c, words.POPULATION)), None)
        rest = [c for c in rest if c not in {value, people}]
        rest = [c for c in rest if not self._left_out(c, numbers, chosen)]
        channels = () if long is not None else self._channels(rest, numbers)
        taken = {c for paid in channels for c in (paid.spend, paid.media)}
        names = {paid.name for paid in channels}
        unpaid = tuple(_unpaid([c for c in rest if c not in taken | set(self.unused)], numbers, names))
        taken |= {media.media for media in unpaid}
        controls, levels = self._controls([c for c in rest if c not in taken], numbers)
        found = Roles(self.date, outcomes, geo, long, channels, unpaid, controls, levels, value, people, self.unused)
        if chosen is not None and chosen not in outcomes:
            found = replace(found, outcomes=(chosen, *outcomes))
        return found

    def _keys(self, text: list[str], numbers: dict[str, FloatArray]) -> tuple[str | None, Long | None]:
        """The column of the geo, and those of a long table: what makes rows of one date differ."""
        days = self.date.days
        if len(set(days.tolist())) == days.size:
            one = next((c for c in text if words.has(c, words.GEO) and len(self._levels(c)) == 1), None)
            if one is not None:
                self.unused[one] = f"one level, '{self._levels(one)[0]}': the data are national"
            return None, None
        text = text + [c for c in numbers if words.has(c, words.GEO) and not words.is_spend(c)]
        geos = sorted((c for c in text if self._repeats(c)), key=lambda c: not words.has(c, words.GEO))
        labels = [c for c in text if words.has(c, words.CHANNEL_COLUMN) and 1 < len(self._levels(c)) <= _MOST_LABELS]
        for label in labels:
            for geo in (None, *(c for c in geos if c != label)):
                long = self._long(label, geo, numbers)
                if long is not None:
                    return geo, long
        return next((c for c in geos if self._unique(c)), None), None

    def _levels(self, column: str) -> list[str]:
        cells, blank = texts(self.sight.cells(column))
        return sorted(set(cells[~blank]))

    def _repeats(self, column: str) -> bool:
        return 1 < len(self._levels(column)) < self.date.days.size

    def _unique(self, *columns: str) -> bool:
        keys = list(zip(self.date.days.tolist(), *(texts(self.sight.cells(c))[0] for c in columns), strict=True))
        return len(set(keys)) == len(keys)

    def _long(self, label: str, geo: str | None, numbers: dict[str, FloatArray]) -> Long | None:
        keys = (label,) if geo is None else (geo, label)
        spend = next((c for c in numbers if words.is_spend(c)), None)
        if spend is None or not self._unique(*keys):
            return None
        media = [c for c in numbers if words.unit_of(c) and not words.is_spend(c)]
        media = sorted(media, key=lambda c: words.worth(words.unit_of(c) or ""))
        cells = [self.date.days.tolist(), *([] if geo is None else [texts(self.sight.cells(geo))[0]])]
        groups = len(set(zip(*cells, strict=True)))
        labels = tuple(self._levels(label))
        return Long(label, spend, labels, media[0] if media else None, self.date.days.size < groups * len(labels))

    def _outcomes(self, columns: list[str], numbers: dict[str, FloatArray]) -> tuple[str, ...]:
        scores = {c: score for c in columns if c in numbers and (score := _outcome_score(c)) > 0}
        return tuple(sorted(scores, key=lambda c: -scores[c]))

    def _left_out(self, column: str, numbers: dict[str, FloatArray], outcome: str | None) -> bool:
        """Whether a column can be neither channel nor control; the reason is kept."""
        reason = self._reason(column, numbers.get(column), None if outcome is None else numbers.get(outcome), outcome)
        if reason is not None:
            self.unused[column] = reason
        return reason is not None

    def _reason(
        self, column: str, values: FloatArray | None, target: FloatArray | None, outcome: str | None
    ) -> str | None:
        if not column or self.sight.columns.count(column) > 1:
            return "has no name of its own"
        if values is None:
            return self._reason_of_text(column)
        return next((why for wrong, why in self._rules(column, values, target, outcome or "") if wrong), None)

    def _rules(
        self, column: str, values: FloatArray, target: FloatArray | None, outcome: str
    ) -> Iterator[tuple[bool, str]]:
        """What keeps a column of numbers out of the model, the first that holds."""
        known = values[np.isfinite(values)]
        yield known.size > 0 and float(np.ptp(known)) == 0, f"holds {known[:1].sum():g} in every row"
        rate = words.has(column, words.RATES) and not column.lower().startswith("control")
        yield (
            rate and not words.is_spend(column),
            "follows from spend, media and sales; it explains nothing beside them",
        )
        yield words.has(column, words.LEAK), "looks like a part or a result of a model, not like something observed"
        numbered = column.startswith(outcome) and column[len(outcome) :].isdigit()
        yield bool(outcome) and numbered, f"looks like another version of '{outcome}'"
        follows = target is not None and _repeats_target(values, target)
        yield follows, "follows the outcome exactly, as a part or a copy of it does"
        yield words.is_calendar(column), "is about the calendar; the model has trend and seasons of its own"
        yield _outcome_score(column) > 0, "may be another outcome"

    def _reason_of_text(self, column: str) -> str | None:
        levels = self._levels(column)
        if words.is_calendar(column) or day_look(column, self.sight.cells(column)) is not None:
            return "is about the calendar; the model has trend and seasons of its own"
        if not levels:
            return "is empty"
        if len(levels) == 1:
            return f"holds '{levels[0]}' in every row"
        return f"is text with {len(levels)} levels" if len(levels) > _MOST_LEVELS else None

    def _channels(self, columns: list[str], numbers: dict[str, FloatArray]) -> tuple[Paid, ...]:
        spend = list(_spends(columns, numbers))
        media: dict[str, list[str]] = {}
        stems = {words.stem(column).casefold() for column in spend}
        for column in columns:
            told = words.unit_of(column) or _of_spend(column, stems)
            if column not in spend and column in numbers and told and not _negative(numbers[column]):
                media.setdefault(words.stem(column).casefold(), []).append(column)
        found, names = [], set[str]()
        for column in spend:
            key = words.stem(column)
            units = sorted(media.get(key.casefold(), []), key=_worth)
            for other in units[1:]:
                self.unused[other] = f"'{units[0]}' tells more of the same channel"
            columns_left = [c for c in units if c not in self.unused]
            name = key if key not in names else column
            names.add(name)
            unit = words.unit_of(columns_left[0]) if columns_left else None
            found.append(Paid(name, column, columns_left[0] if columns_left else None, unit))
        return tuple(found)

    def _controls(self, columns: list[str], numbers: dict[str, FloatArray]) -> tuple[tuple[str, ...], dict[str, str]]:
        controls, levels = [], {}
        for column in columns:
            if column in self.unused:
                continue
            if column in numbers:
                controls.append(column)
            else:
                cells, blank = texts(self.sight.cells(column))
                seen, counts = np.unique(cells[~blank].astype(str), return_counts=True)
                levels[column] = str(seen[np.argmax(counts)])
        return tuple(controls), levels


def _spends(columns: list[str], numbers: dict[str, FloatArray]) -> Iterator[str]:
    """Columns of spend: those called so, and the bare names of channels, all of them where none is called so."""
    usable = [c for c in columns if c in numbers and not _negative(numbers[c])]
    said = [c for c in usable if words.is_spend(c) and not _is_value(c) and not words.has(c, words.OTHERS)]
    stems = {words.stem(column).casefold() for column in said}
    for column in usable:
        if column in said:
            yield column
        elif _of_spend(column, stems):
            continue
        elif words.unit_of(column) is None and not words.has(column, words.OTHERS) and not _rate(numbers[column]):
            bare = words.parts(column)
            wholly = all(part in words.CHANNELS for part in bare) or (
                words.has(column, words.CHANNELS) and len(bare) <= 2
            )
            numbered = len(bare) > 1 and bare[0] == "x" and bare[1].isdigit()
            if numbered or (wholly if not said else all(part in words.CHANNELS for part in bare)):
                yield column


def _of_spend(column: str, stems: set[str]) -> bool:
    """Whether a column is media of a spend column and says so without a unit: ``tv_media`` beside ``tv_spend``."""
    return words.parts(column)[-1:] == ("media",) and words.stem(column).casefold() in stems


def _unpaid(columns: list[str], numbers: dict[str, FloatArray], names: set[str]) -> Iterator[Unpaid]:
    """Media units that no spend goes with, newsletters and the like, and competitors' advertising."""
    for column in columns:
        if column not in numbers or _negative(numbers[column]) or _rate(numbers[column]):
            continue
        others = words.has(column, words.OTHERS) and (words.is_spend(column) or words.unit_of(column) is not None)
        if others or words.unit_of(column) is not None or words.has(column, words.ORGANIC):
            stem = words.stem(column)
            yield Unpaid(
                column if stem in names else stem, column, words.unit_of(column), "competitor" if others else "organic"
            )


def _worth(column: str) -> int:
    """Media whose unit is named come first, those that one would rather have before others."""
    unit = words.unit_of(column)
    return len(words.MEDIA) if unit is None else words.worth(unit)


def _negative(values: FloatArray) -> bool:
    return bool((values[np.isfinite(values)] < 0).any())


def _rate(values: FloatArray) -> bool:
    """Zeros and ones alone, as of a holiday."""
    return bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())


def _is_value(column: str) -> bool:
    found = words.parts(column)
    return ("per" in found and bool(set(found) & (words.REVENUE | words.PROFIT | {"value"}))) or column.lower() == "aov"


def _outcome_score(column: str) -> float:
    found = set(words.parts(column))
    if words.has(column, words.OTHERS) or "per" in found or words.is_spend(column) or words.has(column, words.CHANNELS):
        return 0.0
    scores = ((words.REVENUE, 5.0), (words.PROFIT, 4.8), (words.GENERIC, 4.5), (words.COUNT, 4.0))
    best = max((score for group, score in scores if found & group), default=0.0)
    # 'sales' before 'sales_last_year', and what is flagged by another word is rather a control.
    return max(best - 0.3 * (len(found) - 1), 0.1) if best else 0.0


def _repeats_target(values: FloatArray, target: FloatArray) -> bool:
    both = np.isfinite(values) & np.isfinite(target)
    if both.sum() < 8 or np.ptp(values[both]) == 0 or np.ptp(target[both]) == 0:
        return False
    return bool(abs(np.corrcoef(values[both], target[both])[0, 1]) > 0.999)
