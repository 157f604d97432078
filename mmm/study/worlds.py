"""The worlds of the study: panels of which the truth is known and no method is told.

A simulated world is made 13 weeks longer than what the methods see: they get media and controls of these weeks, so that
one fit serves the estimates, the plan and the forecast. The truth is cut to the rows whose outcome they see.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.assessment.recovery import file_case
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError
from mmm.model.settings import ModelSettings
from mmm.simulate import (
    Truth,
    World,
    data_settings,
    experiments_frame,
    library_names,
    library_world,
    simulate,
    with_hold_outs,
)
from mmm.simulate.generate import stream
from mmm.study.kinds import Frames, new_kinds, new_world

Part = Literal["chosen on", "reported", "well specified", "public", "benchmark", "learned on", "new kinds"]

HIDDEN = 13
"""Weeks at the end whose outcome no method sees, and weeks to plan for."""
_GEOS = 4
_WITH_GEOS = ("well_specified", "hidden_demand", "collinear_flighting", "time_varying_effect", "mixed")
_NEW_WITH_GEOS = (
    *("threshold", "growing", "one_late", "losing", "held", "calendar", "unrecorded_promotions", "fast_demand"),
    *("against_demand", "level_shifts", "outliers", "booked_late"),
)
_LEARNED_ON = range(500, 504)
_REPEATS = range(2, 42)
_REPORTED = (1, 2)
"""Draws of every broken world that are reported; of the world in which nothing is broken, the first."""
_SIZES = {"small": 1, "growing": 2, "medium": 8}
TESTED = ("search", "social")
"""Channels of simulated worlds on which lift tests are known to the method that is told of tests."""


@dataclass(frozen=True)
class StudyWorld:
    """What a method may see, and what is true.

    ``dataset`` holds ``hidden`` rows at the end whose outcome the methods must not use. ``roas`` and ``marginal``
    [channel] and ``contributions`` [date, geo, channel] are true over the rows before; those that are not known are
    None. ``truth`` answers what a plan after these rows would bring, where the world was simulated. ``model`` are the
    workbench's settings for it: the defaults but where a channel is not money. ``tests`` are lift tests as their owner
    would hand them over; only the method that is told of tests reads them.
    """

    name: str
    dataset: Dataset
    hidden: int
    roas: Floats
    marginal: Floats | None = None
    contributions: Floats | None = None
    truth: Truth | None = None
    model: ModelSettings = field(default_factory=ModelSettings)
    tests: tuple[dict[str, Any], ...] = ()

    @property
    def seen(self) -> int:
        """Rows whose outcome the methods see."""
        return len(self.dataset.dates) - self.hidden

    def training(self) -> Dataset:
        """The panel as a method gets it, the outcome of the last rows hidden."""
        return self.dataset.with_outcome_hidden(self.hidden) if self.hidden else self.dataset

    def past(self) -> Dataset:
        """The rows whose outcome is seen."""
        return self.dataset.between(end=self.dataset.dates[self.seen - 1].date())

    def reference(self) -> Floats:
        """Recorded spend of the last rows seen, as many as are planned for, [period, geo, channel]."""
        return np.asarray(self.dataset.data["spend"].values[self.seen - HIDDEN : self.seen], dtype=float)


@dataclass(frozen=True)
class Entry:
    """A world of the study before it is made: its name, its part in the study, its kind, and how to make it."""

    name: str
    part: Part
    kind: str
    make: Callable[[], StudyWorld]
    geos: int = 1


def cut(truth: Truth, rows: int) -> Truth:
    """The truth of the first ``rows`` periods; what comes after them is the future of :meth:`Truth.response`."""
    unseen = len(truth.history)
    return replace(
        truth,
        dates=truth.dates[:rows],
        media=truth.media[:rows],
        spend=truth.spend[:rows],
        strength=truth.strength[: unseen + rows],
        contributions=truth.contributions[:rows],
        baseline=truth.baseline[:rows],
        control_effects=truth.control_effects[:rows],
        expected=truth.expected[:rows],
    )


def simulated_world(
    world: World, unrecorded: tuple[str, ...] = (), frames: Frames | None = None, tested: Sequence[str] = TESTED
) -> StudyWorld:
    """A world of the simulator with 13 further weeks, of which the methods do not see the outcome.

    ``unrecorded`` controls are not in the panel; what is recorded goes through ``frames``. The truth stays.
    Lift tests are of the channels ``tested``.
    """
    made = simulate(replace(world, weeks=world.weeks + HIDDEN))
    settings = data_settings(made)
    settings["controls"] = [name for name in settings["controls"] if name not in unrecorded]
    frame = made.frame.drop(columns=list(unrecorded))
    if frames is not None:
        frame = frames(frame, stream(world, "recorded"))
    dataset = from_frame(frame, DataSettings.model_validate(settings))
    truth = cut(made.truth, world.weeks)
    # A panel sorts its geos, a world has them in an order of its own.
    order = [truth.geos.index(geo) for geo in dataset.geos] if len(truth.geos) > 1 else [0]
    seen = replace(made, truth=truth)
    known = replace(seen, world=with_hold_outs(seen, tuple(tested)))
    tests = tuple({str(k): v for k, v in row.items() if v != ""} for row in experiments_frame(known).to_dict("records"))
    return StudyWorld(
        world.name,
        dataset,
        HIDDEN,
        truth.roas,
        marginal=truth.marginal_roas,
        contributions=truth.contributions[:, order],
        truth=truth,
        tests=tests,
    )


def _new(kind: str, geos: int, replicate: int) -> StudyWorld:
    made = new_world(kind, geos=geos, replicate=replicate)
    largest = sorted(made.world.channels, key=lambda c: -c.weekly_spend)[:2]
    return simulated_world(made.world, made.unrecorded, made.frames, [c.name for c in largest])


def promise_entries() -> tuple[Entry, ...]:
    """Worlds of the study of promises: each new kind nationally, some with four regions, and then nationally again; and
    after them further draws of the library.
    """
    first = [(kind, geos, 0) for kind in new_kinds() for geos in (1, _GEOS) if geos == 1 or kind in _NEW_WITH_GEOS]
    new = [
        Entry(f"new_{kind}_{geos}_{replicate}", "new kinds", kind, partial(_new, kind, geos, replicate), geos)
        for kind, geos, replicate in (*first, *((kind, 1, 1) for kind in new_kinds()))
    ]
    return (*new, *(_library_entry(name, "learned on", r) for r in _LEARNED_ON for name in library_names()))


def _library(name: str, geos: int, replicate: int) -> StudyWorld:
    return simulated_world(library_world(name, geos=geos, replicate=replicate))


def _library_entry(name: str, part: Part, replicate: int, geos: int = 1) -> Entry:
    return Entry(f"{name}_{geos}_{replicate}", part, name, partial(_library, name, geos, replicate), geos)


def entries(shared: Path | None) -> tuple[Entry, ...]:
    """All worlds, those that the study reports first; ``shared`` is the folder of public data, None where absent.

    Every kind of world is drawn three times. Defaults may be chosen on one draw ("chosen on"); results are reported of
    the others. "Well specified" are further draws of the world in which nothing is broken.
    """
    well, *broken = library_names()
    out = [_library_entry(well, "reported", _REPORTED[0])]
    out += [_library_entry(name, "reported", replicate) for replicate in _REPORTED for name in broken]
    out += [_library_entry(name, "reported", 1, _GEOS) for name in _WITH_GEOS]
    out += [_library_entry(well, "well specified", replicate) for replicate in _REPEATS]
    out += [] if shared is None else [*_public(shared), *_benchmark(shared / "public_benchmark")]
    out += [_library_entry(name, "chosen on", 0) for name in library_names()]
    return tuple(out)


def _public(shared: Path) -> list[Entry]:
    found = [
        Entry(csv.stem, "public", csv.stem, partial(_file_world, csv))
        for csv in sorted((shared / "worlds").glob("*.csv"))
    ]
    confounded = shared / "confounded" / "mmm_roas_data.csv"
    if confounded.is_file():
        for name, controls in (("confounded", ()), ("confounder_given", ("z",))):
            found.append(Entry(name, "public", name, partial(_confounded_world, confounded, name, controls)))
    varying = shared / "time_varying" / "media_tvp_data.csv"
    if varying.is_file():
        found.append(Entry("time_varying", "public", "time_varying", partial(_varying_world, varying)))
    return found


def _file_world(csv: Path) -> StudyWorld:
    case = file_case(csv, ModelSettings())
    roas = np.array([case.truth[c] for c in case.dataset.channels])
    return StudyWorld(case.name, case.dataset, 0, roas, model=case.model)


def _panel(frame: pd.DataFrame, date: str, controls: tuple[str, ...]) -> Dataset:
    """A national panel of the channels x1 and x2 and the outcome y."""
    settings = {
        "source": "public",
        "date": date,
        "target": {"column": "y"},
        "currency": "EUR",
        "channels": {"x1": "x1", "x2": "x2"},
        "controls": list(controls),
    }
    return from_frame(frame[[date, "x1", "x2", "y", *controls]], DataSettings.model_validate(settings))


def _benchmark(folder: Path) -> list[Entry]:
    """The published comparison's panels; the largest, of 50 geos and 30 channels, is left to the sampling benchmark."""
    sizes = [size for size in _SIZES if (folder / f"{size}_business.csv").is_file()]
    return [Entry(f"benchmark_{s}", "benchmark", s, partial(_benchmark_world, folder, s), _SIZES[s]) for s in sizes]


