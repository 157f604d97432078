"""Peers: the same world given to another library in its own environment (``make peers``), and its answer."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mmm.errors import FitError
from mmm.study.answer import Answer, answer_of, decision_of, forecast_of, intervals, rounded
from mmm.study.worlds import HIDDEN, StudyWorld

BOUNDS = (0.7, 1.3)
"""What every method may do with a channel's money: factors on the reference plan's."""
_LINES = 8
_OUT_OF_CPU = (-signal.SIGXCPU, -signal.SIGKILL)


class PeerError(FitError):
    """A peer stopped, or took too long; the message holds the end of what it wrote."""


@dataclass(frozen=True)
class Peer:
    """A library by the name of its environment; ``script`` is in ``benchmarks/peers``."""

    environment: str
    script: str

    def python(self, root: Path) -> Path:
        return root / self.environment / "bin" / "python"


PEERS = {
    "PyMC-Marketing": Peer("pymc-marketing", "pymc_marketing_study.py"),
    "Meridian": Peer("meridian", "meridian_study.py"),
}


@dataclass(frozen=True)
class PeerSettings:
    """How peers run: ``root`` holds their environments, ``scripts`` what is run in them.

    ``limit`` is in seconds of the clock, ``cpu_limit`` in CPU seconds of a process, whatever else is running.
    """

    root: Path = Path(".peers")
    scripts: Path = Path("benchmarks/peers")
    draws: int = 500
    tune: int = 1000
    chains: int = 2
    cores: int = 1
    seed: int = 1
    limit: float = 900.0
    cpu_limit: int | None = None

    def sampler(self) -> dict[str, int]:
        """What decides about a peer's draws."""
        return {name: getattr(self, name) for name in ("draws", "tune", "chains", "cores", "seed")}


def problem(world: StudyWorld) -> dict[str, Any]:
    """The world as arrays. Hidden outcomes are the mean of the others, so that nothing can be learned from them.

    Controls are standardised over the rows seen.
    """
    data = world.training().data
    outcome = data["outcome"].values.astype(float)
    outcome = np.where(np.isfinite(outcome), outcome, np.nanmean(outcome, axis=0))
    control = data["control"].values.astype(float)
    seen = control[: world.seen]
    sd = seen.std(axis=(0, 1))
    population = data["population"].values
    return {
        "dates": np.array([f"{day:%Y-%m-%d}" for day in world.dataset.dates]),
        "geos": np.array(world.dataset.geos),
        "channels": np.array(world.dataset.channels),
        "media": data["media"].values.astype(float),
        "spend": data["spend"].values.astype(float),
        "control": (control - seen.mean(axis=(0, 1))) / np.where(sd > 0, sd, 1.0),
        "population": population if np.isfinite(population).all() else np.empty(0),
        "outcome": outcome,
        "hidden": np.array(world.hidden),
        "reference": world.reference(),
        "factors": np.array(BOUNDS),
    }


def ask(peer: Peer, world: StudyWorld, settings: PeerSettings) -> Answer:
    """The peer's answer. Raises PeerError where it stops, takes too long or is not installed."""
    python = peer.python(settings.root)
    if not python.is_file():
        raise PeerError(f"'{python}' is not there. Run 'make peers', or leave this method out.")
    with TemporaryDirectory() as folder:
        given, result = Path(folder) / "problem.npz", Path(folder) / "result"
        np.savez(given, **problem(world))
        run_peer(peer, settings, given, result)
        found = np.load(f"{result}.npz")
        said = json.loads(Path(f"{result}.json").read_text(encoding="utf-8"))
        return _answer(world, {name: found[name] for name in found.files}, said["warnings"])


def run_peer(peer: Peer, settings: PeerSettings, given: Path, result: Path, **more: Any) -> None:
    """Have the peer's script read ``given`` and write ``result``; ``more`` joins what decides about its draws."""
    limited = [] if settings.cpu_limit is None else ["sh", "-c", f'ulimit -t {settings.cpu_limit}; exec "$@"', "sh"]
    command = [
        *limited,
        str(peer.python(settings.root).absolute()),
        str((settings.scripts / peer.script).absolute()),
        str(given),
        json.dumps(settings.sampler() | more),
        str(result),
    ]
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(  # noqa: S603  # The command is this project's own script.
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=settings.limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise PeerError(f"{peer.environment} took longer than {settings.limit:.0f} s and was stopped.") from None
    if settings.cpu_limit is not None and process.returncode in _OUT_OF_CPU:
        raise PeerError(f"{peer.environment} did not end in {settings.cpu_limit / 60:.3g} CPU minutes.")
    if process.returncode != 0:
        end = "\n".join(output.strip().splitlines()[-_LINES:])
        raise PeerError(f"{peer.environment} ended with {process.returncode}: {end}")


def _answer(world: StudyWorld, found: dict[str, Any], said: list[str]) -> Answer:
    plain = Answer(
        roas=intervals(found["roas"]),
        marginal=intervals(found["marginal"]),
        contributions=rounded(found["contributions"]),
        totals=intervals(found["totals"].reshape(len(found["totals"]), -1)),
        warnings=tuple(said),
    )
    if not world.hidden:
        return plain
    actual = world.dataset.data["outcome"].values[-HIDDEN:].sum(axis=1)
    decision = decision_of(found["plan"], world.reference().sum(axis=(0, 1)), found["gain"])
    more = {"forecast": forecast_of(found["forecast"], actual), "decision": decision}
    return answer_of({**plain.to_dict(), **{name: part and part.__dict__ for name, part in more.items()}})


def installed(settings: PeerSettings) -> tuple[str, ...]:
    """Names of the peers that can be asked."""
    return tuple(name for name, peer in PEERS.items() if peer.python(settings.root).is_file())


if sys.platform == "win32":  # pragma: no cover
    raise PeerError("Peers are run with process groups, which this system does not have.")
