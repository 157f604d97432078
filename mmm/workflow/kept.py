"""Results beside their fits: ``<kind>-<key>.json`` in the fit's folder, found again by whoever asks the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmm.files import write_whole
from mmm.hashes import of_data, of_files
from mmm.inference.fit import Fit
from mmm.sealed import seal, unseal

Say = Callable[[str], None]

_PACKAGES = ("mmm-workbench", "arviz", "numba", "numpy", "pandas", "scipy", "xarray")


@dataclass(frozen=True)
class Kind[T]:
    """A kind of result: its name, the layers of the package that compute it, and how it is written and read.

    A release changes the version of the package, and a developer the code of its layers: either asks for a new result.
    ``read`` raises KeyError, TypeError or ValueError for what ``write`` did not give.
    """

    name: str
    layers: tuple[str, ...]
    write: Callable[[T], dict[str, Any]]
    read: Callable[[dict[str, Any]], T]

    def key(self, fit: Fit, asked: Mapping[str, Any]) -> str:
        """Name of a result: hash of the fit, of what was asked of it, of versions, and of the code that computes it."""
        stages = {"stages": [[s.kind, s.name, s.fit.key, s.worth] for s in fit.stages]} if fit.stages else {}
        return of_data(
            {
                "format": 1,
                "fit": fit.key,
                **stages,
                "data": fit.dataset.fingerprint,
                "asked": asked,
                "versions": {name: version(name) for name in _PACKAGES},
                "code": code_of(self.layers),
            }
        )


@cache
def code_of(layers: tuple[str, ...]) -> str:
    """Hash of the source of these layers, and of this one."""
    package = Path(__file__).parents[1]
    return of_files(
        (path for layer in (*layers, "workflow") for path in sorted((package / layer).rglob("*.py"))), package
    )


@dataclass(frozen=True)
class Place:
    """Where results of a fit are kept: its folder in the ``store``; without one nothing is kept and nothing found.

    ``say`` receives lines on what could not be read or written.
    """

    store: str | Path | None = None
    say: Say = lambda _: None

    def obtain[T](self, kind: Kind[T], fit: Fit, asked: Mapping[str, Any], make: Callable[[], T]) -> T:
        """The result that was kept of the same fit and question, or a new one that is then kept."""
        known = self.found(kind, fit, asked)
        if known is not None:
            return known
        made = make()
        self.keep(kind, fit, asked, made)
        return made

    def found[T](self, kind: Kind[T], fit: Fit, asked: Mapping[str, Any]) -> T | None:
        """The result that was kept of the same fit and question; None where there is none."""
        if self.store is None:
            return None
        return find(kind, Path(self.store) / fit.key, kind.key(fit, asked), self.say)

    def keep[T](self, kind: Kind[T], fit: Fit, asked: Mapping[str, Any], result: T) -> None:
        """Keep a result that was made without asking here."""
        if self.store is not None:
            keep(kind, Path(self.store) / fit.key, (kind.key(fit, asked), result), self.say)


def find[T](kind: Kind[T], folder: Path, key: str, say: Say) -> T | None:
    """The result ``key`` in the folder of its fit; None where there is none, or one that cannot be read."""
    path = _path(kind, folder, key)
    try:
        document = unseal(path.read_bytes())
        if document["key"] != key:
            raise ValueError("it is another")
        return kind.read(document[kind.name])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"The {kind.name} {path} cannot be read ({error}); it is made again.")
        return None


def keep[T](kind: Kind[T], folder: Path, result: tuple[str, T], say: Say) -> None:
    """Write a result under its key into the folder of its fit; where that is not there or full, only say so."""
    if not (folder / "meta.json").is_file():
        return
    key, value = result
    try:
        write_whole(_path(kind, folder, key), seal({"key": key, kind.name: kind.write(value)}))
    except OSError as error:
        reason = error.strerror or error
        say(f"The {kind.name} could not be stored in '{folder}' ({reason}); it is made again next time.")


def _path(kind: Kind[Any], folder: Path, key: str) -> Path:
    return folder / f"{kind.name}-{key[:24]}.json"
