"""``mmm simulate``: a world with known truth, and the settings to analyse it with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer

from mmm.cli.output import plain
from mmm.cli.programme import programme_settings
from mmm.errors import DataError, SettingsError
from mmm.files import write_whole
from mmm.interrupts import deferred
from mmm.scratch import scratch_folder, sweep
from mmm.settings import settings_from
from mmm.settings.text import write_yaml
from mmm.simulate import (
    Simulated,
    World,
    demo_world,
    library_names,
    library_world,
    random_world,
    shop,
    simulate,
    treatments_world,
    with_hold_outs,
    write_cohorts,
)
from mmm.simulate.programme import programme_world, write_programme
from mmm.simulate.treatments import calendar_ahead
from mmm.simulate.write import data_settings, write_world
from mmm.tables import csv_text


@dataclass(frozen=True)
class WorldChoice:
    """Which world: ``demo``, ``random``, or a name of the library; None takes the world's own number."""

    name: str
    seed: int
    geos: int | None
    weeks: int | None
    channels: int | None
    experiments: tuple[str, ...] = ()
    """Channels of which a hold-out test is written beside the data."""


def write_simulated(choice: WorldChoice, out: Path) -> None:
    """Write data, truth and settings of the chosen world into ``out``.

    Raises SettingsError for an unknown world or a number that it does not take.
    """
    sweep(out)
    write = _writer(choice)
    try:
        with scratch_folder(out / "world") as made:
            names = write(made, out)
            with deferred():
                paths = [(made / name).replace(out / name) for name in names]
    except OSError as error:
        raise DataError(
            f"Cannot write the world to '{out}': {error.strerror}. Give a folder that can be written."
        ) from error
    for path in paths:
        typer.echo(plain(str(path)))


def _writer(choice: WorldChoice) -> Callable[[Path, Path], list[str]]:
    """What writes the chosen world into a folder, with settings for a file in another, and names its files."""
    if choice.name == "shop":
        refused = {"--geos": choice.geos, "--weeks": choice.weeks, "--channels": choice.channels}
        _refuse(refused | {"--experiment": choice.experiments or None}, choice.name)
        return lambda folder, base: _write_shop(choice.seed, folder, base)
    if choice.name == "treatments":
        _refuse({"--geos": choice.geos, "--weeks": choice.weeks, "--channels": choice.channels}, choice.name)
        return lambda folder, base: _write_treatments(choice.seed, folder, base)
    if choice.name == "email":
        refused = {"--geos": choice.geos, "--weeks": choice.weeks, "--channels": choice.channels}
        _refuse(refused | {"--experiment": choice.experiments or None}, choice.name)
        return lambda folder, base: _write_programme(choice.seed, folder, base)
    simulated = simulate(_world(choice))
    if choice.experiments:
        simulated = simulate(with_hold_outs(simulated, choice.experiments))
    return lambda folder, base: _write(simulated, folder, base)


def _refuse(options: Mapping[str, object], world: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise SettingsError(f"{option} is {value}, but the world '{world}' is fixed there. Leave it out.")


def _write_shop(seed: int, folder: Path, base: Path) -> list[str]:
    """Orders of a shop's customers beside the demo's panel."""
    files = write_cohorts(shop(), seed, folder)
    orders = {"source": files[0].name, "person": "customer_id", "time": "date", "value": "value", "id": "order_id"}
    document = {
        "name": "shop",
        "title": "Customers of a shop",
        "data": {
            "source": "demo",
            "date": "date",
            "geo": "geo",
            "target": {"column": "revenue", "kind": "revenue"},
            "currency": "EUR",
            "channels": {name: f"{name}_spend" for name in ("tv", "search", "social", "display", "email")},
        },
        "ltv": {
            "transactions": orders | {"channel": "channel"},
            "end": "2023-12-31",
            "margin": 0.4,
            "acquisition_cost": {"search": 20, "social": 25, "email": 4, "tv": 45},
        },
    }
    settings_from(document, base=base)
    path = write_whole(folder / "settings.yaml", write_yaml(document))
    return [file.name for file in (*files, path)]


def _write_treatments(seed: int, folder: Path, base: Path) -> list[str]:
    """A shop's panel, the calendar of the weeks ahead, and settings that use both."""
    simulated = simulate(treatments_world(seed))
    files = write_world(simulated, folder)
    ahead = write_whole(folder / "future.csv", csv_text(calendar_ahead(simulated)))
    document: dict[str, Any] = {
        "name": "treatments",
        "title": "A shop with a newsletter, a rival, prices and discounts",
        "data": {**data_settings(simulated), "future": ahead.name},
        "model": {
            "baseline": {
                "controls": {
                    "price": {"elasticity": {"lower": -3.0, "upper": 0.0}, "reference": 10.0},
                    "discount": {"sign": "positive", "reference": 0.0},
                }
            }
        },
        "plan": {
            "margin": 0.4,
            "scenarios": [
                {"name": "no discount", "controls": {"discount": 0.0}},
                {"name": "lower price", "controls": {"price": 9.5}},
            ],
        },
    }
    settings_from(document, base=base)
    path = write_whole(folder / "settings.yaml", write_yaml(document))
    return [file.name for file in (*files.values(), ahead, path)]


def _write_programme(seed: int, folder: Path, base: Path) -> list[str]:
    """A shop with an e-mail programme: its panel, and what each other lens reads."""
    simulated = simulate(programme_world(seed))
    files = [*write_world(simulated, folder).values(), *write_programme(simulated, seed, folder)]
    document = programme_settings(data_settings(simulated))
    settings_from(document, base=base)
    path = write_whole(folder / "settings.yaml", write_yaml(document))
    return [file.name for file in (*files, path)]


def _write(simulated: Simulated, folder: Path, base: Path) -> list[str]:
    """The files of a world in ``folder``, with settings for a file in ``base``; their names."""
    files = write_world(simulated, folder)
    world = simulated.world
    document: dict[str, Any] = {"name": world.name, "title": world.note or world.name}
    document["data"] = data_settings(simulated)
    if world.tests:
        document["experiments"] = {"source": files["experiments"].name}
    settings_from(document, base=base)
    path = write_whole(folder / "settings.yaml", write_yaml(document))
    return [file.name for file in (*files.values(), path)]


def _world(choice: WorldChoice) -> World:
    if choice.name == "random":
        return random_world(
            np.random.default_rng(choice.seed),
            weeks=choice.weeks or 156,
            geos=choice.geos or 1,
            channels=choice.channels or 5,
            name=f"random_{choice.seed}",
        )
    if choice.name != "demo" and choice.name not in library_names():
        raise SettingsError(
            f"There is no world '{choice.name}'. The rule is random, demo, shop, treatments, email or one of: "
            f"{', '.join(library_names())}."
        )
    _refuse({"--weeks": choice.weeks, "--channels": choice.channels}, choice.name)
    if choice.name == "demo":
        if choice.geos is not None:
            raise SettingsError(f"--geos is {choice.geos}, but the world 'demo' has its own regions. Leave it out.")
        return demo_world(choice.seed)
    return library_world(choice.name, geos=choice.geos or 1, replicate=choice.seed)
