"""A small shop in eight regions whose last six weeks had no search in two of them, and settings that read that test."""

from dataclasses import replace
from pathlib import Path

import yaml

from mmm.simulate import data_settings, demo_world, simulate
from mmm.simulate.world import LiftTest

DARK = ("north", "east")
_SETTINGS = {
    "model": {"mixture": None, "lookback": "6 weeks"},
    "sampler": {"draws": 100, "tune": 150, "chains": 2, "attempts": 1},
    "gate": {"override": True},
    "plan": {"horizon": "13 weeks", "draws": 100, "curve_points": 3},
    "desk": {
        "readouts": [
            {"name": "search off", "channel": "search", "kind": "go_dark", "treated": list(DARK),
             "start": "2023-11-06", "end": "2023-12-17"}
        ],
        "method": {"placebos": 5},
        "design": {"lengths": ["4 weeks"], "shares": [0.25], "draws": 100, "estimator": "did"},
    },
}  # fmt: skip


def write(folder: Path) -> Path:
    """Write data and settings into ``folder``; the path of the settings."""
    world = demo_world()
    channels = tuple(c for c in world.channels if c.name in ("tv", "search"))
    dark = LiftTest("search off", "search", "go_dark", first=96, weeks=6, geos=DARK)
    made = simulate(replace(world, channels=channels, weeks=102, tests=(dark,)))
    made.frame.to_csv(folder / "data.csv", index=False)
    path = folder / "settings.yaml"
    document = {"name": "shop", "data": data_settings(made), **_SETTINGS}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