def _benchmark_world(folder: Path, size: str) -> StudyWorld:
    """A panel without a value per unit of outcome; the truth holds each channel's contribution by date and geo."""
    frame, truth = (_read(folder / f"{size}_business{kind}.csv") for kind in ("", ".truth"))
    channels = [str(c) for c in frame.columns if str(c).startswith("x")]
    settings = {
        "source": "public",
        "date": "date",
        "geo": "geo",
        "target": {"column": "y", "kind": "kpi"},
        "currency": "USD",
        "channels": {c: c for c in channels},
        "controls": [str(c) for c in frame.columns if str(c).startswith("c")],
    }
    dataset = from_frame(frame, DataSettings.model_validate(settings))
    columns = [f"contribution_{c}" for c in dataset.channels]
    # In the panel's own order, which is not that of sorted text (geo_2 before geo_10).
    cells = pd.MultiIndex.from_product([dataset.dates, dataset.geos])
    known = truth.set_index([pd.to_datetime(truth["date"]), truth["geo"].astype(str)])[columns].reindex(cells)
    effect = known.to_numpy(dtype=float).reshape(len(dataset.dates), len(dataset.geos), len(columns))
    return StudyWorld(f"benchmark_{size}", dataset, 0, _ratio(effect.sum(axis=1), dataset), contributions=effect)


def _confounded_world(csv: Path, name: str, controls: tuple[str, ...]) -> StudyWorld:
    """The outcome without a channel is a column; everything but the two channels, ``controls`` and y would leak."""
    frame = _read(csv)
    dataset = _panel(frame, "date", controls)
    effect = np.column_stack([frame["y"] - frame["y01"], frame["y"] - frame["y02"]])
    return StudyWorld(name, dataset, 0, _ratio(effect, dataset), contributions=effect[:, None, :])


def _varying_world(csv: Path) -> StudyWorld:
    frame = _read(csv)
    dataset = _panel(frame, "date_week", ("event_1", "event_2"))
    effect = frame[["x1_contribution", "x2_contribution"]].to_numpy(dtype=float)
    return StudyWorld("time_varying", dataset, 0, _ratio(effect, dataset), contributions=effect[:, None, :])


def _ratio(effect: Floats, dataset: Dataset) -> Floats:
    return np.asarray(effect.sum(axis=0) / dataset.data["spend"].values.sum(axis=(0, 1)))


def _read(csv: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(csv)
    except (OSError, ValueError) as error:
        raise DataError(
            f"'{csv}' cannot be read as a CSV ({error}). Restore the file, or leave the folder out."
        ) from error
