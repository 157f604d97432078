"""Priors from a file, of an earlier fit or of benchmarks: read, widened, and put where the settings state nothing.

The table has one prior a row: ``name`` (a channel or a control), ``parameter``, and the ends ``lower`` and ``upper`` of
a 90% interval; ``unit`` says what a level of media is stated in. A file never goes before what the settings state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mmm.data.cells import is_blank
from mmm.data.dataset import Dataset
from mmm.data.marks import amount, undressed
from mmm.data.problems import Problems, nearest, shown
from mmm.data.read import Table, read_file
from mmm.model.controls import ControlPrior
from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.parts_settings import PriorFile
from mmm.model.priors import BetaPrior, LevelPrior, LogNormalPrior, NormalPrior, widened
from mmm.model.settings import ChannelModelSettings, FamilySettings, ModelSettings

COLUMNS = ("name", "parameter", "lower", "upper", "unit")
_EFFECTS = ("roas", "share")
_CONTROLS = ("elasticity", "effect")
_UNITS = ("relative", "money", "media")


@dataclass(frozen=True)
class Row:
    """A prior of the file: its place, whose and what it is, and its ends as stated."""

    where: str
    name: str
    parameter: str
    lower: float
    upper: float
    unit: str = ""


def with_priors_from(settings: ModelSettings, dataset: Dataset, base: Path) -> ModelSettings:
    """The settings with the priors of ``settings.priors_from``, whose path is relative to ``base``.

    Raises DataError that lists every row that cannot be used: unknown names and parameters, ends in the wrong order or
    outside what the parameter can be, priors stated twice, returns without a value or a cost.
    """
    if settings.priors_from is None:
        return settings
    problems = Problems(f"priors_from ({settings.priors_from.source})")
    table = read_file(base / settings.priors_from.source, settings.priors_from.csv, "model.priors_from.source")
    rows = [row for row in _rows(table, settings.priors_from, problems) if _fits(row, dataset, problems)]
    _once(rows, problems)
    channels, controls = dict(settings.channels), dict(settings.baseline.controls)
    for row in rows:
        lower, upper = widened(row.lower, row.upper, settings.priors_from.widen, _scale(row.parameter))
        try:
            if row.name in dataset.channels:
                own = channels.get(row.name, ChannelModelSettings())
                channels[row.name] = _of_channel(own, settings, row, (lower, upper))
            else:
                controls[row.name] = _of_control(controls.get(row.name, ControlPrior()), row, (lower, upper))
        except (ValidationError, ValueError) as error:
            text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            problems.add(f"{row.where}: {row.parameter} of '{row.name}': {text.removeprefix('Value error, ')}.", _FIX)
    problems.stop_if_any()
    baseline = settings.baseline.model_copy(update={"controls": controls})
    return settings.model_copy(update={"channels": channels, "baseline": baseline})


_FIX = "Correct the row, or lower model.priors_from.widen."


def _rows(table: Table, stated: PriorFile, problems: Problems) -> Iterator[Row]:
    for column in COLUMNS[:4]:
        if column not in table.columns:
            problems.add(f"Column '{column}' is not there.", nearest(column, table.columns))
    for column in table.columns:
        if column not in COLUMNS:
            problems.add(f"Column '{column}' is unknown.", nearest(column, COLUMNS))
    problems.stop_if_any()
    for number in range(len(table.frame)):
        where = table.where(number)
        cells = {c: "" if is_blank(v) else str(v).strip() for c, v in table.frame.iloc[number].items()}
        ends: list[float] = []
        for column in ("lower", "upper"):
            read = amount(undressed(cells[column]).body, stated.csv.style)
            if read is None:
                problems.add(f"{where}: {column} is {shown(cells[column])}, no number.", "Correct the row.")
            else:
                ends.append(read.value)
        if len(ends) == 2:
            yield Row(where, cells["name"], cells["parameter"], ends[0], ends[1], cells.get("unit", ""))


def _scale(parameter: str) -> Literal["log", "logit", "plain"]:
    """The scale on which a parameter is believed, and widened."""
    if parameter in _CONTROLS:
        return "plain"
    known = ADSTOCKS.parameters() | SATURATIONS.parameters()
    return "logit" if parameter in known and isinstance(known[parameter].prior, BetaPrior) else "log"


def _fits(row: Row, dataset: Dataset, problems: Problems) -> bool:
    """Whether the row names something of the data, and its ends are possible; problems are recorded."""
    before = len(problems.found)
    channel = row.name in dataset.channels
    if not channel and row.name not in dataset.controls:
        names = [*dataset.channels, *dataset.controls]
        problems.add(f"{row.where}: '{row.name}' is no channel and no control of the data.", nearest(row.name, names))
        return False
    known: Sequence[str] = (*_EFFECTS, *ADSTOCKS.parameters(), *SATURATIONS.parameters()) if channel else _CONTROLS
    if row.parameter not in known:
        what = "channel" if channel else "control"
        problems.add(f"{row.where}: a {what} has no parameter '{row.parameter}'.", nearest(row.parameter, known))
        return False
    least, most = {"plain": (-1e15, 1e15), "log": (0.0, 1e100), "logit": (0.0, 1.0)}[_scale(row.parameter)]
    if not least < row.lower < row.upper < most:
        problems.add(
            f"{row.where}: {row.parameter} from {row.lower:g} to {row.upper:g}; the rule is {least:g} < lower < upper"
            + (f" < {most:g}." if most < 1e15 else "."),
            "Correct the row.",
        )
    if row.parameter == "roas" and (not dataset.has_value or row.name not in dataset.paid):
        lacks = "the channel has no cost" if dataset.has_value else "the outcome has no value per unit"
        problems.add(f"{row.where}: roas of '{row.name}', but {lacks}.", "State its share of the outcome (share).")
    of_media = (ADSTOCKS.parameters() | SATURATIONS.parameters()).get(row.parameter)
    if row.unit and (of_media is None or not of_media.of_media or row.unit not in _UNITS):
        problems.add(
            f"{row.where}: unit {shown(row.unit)} of {row.parameter}.",
            f"Levels of media, such as half, have one: {', '.join(_UNITS)}; other parameters have none.",
        )
    return len(problems.found) == before


def _once(rows: Sequence[Row], problems: Problems) -> None:
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        kinds = (_EFFECTS, _CONTROLS)
        what = next((" or ".join(kind) for kind in kinds if row.parameter in kind), row.parameter)
        first = seen.setdefault((row.name, what), row.where)
        if first != row.where:
            problems.add(f"{row.where}: {what} of '{row.name}' stands in {first} too.", "Keep one of them.")


def _of_channel(
    own: ChannelModelSettings, settings: ModelSettings, row: Row, ends: tuple[float, float]
) -> ChannelModelSettings:
    if row.parameter in _EFFECTS:
        if own.roas is not None or own.share is not None:
            return own
        return own.model_copy(update={row.parameter: LogNormalPrior(lower=ends[0], upper=ends[1])})
    part = "adstock" if row.parameter in ADSTOCKS.parameters() else "saturation"
    common: FamilySettings = getattr(settings, part)
    family: FamilySettings = getattr(own, part) or common
    if row.parameter in family.priors:
        return own
    # Validated anew: a parameter that the stated family does not have is an error.
    fields: dict[str, Any] = {name: getattr(family, name) for name in type(family).model_fields}
    made = type(family)(**(fields | family.priors | {row.parameter: _prior(row, ends)}))
    return own.model_copy(update={part: made})


def _prior(row: Row, ends: tuple[float, float]) -> LogNormalPrior | BetaPrior:
    if _scale(row.parameter) == "logit":
        return BetaPrior.from_interval(*ends)
    return LevelPrior(lower=ends[0], upper=ends[1], unit=row.unit) if row.unit else _log_normal(ends)


def _log_normal(ends: tuple[float, float]) -> LogNormalPrior:
    return LogNormalPrior(lower=ends[0], upper=ends[1])


def _of_control(own: ControlPrior, row: Row, ends: tuple[float, float]) -> ControlPrior:
    if own.has_size:
        return own
    fields = {name: getattr(own, name) for name in ControlPrior.model_fields}
    return ControlPrior(**(fields | {row.parameter: NormalPrior(lower=ends[0], upper=ends[1])}))
