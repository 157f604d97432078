"""``mmm simulate``: a world with known truth, and the settings to analyse it with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer

from mmm.cli.output import plain
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
    simulate,
    with_hold_outs,
)
from mmm.simulate.write import data_settings, write_world


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
    simulated = simulate(_world(choice))
    if choice.experiments:
        simulated = simulate(with_hold_outs(simulated, choice.experiments))
    sweep(out)
    try:
        with scratch_folder(out / "world") as made:
            names = _write(simulated, made, out)
            with deferred():
                paths = [(made / name).replace(out / name) for name in names]
    except OSError as error:
        raise DataError(
            f"Cannot write the world to '{out}': {error.strerror}. Give a folder that can be written."
        ) from error
    for path in paths:
        typer.echo(plain(str(path)))


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
            f"There is no world '{choice.name}'. The rule is random, demo or one of: {', '.join(library_names())}."
        )
    for option, value in (("--weeks", choice.weeks), ("--channels", choice.channels)):
        if value is not None:
            raise SettingsError(f"{option} is {value}, but the world '{choice.name}' is fixed there. Leave it out.")
    if choice.name == "demo":
        if choice.geos is not None:
            raise SettingsError(f"--geos is {choice.geos}, but the world 'demo' has its own regions. Leave it out.")
        return demo_world(choice.seed)
    return library_world(choice.name, geos=choice.geos or 1, replicate=choice.seed)
